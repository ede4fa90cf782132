"""Numbered Redis migrations.

An app that has to change what its rows or keys look like puts `redis_migrations/0001_what_it_does.py` beside its
models, with `def forwards(client)` (a redis.Redis). Pending ones run in order at start, by one process at a time, and
are recorded in the hash `store:migrations`. One that is interrupted runs again: write it so that this does no harm.

After them, tables whose columns or indexes changed since they were last indexed (`store:layout`) are indexed anew, so a
new index or a new field with a default needs no migration.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.db import OperationalError
from redis.exceptions import LockError

from .audit import rebuild
from .backend import stored_models
from .connection import client, url
from .rows import store_errors
from .schema import table

APPLIED_KEY = "store:migrations"
LAYOUT_KEY = "store:layout"
LOCK_KEY = "store:migrating"
LOCK_SECS = 120

logger = logging.getLogger("crowdsite.store")
_FILE_NAME = re.compile(r"\d{4}_[a-z0-9_]+")


@dataclass(frozen=True)
class Migration:
    """One numbered module; `name` is `<app label>.<module>`."""

    name: str
    module: str


def known_migrations() -> list[Migration]:
    """All migrations of all installed apps, in the order they run."""
    return [migration for config in apps.get_app_configs() for migration in _of_app(config)]


def _of_app(config) -> Iterator[Migration]:
    folder = Path(config.path) / "redis_migrations"
    for stem in sorted(path.stem for path in folder.glob("*.py")):
        if _FILE_NAME.fullmatch(stem):
            yield Migration(f"{config.label}.{stem}", f"{config.name}.redis_migrations.{stem}")


def pending() -> list[str]:
    """What `apply_migrations` would do, as names: migrations, then tables to be indexed anew."""
    with store_errors(url()):
        applied = {name.decode() for name in client().hkeys(APPLIED_KEY)}
        layouts = {name.decode(): layout.decode() for name, layout in client().hgetall(LAYOUT_KEY).items()}
    tables = [table(model) for model in stored_models()]
    return [m.name for m in known_migrations() if m.name not in applied] + [
        f"index {t.name}" for t in tables if layouts.get(t.name) != t.layout
    ]


def apply_migrations() -> list[str]:
    """Runs what is pending and returns its names; does nothing the second time. Others wait while one works."""
    if not pending():
        return []
    with store_errors(url()):
        lock = client().lock(LOCK_KEY, timeout=LOCK_SECS, blocking_timeout=LOCK_SECS + 10)
        try:
            with lock:
                return _apply(lock)
        except LockError as error:
            raise OperationalError(
                "The Redis migrations could not be run: another process held their lock for too long. Start again."
            ) from error


def _apply(lock) -> list[str]:
    done = []
    waiting = set(pending())
    for migration in known_migrations():
        if migration.name in waiting:
            logger.info("Redis migration %s", migration.name)
            import_module(migration.module).forwards(client())
            client().hset(APPLIED_KEY, migration.name, f"{time.time():.0f}")
            done.append(migration.name)
            lock.reacquire()
    for model in stored_models():
        where = table(model)
        if f"index {where.name}" in waiting:
            rebuild(model)
            client().hset(LAYOUT_KEY, where.name, where.layout)
            done.append(f"index {where.name}")
            lock.reacquire()
    return done
