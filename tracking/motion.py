"""Where things are and where they are heading: a g-h filter over foot point and size for all tracks at once. Pure.

The gains are not constants: they follow from the variances of a constant-velocity model with white acceleration
(Bar-Shalom, Li, Kirubarajan, *Estimation with Applications to Tracking and Navigation*, 2001, 6.2; Brookner,
*Tracking and Kalman Filtering Made Easy*, 1998, chapters 1-2), so any interval between two pictures, a gap, and a
track's first moments need no special case. Lengths are in units of the object's own size, times in seconds.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MotionModel:
    """How people move and how well a detector sees them. Body heights and seconds.

    foot_noise: standard deviation of a detected foot point, across and down the picture.
    acceleration: of somebody walking about, per square root of a second.
    first_speed: spread of the speed of somebody never seen before.
    size_noise, size_drift: relative error of a detected width and height; relative change per square root of a second.
    """

    foot_noise: tuple[float, float] = (0.04, 0.05)
    acceleration: float = 0.35
    first_speed: float = 0.6
    size_noise: tuple[float, float] = (0.15, 0.06)
    size_drift: float = 0.07


@dataclass(slots=True)
class Motion:
    """State of N tracks; every array has N rows.

    foot, velocity: (N, 2) pixels and pixels/s. foot_var, cross_var, velocity_var: (N, 2) variances and covariance.
    size: (N, 2) width and height, pixels. size_var: (N, 2), relative.
    """

    foot: Floats
    velocity: Floats
    foot_var: Floats
    cross_var: Floats
    velocity_var: Floats
    size: Floats
    size_var: Floats

    def __len__(self) -> int:
        return len(self.foot)

    @classmethod
    def born(cls, foot: Floats, size: Floats, model: MotionModel) -> "Motion":
        """Tracks at their first sight: foot (N, 2), size (N, 2) pixels."""
        scale = body_scale(size)
        noise = (scale * np.asarray(model.foot_noise)) ** 2
        speed = np.broadcast_to((scale * model.first_speed) ** 2, foot.shape)
        size_noise = np.broadcast_to(np.asarray(model.size_noise) ** 2, size.shape)
        zero = np.zeros_like(foot)
        return cls(foot.copy(), zero, noise, zero.copy(), speed.copy(), size.copy(), size_noise.copy())

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Motion":
        return Motion(*(getattr(self, field.name)[rows] for field in fields(self)))

    def put(self, rows: NDArray[np.intp], other: "Motion") -> None:
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(other, field.name)

    def joined(self, other: "Motion") -> "Motion":
        return Motion(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))

    def rescaled(self, factor: Floats) -> "Motion":
        """The same tracks in a picture whose (width, height) changed by `factor`."""
        square = factor * factor
        return Motion(
            self.foot * factor,
            self.velocity * factor,
            self.foot_var * square,
            self.cross_var * square,
            self.velocity_var * square,
            self.size * factor,
            self.size_var,
        )

    def boxes(self) -> NDArray[np.float32]:
        """float32 (N, 4) x1 y1 x2 y2."""
        half = self.size[:, 0] / 2
        x, y = self.foot[:, 0], self.foot[:, 1]
        return np.stack([x - half, y - self.size[:, 1], x + half, y], axis=1).astype(np.float32)


def body_scale(size: Floats) -> Floats:
    """The length everything is measured in, (N, 1): the longer side of the box, which is the height of a person."""
    return np.asarray(size.max(axis=1, keepdims=True, initial=1.0), np.float64)


def predicted(motion: Motion, elapsed_secs: Floats, model: MotionModel) -> Motion:
    """The tracks `elapsed_secs` (N,) later."""
    dt = elapsed_secs[:, None]
    push = (body_scale(motion.size) * model.acceleration) ** 2
    return Motion(
        motion.foot + motion.velocity * dt,
        motion.velocity,
        motion.foot_var + 2 * dt * motion.cross_var + dt**2 * motion.velocity_var + push * dt**3 / 3,
        motion.cross_var + dt * motion.velocity_var + push * dt**2 / 2,
        motion.velocity_var + push * dt,
        motion.size,
        motion.size_var + model.size_drift**2 * dt,
    )


def corrected(motion: Motion, foot: Floats, size: Floats, model: MotionModel) -> Motion:
    """Predicted tracks after each was seen: foot (N, 2) and size (N, 2), pixels, row by row."""
    noise = (body_scale(motion.size) * np.asarray(model.foot_noise)) ** 2
    total = motion.foot_var + noise
    g = motion.foot_var / total
    h = motion.cross_var / total
    miss = foot - motion.foot
    size_gain = motion.size_var / (motion.size_var + np.asarray(model.size_noise) ** 2)
    return Motion(
        motion.foot + g * miss,
        motion.velocity + h * miss,
        (1 - g) * motion.foot_var,
        (1 - g) * motion.cross_var,
        motion.velocity_var - h * motion.cross_var,
        motion.size + size_gain * (size - motion.size),
        (1 - size_gain) * motion.size_var,
    )
