"""Takes events from the camera loops and brings each into Redis, now or once it is back.

A loop never waits for Redis: it leaves the event here. The delivery thread records it, or keeps it on disk until
Redis answers again. Recording is idempotent, so a delivery of which nobody knows whether it arrived is repeated.
"""

import queue
import sqlite3
import threading
import time
from pathlib import Path

import redis
from loguru import logger

from tracking.events import Event, record_event
from tracking.spool import Spool, SpoolFull

RETRY_SECS = 1.0
DRAIN_BATCH = 200


class EventDelivery:
    """One a process. `put` from any thread; `close` delivers or spools what is left."""

    def __init__(self, client: redis.Redis, spool_path: Path):
        self._client = client
        self._spool = Spool(spool_path)
        self._queue: queue.SimpleQueue[tuple[Event, str] | None] = queue.SimpleQueue()
        self._given_up = 0
        self._redis_is_away = False
        self._thread = threading.Thread(target=self._run, name="event-delivery", daemon=True)
        self._thread.start()

    def put(self, event: Event, timezone: str) -> None:
        """Hand over an event of a site in `timezone` (IANA name). Never blocks."""
        self._queue.put((event, timezone))

    @property
    def waiting(self) -> int:
        """Events that are not in Redis yet."""
        return self._queue.qsize() + len(self._spool)

    @property
    def given_up(self) -> int:
        """Events lost because neither Redis nor the disk took them."""
        return self._given_up

    def close(self, timeout_secs: float = 5.0) -> None:
        self._queue.put(None)
        self._thread.join(timeout_secs)

    def _run(self) -> None:
        self.drain()
        next_drain = time.monotonic() + RETRY_SECS
        while True:
            try:
                item = self._queue.get(timeout=RETRY_SECS)
            except queue.Empty:
                pass
            else:
                if item is None:
                    break
                self._deliver(*item)
            if time.monotonic() >= next_drain:
                self.drain()
                next_drain = time.monotonic() + RETRY_SECS
        self.drain()

    def _deliver(self, event: Event, timezone: str) -> None:
        # While older events wait on disk, newer ones queue up behind them: order is kept.
        if self._redis_is_away or not self._record(event, timezone):
            self._keep(event, timezone)

    def _record(self, event: Event, timezone: str) -> bool:
        try:
            record_event(self._client, event, timezone=timezone)
        except redis.RedisError as error:
            if not self._redis_is_away:
                logger.warning("Redis does not take events; they are kept on disk until it does: {}", error)
            self._redis_is_away = True
            return False
        if self._redis_is_away:
            logger.info("Redis takes events again; {} are waiting", len(self._spool))
        self._redis_is_away = False
        return True

    def _keep(self, event: Event, timezone: str) -> None:
        try:
            self._spool.add(event.member(), timezone)
        except (SpoolFull, sqlite3.Error) as error:
            self._given_up += 1
            logger.error("An event of camera {} is lost: {}", event.camera_id, error)

    def drain(self) -> None:
        """Deliver what waits on disk, oldest first, until it is empty or Redis refuses."""
        while rows := self._spool.first(DRAIN_BATCH):
            for number, member, timezone in rows:
                if not self._record(Event.from_member(member), timezone):
                    return
                self._spool.remove(number)
        self._redis_is_away = False
