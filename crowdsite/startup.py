"""What every long-running process does first: make sure that Redis is there and its records have today's shape."""

import os
import sys
import time

import redis
from django.conf import settings

from crowdsite.store.connection import client
from crowdsite.store.migrations import apply_migrations

# sysexits.h. After a mistake in the configuration nobody starts the process again; what may pass by itself, such as
# a Redis server that boots more slowly than this machine, is tried again by systemd and by `bin/keep`.
EX_CONFIG = 78
EX_TEMPFAIL = 75
EMBEDDED_WAIT_SECS = 20.0


def require_redis() -> None:
    """Return when Redis answers, else leave the process with one sentence.

    The embedded server is started beside its clients, so they wait for it; a server named in REDIS_URL has to be there.
    """
    deadline = time.monotonic() + (EMBEDDED_WAIT_SECS if settings.REDIS_IS_EMBEDDED else 0)
    while True:
        try:
            client().ping()
            return
        except redis.RedisError as error:
            if time.monotonic() >= deadline:
                leave(error)
        time.sleep(0.2)


def leave(error: Exception) -> None:
    """Exit with the sentence that helps."""
    if settings.REDIS_IS_EMBEDDED:
        print(
            "The embedded Redis does not answer. Start everything with `make run`, or set REDIS_URL.", file=sys.stderr
        )
        sys.exit(1)
    reason = str(error).split("\n")[0]
    print(f"Redis cannot be reached at the address in REDIS_URL: {reason}", file=sys.stderr)
    may_pass = isinstance(error, redis.ConnectionError | redis.TimeoutError)
    refused = isinstance(error, redis.AuthenticationError | redis.exceptions.AuthorizationError)
    sys.exit(EX_TEMPFAIL if may_pass and not refused else EX_CONFIG)


def keep_to_itself() -> None:
    """What this process writes is for its own user: databases hold passwords, and their folder may be open."""
    os.umask(0o077)


def prepare() -> None:
    """Redis answers and its migrations have run."""
    keep_to_itself()
    require_redis()
    apply_migrations()
