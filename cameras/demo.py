"""The demo camera's scene: a calm street drawn at run time, people walking over a line in both directions, and how many
of them truly do.

The people are cut out of the picture that ultralytics ships for its own examples; the wheel's file is read, the library
is not loaded. They keep a little of their surroundings, faded out at the edges: without any, OpenCV's people detector,
which has to count here on machines without a model, does not find them. Pure but for reading that file.
"""

import importlib.util
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from crowdsite.errors import NotAvailable

Direction = Literal["in", "out"]

ROUND_SECS = 24.0
"""The schedule repeats after so long, from the unix epoch on. As many go in as out in every round."""

SETTLE_SECS = 1.5
"""A crossing is in the counters so long after it happened, at a low analysed rate; nobody is that close to the line
at the end of a round."""

_BOXES = ((48, 396, 247, 905), (222, 402, 346, 862))  # two people in the picture: x1, y1, x2, y2
_MARGIN = 14  # pixels of the picture kept around a box
_FADE = 12  # pixels of the sprite over which its surroundings fade out
_FADE_TOP = 5  # less above, where the head is
_STEP_SECS = 0.5


@dataclass(frozen=True, slots=True)
class _Walker:
    """enters: seconds into the round at which the foot point passes the picture's edge. person: index into _BOXES.
    height: of the person, pixels. foot: y of the feet, pixels. speed: pixels a second, about 170 are 1.3 m/s."""

    enters: float
    direction: Direction
    person: int
    height: int
    foot: int
    speed: float


# In the far row (210 pixels high) and the near row (230). Those who meet do so away from the line.
_SCHEDULE = (
    _Walker(0.5, "in", 0, 230, 452, 170),
    _Walker(4.0, "in", 1, 210, 410, 160),
    _Walker(7.5, "out", 0, 210, 410, 165),
    _Walker(10.0, "in", 1, 230, 452, 175),
    _Walker(12.2, "out", 1, 210, 410, 160),
    _Walker(15.0, "out", 0, 230, 452, 175),
    _Walker(17.0, "in", 0, 210, 410, 170),
    _Walker(18.0, "out", 1, 230, 452, 180),
)


