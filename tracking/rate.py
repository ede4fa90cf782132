"""How often pictures come. Pure: time is an argument."""

LONGEST_SECS = 2.0
"""A longer silence is an outage and says nothing about how often pictures come."""
_WEIGHT = 0.2


class PictureInterval:
    """The usual time between two pictures, `secs`, 0 until two have come."""

    def __init__(self) -> None:
        self.secs = 0.0
        self._last_at: float | None = None

    def follow(self, at: float) -> None:
        """A picture taken at `at` (unix seconds) came; one that is not newer than the last changes nothing."""
        if self._last_at is not None and at > self._last_at:
            self.secs += _WEIGHT * (min(at - self._last_at, LONGEST_SECS) - self.secs)
        self._last_at = at
