"""What people do, one line each: signing in, failing to, being locked out, changing a setting."""

from typing import Any

from auditlog.models import LogEntry
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from loguru import logger

_log = logger.bind(source="crowdsite.people")
_DONE = {LogEntry.Action.CREATE: "added", LogEntry.Action.UPDATE: "changed", LogEntry.Action.DELETE: "deleted"}
NAME_CHARS = 150


def _from(request: HttpRequest | None) -> str:
    return f" from {request.META.get('REMOTE_ADDR') or 'nowhere'}" if request is not None else ""


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    _log.info("{} signed in{}", user.get_username(), _from(request))


@receiver(user_logged_out)
def signed_out(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    if user is not None:
        _log.info("{} signed out", user.get_username())


@receiver(user_login_failed)
def not_signed_in(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    # Only the name: people sometimes type their password into that field, but without it no attack can be seen.
    _log.warning("{!r} could not sign in{}", str(credentials.get("username"))[:NAME_CHARS], _from(request))


@receiver(user_locked_out)
def locked_out(sender: Any, request: HttpRequest | None = None, username: str = "", **_: Any) -> None:
    _log.warning("{!r} is locked out after too many attempts{}", str(username)[:NAME_CHARS], _from(request))


@receiver(post_save, sender=LogEntry)
def record_changed(sender: Any, instance: LogEntry, created: bool, using: str, **_: Any) -> None:
    """Names of the changed fields, not their values: those are in the audit trail, for those who may see it."""
    if not created or instance.action not in _DONE:
        return
    who = instance.actor_email or (f"user {instance.actor_id}" if instance.actor_id else "The system")
    fields = ", ".join(sorted(instance.changes_dict)) if instance.action == LogEntry.Action.UPDATE else ""
    what = f"{instance.content_type.name} {instance.object_repr!r}"
    # What the program does by itself, above all at its first start, is many lines and nobody's doing.
    level = "INFO" if who != "The system" else "DEBUG"
    line = f"{who} {_DONE[instance.action]} {what}{f': {fields}' if fields else ''}"
    # What is rolled back was not done.
    transaction.on_commit(lambda: _log.log(level, "{}", line), using=using)
