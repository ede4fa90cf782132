"""The embedded Redis for as long as a command needs it, where nothing else keeps it running."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from django.conf import settings

from crowdsite.startup import require_redis
from crowdsite.store.connection import client
from operations.backup_snapshot import dies_with_us


@contextmanager
def redis_at_hand() -> Iterator[None]:
    """Redis answers inside. Leaves the process with a sentence where it cannot."""
    try:
        client().ping()
    except redis.ConnectionError:
        if settings.REDIS_IS_EMBEDDED:
            with _started():
                yield
            return
    except redis.RedisError:
        pass  # `require_redis` says it in a sentence
    require_redis()
    yield


@contextmanager
def _started() -> Iterator[None]:
    command = [*dies_with_us("TERM"), sys.executable, str(settings.BASE_DIR / "manage.py"), "redis_server"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        require_redis()
        yield
    finally:
        server.terminate()
        server.wait(60)
