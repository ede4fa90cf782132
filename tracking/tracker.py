"""Gives every detected object an id it keeps. Pure and deterministic: time is an argument.

All tracks live in arrays (a row each), so the cost of a picture hardly grows with the number of people in it, and
nothing is kept of a track once it has been lost for `TrackerSettings.lost_secs`.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tracking.association import Floats, Gate, Rows, assign, pairings
from tracking.detections import Detections
from tracking.geometry import Size, anchors, covered, overlaps
from tracking.motion import Motion, MotionModel, corrected, predicted
from tracking.rate import PictureInterval


@dataclass(frozen=True, slots=True)
class Tracks:
    """The objects seen in one picture, N rows; what was not seen in it is not here.

    id: int64, owned by the tracker that made it, never reused. xyxy: float32 (N, 4), smoothed, pixels, cut to the
    picture. anchor: float64 (N, 2), bottom centre, 0-1. label: int16, index into the engine's labels. score: float32 of
    the latest detection. confirmed: bool; an unconfirmed track may be a false alarm. size: (width, height) of the
    picture, pixels. at: unix seconds of the picture.
    """

    id: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    anchor: NDArray[np.float64]
    label: NDArray[np.int16]
    score: NDArray[np.float32]
    confirmed: NDArray[np.bool_]
    size: Size
    at: float

    def __len__(self) -> int:
        return len(self.id)


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """lost_secs: a track not seen for longer is over. tentative_secs: the same for an unconfirmed one. lost_pictures:
    neither is over before so many pictures could have shown it.
    confirm_secs: a track counts for real once it was seen again at least so long after its first sight.
    start_score: weaker boxes continue tracks and never start one. start_overlap: nor does a box that shares so much of
    its area (intersection over union) with a better or a tracked one, since detectors report some people twice.
    start_inside: nor one of which so much lies inside a tracked one: a torso, a face, a bag.
    """

    lost_secs: float = 1.5
    tentative_secs: float = 0.7
    lost_pictures: float = 2.5
    confirm_secs: float = 0.5
    start_score: float = 0.35
    start_overlap: float = 0.55
    start_inside: float = 0.75
    motion: MotionModel = field(default_factory=MotionModel)
    gate: Gate = field(default_factory=Gate)


@dataclass(slots=True)
class _Rows:
    """What is known of each track beside its motion."""

    id: NDArray[np.int64]
    label: NDArray[np.int16]
    score: NDArray[np.float32]
    confirmed: NDArray[np.bool_]
    born_at: Floats
    seen_at: Floats

    @classmethod
    def born(cls, ids: NDArray[np.int64], label: NDArray[np.int16], score: NDArray[np.float32], at: float) -> "_Rows":
        count = len(ids)
        now = np.full(count, at, np.float64)
        return cls(ids, label, score, np.zeros(count, np.bool_), now, now.copy())

    def take(self, rows: Rows | NDArray[np.bool_]) -> "_Rows":
        return _Rows(*(getattr(self, name)[rows] for name in self.__slots__))

    def joined(self, other: "_Rows") -> "_Rows":
        return _Rows(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in self.__slots__))


class Tracker:
    """One per camera. Not thread-safe."""

    def __init__(self, settings: TrackerSettings | None = None):
        self.settings = settings or TrackerSettings()
        self._next_id = 1
        self._size: Size | None = None
        self._interval = PictureInterval()
        self._rows = _Rows.born(np.zeros(0, np.int64), np.zeros(0, np.int16), np.zeros(0, np.float32), 0.0)
        none = np.zeros((0, 2))
        self._motion = Motion(none, none, none, none, none, none, none)

    def __len__(self) -> int:
        """Tracks held, seen or not."""
        return len(self._motion)

    def update(self, detections: Detections, at: float, size: Size) -> Tracks:
        """The objects of the picture taken at `at` (unix seconds), size (width, height).

        When the source's clock was set back, the tracks move back with it.
        """
        self._follow_size(size)
        set_back_secs = self._interval.follow(at)
        self._rows.seen_at -= set_back_secs
        self._rows.born_at -= set_back_secs
        self._drop_lost(at)
        foot = anchors(detections.xyxy, size)
        box = np.maximum(detections.xyxy[:, 2:] - detections.xyxy[:, :2], 1.0).astype(np.float64)
        ahead = predicted(self._motion, at - self._rows.seen_at, self.settings.motion)
        track, detection, free = self._match(ahead, foot, box, detections)
        self._motion.put(track, corrected(ahead.take(track), foot[detection], box[detection], self.settings.motion))
        rows = self._rows
        rows.score[track] = detections.score[detection]
        rows.seen_at[track] = at
        held = len(rows.id)
        self._start(free, foot, box, detections, at)
        self._confirm()
        return self._shown(np.concatenate([np.sort(track), np.arange(held, len(self))]), at, size)

    def _follow_size(self, size: Size) -> None:
        if self._size is not None and self._size != size:
            self._motion = self._motion.rescaled(np.asarray(size, np.float64) / np.asarray(self._size, np.float64))
        self._size = size

    def _confirm(self) -> None:
        rows = self._rows
        rows.confirmed |= rows.seen_at - rows.born_at >= self.settings.confirm_secs - 1e-6

    def _drop_lost(self, at: float) -> None:
        settings = self.settings
        patience = np.where(self._rows.confirmed, settings.lost_secs, settings.tentative_secs)
        patience = np.maximum(patience, settings.lost_pictures * self._interval.secs)
        keep = at - self._rows.seen_at <= patience
        if not keep.all():
            self._rows, self._motion = self._rows.take(keep), self._motion.take(keep)

    def _match(self, ahead: Motion, foot: Floats, box: Floats, detections: Detections) -> tuple[Rows, Rows, Rows]:
        """Tracks and the detections that continue them, row by row, and the detections that are somebody new.

        Weak boxes and second boxes of the same thing are left for tracks that found no other (the idea of ByteTrack,
        Zhang et al. 2022, for weak boxes), and start none.
        """
        settings = self.settings
        pairs = pairings(ahead, foot, box, settings.motion, settings.gate)
        # A car never becomes a person.
        pairs.cost[self._rows.label[:, None] != detections.label[None, :]] = np.inf
        xyxy, same_label = detections.xyxy, detections.label[:, None] == detections.label[None, :]
        alike = (overlaps(xyxy, xyxy) > settings.start_overlap) & same_label
        rank = np.argsort(np.argsort(-detections.score, kind="stable"), kind="stable")
        first = detections.score >= settings.start_score
        first &= ~(alike & (rank[None, :] < rank[:, None])).any(axis=1)
        strong, weak = np.flatnonzero(first), np.flatnonzero(~first)
        track, column = assign(pairs.within(settings.gate.sigmas)[:, strong])
        left = np.setdiff1d(np.arange(len(ahead)), track)
        late_track, late_column = assign(pairs.within(settings.gate.weak_sigmas)[np.ix_(left, weak)])
        track = np.concatenate([track, left[late_track]])
        detection = np.concatenate([strong[column], weak[late_column]])
        taken = np.zeros(len(detections), np.bool_)
        taken[detection] = True
        part = (covered(xyxy, xyxy) > settings.start_inside) & same_label & ~np.eye(len(xyxy), dtype=np.bool_)
        somebody_else = alike[:, taken].any(axis=1) | part[:, taken | first].any(axis=1)
        return track, detection, np.flatnonzero(first & ~taken & ~somebody_else)

    def _start(self, free: Rows, foot: Floats, box: Floats, detections: Detections, at: float) -> None:
        if not len(free):
            return
        count = len(free)
        ids = np.arange(self._next_id, self._next_id + count, dtype=np.int64)
        self._next_id += count
        born = _Rows.born(ids, detections.label[free], detections.score[free], at)
        self._rows = self._rows.joined(born)
        self._motion = self._motion.joined(Motion.born(foot[free], box[free], self.settings.motion))

    def _shown(self, now: Rows, at: float, size: Size) -> Tracks:
        rows, motion = self._rows.take(now), self._motion.take(now)
        width, height = size
        xyxy = motion.boxes()
        anchor = anchors(xyxy, size) / np.asarray(size, np.float64)
        xyxy = np.clip(xyxy, 0, np.asarray([width, height, width, height], np.float32))
        return Tracks(rows.id, xyxy, anchor, rows.label, rows.score, rows.confirmed, size, at)
