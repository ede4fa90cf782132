"""`/settings/licence`: what the licence says and allows, and the field for a new key."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from crowdsite.errors import CrowdsiteError
from licensing import services
from licensing.forms import LicenceKeyForm
from licensing.limits import cameras_in_use
from licensing.models import Licence
from licensing.selectors import LicenceStatus, feature_title, status_of
from licensing.tokens import Feature

STATE_ICONS = {"valid": "ok", "missing": "offline", "expired": "over", "not_yet_valid": "warn", "invalid": "warn"}


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """An optional module on the page."""

    title: str
    does: str
    on: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Period:
    """The days a licence is for."""

    issued: datetime
    begins: datetime
    ends: datetime


@sensitive_post_parameters("license_key")
@require_http_methods(["GET", "POST"])
@permission_required("licensing.view_licence", raise_exception=True)
def licence(request: HttpRequest) -> HttpResponse:
    """The page; a key that was posted is put to work, or comes back with the reason why not."""
    form = LicenceKeyForm(request.POST or None)
    if request.method == "POST":
        if not request.user.has_perm("licensing.change_licence"):
            raise PermissionDenied
        if form.is_valid() and _activated(request, form):
            return redirect("licence")
    return render(request, "settings/licence.html", _context(form), status=422 if form.errors else 200)


@require_POST
@permission_required("licensing.change_licence", raise_exception=True)
def licence_remove(request: HttpRequest) -> HttpResponse:
    """Work without a licence; the page that follows offers to undo it."""
    services.remove_licence(by=request.user.get_username())
    return redirect("licence")


@require_POST
@permission_required("licensing.change_licence", raise_exception=True)
def licence_restore(request: HttpRequest) -> HttpResponse:
    """Undo a removal or a replacement."""
    try:
        status = services.restore_licence(by=request.user.get_username())
    except CrowdsiteError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The licence of %(client)s is back.") % {"client": status.client})
    return redirect("licence")


def _activated(request: HttpRequest, form: LicenceKeyForm) -> bool:
    try:
        status = form.activate(by=request.user.get_username())
    except CrowdsiteError as error:
        form.add_error("license_key", error.message)
        return False
    messages.success(request, _("The licence of %(client)s is at work.") % {"client": status.client})
    return True


def _context(form: LicenceKeyForm) -> dict[str, object]:
    record = Licence.load()
    status = status_of(record)
    return {
        "form": form,
        "record": record,
        "status": status,
        "icon_name": "warn" if status.valid and status.warning else STATE_ICONS[status.state],
        "state_words": _state_words(status),
        "period": _period(status),
        "modules": _modules(status),
        "in_use": cameras_in_use(),
        "over_limit": _over_limit(status),
        "previous_until": record.previous_until if services.can_restore(record) else None,
    }


def _state_words(status: LicenceStatus) -> str:
    words = {
        "valid": _("Valid"),
        "missing": _("No licence"),
        "expired": _("Ended"),
        "not_yet_valid": _("Not valid yet"),
        "invalid": _("Not accepted"),
    }
    if status.valid and status.days_left is not None:
        left = ngettext("%(n)s day left", "%(n)s days left", status.days_left) % {"n": f"{status.days_left:,}"}
        return f"{words['valid']}, {left}"
    return words[status.state]


def _period(status: LicenceStatus) -> Period | None:
    if status.issued_at is None or status.not_before is None or status.expires_at is None:
        return None
    return Period(*(datetime.fromtimestamp(at, UTC) for at in (status.issued_at, status.not_before, status.expires_at)))


def _modules(status: LicenceStatus) -> list[ModuleRow]:
    does = {
        Feature.PPE: _("Checks people for helmets, vests and other protective equipment, and keeps a log."),
        Feature.VISITORS: _("Gate passes, and a list of who is on the site."),
        Feature.FACES: _("Recognises people whose faces were registered."),
    }
    return [ModuleRow(feature_title(one), does[one], one in status.features, _why_off(one, status)) for one in Feature]


def _why_off(feature: Feature, status: LicenceStatus) -> str:
    """In a few words: the page itself says the rest."""
    if feature in status.features or status.state == "missing":
        return ""
    if status.valid:
        return _("This licence does not include it.")
    return _("The licence is not in force.")


def _over_limit(status: LicenceStatus) -> str:
    if status.max_cameras is None:
        return ""
    surplus = cameras_in_use() - status.max_cameras
    if surplus <= 0:
        return ""
    return ngettext(
        "%(n)s camera more is enabled than the licence allows.",
        "%(n)s cameras more are enabled than the licence allows.",
        surplus,
    ) % {"n": surplus}
