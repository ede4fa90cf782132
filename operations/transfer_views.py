"""`/settings/transfer`: the whole installation out as a file, and in again after a look at what would change."""

import hashlib
import secrets

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from loguru import logger

from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from operations.access import needs_tab
from operations.transfer.applying import ImportStoppedError, apply_plan
from operations.transfer.exporting import export_text
from operations.transfer.plan import Plan
from operations.transfer.planning import plan_import, untouched
from operations.transfer.reading import MAX_BYTES, read, too_large

# A file that waits for its "Import": long enough to read what it would change.
WAITING_SECS = 900
SHOWN = 300


@require_http_methods(["GET", "HEAD", "POST"])
@needs_tab
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; a file that is sent to it comes back as a preview."""
    if request.method != "POST":
        return _page(request)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, CrowdsiteError(_("Choose a file first.")))
    try:
        if file.size > MAX_BYTES:
            raise too_large()
        content = file.read()
        plan = plan_import(read(content))
    except CrowdsiteError as error:
        return _page(request, error, file_name=file.name)
    token = secrets.token_urlsafe(16)
    client().set(_waiting_key(request, token), content, ex=WAITING_SECS)
    return _preview(request, plan, token=token, file_name=file.name)


@require_POST
@needs_tab
def apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Carry out what the preview showed; anything that became different since is shown again first."""
    token = request.POST.get("token", "")[:64]
    content = client().get(_waiting_key(request, token))
    if content is None:
        return _page(request, CrowdsiteError(_("The file was here too long ago. Choose it again.")))
    file_name = request.POST.get("file_name", "")[:100]
    try:
        plan = plan_import(read(content))
        if mark_of(plan) != request.POST.get("mark"):
            note = _("Something was changed in the meantime. Look at what the import would do now.")
            return _preview(request, plan, token=token, file_name=file_name, note=note)
        apply_plan(plan, by=request.user.get_username())
    except CrowdsiteError as error:
        return _page(request, error, file_name=file_name)
    client().delete(_waiting_key(request, token))
    messages.success(
        request, _("Imported: %(n)s changes. Everything follows within seconds.") % {"n": len(plan.changes)}
    )
    return redirect("settings-transfer")


@require_POST
@needs_tab
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """The file. Its secrets only for those who ask for them, and only by POST: such an address is no link."""
    with_secrets = request.POST.get("with_secrets") == "on"
    if with_secrets and not request.user.has_perm("auth.change_user"):
        raise PermissionDenied
    if with_secrets:
        logger.warning("{} exported the configuration with its passwords", request.user.get_username())
    answer = HttpResponse(export_text(with_secrets=with_secrets), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="config.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def mark_of(plan: Plan) -> str:
    """Tells a plan from one that would change something else."""
    return hashlib.sha256(repr(plan.changes).encode()).hexdigest()[:32]


def _waiting_key(request: HttpRequest, token: str) -> str:
    return f"operations:import:{request.user.pk}:{token}"


def _page(request: HttpRequest, error: CrowdsiteError | None = None, file_name: str = "") -> HttpResponse:
    fields = list(error.fields.items())[:SHOWN] if error else []
    context = {"error": error, "error_fields": fields, "file_name": file_name}
    context["stopped"] = isinstance(error, ImportStoppedError)
    return render(request, "settings/transfer.html", context, status=422 if error else 200)


def _preview(request: HttpRequest, plan: Plan, *, token: str, file_name: str, note: str = "") -> HttpResponse:
    sites, cameras = untouched(plan)
    context = {
        "plan": plan,
        "changes": plan.changes[:SHOWN],
        "more": max(0, len(plan.changes) - SHOWN),
        "token": token,
        "mark": mark_of(plan),
        "file_name": file_name,
        "note": note,
        "kept": [*sites, *cameras],
    }
    return render(request, "settings/import.html", context)
