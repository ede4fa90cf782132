"""Lines of a program that may talk without end: so many in a while, then only how many were left out."""

import time
from collections.abc import Callable

from loguru import logger

LINES = 20
PERIOD_SECS = 10.0


class LimitedLines:
    """source: under which name the lines appear. clock: steady seconds. Used by one thread."""

    def __init__(self, source: str, *, clock: Callable[[], float] = time.monotonic):
        self._log = logger.bind(source=source)
        self._clock = clock
        self._began = clock()
        self._said = self._left_out = 0

    def debug(self, line: str) -> None:
        """Log `line` as DEBUG, or count it when there were too many."""
        now = self._clock()
        if now - self._began >= PERIOD_SECS:
            if self._left_out:
                self._log.debug("{} more lines were left out", self._left_out)
            self._began, self._said, self._left_out = now, 0, 0
        self._said += 1
        if self._said > LINES:
            self._left_out += 1
            return
        self._log.debug("{}", line)
