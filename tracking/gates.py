"""Which pictures are worth the detector's time. Pure.

The rate (`detector_fps`) is limited where pictures are captured, so that those too many never cross a pipe.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Cells the picture is reduced to: small enough to average a camera's noise away, large enough to show a head far off.
SPOTS = (64, 36)
_SAMPLES = (640, 360)
# Grey levels a spot changes by when something moves. Noise and compression of calm cameras stay below 2.
MOTION_LEVELS = 4.0
# After the last motion every picture is analysed for so long: whoever stops for a moment goes on.
AWAKE_SECS = 2.0
# How long nothing may be analysed on a still scene: without and with somebody in it. Three looks a second are what
# following people takes.
REST_SECS = 1.0
REST_OCCUPIED_SECS = 0.3


class SkipGate:
    """Lets one picture through, then drops `frame_skip`, as v81's setting of that name asks."""

    def __init__(self, frame_skip: int):
        self._frame_skip = frame_skip
        self._left = 0

    def admits(self) -> bool:
        if self._left:
            self._left -= 1
            return False
        self._left = self._frame_skip
        return True


@dataclass(frozen=True, slots=True)
class SceneRules:
    """adaptive: rest on still pictures. duplicate_levels: grey levels up to which a picture is a duplicate, None = the
    filter is off."""

    adaptive: bool = False
    duplicate_levels: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether every picture passes."""
        return not self.adaptive and self.duplicate_levels is None


class SceneGate:
    """Compares each picture with the last one that was analysed, so that slow motion adds up until it shows.

    A picture of another size, or one after the clock was set back, always passes. Not thread-safe.
    """

    def __init__(self, rules: SceneRules):
        self.rules = rules
        self._analysed: NDArray[np.float32] | None = None
        self._size: tuple[int, ...] = ()
        self._analysed_at = 0.0
        self._moved_at = 0.0

    def admits(self, image: NDArray[np.uint8], at: float, *, occupied: bool) -> bool:
        """Whether to analyse this picture of `at` (unix seconds); what passes counts as analysed.

        occupied: somebody was in the last analysed picture.
        """
        if self.rules.is_open:
            return True
        spots = seen_spots(image)
        if not self._passes(spots, image.shape, at, occupied):
            return False
        self._analysed, self._size, self._analysed_at = spots, image.shape, at
        return True

    def follow(self, image: NDArray[np.uint8], at: float) -> None:
        """The picture of `at` was analysed, which may be a later one than the one that passed."""
        if not self.rules.is_open and at != self._analysed_at:
            self._analysed, self._size, self._analysed_at = seen_spots(image), image.shape, at

    def forget(self) -> None:
        """The picture that passed was not analysed after all: the next one passes."""
        self._analysed = None

    def _passes(self, spots: NDArray[np.float32], size: tuple[int, ...], at: float, occupied: bool) -> bool:
        if self._analysed is None or size != self._size or at < self._analysed_at:
            self._moved_at = at
            return True
        change = float(np.abs(spots - self._analysed).max())
        if change >= MOTION_LEVELS:
            self._moved_at = at
        if self.rules.duplicate_levels is not None and change <= self.rules.duplicate_levels:
            return False
        if not self.rules.adaptive or at - self._moved_at < AWAKE_SECS:
            return True
        return at - self._analysed_at >= (REST_OCCUPIED_SECS if occupied else REST_SECS) - 1e-6


def seen_spots(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture, uint8 (H, W, 3), as mean grey levels of its spots, float32 (36, 64)."""
    sampled = cv2.resize(image, _SAMPLES, interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(sampled, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, SPOTS, interpolation=cv2.INTER_AREA), np.float32)
