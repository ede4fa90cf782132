"""What happens around a Celery task: its lines carry its id and that of the request that started it; it is counted."""

import time
from contextlib import ExitStack
from typing import Any

import redis
from celery.signals import before_task_publish, task_postrun, task_prerun
from loguru import logger

from crowdsite.clock import now
from crowdsite.log_context import AboutRequest, about, request_id
from crowdsite.store.connection import client
from operations.task_tally import note_task

HEADER = "crowdsite_request_id"
_running: dict[str, tuple[ExitStack, float]] = {}


@before_task_publish.connect
def take_request_along(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """The id of the request (or of the task) that starts a task goes with it."""
    if headers is not None and (current := request_id()):
        headers[HEADER] = current


@task_prerun.connect
def begin(task_id: str, task: Any, **_: Any) -> None:
    """Runs in the thread that runs the task, as `end` does."""
    lines = ExitStack()
    started_by = getattr(task.request, HEADER, None) or (task.request.headers or {}).get(HEADER)
    if isinstance(started_by, str):
        lines.enter_context(AboutRequest(started_by))
    lines.enter_context(about(task_id=task_id))
    _running[task_id] = (lines, time.monotonic())


@task_postrun.connect
def end(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    lines, started = _running.pop(task_id, (None, time.monotonic()))
    if lines is not None:
        lines.close()
    try:
        note_task(client(), task.name, state or "FAILURE", seconds=time.monotonic() - started, at=now())
    except redis.RedisError as error:
        logger.debug("A task could not be counted: {}", error)
