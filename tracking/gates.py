"""Which pictures are worth the detector's time. Pure: time is an argument."""


class RateGate:
    """Lets through at most `max_fps` pictures a second, evenly spaced.

    The due time advances by whole intervals, so that a camera at 25 fps limited to 10 gives 10 and not 8.3.
    """

    def __init__(self, max_fps: float):
        if max_fps <= 0:
            raise ValueError("max_fps must be above 0")
        self._interval_secs = 1.0 / max_fps
        self._due = float("-inf")

    def admits(self, captured_at: float) -> bool:
        """captured_at: unix seconds, rising."""
        if captured_at < self._due - 1e-3:
            return False
        self._due = max(self._due, captured_at - self._interval_secs) + self._interval_secs
        return True


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
