"""The camera pages. `/cameras` is a page to look at (GET) and v81's address for adding a camera (POST, JSON)."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, login_required, permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from cameras import services
from cameras.api import CameraViewSet
from cameras.forms import CameraForm
from cameras.models import Camera
from cameras.selectors import (
    NoSiteError,
    NotFoundError,
    camera_for,
    cameras_for,
    deleted_cameras_for,
    site_for,
    sites_for,
)
from cameras.status import read_status
from cameras.validation import line_warnings
from crowdsite.clock import now
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client

# Marks the message whose toast offers to undo; followed by the camera's number.
UNDO_TAG = "undo-camera"

_create_from_json = CameraViewSet.as_view({"post": "create"})


def _explains(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What a service refuses is said on the list of cameras; a camera that is not there is a 404."""

    @wraps(view)
    def explained(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except CrowdsiteError as error:
            if "camera_id" in kwargs and isinstance(error, NotFoundError):
                raise Http404(error.message) from error
            messages.error(request, error.message)
            return redirect("cameras")

    return explained


@csrf_exempt  # DRF asks for the token where the caller is known by a session cookie
@login_not_required  # each branch has its own answer for strangers: a login page, or JSON
def cameras(request: HttpRequest) -> HttpResponse:
    """`/cameras`."""
    if request.method == "POST":
        return _create_from_json(request)
    if request.method in {"GET", "HEAD"}:
        return camera_list(request)
    return HttpResponseNotAllowed(["GET", "HEAD", "POST"])


@login_required
@permission_required("cameras.view_camera", raise_exception=True)
def camera_list(request: HttpRequest) -> HttpResponse:
    """The cameras whose name contains `?q=`, of `?site=` or of every site the user may see, and the deleted ones for
    those who may bring them back.

    The page adds the cameras' state and today's counts.
    """
    search = request.GET.get("q", "").strip()[:100]
    sites = {site.pk: site for site in sites_for(request.user)}
    chosen = sites.get(_number(request.GET.get("site", "")))
    found = cameras_for(request.user) if chosen is None else cameras_for(request.user).filter(site=chosen)
    deleted = deleted_cameras_for(request.user) if request.user.has_perm("cameras.add_camera") else []
    context = {
        "cameras": [camera for camera in found if search.casefold() in camera.name.casefold()],
        "search": search,
        "sites": list(sites.values()),
        "chosen": chosen,
        "deleted": [(camera, now() - camera.deleted_at) for camera in deleted],
    }
    return render(request, "cameras/list.html", context)


@permission_required("cameras.add_camera", raise_exception=True)
@require_http_methods(["GET", "POST"])
def camera_add(request: HttpRequest) -> HttpResponse:
    """The form of a new camera; its line is drawn on the page that follows."""
    try:
        first = site_for(request.user)
    except NoSiteError:
        return render(request, "no_site.html", {"heading": _("Add camera")}, status=403)
    form = CameraForm(request.POST or None, sites=sites_for(request.user), initial={"site": first.pk})
    camera = _write(form)
    if camera is None:
        return _form(request, form, None)
    messages.success(request, _("“%(camera)s” was added. Draw the line people cross.") % {"camera": camera.name})
    return redirect("camera-edit", camera.pk)


@permission_required("cameras.view_camera", raise_exception=True)
@require_http_methods(["GET", "POST"])
@_explains
def camera_edit(request: HttpRequest, camera_id: int) -> HttpResponse:
    """A camera's picture for everybody; its settings and its line for those who may change them."""
    if request.method == "POST" and not request.user.has_perm("cameras.change_camera"):
        raise PermissionDenied
    camera = camera_for(request.user, camera_id)
    form = CameraForm(request.POST or None, instance=camera, sites=sites_for(request.user))
    saved = _write(form)
    if saved is None:
        return _form(request, form, form.stored)
    sentence = _("“%(camera)s” was saved. Counting follows within two seconds.")
    messages.success(request, sentence % {"camera": saved.name})
    return redirect("camera-edit", saved.pk)


def _write(form: CameraForm) -> Camera | None:
    """The saved camera, or None while the form has errors or was not sent."""
    if not form.is_valid():
        return None
    try:
        return form.write()
    except CrowdsiteError as error:
        form.add_error(None, error.message)
        return None


def _form(request: HttpRequest, form: CameraForm, camera: Camera | None) -> HttpResponse:
    line = camera.points if camera else None
    context = {"form": form, "camera": camera, "warnings": line_warnings(line) if line else []}
    if camera is not None:
        status = read_status(client(), camera.pk)
        context["kept"] = {"secs": int(status.kept_secs or 0), "reason": status.kept_reason}
    return render(request, "cameras/form.html", context, status=422 if form.is_bound else 200)


@require_POST
@permission_required("cameras.delete_camera", raise_exception=True)
@_explains
def camera_delete(request: HttpRequest, camera_id: int) -> HttpResponse:
    """Delete, with a way back in the message."""
    camera = services.delete_camera(camera_id=camera_for(request.user, camera_id).pk)
    sentence = _("“%(camera)s” was deleted. Its counts stay in the reports.")
    messages.success(request, sentence % {"camera": camera.name}, extra_tags=f"{UNDO_TAG} {camera_id}")
    return redirect("cameras")


@require_POST
@permission_required("cameras.add_camera", raise_exception=True)
@_explains
def camera_restore(request: HttpRequest) -> HttpResponse:
    """Undo: bring the camera of the posted `camera_id` back."""
    camera_id = _number(request.POST.get("camera_id", ""))
    if camera_id is None:
        raise NotFoundError(_("Say which camera to bring back."))
    if camera_id not in {camera.id for camera in deleted_cameras_for(request.user)}:
        raise NotFoundError(services.not_deleted())
    camera = services.restore_camera(camera_id=camera_id)
    messages.success(request, _("“%(camera)s” is back.") % {"camera": camera.name})
    return redirect("cameras")


def _number(text: str) -> int | None:
    """A record's number; None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


@require_POST
@permission_required("cameras.change_camera", raise_exception=True)
@_explains
def camera_switch(request: HttpRequest, camera_id: int, enabled: bool) -> HttpResponse:
    """Enable or disable one camera."""
    camera = camera_for(request.user, camera_id)
    services.set_enabled(camera_ids=[camera_id], enabled=enabled)
    if enabled:
        sentence = _("“%(camera)s” is switched on. Its picture comes within seconds.")
    else:
        sentence = _("“%(camera)s” is switched off. Nothing is counted there.")
    messages.success(request, sentence % {"camera": camera.name})
    return redirect("cameras")
