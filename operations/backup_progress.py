"""What a command that may take minutes says while it works; nothing in the first two seconds."""

import sys
import time
from typing import TextIO

QUIET_SECS = 2.0
TERMINAL_SECS = 0.2
LOG_SECS = 10.0


class ProgressLine:
    """Called with what is done, how far and of how much (0 = not known). On a terminal one line that changes."""

    def __init__(self, out: TextIO = sys.stderr):
        self._out, self._started, self._said_at = out, time.monotonic(), 0.0
        self._terminal = out.isatty()
        self._open = False

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._started < QUIET_SECS or now - self._said_at < (TERMINAL_SECS if self._terminal else LOG_SECS):
            return
        self._said_at = now
        share = f" {100 * min(done, total) // total} %" if total else (f" {done:,}" if done else "")
        if self._terminal:
            self._out.write(f"\r\x1b[K{what}{share} ...")
            self._open = True
        else:
            self._out.write(f"{what}{share} ...\n")
        self._out.flush()

    def close(self) -> None:
        if self._open:
            self._out.write("\r\x1b[K")
            self._out.flush()


def size(length: int) -> str:
    """Bytes as people read them."""
    value = float(length)
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
