"""Points, lines and boxes. Pure.

A point is (x, y), y down. A line runs from A to B; its left-hand side as seen on the screen when walking from A to B is
the *in* side.
"""

import math

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Line = tuple[Point, Point]
Size = tuple[int, int]

Floats = NDArray[np.float64]


def anchors(xyxy: NDArray[np.float32], size: Size) -> Floats:
    """Bottom centre of each box, float64 (N, 2), pixels.

    xyxy: (N, 4) pixels; size: (width, height). Boxes are cut to the picture first: feet below its edge would otherwise
    miss every line that ends there.
    """
    width, height = size
    x1 = np.clip(xyxy[:, 0], 0, width)
    x2 = np.clip(xyxy[:, 2], 0, width)
    return np.stack([(x1 + x2) / 2, np.clip(xyxy[:, 3], 0, height)], axis=1).astype(np.float64)


def overlaps(xyxy: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union, float32 (N, M), of boxes (N, 4) with boxes (M, 4)."""
    shared = _shared(xyxy, others)
    union = _areas(xyxy)[:, None] + _areas(others)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def covered(xyxy: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of each box (N, 4) lies inside each of `others` (M, 4): float32 (N, M), 0-1."""
    return np.asarray(_shared(xyxy, others) / np.maximum(_areas(xyxy)[:, None], 1e-9), np.float32)


def _areas(xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1]), np.float32)


def _shared(xyxy: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    # Side by side in (N, M): half the time of (N, M, 2) arrays with 200 boxes.
    wide = np.minimum(xyxy[:, 2, None], others[:, 2]) - np.maximum(xyxy[:, 0, None], others[:, 0])
    tall = np.minimum(xyxy[:, 3, None], others[:, 3]) - np.maximum(xyxy[:, 1, None], others[:, 1])
    return np.asarray(np.maximum(wide, 0) * np.maximum(tall, 0), np.float32)


def to_pixels(line: Line, size: Size) -> Floats:
    """A normalised line as float64 (2, 2) pixels."""
    return np.asarray(line, np.float64) * np.asarray(size, np.float64)


def to_normalised(line: Line, size: Size) -> Line:
    """A line in pixels as one in 0-1."""
    (ax, ay), (bx, by) = line
    width, height = size
    return (ax / width, ay / height), (bx / width, by / height)


def check_line(line: Line) -> None:
    """ValueError, with a sentence, unless both ends are finite, inside the picture (0-1) and apart."""
    (ax, ay), (bx, by) = line
    if not all(math.isfinite(v) for v in (ax, ay, bx, by)):
        raise ValueError("A line needs four finite numbers.")
    if not all(-1e-6 <= v <= 1 + 1e-6 for v in (ax, ay, bx, by)):
        raise ValueError("The line lies outside the picture.")
    if math.hypot(bx - ax, by - ay) < 1e-3:
        raise ValueError("The two ends of a line must lie apart.")


def side_distance(points: Floats, line: Floats) -> Floats:
    """Signed distance of points (N, 2) from the infinite line (2, 2) through A and B: positive on the *in* side."""
    a, along = line[0], line[1] - line[0]
    offset = points - a
    cross = along[0] * offset[:, 1] - along[1] * offset[:, 0]
    return np.asarray(-cross / math.hypot(along[0], along[1]), np.float64)


def position_along(points: Floats, line: Floats) -> Floats:
    """Where the foot of the perpendicular lies: 0 at A, 1 at B. points (N, 2), line (2, 2)."""
    a, along = line[0], line[1] - line[0]
    return np.asarray((points - a) @ along / (along @ along), np.float64)
