"""One at a time, over all processes and machines."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from loguru import logger
from redis.exceptions import LockError

from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client

# Longer than any of what is done under these locks takes; a process that dies keeps one this long.
HELD_AT_MOST_SECS = 30
WAIT_SECS = 5


class BusyError(CrowdsiteError):
    """Somebody else has been at it for too long."""

    code = "busy"
    status = 409


@contextmanager
def alone(key: str) -> Iterator[None]:
    """Hold the lock `key`. Raises BusyError when it is not free within five seconds."""
    lock = client().lock(key, timeout=HELD_AT_MOST_SECS, blocking_timeout=WAIT_SECS)
    if not lock.acquire():
        raise BusyError(_("Somebody else is changing the same thing. Try again in a few seconds."))
    try:
        yield
    finally:
        try:
            lock.release()
        except LockError:
            logger.warning("The lock {} ran out before the work under it was done", key)
