"""One thread a process that follows the log level and says in Redis that the process is alive, every three seconds."""

import atexit
import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import redis
from django.db import OperationalError, close_old_connections
from loguru import logger

from crowdsite import web_tally
from crowdsite.clock import now
from crowdsite.log_lines import role
from crowdsite.store.connection import client
from crowdsite.version import VERSION
from operations.log_level import follow_log_level

# Sorted set: each process as JSON, scored with the unix seconds at which it was last seen.
PROCESSES_KEY = "operations:processes"
BEAT_SECS = 3.0
# Missing three in a row means gone.
GONE_AFTER_SECS = 12.0
FORGOTTEN_AFTER_SECS = 3600.0

REDIS_AWAY = (redis.RedisError, OperationalError)


@dataclass(frozen=True, slots=True)
class Process:
    """role: web, beat, flower, or a worker's name. kind: web, beat, flower, or worker. queues: those a worker serves.
    started_at: unix seconds."""

    role: str
    kind: str
    host: str
    pid: int
    version: str
    started_at: float
    queues: tuple[str, ...] = ()


def alive(connection: redis.Redis, *, at: float) -> list[Process]:
    """Processes seen in the last seconds before unix time `at`, on all machines. Raises redis.RedisError."""
    return [parse(member) for member in connection.zrangebyscore(PROCESSES_KEY, at - GONE_AFTER_SECS, "+inf")]


def parse(member: bytes) -> Process:
    """A member of the sorted set."""
    stored = json.loads(member)
    return Process(**{**stored, "queues": tuple(stored["queues"])})


def say_alive(connection: redis.Redis, process: Process, *, at: float) -> None:
    """Raises redis.RedisError."""
    with connection.pipeline(transaction=False) as pipe:
        pipe.zadd(PROCESSES_KEY, {_member(process): at})
        pipe.zremrangebyscore(PROCESSES_KEY, "-inf", at - FORGOTTEN_AFTER_SECS)
        pipe.execute()


def say_gone(connection: redis.Redis, process: Process) -> None:
    """The process ends in order. Raises redis.RedisError."""
    connection.zrem(PROCESSES_KEY, _member(process))


def _member(process: Process) -> str:
    return json.dumps(asdict(process), sort_keys=True)


class Heartbeat:
    """`start` once; `stop` when the process ends. process: None for a worker's children, which are not counted."""

    def __init__(self, process: Process | None):
        self.process = process
        self.pid = os.getpid()
        self._stop = threading.Event()
        self._away = False
        self._steps: Sequence[Callable[[], None]] = (follow_log_level, self._say_alive, self._flush_tally)
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> bool:
        """Says goodbye, so that nobody waits for this process to be missed. False the second time."""
        if self._stop.is_set():
            return False
        self._stop.set()
        if self.process is not None:
            with contextlib.suppress(*REDIS_AWAY):  # then it is missed in a few seconds
                say_gone(client(), self.process)
        return True

    def step(self) -> None:
        """Once through. While Redis is away everything stays as it is."""
        try:
            for step in self._steps:
                step()
            self._away = False
        except REDIS_AWAY as error:
            if not self._away:
                logger.debug("Redis does not answer the heartbeat: {}", error)
            self._away = True
        except Exception:  # noqa: BLE001 - a fault here must not end what tells that the process is alive
            if not self._away:
                logger.exception("The heartbeat failed")
            self._away = True
        finally:
            close_old_connections()

    def _run(self) -> None:
        self.step()
        while not self._stop.wait(BEAT_SECS):
            self.step()

    def _say_alive(self) -> None:
        if self.process is not None and not self._stop.is_set():
            say_alive(client(), self.process, at=now())

    def _flush_tally(self) -> None:
        web_tally.flush(client())


_current: Heartbeat | None = None


def start(kind: str = "", queues: Sequence[str] = ()) -> None:
    """Start this process's heartbeat, one only. kind: see `Process`; empty for a worker's child."""
    global _current
    # After a fork the parent's thread is not here, only its object.
    if _current is not None and _current.pid == os.getpid():
        return
    process = Process(role(), kind, socket.gethostname(), os.getpid(), VERSION, now(), tuple(queues)) if kind else None
    _current = Heartbeat(process)
    _current.start()
    if kind:
        atexit.register(stop)
        logger.info("{} {} started, process {}", _title(_current.process), VERSION, os.getpid())


def stop() -> None:
    """End this process's heartbeat. May be called twice."""
    if _current is not None and _current.process is not None and _current.pid == os.getpid() and _current.stop():
        logger.info("{} stopped, process {}", _title(_current.process), os.getpid())


def _title(process: Process | None) -> str:
    if process is None:
        return ""
    return process.kind.capitalize() + (f" {process.role}" if process.role != process.kind else "")
