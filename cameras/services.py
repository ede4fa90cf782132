"""Writing sites and cameras. Admin, pages, API and commands call these; every rule is in `cameras.cleaning`."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, ProtectedError
from django.utils.translation import gettext as _
from loguru import logger

from cameras.cleaning import clean_camera, clean_site_values, name_taken
from cameras.licensed import room_for_cameras, uses_licence
from cameras.models import DEMO_SCHEME, Camera, Site
from cameras.selectors import (
    DELETED_KEPT_SECS,
    DELETED_KEY,
    NotFoundError,
    default_site,
    deleted_key,
    no_such_camera,
    no_such_site,
)
from crowdsite.clock import now
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client

DEMO_NAME = "Demo"


def create_camera(**values: Any) -> Camera:
    """A new camera from the fields of `cleaning.clean_camera`; without a site it joins the default one.

    Raises CrowdsiteError with a sentence for each field that is wrong.
    """
    cleaned = clean_camera(values, camera=None)
    cleaned.setdefault("site", None)
    camera = Camera(**{**cleaned, "site": cleaned["site"] or default_site()})
    with room_for_cameras([camera]):
        _save(camera, force_insert=True)
    return camera


def update_camera(*, camera_id: int, **changes: Any) -> Camera:
    """Change only the given fields of a camera, whatever else is being written at the same time.

    Raises NotFoundError, or CrowdsiteError with a sentence for each field that is wrong.
    """
    camera = get_camera(camera_id)
    cleaned = clean_camera(changes, camera=camera)
    changed = [name for name, value in cleaned.items() if getattr(camera, name) != value]
    used_licence = uses_licence(camera)
    for name in changed:
        setattr(camera, name, cleaned[name])
    if not changed:
        return camera
    if {"line", "reverse"} & set(changed):
        camera.line_version = F("line_version") + 1
        changed.append("line_version")
    with room_for_cameras([] if used_licence else [camera]):
        _save(camera, update_fields=changed)
    camera.refresh_from_db()
    return camera


def set_enabled(*, camera_ids: Iterable[int], enabled: bool) -> list[Camera]:
    """Switch cameras on or off. Returns those that were the other way before.

    Raises CrowdsiteError, and switches none, when the licence has no room for all of them.
    """
    cameras = [camera for camera in Camera.objects.filter(pk__in=list(camera_ids)) if camera.enabled != enabled]
    for camera in cameras:
        camera.enabled = enabled
    with room_for_cameras(cameras):
        for camera in cameras:
            _save(camera, update_fields=["enabled"])
    return cameras


def delete_camera(*, camera_id: int) -> Camera:
    """Delete a camera and what it shows right now; its entries in the log stay. `restore_camera` brings it back."""
    camera = get_camera(camera_id)
    row = {field.attname: field.value_from_object(camera) for field in Camera._meta.concrete_fields}
    with client().pipeline(transaction=True) as pipe:
        pipe.set(deleted_key(camera_id), json.dumps(row, default=datetime.isoformat), ex=DELETED_KEPT_SECS)
        pipe.zadd(DELETED_KEY, {str(camera_id): now()})
        pipe.zremrangebyscore(DELETED_KEY, "-inf", now() - DELETED_KEPT_SECS)
        pipe.execute()
    camera.delete()
    camera.pk = camera_id  # Django clears it; the caller wants to say which one can come back
    return camera


def restore_camera(*, camera_id: int) -> Camera:
    """Undo `delete_camera`: same number, same settings. Raises CrowdsiteError when that is not possible any more."""
    stored = client().get(deleted_key(camera_id))
    if stored is None:
        raise NotFoundError(not_deleted())
    camera = Camera(**json.loads(stored))
    if not Site.objects.filter(pk=camera.site_id).exists():
        camera.site = default_site()
    with room_for_cameras([camera]):
        _save(camera, force_insert=True)
    client().delete(deleted_key(camera_id))
    client().zrem(DELETED_KEY, camera_id)
    return camera


def not_deleted() -> str:
    """The sentence for a camera that `restore_camera` cannot find."""
    return _("This camera cannot be brought back: it is there already, or was deleted over 30 days ago.")


def get_camera(camera_id: int) -> Camera:
    """Raises NotFoundError with a sentence."""
    camera = Camera.objects.filter(pk=camera_id).first()
    if camera is None:
        raise NotFoundError(no_such_camera(camera_id))
    return camera


def create_site(**values: Any) -> Site:
    """A new site from `name`, `timezone`, `max_capacity`, `warn_threshold`. Raises CrowdsiteError."""
    site = Site(**clean_site_values(values, site=None))
    _save(site, force_insert=True)
    return site


def update_site(*, site_id: int, **changes: Any) -> Site:
    """Change only the given fields. Raises NotFoundError or CrowdsiteError."""
    site = get_site(site_id)
    cleaned = clean_site_values(changes, site=site)
    changed = [name for name, value in cleaned.items() if getattr(site, name) != value]
    for name in changed:
        setattr(site, name, cleaned[name])
    if changed:
        _save(site, update_fields=changed)
    return site


def delete_site(*, site_id: int) -> None:
    """Raises NotFoundError, or CrowdsiteError (409) while cameras belong to the site."""
    site = get_site(site_id)
    try:
        site.delete()
    except ProtectedError as error:
        count = len(error.protected_objects)
        have = "1 camera belongs" if count == 1 else f"{count} cameras belong"
        raise CrowdsiteError(
            f"{have} to the site “{site.name}”. Move or delete them first.", code="in_use", status=409
        ) from error


def get_site(site_id: int) -> Site:
    """Raises NotFoundError with a sentence."""
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise NotFoundError(no_such_site(site_id))
    return site


def create_demo_camera() -> Camera:
    """The camera that needs no camera. One that exists already is returned as it is."""
    from cameras.demo import DemoScene  # it brings numpy and pictures, which no other write needs

    existing = next((camera for camera in Camera.objects.order_by("pk") if camera.is_demo), None)
    if existing is not None:
        return existing
    return create_camera(name=DEMO_NAME, url=DEMO_SCHEME, line=DemoScene.LINE)


def ensure_video_folder() -> None:
    """Make the folder that messages name for video files, the last of CAMERA_FILE_ROOTS.

    A folder that may not be made is no reason not to start: cameras need none, and a video's own error names it.
    """
    if not settings.CAMERA_FILE_ROOTS:
        return
    folder = settings.CAMERA_FILE_ROOTS[-1]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        logger.warning("The folder for video files, {}, could not be made: {}", folder, error)


def _save(record: Camera | Site, **how: Any) -> None:
    """Save; the loser of a race for a name gets the same sentence as everybody else."""
    try:
        record.save(**how)
    except IntegrityError as error:
        raise CrowdsiteError(
            name_taken(type(record), record.name), fields={"name": [name_taken(type(record), record.name)]}
        ) from error
