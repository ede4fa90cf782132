"""Small videos made at test time: a box that walks over a grey ground, or one colour where only the size matters."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BOX = 24


def moving_box(path: Path, *, size: tuple[int, int] = (320, 240), fps: int = 10, frames: int = 30) -> Path:
    """H.264 of `size` (width, height), one group of pictures a second so that a reader can join anywhere."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        # An odd size has no 4:2:0 form.
        stream.pix_fmt = "yuv420p" if width % 2 == 0 and height % 2 == 0 else "yuv444p"
        stream.width, stream.height = width, height
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(fps), "crf": "23"}
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(box_picture(size, number / max(frames - 1, 1)), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def box_picture(size: tuple[int, int], way: float) -> np.ndarray:
    """The picture at `way` (0-1) of the walk from the left edge to the right one; a red stripe marks the top."""
    width, height = size
    image = np.full((height, width, 3), 90, np.uint8)
    image[: max(height // 10, 2)] = (0, 0, 255)
    left = int(way * max(width - BOX, 0))
    top = max(height // 2 - BOX // 2, 0)
    image[top : top + BOX, left : left + BOX] = 255
    return image


def still_colour(path: Path, *, size: tuple[int, int], fps: int = 5, frames: int = 5) -> Path:
    """One colour throughout: an 8K file in a few kilobytes, or a camera whose picture is frozen."""
    width, height = size
    image = np.full((height, width, 3), (40, 120, 200), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt, stream.width, stream.height = "yuv420p", width, height
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "35"}
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
