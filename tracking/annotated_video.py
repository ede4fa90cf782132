"""Writes what was seen and counted as an MP4 that browsers and players show."""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from crowdsite.errors import CrowdsiteError
from tracking.geometry import Size

_TIME_BASE = Fraction(1, 90_000)


class AnnotatedVideo:
    """An H.264 file under construction. size: (width, height); fps: the usual rate, pictures may come less often.

    CrowdsiteError with a sentence where it cannot be written. Complete once closed.
    """

    def __init__(self, path: Path, size: Size, fps: float):
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise CrowdsiteError(f"The video {path} cannot be written: {os.strerror(error.errno or 0)}.") from error
        self._container: Any = av.open(self._file, "w", format="mp4")
        self._stream: Any = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        # H.264 as players expect it has half as many colour samples: an odd last row or column is left out.
        self._stream.width, self._stream.height = size[0] // 2 * 2, size[1] // 2 * 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        self._stream.options = {"preset": "veryfast", "crf": "23"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, image: NDArray[np.uint8], at: float) -> None:
        """Add a picture, uint8 (H, W, 3) BGR, `at` seconds from the start, later than the one before."""
        image = image[: self._stream.height, : self._stream.width]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts, frame.time_base = round(at / _TIME_BASE), _TIME_BASE
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self._file.close()
