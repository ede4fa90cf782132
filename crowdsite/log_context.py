"""What every line of a piece of work carries: the camera, the request, the task. Threads inherit it by `inherited`."""

import contextvars
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, TypeVar

from loguru import logger

P = ParamSpec("P")
R = TypeVar("R")

_request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)


def about(**ids: Any) -> AbstractContextManager[None]:
    """Within it every line of this thread or coroutine carries `ids`: camera_id, task_id and the like."""
    return logger.contextualize(**ids)


def request_id() -> str | None:
    """Of the request (or the task it started) that is being worked on."""
    return _request_id.get()


class AboutRequest:
    """As `about`, for a request's id, which tasks started within it take along."""

    def __init__(self, request_id: str):
        self._id = request_id
        self._lines = about(request_id=request_id)

    def __enter__(self) -> None:
        self._token = _request_id.set(self._id)
        self._lines.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._lines.__exit__(*exc)
        _request_id.reset(self._token)


def inherited(target: Callable[P, R]) -> Callable[P, R]:
    """`target` for a thread of its own: its lines carry what those of the one who starts it do."""
    context = contextvars.copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.run(target, *args, **kwargs)

    return run
