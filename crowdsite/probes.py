"""Answers for load balancers and service managers: is the process up, can it work.

`/readyz` is 503 only for what keeps this web process from answering requests: SQL database, Redis, their migrations.
Workers or beat that are missing are no reason to take the pages away from those who have to see it: 200, "degraded".
"""

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from loguru import logger

from cameras.selectors import enabled_camera_ids
from crowdsite.clock import now
from crowdsite.store.connection import client, takes_writes
from crowdsite.store.migrations import pending
from operations.heartbeat import alive


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """status: ok, degraded (200) or not ready (503). failed, missing: stable words. messages: a sentence for each."""
    failed = _failed()
    missing = [] if failed else _missing()
    sentences = _sentences()
    return JsonResponse(
        {
            "status": "not ready" if failed else "degraded" if missing else "ok",
            "failed": failed,
            "missing": missing,
            "messages": [sentences[word] for word in (*failed, *missing)],
        },
        status=503 if failed else 200,
    )


def _sentences() -> dict[str, str]:
    # Anybody may ask: no addresses, no text of an exception.
    return {
        "default": _("The database of users does not answer."),
        "redis": _("Redis does not answer. Cameras go on counting and keep their events on disk."),
        "migrations": _("The database is older than the program. Run `manage.py migrate` and `migrate_redis`."),
        "redis writes": _(
            "Redis answers but takes no changes: its disk or memory is full, or it is a replica. Cameras go on "
            "counting and keep their events on disk."
        ),
        "gpu worker": _("No inference node is alive, so no camera counts. Start one, or look at its log."),
        "task worker": _(
            "No worker for short tasks is alive, so cameras are not started. Start it, or look at its log."
        ),
        "beat": _("Beat is not alive, so cameras are not started when a node ends. Start it, or look at its log."),
    }


def _failed() -> list[str]:
    """What keeps this process from working."""
    failed = [word for word, check in (("default", _ask_database), ("redis", _ask_redis)) if not _works(check)]
    if not failed and not _works(_ask_migrations):
        failed.append("migrations")
    return failed


def _works(check: object) -> bool:
    try:
        return bool(check())  # type: ignore[operator]
    except (Error, redis.RedisError) as error:
        logger.debug("A probe failed: {}", error)
        return False


def _ask_database() -> bool:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _ask_redis() -> bool:
    return bool(client().ping())


_migrated = False


def _ask_migrations() -> bool:
    """Asked until the answer was yes: while this process runs, its own idea of the tables does not change."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes()) and not pending()
    return _migrated


def _missing() -> list[str]:
    """Processes of which at least one has to be alive somewhere; before them, a Redis that takes their reports."""
    try:
        if not takes_writes(client()):
            return ["redis writes"]
    except redis.RedisError:
        return []
    try:
        processes = alive(client(), at=now())
        needs_node = bool(enabled_camera_ids())
    except (Error, redis.RedisError):
        return []
    queues = {queue for process in processes for queue in process.queues}
    here = {
        "gpu worker": "gpu" in queues or not needs_node,
        "task worker": "celery" in queues,
        "beat": any(process.kind == "beat" for process in processes),
    }
    return [word for word, present in here.items() if not present]
