"""`app.log`: one file that every process of a machine appends to, whole lines only, turned over at a size."""

import logging
import os
import re
import sys
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler

_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[kmg]?b?)", re.IGNORECASE)
MOST_FILES = 100


def size_bytes(text: str) -> int:
    """`20 MB`, `500k` or `1048576` in bytes (a kilobyte has 1024). Raises ValueError with a sentence."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or float(found["number"]) <= 0:
        raise ValueError(f"{text!r} is no size. Write a number with KB, MB or GB, for example 20 MB.")
    return int(float(found["number"]) * _UNITS[found["unit"].lower()])


def kept_files(retention: str, rotation_bytes: int) -> int:
    """How many full files stay: `10` says so, `500 MB` says how large they may be together. At least 1, at most 100."""
    text = retention.strip()
    files = int(text) if text.isdecimal() else size_bytes(text) // rotation_bytes
    return min(max(files, 1), MOST_FILES)


class LogFile(ConcurrentRotatingFileHandler):
    """`write` a line. A folder that cannot be written or a full disk costs lines, never the program: one sentence on
    standard error when that begins and one when it is over."""

    def __init__(self, path: Path, *, rotation_bytes: int, files: int):
        super().__init__(str(path), maxBytes=rotation_bytes, backupCount=files, encoding="utf-8", chmod=0o600)
        self._failing = False

    def write(self, line: str) -> None:
        """line: without its end."""
        self.emit(logging.LogRecord("", logging.INFO, "", 0, line, None, None))

    def format(self, record: logging.LogRecord) -> str:
        return str(record.msg)

    def do_write(self, msg: str) -> None:
        """All of the line or nothing, without a buffer that would keep the rest of a failed line."""
        if self.stream is None or self.stream.closed:
            # The folder may have been removed, or have appeared since.
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.stream = self.do_open()
        file, data = self.stream.fileno(), f"{msg}\n".encode("utf-8", "backslashreplace")
        before = os.fstat(file).st_size
        try:
            done = 0
            while done < len(data):
                done += os.write(file, data[done:])
        except OSError:
            os.ftruncate(file, before)
            raise
        if self._failing:
            self._failing = False
            _say(f"The log is written to {self.baseFilename} again.")

    def _do_lock(self) -> None:
        # The lock lies beside the log, in a folder that may not be there yet.
        if self.stream_lock is None:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        super()._do_lock()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging calls it so
        error = sys.exc_info()[1]
        if not self._failing:
            self._failing = True
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            _say(f"The log cannot be written to {self.baseFilename}: {reason}. Crowdsite goes on without that file.")


def _say(sentence: str) -> None:
    try:
        print(sentence, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return  # nobody is there to read it
