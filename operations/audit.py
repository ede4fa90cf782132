"""Who changed what: which records are written down, which of their values stay hidden, and whose doing it was.

django-auditlog compares and stores. It takes the person from a middleware of its own that asks for the user of every
request, knows no API tokens, and believes any X-Forwarded-For; `remember_request` and `note_actor` do that part.
An entry is written before its record, so no change is without its entry.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction
from auditlog.context import auditlog_disabled
from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db.models.signals import m2m_changed
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from cameras.address import mask

# What a hidden value is written down as; an empty one stays empty, so that setting and removing can be told apart.
HIDDEN = "***"
# Derived from other fields, or written by the store: not somebody's change.
DERIVED = ["id", "created_at", "updated_at", "line_version", "inout_count", "ppe", "site_id"]

_request: ContextVar[HttpRequest | None] = ContextVar("operations_request", default=None)


def hide(value: str) -> str:
    """A secret as the trail may show it."""
    return HIDDEN if value not in ("", "None") else ""


def mask_address(value: str) -> str:
    """A camera's address as the trail may show it."""
    return mask(value)


@sync_and_async_middleware
def remember_request(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Middleware: entries written during this request are its user's."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            token = _request.set(request)
            try:
                return await get_response(request)
            finally:
                _request.reset(token)
    else:

        def middleware(request: HttpRequest) -> HttpResponse:
            token = _request.set(request)
            try:
                return get_response(request)
            finally:
                _request.reset(token)

    return middleware


def note_actor(sender: Any, instance: LogEntry, **_kwargs: Any) -> None:
    """Before an entry is stored: whose request it belongs to. Asked for late, when a token has said who it is."""
    request = _request.get()
    if request is None or instance.pk is not None:
        return
    user = getattr(request, "user", None)
    if instance.actor_id is None and user is not None and user.is_authenticated:
        instance.actor_id = user.pk
        instance.actor_email = user.get_username()
    instance.remote_addr = request.META.get("REMOTE_ADDR") or None


def register_models() -> None:
    """From now on changes of these records are written down."""
    for label in ("cameras.Site", "tracking.TrackingSettings", "ppe.PpeSettings", "operations.SystemSettings"):
        _register(label)
    _register("cameras.Camera", mask_fields=["url"], mask_callable="operations.audit.mask_address")
    _register("cameras.CaptureDefaults")
    _register("operations.MailSettings", mask_fields=["smtp_pass"], mask_callable="operations.audit.hide")
    _register(
        "licensing.Licence",
        exclude=["previous_key", "previous_until", "public_keys", "activated_at", "activated_by"],
        mask_fields=["license_key"],
        mask_callable="operations.audit.hide",
    )
    _register("accounts.ApiToken", exclude=["digest", "token_key", "last_used_at", "reference", "created"])
    _register("accounts.Profile")
    auditlog.register(
        User,
        exclude_fields=["last_login"],
        mask_fields=["password"],
        mask_callable="operations.audit.hide",
    )
    auditlog.register(Group)
    for model, name in ((User, "groups"), (User, "user_permissions"), (Group, "permissions")):
        through = getattr(model, name).through
        m2m_changed.connect(_note_members(name), sender=through, weak=False, dispatch_uid=f"audit.{model}.{name}")


def _note_members(name: str) -> Callable[..., None]:
    """A receiver for a relation's changes. auditlog's own would name everything that was asked to go, held or not."""

    def note(instance: Any, action: str, reverse: bool, model: Any, pk_set: set[int] | None, **_kwargs: Any) -> None:
        if auditlog_disabled.get() or action not in ("post_add", "pre_remove", "pre_clear"):
            return
        operation = "add" if action == "post_add" else "delete"
        if reverse:
            holders = model.objects.filter(**{name: instance})
            wanted = model.objects.filter(pk__in=pk_set or ()) if operation == "add" else holders
            for holder in wanted if pk_set is None else wanted.filter(pk__in=pk_set):
                LogEntry.objects.log_m2m_changes([instance], holder, operation, name)
            return
        found = model.objects.filter(pk__in=pk_set or ()) if operation == "add" else getattr(instance, name).all()
        held = found if pk_set is None else found.filter(pk__in=pk_set)
        LogEntry.objects.log_m2m_changes(held, instance, operation, name)

    return note


def _register(label: str, exclude: list[str] | None = None, **how: Any) -> None:
    try:
        model = apps.get_model(label)
    except LookupError:
        return
    auditlog.register(model, exclude_fields=[*DERIVED, *(exclude or [])], **how)
