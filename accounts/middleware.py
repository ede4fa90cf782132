"""Notes when and from where a session was used, at most once a minute each."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.clients import client_address
from accounts.models import USER_AGENT_LENGTH, Session

SEEN_EVERY = timedelta(minutes=1)


class SessionSeenMiddleware:
    """After AuthenticationMiddleware. Works in both worlds, so that streams stay asynchronous."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if iscoroutinefunction(self):
            return self._answer(request)
        response = self.get_response(request)
        key, values = _due(request)
        if key:
            Session.objects.filter(pk=key).update(**values)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        key, values = _due(request)
        if key:
            await Session.objects.filter(pk=key).aupdate(**values)
        return response


def _due(request: HttpRequest) -> tuple[str, dict[str, object]]:
    """The key of the session to update, empty when there is none or its last note is fresh; and the new values.

    A session that began with this very answer has no origin yet, and gets it at once.
    """
    record = getattr(request.session, "record", None)
    if record is None or record.session_key != request.session.session_key or SESSION_KEY not in request.session:
        return "", {}
    now = timezone.now()
    if record.last_seen > record.created_at and record.last_seen > now - SEEN_EVERY:
        return "", {}
    agent = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]
    values = {"ip": client_address(request), "user_agent": agent, "last_seen": now}
    # A session that is saved later in this answer keeps what is noted here.
    record.__dict__.update(values)
    return record.session_key, values
