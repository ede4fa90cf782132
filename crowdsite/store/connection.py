"""The one Redis connection pool of a process, and what every room uses to talk to Redis.

`client()` is shared by all threads and safe across fork (the pool notices a new process id). Replies are bytes.
It fails fast and never repeats a command by itself: a repeated INCR would count twice, so the caller decides.
A server that hangs costs a request one wait, however many commands the page and its error page still have: `one_wait`.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from loguru import logger
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

SOCKET_TIMEOUT_SECS = 5.0
CONNECT_TIMEOUT_SECS = 2.0
HEALTH_CHECK_SECS = 15

# RESP2 keeps replies the same on Redis 6.2, 7, 8 and Valkey.
_OPTIONS = {
    "socket_timeout": SOCKET_TIMEOUT_SECS,
    "socket_connect_timeout": CONNECT_TIMEOUT_SECS,
    "socket_keepalive": True,
    "health_check_interval": HEALTH_CHECK_SECS,
    "protocol": 2,
    "decode_responses": False,
}
_async_clients: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, redis.asyncio.Redis]]" = (
    weakref.WeakKeyDictionary()
)


_waits: ContextVar[list[redis.TimeoutError] | None] = ContextVar("store_waits", default=None)


@contextmanager
def one_wait() -> Iterator[None]:
    """Inside, once a command has timed out, all further ones of this thread or coroutine fail at once."""
    token = _waits.set([])
    try:
        yield
    finally:
        _waits.reset(token)


class _OneWait(Retry):
    """Never tries again; within `one_wait` not even for the first time once Redis has kept it waiting."""

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 0)

    def call_with_retry(self, do: Callable[[], Any], *args: Any, **kwargs: Any) -> Any:
        waits = _waits.get()
        if waits:
            raise redis.TimeoutError("Redis kept this request waiting before") from waits[0]
        try:
            return super().call_with_retry(do, *args, **kwargs)
        except redis.TimeoutError as error:
            if waits is not None:
                waits.append(error)
            raise


def takes_writes(link: redis.Redis) -> bool:
    """Whether Redis takes changes; not with a full disk or memory, as a replica, or without the replicas it wants.

    Raises redis.RedisError where it does not answer.
    """
    try:
        link.set("crowdsite:probe", "1", px=1)
    except redis.ResponseError as error:
        logger.debug("Redis takes no changes: {}", error)
        return False
    return True


def url() -> str:
    """The address in `DATABASES["redis"]["NAME"]`."""
    return settings.DATABASES["redis"]["NAME"]


def client(address: str | None = None) -> redis.Redis:
    """This process's client for `address` (default: the store's). It connects at the first command, not here."""
    return _client(address or url())


@lru_cache(maxsize=8)
def _client(address: str) -> redis.Redis:
    return redis.Redis.from_url(address, retry=_OneWait(), **_OPTIONS)


def async_client(address: str | None = None) -> redis.asyncio.Redis:
    """The client of the running event loop: connections must not travel between loops. Call it inside a coroutine."""
    address = address or url()
    clients = _async_clients.setdefault(asyncio.get_running_loop(), {})
    if address not in clients:
        clients[address] = redis.asyncio.Redis.from_url(address, retry=AsyncRetry(NoBackoff(), 0), **_OPTIONS)
    return clients[address]


@lru_cache(maxsize=64)
def lua(package: str, name: str) -> Script:
    """The script `lua/{name}.lua` of a package, e.g. `lua("tracking", "record_event")(keys=[...], args=[...])`.

    It is sent by its hash and loaded again where the server has forgotten it. Pass `client=pipeline` to use it in one.
    """
    text = (files(package) / "lua" / f"{name}.lua").read_text(encoding="utf-8")
    return client().register_script(text)
