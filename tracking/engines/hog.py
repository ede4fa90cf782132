"""The engine for machines without any model: OpenCV's HOG people detector (Dalal and Triggs, 2005).

It counts roughly: upright, unhidden people some 100 to 400 pixels high. Good enough for a demonstration.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tracking.detections import Detections
from tracking.engines.boxes import Filter, suppress

_WINDOW = (64, 128)  # width and height of the detector's window, pixels
_MIN_WEIGHT = 0.3
_OVERLAP = 0.3  # windows of one person overlap far less tightly than a network's boxes
# The window holds a margin around the person; measured on two people of known place and size.
_MARGIN = np.array([0.19, 0.08, -0.19, -0.11], np.float32)


class HogEngine:
    """People only, no weights."""

    name = "hog"
    model = ""
    labels: tuple[str, ...] = ("person",)
    max_batch = 4

    def __init__(self, *, imgsz: int, keep: Filter):
        self._imgsz = imgsz
        self._keep = keep
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Engine.detect`."""
        return [self._detect(image) for image in images]

    def close(self) -> None:
        """See `Engine.close`."""

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        if not len(self._keep.classes) or not image.size:
            return Detections.empty()
        height, width = image.shape[:2]
        ratio = min(1.0, self._imgsz / max(height, width))
        small = cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA) if ratio < 1 else image
        if small.shape[1] < _WINDOW[0] or small.shape[0] < _WINDOW[1]:
            return Detections.empty()
        windows, weights = self._hog.detectMultiScale(small, winStride=(8, 8), padding=(16, 16), scale=1.05)
        score = _score(np.asarray(weights, np.float32).ravel())
        kept = score >= _score(np.float32(_MIN_WEIGHT))
        if not kept.any():
            return Detections.empty()
        xyxy = _bodies(np.asarray(windows, np.float32)[kept]) / np.float32(ratio)
        xyxy = np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))
        score = score[kept]
        return suppress(xyxy, score, np.zeros(len(score), np.int16), iou=_OVERLAP)


def _score(weight: NDArray[np.float32] | np.float32) -> NDArray[np.float32]:
    """The margin of the support vector machine as a score from 0 to 1: 0.3 becomes 0.57, 2.0 becomes 0.88."""
    return np.asarray(1 / (1 + np.exp(-weight)), np.float32)


def _bodies(xywh: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes around the people inside the detector's windows, float32 (N, 4)."""
    size = xywh[:, 2:]
    corners = np.concatenate((xywh[:, :2], xywh[:, :2] + size), axis=1)
    return np.asarray(corners + np.concatenate((size, size), axis=1) * _MARGIN, np.float32)
