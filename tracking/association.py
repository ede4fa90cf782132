"""Which detection continues which track. Pure.

Boxes of one person stop overlapping as soon as pictures are skipped, so tracks are matched by the distance of foot
points, measured against how well the track's place is known after the gap.
"""

from dataclasses import dataclass

import lap
import numpy as np
from numpy.typing import NDArray

from tracking.motion import Motion, MotionModel, body_scale

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Gate:
    """What is too far to be the same person.

    sigmas: in standard deviations of the innovation; weak_sigmas: the same for weak and second boxes. reach: never
    farther than this many body heights. foot_slack: body heights a foot point may jump on top of the filter's noise (a
    hidden leg, a shadow). size_slack: likewise, relative, for the box's width and height.
    """

    sigmas: float = 3.0
    weak_sigmas: float = 2.0
    reach: float = 1.5
    foot_slack: tuple[float, float] = (0.05, 0.08)
    size_slack: tuple[float, float] = (0.35, 0.15)


@dataclass(frozen=True, slots=True)
class Pairings:
    """How well each of N tracks and M detections go together, (N, M).

    cost: the negative logarithm of how likely the detection is under the track's prediction, so a track that was seen a
    moment ago beats one whose place is uncertain; inf where there is no reaching. apart: squared standard deviations.
    """

    cost: Floats
    apart: Floats

    def within(self, sigmas: float) -> Floats:
        """The costs, inf beyond so many standard deviations."""
        return np.where(self.apart <= sigmas**2, self.cost, np.inf)


def pairings(tracks: Motion, foot: Floats, size: Floats, model: MotionModel, gate: Gate) -> Pairings:
    """Compare predicted tracks with detections: foot points (M, 2) and sizes (M, 2), pixels."""
    scale = body_scale(tracks.size)
    spread = (scale * np.hypot(model.foot_noise, gate.foot_slack)) ** 2 + tracks.foot_var
    size_spread = np.hypot(model.size_noise, gate.size_slack) ** 2 + tracks.size_var
    across, down = _squares(tracks.foot, foot)
    wider, taller = _squares(np.log(np.maximum(tracks.size, 1.0)), np.log(np.maximum(size, 1.0)))
    apart = across / spread[:, :1] + down / spread[:, 1:] + wider / size_spread[:, :1] + taller / size_spread[:, 1:]
    doubt = np.log(spread / scale**2).sum(axis=1)
    too_far = across + down > (gate.reach * scale) ** 2
    return Pairings(np.where(too_far, np.inf, apart + doubt[:, None]), apart)


def _squares(of: Floats, to: Floats) -> tuple[Floats, Floats]:
    """Squared differences, two of (N, M), between the columns of (N, 2) and (M, 2)."""
    return (to[:, 0] - of[:, 0, None]) ** 2, (to[:, 1] - of[:, 1, None]) ** 2


def assign(cost: Floats) -> tuple[Rows, Rows]:
    """Rows and columns of the cheapest one-to-one pairing that leaves out infinite costs."""
    reachable = np.isfinite(cost)
    rows = np.flatnonzero(reachable.any(axis=1))
    columns = np.flatnonzero(reachable.any(axis=0))
    if not len(rows):
        return rows, columns[:0]
    block = cost[np.ix_(rows, columns)]
    allowed = np.isfinite(block)
    finite = block[allowed]
    # Leaving a pair apart costs more than any pairing within reach, so as many as possible go on.
    block = np.where(allowed, block, finite.max() + (finite.max() - finite.min() + 1) * min(block.shape))
    _, column_of, _ = lap.lapjv(block, extend_cost=True)
    i = np.flatnonzero(column_of >= 0)
    j = column_of[i]
    chosen = allowed[i, j]
    return rows[i[chosen]], columns[j[chosen]]
