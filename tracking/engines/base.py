"""The contract every detector engine keeps."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tracking.detections import Detections


class Engine(Protocol):
    """A detection network (or a substitute) loaded into this process.

    name: `openvino`, `ultralytics` or `hog`. model: file name of the weights, "" when there are none.
    labels: class names in the order of `Detections.label`. max_batch: most pictures worth giving to one call.
    Used by one thread at a time.
    """

    name: str
    model: str
    labels: tuple[str, ...]
    max_batch: int

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """Boxes of each picture, best score first, clipped to it; room for at least 300 a picture.

        images: uint8 (H, W, 3) BGR; sizes may differ.
        """
        ...

    def close(self) -> None:
        """Free the device. The engine is not used afterwards."""
        ...
