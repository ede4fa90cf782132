"""Events that Redis has not taken yet, on disk: they survive the process and are delivered by whoever comes next."""

import sqlite3
import threading
from pathlib import Path

SPOOL_LIMIT = 500_000


class SpoolFull(Exception):
    """No room for another event. The number given up is counted by the caller."""


class Spool:
    """A first-in first-out list of texts in one SQLite file, shared by the processes of a machine.

    Two processes may read the same row before one removes it: what is delivered must be idempotent.
    """

    def __init__(self, path: Path, *, limit: int = SPOOL_LIMIT):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._limit = limit
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, timezone TEXT, member TEXT)")

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM event").fetchone()[0])

    def add(self, member: str, timezone: str) -> None:
        """Raises SpoolFull at the limit and sqlite3.Error when the disk refuses."""
        if len(self) >= self._limit:
            raise SpoolFull(f"{self._limit} events are waiting already")
        with self._lock:
            self._db.execute("INSERT INTO event (timezone, member) VALUES (?, ?)", (timezone, member))

    def first(self, count: int) -> list[tuple[int, str, str]]:
        """Up to `count` rows (number, member, timezone), oldest first."""
        with self._lock:
            return self._db.execute("SELECT id, member, timezone FROM event ORDER BY id LIMIT ?", (count,)).fetchall()

    def remove(self, number: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM event WHERE id = ?", (number,))

    def close(self) -> None:
        with self._lock:
            self._db.close()
