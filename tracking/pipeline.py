"""Picture in, tracks and crossings out: what camera loops and `manage.py count` share. Pure and deterministic."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cameras.frames import Frame
from tracking.detections import Detections
from tracking.line_counter import Crossing, LineCounter
from tracking.tracker import Tracker, Tracks

Detect = Callable[[Frame], Detections]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one picture brought. crossings: those that became certain with it, oldest first; each lies a little back."""

    tracks: Tracks
    crossings: tuple[Crossing, ...]


class Pipeline:
    """Detector, tracker and the lines of one camera. Not thread-safe.

    detect: boxes of one picture, or None where somebody else finds them (`update`). labels: class names in the order of
    `Detections.label`. track: names of the classes to follow; None follows all.
    """

    def __init__(
        self,
        detect: Detect | None,
        tracker: Tracker,
        counters: Sequence[LineCounter] = (),
        *,
        labels: Sequence[str] = (),
        track: Collection[str] | None = None,
    ):
        self._detect = detect
        self.tracker = tracker
        self.labels = tuple(labels)
        self._counters = tuple(counters)
        self._followed: NDArray[np.int16] | None = None
        self._last = Detections.empty()
        self.set_track(track)

    @property
    def counters(self) -> tuple[LineCounter, ...]:
        return self._counters

    def set_lines(self, counters: Sequence[LineCounter]) -> None:
        """Count these lines from the next picture on. The tracks stay; a line that stays keeps what it remembers."""
        kept = {(c.line, c.reverse, c.index, c.rules): c for c in self._counters}
        self._counters = tuple(kept.get((c.line, c.reverse, c.index, c.rules), c) for c in counters)

    def set_track(self, track: Collection[str] | None) -> None:
        """Follow objects of these classes only; None follows all. ValueError for a name that is not in `labels`."""
        if track is None:
            self._followed = None
            return
        unknown = sorted(set(track) - set(self.labels))
        if unknown:
            raise ValueError(f"This model does not know {', '.join(unknown)}.")
        self._followed = np.asarray([i for i, name in enumerate(self.labels) if name in track], np.int16)

    def step(self, frame: Frame) -> StepResult:
        """Detect, track and count one picture."""
        if self._detect is None:
            raise TypeError("This pipeline has no detector: give the detections to update().")
        return self.update(frame, self._detect(frame))

    def update(self, frame: Frame, detections: Detections) -> StepResult:
        """Track and count one picture whose boxes are known."""
        if self._followed is not None:
            keep = np.isin(detections.label, self._followed)
            detections = Detections(detections.xyxy[keep], detections.score[keep], detections.label[keep])
        self._last = detections
        return self.repeat(frame)

    def repeat(self, frame: Frame) -> StepResult:
        """A picture that looks like the last analysed one, and has its size: the same boxes, a little later.

        So time passes for the tracks and nobody who stands still is forgotten.
        """
        height, width = frame.image.shape[:2]
        tracks = self.tracker.update(self._last, frame.captured_at, (width, height))
        return StepResult(tracks, _in_order(c for counter in self._counters for c in counter.update(tracks)))

    def finish(self) -> tuple[Crossing, ...]:
        """The crossings still open after the last picture."""
        return _in_order(c for counter in self._counters for c in counter.finish())


def _in_order(crossings: Iterable[Crossing]) -> tuple[Crossing, ...]:
    return tuple(sorted(crossings, key=lambda crossing: crossing.captured_at))
