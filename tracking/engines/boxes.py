"""From a YOLO network's raw output to `Detections`: threshold, wanted classes, non-maximum suppression. Pure."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tracking.detections import Detections
from tracking.engines.letterbox import Letterbox

MAX_CANDIDATES = 3000  # suppression is quadratic; crowds of 300 people give about 2000 candidates
MAX_DETECTIONS = 500


@dataclass(frozen=True, slots=True)
class Filter:
    """What is kept. conf: lowest score. iou: overlap above which two boxes of one class are one thing.
    classes: int16 (K,), wanted indices into the engine's labels in ascending order."""

    conf: float
    iou: float
    classes: NDArray[np.int16]


def read_head(output: NDArray[np.float32], keep: Filter, box: Letterbox) -> Detections:
    """Detections of one picture from `output`, float32 (4 + classes, anchors): centre x, y, width, height in input
    pixels, then a score per class."""
    if not len(keep.classes):
        return Detections.empty()
    scores = output[4:][keep.classes] if len(keep.classes) < len(output) - 4 else output[4:]
    best = scores.max(axis=0)
    at = np.flatnonzero(best >= keep.conf)
    if len(at) > MAX_CANDIDATES:
        at = at[np.argpartition(best[at], -MAX_CANDIDATES)[-MAX_CANDIDATES:]]
    if not len(at):
        return Detections.empty()
    label = keep.classes[scores[:, at].argmax(axis=0)]
    centre, half = output[0:2, at].T, output[2:4, at].T / np.float32(2)
    xyxy: NDArray[np.float32] = np.concatenate((centre - half, centre + half), axis=1, dtype=np.float32)
    return suppress(box.to_picture(xyxy), best[at], label, iou=keep.iou)


def read_rows(rows: NDArray[np.float32], keep: Filter, box: Letterbox) -> Detections:
    """Detections of one picture from a network that suppresses doubles itself: float32 (N, 6) of x1, y1, x2, y2, score,
    class in input pixels."""
    rows = rows[(rows[:, 4] >= keep.conf) & np.isin(rows[:, 5].astype(np.int16), keep.classes)]
    return best_first(box.to_picture(rows[:, :4]), rows[:, 4], rows[:, 5].astype(np.int16))


def suppress(
    xyxy: NDArray[np.float32], score: NDArray[np.float32], label: NDArray[np.int16], *, iou: float
) -> Detections:
    """The best of each group of boxes of one class that overlap by more than `iou`, best score first."""
    xywh = xyxy.copy()
    xywh[:, 2:] -= xywh[:, :2]
    # OpenCV's stubs know lists only; arrays are what it takes without a copy of every number.
    found = cv2.dnn.NMSBoxesBatched(xywh, score, label.astype(np.int32), 0.0, iou)  # type: ignore[arg-type]
    kept = np.asarray(found, np.intp).ravel()
    return best_first(xyxy[kept], score[kept], label[kept])


def best_first(xyxy: NDArray[np.float32], score: NDArray[np.float32], label: NDArray[np.int16]) -> Detections:
    """At most MAX_DETECTIONS boxes with an area, best score first."""
    has_area = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    order = np.argsort(-score[has_area], kind="stable")[:MAX_DETECTIONS]
    return Detections(
        np.ascontiguousarray(xyxy[has_area][order], np.float32),
        np.ascontiguousarray(score[has_area][order], np.float32),
        np.ascontiguousarray(label[has_area][order], np.int16),
    )
