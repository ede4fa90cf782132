"""Counts who crosses a line. Pure and deterministic: time comes with the tracks.

A track has a *side* once its anchor is clearly off the line (`LineRules.band` body heights). It is counted when it has
settled on the other side and its step over the line went through the segment, not past its ends. The time of a crossing
is the moment of that step, which lies a little before the moment the count is certain.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tracking.geometry import Line, check_line, position_along, side_distance, to_pixels
from tracking.rate import PictureInterval
from tracking.tracker import Tracks

Direction = Literal["in", "out"]

_EDGE = 0.015
"""A line that leaves the picture when made longer by this much (of 0-1) ends at its edge: nobody passes outside."""
_WAITING = 64
"""Sightings kept of a track that is not confirmed yet."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One object went over one line.

    label: index into the engine's labels. captured_at: unix seconds of the step over the line. line: number of the line
    in its pipeline. anchor: where, (x, y) 0-1.
    """

    track_id: int
    direction: Direction
    label: int
    score: float
    captured_at: float
    line: int
    anchor: tuple[float, float]


@dataclass(frozen=True, slots=True)
class LineRules:
    """What counts as having crossed. Lengths in body heights.

    band: how far beyond the line an anchor must get. It grows `widen` times with every count of the same track until
    that track has been `clear` of the line: who stands on it is not counted again and again.
    sightings: on the far side before a crossing is believed; dwell_secs: between the first and the last of them.
    forget_secs: the side of a track is forgotten after so long without it; forget_pictures: not before so many pictures
    could have shown it.
    handover: a new track continues one that vanished no farther away than this, and handover_speed (body heights a
    second) farther with time.
    """

    band: float = 0.04
    widen: float = 3.0
    clear: float = 0.2
    sightings: int = 2
    dwell_secs: float = 0.3
    forget_secs: float = 1.5
    forget_pictures: float = 2.5
    handover: float = 0.3
    handover_speed: float = 0.5


@dataclass(frozen=True, slots=True)
class _Sighting:
    """distance: from the line, body heights, positive on the *in* side. along: 0 at A, 1 at B. anchor: 0-1."""

    at: float
    distance: float
    along: float
    anchor: tuple[float, float]
    height: float
    label: int
    score: float


@dataclass(slots=True)
class _Memory:
    """What a line remembers of one track. side: 1 *in*, -1 *out*, 0 not known. step: the last change of sign."""

    last: _Sighting
    waiting: list[_Sighting] = field(default_factory=list)
    confirmed: bool = False
    side: int = 0
    beyond: int = 0
    beyond_at: float = 0.0
    counts: int = 0
    step: tuple[float, tuple[float, float], bool] | None = None


class LineCounter:
    """One line of one camera. Not thread-safe.

    line: two points, 0-1. reverse: swaps in and out. index: its number in the pipeline, given back with every crossing.
    ValueError for a line that is none.
    """

    def __init__(self, line: Line, reverse: bool = False, *, index: int = 0, rules: LineRules | None = None):
        check_line(line)
        self.line = line
        self.reverse = reverse
        self.index = index
        self.rules = rules or LineRules()
        self._memories: dict[int, _Memory] = {}
        self._reach = _reach(line)
        self._interval = PictureInterval()

    def __len__(self) -> int:
        """Tracks remembered."""
        return len(self._memories)

    def update(self, tracks: Tracks) -> list[Crossing]:
        """The crossings that became certain with this picture."""
        if set_back_secs := self._interval.follow(tracks.at):
            self._set_back(set_back_secs)
        crossings = self._forget(tracks.at)
        vanished = _Vanished(self._memories, tracks)
        for track_id, confirmed, sighting in _sightings(tracks, self.line):
            memory = self._memories.get(track_id)
            if memory is None:
                memory = self._memories[track_id] = _Memory(last=sighting)
            if not memory.confirmed:
                memory.waiting = [*memory.waiting[1 - _WAITING :], sighting]
                if not confirmed:
                    memory.last = sighting
                    continue
                memory = self._confirm(track_id, memory, vanished)
                for waited in memory.waiting:
                    crossings += self._step(track_id, memory, waited)
                memory.waiting = []
            else:
                crossings += self._step(track_id, memory, sighting)
        return crossings

    def finish(self) -> list[Crossing]:
        """The crossings still open when no more pictures come. Forgets all tracks."""
        return self._forget(math.inf)

    def _set_back(self, secs: float) -> None:
        """The source's clock was set back: what is remembered moves with it."""
        for memory in self._memories.values():
            memory.last = replace(memory.last, at=memory.last.at - secs)
            memory.waiting = [replace(sighting, at=sighting.at - secs) for sighting in memory.waiting]
            memory.beyond_at -= secs

    def _step(self, track_id: int, memory: _Memory, now: _Sighting) -> list[Crossing]:
        before, memory.last = memory.last, now
        if (now.distance > 0) != (before.distance > 0):
            memory.step = self._crossing_point(before, now)
        rules = self.rules
        if abs(now.distance) > rules.clear:
            memory.counts = 0
        side = 1 if now.distance > 0 else -1
        band = rules.band * rules.widen**memory.counts if memory.side else 0.0
        if abs(now.distance) <= band:
            if side == memory.side:
                memory.beyond = 0
            return []
        if side == memory.side or memory.side == 0:
            memory.side, memory.beyond = side, 0
            return []
        if not memory.beyond:
            memory.beyond_at = now.at
        memory.beyond += 1
        sure = memory.beyond >= rules.sightings and now.at - memory.beyond_at >= rules.dwell_secs - 1e-6
        return self._settle(track_id, memory) if sure else []

    def _settle(self, track_id: int, memory: _Memory) -> list[Crossing]:
        """The track now belongs to the other side; counted when it went through the segment."""
        memory.side, memory.beyond = -memory.side, 0
        if memory.step is None or not memory.step[2]:
            return []
        memory.counts += 1
        at, anchor, _ = memory.step
        is_in = (memory.side > 0) != self.reverse
        last = memory.last
        return [Crossing(track_id, "in" if is_in else "out", last.label, last.score, at, self.index, anchor)]

    def _crossing_point(self, before: _Sighting, now: _Sighting) -> tuple[float, tuple[float, float], bool]:
        part = before.distance / (before.distance - now.distance)
        along = before.along + part * (now.along - before.along)
        anchor = (
            before.anchor[0] + part * (now.anchor[0] - before.anchor[0]),
            before.anchor[1] + part * (now.anchor[1] - before.anchor[1]),
        )
        return before.at + part * (now.at - before.at), anchor, self._reach[0] <= along <= self._reach[1]

    def _confirm(self, track_id: int, memory: _Memory, vanished: "_Vanished") -> _Memory:
        """The memory of a track seen to be real: its own, or that of the track it continues under a new id."""
        memory.confirmed = True
        memory.last = memory.waiting[0]
        continued = vanished.claim(memory.last, self.rules)
        if continued is None:
            return memory
        inherited = self._memories.pop(continued)
        inherited.waiting = memory.waiting
        self._memories[track_id] = inherited
        return inherited

    def _forget(self, now: float) -> list[Crossing]:
        """Drop what was not seen lately. A track last seen beyond the line did cross it: nobody came back."""
        crossings: list[Crossing] = []
        patience = max(self.rules.forget_secs, self.rules.forget_pictures * self._interval.secs)
        gone = [track_id for track_id, memory in self._memories.items() if now - memory.last.at > patience]
        for track_id in gone:
            memory = self._memories.pop(track_id)
            if memory.beyond:
                crossings += self._settle(track_id, memory)
        return crossings