class DemoScene:
    """The scene from one moment on. `frame_at` may be called for any time, in any order, from any thread."""

    SIZE = (854, 480)
    FPS = 10
    LINE = ((0.48, 0.99), (0.52, 0.70))
    """Walking from its first point to its second, the left of the screen is on the left hand: leftwards is *in*."""

    def __init__(self, start_at: float | None = None):
        """start_at: unix seconds; whoever entered before is left out, so that every crossing is seen from its start.
        Now when None. Raises NotAvailable where ultralytics, whose picture is used, is not installed.
        """
        self.start_at = time.time() if start_at is None else start_at
        self._background = _street(*self.SIZE)
        self._sprites = {(w.person, w.height, w.direction): _sprite(w) for w in _SCHEDULE}

    @property
    def line(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """`LINE`: two points, 0-1."""
        return self.LINE

    def frame_at(self, at: float) -> NDArray[np.uint8]:
        """The scene at unix time `at`, uint8 (480, 854, 3) BGR, a new array."""
        image = self._background.copy()
        walking = [(w, begun) for w, begun in _entered(at - 30, at) if begun >= _first_seen(w, self.start_at)]
        for walker, begun in sorted(walking, key=lambda pair: pair[0].foot):
            sprite = self._sprites[walker.person, walker.height, walker.direction]
            bob = 2 * abs(math.sin(math.pi * (at - begun) / _STEP_SECS))
            _paste(image, sprite, _foot_x(walker, at - begun), walker.foot - bob)
        return image

    @staticmethod
    def expected(since: float, until: float) -> tuple[int, int]:
        """How many truly go in and out between two unix times, for a scene that starts at `since`: those who enter the
        picture after `since` and are over the line by `until`. The same in every process."""
        counts = {"in": 0, "out": 0}
        for walker, begun in _entered(since, until):
            if begun >= _first_seen(walker, since) and begun + _secs_to_line(walker) <= until:
                counts[walker.direction] += 1
        return counts["in"], counts["out"]

    @staticmethod
    def crossings(since: float, until: float) -> list[tuple[float, Direction]]:
        """The moments (unix seconds) and directions that `expected` counts, in order of time."""
        moments = [
            (begun + _secs_to_line(walker), walker.direction)
            for walker, begun in _entered(since, until)
            if begun >= _first_seen(walker, since)
        ]
        return sorted(moment for moment in moments if moment[0] <= until)


def _entered(since: float, until: float) -> Iterator[tuple[_Walker, float]]:
    """Everybody whose feet pass the picture's edge between two unix times, with that time."""
    for number in range(math.floor(since / ROUND_SECS) - 1, math.floor(until / ROUND_SECS) + 1):
        for walker in _SCHEDULE:
            begun = number * ROUND_SECS + walker.enters
            if since <= begun <= until:
                yield walker, begun


def _first_seen(walker: _Walker, start_at: float) -> float:
    """The earliest entrance that is drawn in a scene from `start_at` on.

    In the round in which a scene begins nobody goes out, so that nobody leaves who was never seen to come.
    """
    if walker.direction == "in":
        return start_at
    return math.ceil(start_at / ROUND_SECS) * ROUND_SECS


def _foot_x(walker: _Walker, walked_secs: float) -> float:
    """Pixels from the left to the feet."""
    way = walker.speed * walked_secs
    return DemoScene.SIZE[0] - way if walker.direction == "in" else way


def _secs_to_line(walker: _Walker) -> float:
    """From the picture's edge to the line, at the height of the walker's feet."""
    (ax, ay), (bx, by) = DemoScene.LINE
    width, height = DemoScene.SIZE
    x = (ax + (bx - ax) * (walker.foot / height - ay) / (by - ay)) * width
    return (width - x if walker.direction == "in" else x) / walker.speed


@dataclass(frozen=True, slots=True)
class _Sprite:
    """image: float32 (H, W, 3) times its opacity. rest: float32 (H, W, 1), what shines through. foot: (x, y) of the
    feet inside it, pixels."""

    image: NDArray[np.float32]
    rest: NDArray[np.float32]
    foot: tuple[float, float]


def _sprite(walker: _Walker) -> _Sprite:
    x1, y1, x2, y2 = _BOXES[walker.person]
    left, top = min(_MARGIN, x1), _MARGIN
    crop = _people()[y1 - top : y2 + _MARGIN, x1 - left : x2 + _MARGIN]
    scale = walker.height / (y2 - y1)
    image = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    opacity = np.minimum.outer(_ramp(image.shape[0], _FADE_TOP, _FADE), _ramp(image.shape[1], _FADE, _FADE))[..., None]
    foot_x = (left + (x2 - x1) / 2) * scale
    if walker.direction == "in":  # they look to the right of the picture; walking left, they are mirrored
        image, opacity, foot_x = image[:, ::-1], opacity[:, ::-1], image.shape[1] - foot_x
    return _Sprite(image * opacity, np.ascontiguousarray(1 - opacity), (foot_x, (top + y2 - y1) * scale))


def _ramp(length: int, fade_in: int, fade_out: int) -> NDArray[np.float32]:
    at = np.arange(length, dtype=np.float32) + 0.5
    return np.clip(np.minimum(at / fade_in, at[::-1] / fade_out), 0, 1)


def _paste(image: NDArray[np.uint8], sprite: _Sprite, foot_x: float, foot_y: float) -> None:
    """Draw `sprite` with its feet at a point, cut where it leaves the picture."""
    height, width = sprite.rest.shape[:2]
    left, top = round(foot_x - sprite.foot[0]), round(foot_y - sprite.foot[1])
    x1, x2 = max(left, 0), min(left + width, image.shape[1])
    y1, y2 = max(top, 0), min(top + height, image.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
    image[y1:y2, x1:x2] = image[y1:y2, x1:x2] * sprite.rest[part] + sprite.image[part]


@cache
def _people() -> NDArray[np.uint8]:
    """The picture the people are cut from, uint8 (1080, 810, 3) BGR."""
    package = importlib.util.find_spec("ultralytics")
    folders = list(package.submodule_search_locations or []) if package else []
    path = next((found for folder in folders if (found := Path(folder) / "assets" / "bus.jpg").is_file()), None)
    image = None if path is None else cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None or image.shape[:2] != (1080, 810):
        raise NotAvailable(
            "The demo camera takes its people from a picture inside the ultralytics package, and it is not there. "
            "Install ultralytics, or delete the demo camera and add your own."
        )
    return image  # type: ignore[return-value]


@cache
def _street(width: int, height: int) -> NDArray[np.uint8]:
    """A wall, a kerb and a pavement: calm, so that no detector sees anybody where nobody is."""
    kerb = round(height * 0.64)
    image = np.empty((height, width, 3), np.float32)
    wall = np.linspace(0.75, 1.0, kerb, dtype=np.float32)[:, None, None]
    ground = np.linspace(0.85, 1.05, height - kerb, dtype=np.float32)[:, None, None]
    image[:kerb] = wall * np.array((132, 112, 100), np.float32)
    image[kerb:] = ground * np.array((168, 165, 172), np.float32)
    image[kerb : kerb + 4] *= 0.8
    street = np.clip(image, 0, 255).astype(np.uint8)
    for x in range(-4 * width, 5 * width, width // 5):  # slabs, towards a vanishing point above the middle
        cv2.line(street, (width // 2 + (x - width // 2) // 3, kerb + 4), (x, height), (158, 154, 160), 1, cv2.LINE_AA)
    for depth in (0.16, 0.38, 0.68):
        y = round(kerb + depth * (height - kerb))
        cv2.line(street, (0, y), (width, y), (158, 154, 160), 1, cv2.LINE_AA)
    return street
