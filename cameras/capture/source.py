"""What every capture backend offers."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cameras.capture.tap import Tap


class Source(Protocol):
    """An opened camera. Opened, read and closed by one thread; another one may set the stop event it was given.

    backend: its name. width, height: pixels of the pictures it gives. nominal_fps: what the source says it delivers,
    None where it does not say. note: a sentence about the source that an operator should know, or "". tap: where the
    last seconds of its own video are kept, None where they are not.
    """

    backend: str
    width: int
    height: int
    nominal_fps: float | None
    note: str
    tap: Tap | None

    def read(self) -> NDArray[np.uint8] | None:
        """The next picture, uint8 (H, W, 3) BGR, waiting for it; None once the stop event is set.

        Raises CaptureError when the source ended or stalls.
        """

    def close(self) -> None:
        """Free everything within about a second. May be called twice."""