class _Vanished:
    """Real tracks that are out of sight in one picture, each to be continued by one new track at most."""

    def __init__(self, memories: dict[int, _Memory], tracks: Tracks):
        self._memories = memories
        self._tracks = tracks
        self._ids: list[int] | None = None

    def claim(self, first: _Sighting, rules: LineRules) -> int | None:
        """The track last seen closest to where another was `first` seen, if near enough."""
        if self._ids is None:
            self._collect()
        if not self._ids:
            return None
        away_secs = first.at - self._at
        width, height = self._tracks.size
        apart = np.hypot((self._x - first.anchor[0]) * width, (self._y - first.anchor[1]) * height)
        reach = (rules.handover + rules.handover_speed * away_secs) * first.height
        apart[(apart > reach) | (away_secs <= 0) | (self._label != first.label)] = math.inf
        nearest = int(apart.argmin())
        if not math.isfinite(apart[nearest]):
            return None
        self._at[nearest] = math.inf
        return self._ids[nearest]

    def _collect(self) -> None:
        # Once a picture, and only when somebody new has come.
        present = set(self._tracks.id.tolist())
        gone = {i: memory.last for i, memory in self._memories.items() if memory.confirmed and i not in present}
        self._ids = list(gone)
        self._at = np.array([last.at for last in gone.values()], np.float64)
        self._x = np.array([last.anchor[0] for last in gone.values()], np.float64)
        self._y = np.array([last.anchor[1] for last in gone.values()], np.float64)
        self._label = np.array([last.label for last in gone.values()], np.int16)


def _sightings(tracks: Tracks, line: Line) -> Iterator[tuple[int, bool, _Sighting]]:
    points = tracks.anchor * np.asarray(tracks.size, np.float64)
    pixels = to_pixels(line, tracks.size)
    height = (tracks.xyxy[:, 2:] - tracks.xyxy[:, :2]).max(axis=1, initial=1.0).astype(np.float64)
    distance = side_distance(points, pixels) / height
    along = position_along(points, pixels)
    columns = (tracks.id, tracks.confirmed, distance, along, tracks.anchor, height, tracks.label, tracks.score)
    for track_id, confirmed, off, position, (x, y), tall, label, score in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        yield track_id, confirmed, _Sighting(tracks.at, off, position, (x, y), tall, label, score)


def _reach(line: Line) -> tuple[float, float]:
    """Where along the line (0 at A, 1 at B) a step over it counts: without limit where the line ends at the edge."""
    a, b = np.asarray(line, np.float64)
    beyond = (b - a) / np.hypot(*(b - a)) * _EDGE
    leaves_at_a = bool(((a - beyond < 0) | (a - beyond > 1)).any())
    leaves_at_b = bool(((b + beyond < 0) | (b + beyond > 1)).any())
    return (-math.inf if leaves_at_a else 0.0), (math.inf if leaves_at_b else 1.0)
