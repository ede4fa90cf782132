"""How often pictures come. Pure: time is an argument."""

LONGEST_SECS = 2.0
"""A longer silence is an outage and says nothing about how often pictures come."""
_WEIGHT = 0.2


class PictureInterval:
    """The usual time between two pictures, `secs`, 0 until two have come."""

    def __init__(self) -> None:
        self.secs = 0.0
        self._last_at: float | None = None

    def follow(self, at: float) -> float:
        """A picture taken at `at` (unix seconds) came. Gives back by how much the source's clock was set back, or 0."""
        last, self._last_at = self._last_at, at
        if last is None or at == last:
            return 0.0
        if at < last:
            return last - at
        elapsed = min(at - last, LONGEST_SECS)
        self.secs += (_WEIGHT if self.secs else 1.0) * (elapsed - self.secs)
        return 0.0
