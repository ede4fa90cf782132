"""How well lines are counted, and what tracker and line counter cost, without running a detector each time.

    .venv/bin/python benchmarks/counting.py VIDEO GROUND_TRUTH --model WEIGHTS [--scale S] [--lines 60] [--seed 1]

GROUND_TRUTH: MOT rows `frame,id,x,y,w,h,flag,...`, multiplied by S to fit the video; a flag of 0 is left out. The
detector looks at the video once. Then random lines are drawn where people walk, true crossings are taken from the
ground truth's feet, and the same detections are counted at several rates, with boxes left out and shaken. A crossing
is matched when its direction agrees and it lies within 1.5 s.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tracking.detections import Detections
from tracking.engines import create_engine
from tracking.geometry import Line, position_along, side_distance, to_normalised, to_pixels
from tracking.line_counter import LineCounter
from tracking.offline import Pace, Video
from tracking.tracker import Tracker

BAND = 0.03
WITHIN_SECS = 1.5


@dataclass(frozen=True)
class Event:
    at: float
    direction: str


@dataclass(frozen=True)
class Trial:
    """Detections as a worse camera or a slower machine would give them."""

    name: str
    fps: float | None = None
    dropped: float = 0.0
    shaken: float = 0.0


TRIALS = (
    Trial("every picture"),
    Trial("5 a second", fps=5),
    Trial("3 a second", fps=3),
    Trial("2 a second", fps=2),
    Trial("1 a second", fps=1),
    Trial("15 % of boxes missing, 2 % jitter", dropped=0.15, shaken=0.02),
    Trial("3 a second, 10 % missing, 2 % jitter", fps=3, dropped=0.1, shaken=0.02),
)


def true_events(rows: np.ndarray, line: np.ndarray, fps: float, bottom: int) -> Iterator[Event]:
    """Crossings of the feet in the ground truth: the side must change by BAND body heights."""
    for person in np.unique(rows[:, 1]):
        path = rows[rows[:, 1] == person]
        path = path[np.argsort(path[:, 0])]
        feet = np.stack([path[:, 2] + path[:, 4] / 2, np.minimum(path[:, 3] + path[:, 5], bottom)], axis=1)
        off, along = side_distance(feet, line), position_along(feet, line)
        side, step = 0, None
        for i in range(len(path)):
            if i and (off[i] > 0) != (off[i - 1] > 0):
                part = off[i - 1] / (off[i - 1] - off[i])
                step = (path[i, 0], 0 <= along[i - 1] + part * (along[i] - along[i - 1]) <= 1)
            if abs(off[i]) > BAND * path[i, 5]:
                now = 1 if off[i] > 0 else -1
                if side and now != side and step and step[1]:
                    yield Event((step[0] - 1) / fps, "in" if now > 0 else "out")
                side = now


def random_line(rng: np.random.Generator, rows: np.ndarray, size: tuple[int, int]) -> Line:
    """Whole height, whole width, between two places where people stood, or as short as a door."""
    width, height = size[0] - 1, size[1] - 1
    (x, y), (u, v) = ((r[2] + r[4] / 2, r[3] + r[5]) for r in rows[rng.integers(len(rows), size=2)])
    half = np.median(rows[:, 5]) * rng.uniform(0.2, 0.75)
    turn = rng.uniform(0, np.pi)
    ends = (
        ((x, 0), (x, height)),
        ((0, y), (width, y)),
        ((x, y), (u, v)),
        tuple((x + s * half * np.cos(turn), y + s * half * np.sin(turn)) for s in (-1, 1)),
    )[rng.integers(4)]
    a, b = (tuple(np.clip(end, 0, (width, height)).round()) for end in ends)
    return (a, b) if rng.random() < 0.5 else (b, a)


def matched(truth: list[Event], counted: list[Event]) -> int:
    pairs = sorted(
        (abs(t.at - c.at), i, j)
        for i, t in enumerate(truth)
        for j, c in enumerate(counted)
        if t.direction == c.direction and abs(t.at - c.at) <= WITHIN_SECS
    )
    used: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in pairs:
        if i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
    return len(used[0])


def worsened(found: Detections, trial: Trial, rng: np.random.Generator) -> Detections:
    keep = rng.random(len(found)) >= trial.dropped
    xyxy = found.xyxy[keep]
    tall = (xyxy[:, 3] - xyxy[:, 1])[:, None]
    shaken = (xyxy + rng.normal(0, 1, xyxy.shape) * trial.shaken * tall).astype(np.float32)
    return Detections(shaken, found.score[keep], found.label[keep])


def count(
    found: list[Detections], fps: float, size: tuple[int, int], lines: list[Line], trial: Trial
) -> tuple[list[list[Event]], float]:
    """Events of each line, and milliseconds an analysed picture."""
    rng = np.random.default_rng(0)
    tracker, counters = Tracker(), [LineCounter(line, index=i) for i, line in enumerate(lines)]
    events: list[list[Event]] = [[] for _ in lines]
    pace = Pace(fps=trial.fps)
    taken = [i for i in range(len(found)) if pace.takes(i, fps)]
    pictures = [(i / fps, worsened(found[i], trial, rng)) for i in taken]
    started = time.process_time()
    crossings = []
    for at, detections in pictures:
        tracks = tracker.update(detections, at, size)
        for counter in counters:
            crossings += counter.update(tracks)
    spent_ms = (time.process_time() - started) / len(pictures) * 1000
    crossings += [crossing for counter in counters for crossing in counter.finish()]
    for crossing in crossings:
        events[crossing.line].append(Event(crossing.captured_at, crossing.direction))
    return events, spent_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = np.loadtxt(options.ground_truth, delimiter=",", ndmin=2)
    rows = rows[rows[:, 6] != 0]
    rows[:, 2:6] *= options.scale
    engine = create_engine(options.model, labels=frozenset({"person"}))
    with Video(options.video) as video:
        found = [engine.detect([frame.image])[0] for frame in video.frames(Pace())]
        fps, size = video.fps, video.size
    rng = np.random.default_rng(options.seed)
    lines: list[Line] = []
    truth: list[list[Event]] = []
    while len(lines) < options.lines:
        (ax, ay), (bx, by) = line = random_line(rng, rows, size)
        if np.hypot(bx - ax, by - ay) < 15:
            continue
        normalised = to_normalised(line, size)
        events = list(true_events(rows, to_pixels(normalised, size), fps, size[1] - 1))
        if len(events) >= 2:
            lines.append(normalised)
            truth.append(events)
    print(f"{'detections':38} {'F1':>6} {'error':>6}  of {sum(map(len, truth))} crossings; ms a picture, all lines")
    for trial in TRIALS:
        counted, spent_ms = count(found, fps, size, lines, trial)
        hits = sum(matched(t, c) for t, c in zip(truth, counted, strict=True))
        f1 = 2 * hits / (sum(map(len, truth)) + sum(map(len, counted)))
        error = sum(
            abs(sum(e.direction == way for e in t) - sum(e.direction == way for e in c))
            for t, c in zip(truth, counted, strict=True)
            for way in ("in", "out")
        )
        print(f"{trial.name:38} {f1:6.3f} {error:6}  {spent_ms:.2f}")


if __name__ == "__main__":
    main()
