"""How a picture is fitted into a network's input, and boxes are carried back. Pure.

The input is rectangular: the long side becomes `imgsz`, the short side keeps the picture's shape and is rounded up to a
multiple of the network's stride. A 4:3 picture at 640 is 640x480, not 640x640: a quarter less work.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

STRIDE = 32
_GREY = 114  # the colour YOLO networks were padded with in training


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The place of one picture in the network's input.

    scale: input pixels per picture pixel, (x, y). left, top: padding in input pixels. inner: (height, width) of the
    resized picture inside the input. width, height: of the picture. input_shape: (height, width) of the whole input.
    """

    scale: tuple[float, float]
    left: int
    top: int
    inner: tuple[int, int]
    width: int
    height: int
    input_shape: tuple[int, int]

    def to_picture(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes float32 (N, 4) from input pixels to picture pixels, clipped to the picture."""
        out = xyxy - np.array([self.left, self.top, self.left, self.top], np.float32)
        out /= np.array([*self.scale, *self.scale], np.float32)
        np.clip(out[:, 0::2], 0, self.width, out=out[:, 0::2])
        np.clip(out[:, 1::2], 0, self.height, out=out[:, 1::2])
        return out


def fit(height: int, width: int, imgsz: int, *, stride: int = STRIDE) -> Letterbox:
    """The letterbox of a picture of `height` x `width` pixels; its long side becomes `imgsz` rounded up to `stride`."""
    ratio = _up(imgsz, stride) / max(height, width)
    shape = (_up(round(height * ratio), stride), _up(round(width * ratio), stride))
    return fit_into(height, width, shape)


def fit_into(height: int, width: int, shape: tuple[int, int]) -> Letterbox:
    """The letterbox of a picture in an input of fixed `shape` (height, width)."""
    ratio = min(shape[0] / height, shape[1] / width)
    inner_h, inner_w = max(1, round(height * ratio)), max(1, round(width * ratio))
    return Letterbox(
        scale=(inner_w / width, inner_h / height),
        left=(shape[1] - inner_w) // 2,
        top=(shape[0] - inner_h) // 2,
        inner=(inner_h, inner_w),
        width=width,
        height=height,
        input_shape=shape,
    )


def place(image: NDArray[np.uint8], box: Letterbox) -> NDArray[np.uint8]:
    """`image` uint8 (H, W, 3) resized and padded to `box.input_shape`; the same array where nothing has to change."""
    inner_h, inner_w = box.inner
    if image.shape[:2] != box.inner:
        # Beyond half size bilinear sampling skips pixels: small people shimmer and the network loses them.
        interpolation = cv2.INTER_AREA if image.shape[1] >= 2 * inner_w else cv2.INTER_LINEAR
        image = cv2.resize(image, (inner_w, inner_h), interpolation=interpolation)  # type: ignore[assignment]
    if box.inner == box.input_shape:
        return image
    out = np.full((*box.input_shape, 3), _GREY, np.uint8)
    out[box.top : box.top + inner_h, box.left : box.left + inner_w] = image
    return out


def _up(pixels: int, stride: int) -> int:
    return max(stride, -(-pixels // stride) * stride)
