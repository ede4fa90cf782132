"""The picture that travels from capture to the pipeline. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    image: uint8 (H, W, 3), BGR. captured_at: unix seconds at the source. index: number at the source, counting the
    pictures that were dropped.
    """

    image: NDArray[np.uint8]
    captured_at: float
    index: int
