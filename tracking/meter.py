"""How fast a loop works. Pure: times are arguments (unix seconds)."""

from collections import deque

WINDOW_SECS = 5.0


class LoopMeter:
    """Told of each analysed picture by the loop's thread, read by the keeper's."""

    def __init__(self, started_at: float):
        self._started_at = started_at
        self._analysed: deque[float] = deque(maxlen=512)
        self._spared: deque[float] = deque(maxlen=512)
        self.delay_ms: float | None = None

    def analysed(self, at: float, captured_at: float) -> None:
        """A picture of `captured_at` is through at `at`."""
        self._analysed.append(at)
        delay_ms = (at - captured_at) * 1000
        self.delay_ms = round(delay_ms if self.delay_ms is None else 0.9 * self.delay_ms + 0.1 * delay_ms, 1)

    def spared(self, at: float) -> None:
        """A picture was through at `at` without the detector: it showed nothing new."""
        self._spared.append(at)

    def is_warm(self, resumed_at: float) -> bool:
        """Whether enough has been seen for `fps` to mean something.

        resumed_at: since when the camera gives pictures without a break; what is missing before it was not too slow.
        """
        began = max(self._started_at, resumed_at)
        latest = max((times[-1] for times in (self._analysed, self._spared) if times), default=began)
        return latest - began > 2 * WINDOW_SECS

    def fps(self, now: float) -> float:
        """Analysed pictures a second over the last seconds."""
        return self._rate(self._analysed, now)

    def handled_fps(self, now: float) -> float:
        """The same with those the detector was spared."""
        return self._rate(self._analysed, now) + self._rate(self._spared, now)

    def _rate(self, times: deque[float], now: float) -> float:
        start = max(now - WINDOW_SECS, self._started_at)
        return sum(1 for at in list(times) if at > start) / max(now - start, 1.0)
