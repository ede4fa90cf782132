"""Pictures of a known size out of a pipe of bytes."""

import os
import select
import threading
import time

import numpy as np
from numpy.typing import NDArray

_LOOK_SECS = 0.2


class PipeStalledError(Exception):
    """No whole picture within the time given."""


class PipeEndedError(Exception):
    """The writer closed the pipe, perhaps in the middle of a picture."""


class RawReader:
    """Reads bgr24 pictures of width x height from file descriptor `pipe` until `stop` is set."""

    def __init__(self, pipe: int, width: int, height: int, stop: threading.Event):
        self._pipe, self._stop = pipe, stop
        self._shape = (height, width, 3)
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN | select.POLLHUP | select.POLLERR)

    def read(self, timeout_secs: float) -> NDArray[np.uint8] | None:
        """The next picture, uint8 (H, W, 3), owned by the caller; None once `stop` is set.

        Raises PipeStalledError or PipeEndedError.
        """
        image = np.empty(self._shape, np.uint8)
        rest = image.reshape(-1).data
        deadline = time.monotonic() + timeout_secs
        while rest:
            if self._stop.is_set():
                return None
            if self._poll.poll(_LOOK_SECS * 1000):
                got = os.readv(self._pipe, [rest])
                if got == 0:
                    raise PipeEndedError
                rest = rest[got:]
            elif time.monotonic() > deadline:
                raise PipeStalledError
        return image
