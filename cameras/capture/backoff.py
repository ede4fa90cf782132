"""How long to wait before a camera is opened again. Pure."""

import random

FIRST_SECS = 0.5
# A camera that restarts or lost its cable for a moment is expected back: it must be found within seconds.
QUICK_SECS = 2.0
QUICK_PHASE_SECS = 300.0
SLOW_SECS = 30.0
GROWTH = 1.6


class Backoff:
    """Waits grow from half a second to 2 s in the first five minutes of an absence, then on to 30 s.

    All carry jitter, so that a switch that restarts does not bring back a hundred cameras at one moment.
    """

    def __init__(self, rng: random.Random | None = None):
        self._rng = rng or random.Random()
        self._since: float | None = None
        self._tries = 0
        self._slow_tries = 0

    @property
    def tries(self) -> int:
        """Attempts that failed since the camera was last well."""
        return self._tries

    def next_secs(self, now: float) -> float:
        """After another failure at `now`, in seconds of any steady clock."""
        self._since = now if self._since is None else self._since
        if now - self._since < QUICK_PHASE_SECS:
            wait = min(QUICK_SECS, FIRST_SECS * GROWTH**self._tries)
        else:
            self._slow_tries += 1
            wait = min(SLOW_SECS, QUICK_SECS * GROWTH**self._slow_tries)
        self._tries += 1
        return wait * self._rng.uniform(0.7, 1.0)

    def reset(self) -> None:
        """The camera is well: pictures came for a while."""
        self._since, self._tries, self._slow_tries = None, 0, 0
