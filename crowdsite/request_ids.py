"""Each request has an id, in every line it causes, in the answer, and in the tasks it starts; and a line of its own."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject
from loguru import logger

from crowdsite import web_tally
from crowdsite.log_context import AboutRequest
from crowdsite.masking import MASK, is_secret_name, mask, shorten
from crowdsite.store.connection import one_wait

HEADER = "X-Request-ID"
# From outside only what can neither forge a line nor fill the log.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_CHARS = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # a line break would begin what looks like a line of its own
# Parts of a path that open a door: the link of a password reset, an invitation.
_SECRET_PARTS = frozenset({"token", "uidb64", "key", "code", "secret"})


def id_of(request: HttpRequest) -> str:
    """The one a proxy gave it, when it is a harmless word; else a new one."""
    given = request.headers.get(HEADER, "")
    return given if _SAFE.fullmatch(given) else secrets.token_hex(8)


@sync_and_async_middleware
def request_ids(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Django middleware, the outermost one."""
    if iscoroutinefunction(get_response):
        return _for_coroutines(get_response)

    def answer(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request.request_id = id_of(request)  # type: ignore[attr-defined]
        with AboutRequest(request.request_id), one_wait():  # type: ignore[attr-defined]
            response = get_response(request)
            _finish(request, response, time.perf_counter() - started)
        return response

    return answer


def _for_coroutines(
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def answer(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        request.request_id = id_of(request)  # type: ignore[attr-defined]
        with AboutRequest(request.request_id), one_wait():  # type: ignore[attr-defined]
            response = await get_response(request)
            _finish(request, response, time.perf_counter() - started)
        return response

    return answer


def _finish(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    response[HEADER] = request.request_id  # type: ignore[attr-defined]
    status = response.status_code
    web_tally.note(status, None if response.streaming else seconds)
    # Pages that poll and probes would drown everything else.
    level = "ERROR" if status >= 500 else "INFO" if status >= 400 or request.method not in _READS else "DEBUG"
    if status == 503 or request.path in ("/healthz", "/readyz"):
        level = "WARNING" if status >= 500 else "DEBUG"
    logger.bind(source="crowdsite.requests").log(
        level, "{} {} {} in {:.0f} ms{}", request.method, shown_path(request), status, seconds * 1000, _by(request)
    )


def shown_path(request: HttpRequest) -> str:
    """Path and query without what opens doors."""
    path = request.path
    match = request.resolver_match
    for name, value in match.kwargs.items() if match else ():
        if name in _SECRET_PARTS or is_secret_name(name):
            path = path.replace(str(value), MASK)
    path = _CONTROL.sub(lambda found: f"%{ord(found[0]):02X}", path)
    query = request.META.get("QUERY_STRING", "")
    shown = f"{path}?{query}" if query else path
    # Whoever is not even logged in could fill the log otherwise. Masked first: what is cut off no longer looks secret.
    return shown if len(shown) <= LONGEST_CHARS else shorten(mask(shown), LONGEST_CHARS)


def _by(request: HttpRequest) -> str:
    """Who asked, where that is known already: asking would cost a query."""
    known = getattr(request, "_cached_user", None) or getattr(request, "_acached_user", None)
    if known is None:
        user = vars(request).get("user")  # an API's authentication puts the user itself here
        known = None if isinstance(user, SimpleLazyObject) else user
    number = getattr(known, "pk", None)
    return f", user {number}" if number is not None else ""
