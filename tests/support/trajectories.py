"""Made-up people: where they stand over time, as tracks for a line counter or as boxes for a tracker."""

from collections.abc import Iterable, Sequence

import numpy as np

from tracking.detections import Detections
from tracking.geometry import anchors
from tracking.line_counter import Crossing, LineCounter
from tracking.tracker import Tracker, Tracks

SIZE = (1000, 500)
HEIGHT = 100.0
"""Of a person, pixels."""


def boxes(points: Iterable[tuple[float, float]], height: float = HEIGHT) -> np.ndarray:
    """float32 (N, 4) boxes of people whose feet are at `points`, pixels."""
    foot = np.asarray(list(points), np.float32).reshape(-1, 2)
    half = height * 0.2
    return np.stack([foot[:, 0] - half, foot[:, 1] - height, foot[:, 0] + half, foot[:, 1]], axis=1)


def tracks(
    points: dict[int, tuple[float, float]],
    at: float,
    *,
    size: tuple[int, int] = SIZE,
    label: int = 0,
    confirmed: bool = True,
    height: float = HEIGHT,
) -> Tracks:
    """Tracks at one moment: id -> feet in pixels."""
    xyxy = boxes(points.values(), height)
    count = len(points)
    return Tracks(
        id=np.asarray(list(points), np.int64),
        xyxy=xyxy,
        anchor=anchors(xyxy, size) / np.asarray(size, np.float64),
        label=np.full(count, label, np.int16),
        score=np.full(count, 0.9, np.float32),
        confirmed=np.full(count, confirmed, np.bool_),
        size=size,
        at=at,
    )


def walk(counter: LineCounter, xs: Sequence[float | None], *, y: float = 250.0, fps: float = 10.0) -> list[Crossing]:
    """One person whose feet are at x = xs[0], xs[1], ... (None: not seen), then gone."""
    crossings = []
    for picture, x in enumerate(xs):
        crossings += counter.update(tracks({} if x is None else {1: (x, y)}, picture / fps))
    return crossings + counter.finish()


def detections(points: Iterable[tuple[float, float]], *, label: int = 0, score: float = 0.9) -> Detections:
    """Boxes of people whose feet are at `points`, pixels."""
    xyxy = boxes(points)
    return Detections(xyxy, np.full(len(xyxy), score, np.float32), np.full(len(xyxy), label, np.int16))


def follow(
    tracker: Tracker, pictures: Iterable[Sequence[tuple[float, float]]], *, fps: float = 10.0, start: float = 0.0
) -> list[Tracks]:
    """What a tracker makes of people whose feet are at the points of each picture."""
    return [tracker.update(detections(points), start + picture / fps, SIZE) for picture, points in enumerate(pictures)]


def directions(crossings: Iterable[Crossing]) -> list[str]:
    return [crossing.direction for crossing in crossings]
