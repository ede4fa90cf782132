"""Whether a camera is well, judged by the pictures that arrive. Pure: all times are arguments (unix seconds)."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

from cameras.capture.errors import CaptureError

State = Literal["live", "degraded", "stale", "offline"]

STALE_AFTER_SECS = 2.0
STALE_INTERVALS = 3.0
OFFLINE_AFTER_SECS = 30.0
FROZEN_AFTER_SECS = 60.0
FPS_WINDOW_SECS = 5.0
SLOW_SHARE = 0.5
UNSTABLE_WINDOW_SECS = 300.0
UNSTABLE_RECONNECTS = 4


@dataclass(frozen=True, slots=True)
class Health:
    """code: a stable word for the reason, "" while live. since: unix seconds when this state began.

    fps: pictures a second over the last seconds. frame_at, frame_age_secs: of the newest picture, None before the
    first. width, height: 0 before the first. drops: pictures nobody took in time. note: a remark that is no fault.
    """

    state: State
    code: str
    reason: str
    since: float
    fps: float
    target_fps: float
    drops: int
    reconnects: int
    frame_at: float | None
    frame_age_secs: float | None
    backend: str
    width: int
    height: int
    note: str


class HealthMeter:
    """Told what happens by the feed's thread, asked by any."""

    def __init__(self, *, target_fps: float, now: float):
        self._lock = threading.Lock()
        self._target_fps = target_fps
        self._expected_fps = target_fps
        self._interval_secs = 1 / target_fps
        self._arrivals: deque[float] = deque(maxlen=512)
        self._drops: deque[float] = deque(maxlen=UNSTABLE_RECONNECTS)
        self._started_at = self._opened_at = now
        self._frame_at: float | None = None
        self._fingerprint: int | None = None
        self._changed_at = now
        self._error: CaptureError | None = None
        self._known = ("", "")
        self._since = now
        self.dropped = 0
        self.reconnects = 0
        self._backend, self._size, self._note = "", (0, 0), ""

    def opened(self, *, backend: str, size: tuple[int, int], nominal_fps: float | None, note: str, now: float) -> None:
        """A source was opened; no picture of it has come yet."""
        with self._lock:
            self._backend, self._size, self._note = backend, size, note
            self._expected_fps = min(self._target_fps, nominal_fps or self._target_fps)
            self._opened_at = self._changed_at = now
            self._fingerprint = None
            self._arrivals.clear()

    def arrived(self, at: float, fingerprint: int) -> None:
        """A picture came. fingerprint: equal for equal pictures."""
        with self._lock:
            if self._arrivals:
                gap = at - self._arrivals[-1]
                self._interval_secs += 0.1 * (min(max(gap, 0.0), 10.0) - self._interval_secs)
            self._arrivals.append(at)
            self._frame_at = at
            self._error = None
            if fingerprint != self._fingerprint:
                self._fingerprint, self._changed_at = fingerprint, at

    def failed(self, error: CaptureError, now: float) -> None:
        """The source could not be opened or ended."""
        with self._lock:
            if self._error is None and self._frame_at is not None:
                self.reconnects += 1
                self._drops.append(now)
            self._error = error

    def health(self, now: float) -> Health:
        with self._lock:
            fps = self._fps(now)
            state, code, reason = self._judge(now, fps)
            if (state, code) != self._known:
                self._known, self._since = (state, code), self._began(state, now)
            age = None if self._frame_at is None else max(now - self._frame_at, 0.0)
            return Health(
                state=state, code=code, reason=reason, since=self._since, fps=round(fps, 2),
                target_fps=self._target_fps, drops=self.dropped, reconnects=self.reconnects, frame_at=self._frame_at,
                frame_age_secs=age, backend=self._backend, width=self._size[0], height=self._size[1], note=self._note,
            )  # fmt: skip

    def _judge(self, now: float, fps: float) -> tuple[State, str, str]:
        error = self._error
        if error is not None and error.permanent:
            return "offline", error.code, error.message
        if self._frame_at is None:
            if error is not None:
                return "offline", error.code, error.message
            return "offline", "connecting", "Connecting to the camera."
        age = now - self._frame_at
        if age > max(STALE_AFTER_SECS, STALE_INTERVALS * self._interval_secs):
            code, reason = "stalled", "The camera stopped sending pictures. Connecting again."
            if error is not None:
                code, reason = error.code, error.message
            return ("offline" if age > OFFLINE_AFTER_SECS else "stale"), code, reason
        return self._judge_running(now, fps)

    def _judge_running(self, now: float, fps: float) -> tuple[State, str, str]:
        if self._frame_at is not None and self._frame_at - self._changed_at > FROZEN_AFTER_SECS:
            reason = "Pictures arrive but nothing in them changes. The camera may be frozen: restart it."
            return "degraded", "frozen", reason
        recent = [at for at in self._drops if now - at < UNSTABLE_WINDOW_SECS]
        if len(recent) >= UNSTABLE_RECONNECTS:
            reason = "The connection broke several times in the last minutes. Check the network and the camera's power."
            return "degraded", "unstable", reason
        if now - self._opened_at > 2 * FPS_WINDOW_SECS and fps < SLOW_SHARE * self._expected_fps:
            reason = f"{fps:.1f} pictures a second instead of {self._expected_fps:.0f}: network or camera is slow."
            return "degraded", "slow", reason
        return "live", "", ""

    def _fps(self, now: float) -> float:
        start = max(now - FPS_WINDOW_SECS, self._opened_at)
        recent = sum(1 for at in self._arrivals if at > start)
        return recent / max(now - start, 1.0)

    def _began(self, state: State, now: float) -> float:
        if state in ("stale", "offline"):
            return self._frame_at if self._frame_at is not None else self._started_at
        return now
