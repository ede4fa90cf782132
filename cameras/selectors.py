"""Reading sites and cameras: all of them for the program itself, and those that somebody may see.

What a person asks for goes through the functions that take `user`: a site of others is for him as if it did not exist.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.visibility import visible_site_ids
from cameras.models import Camera, Site
from cameras.validation import Line
from crowdsite.clock import now
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client

User = AbstractBaseUser | AnonymousUser

DEFAULT_SITE_NAME = "Main site"
# A deleted camera can come back this long.
DELETED_KEPT_SECS = 30 * 24 * 3600
# Sorted set: the number of each deleted camera, scored with the unix seconds of its deletion.
DELETED_KEY = "cameras:deleted"


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """Everything a camera loop needs to know. Two equal ones mean: nothing has changed.

    line: ((ax, ay), (bx, by)) normalised 0-1, None = not drawn. url: with its password, so it is left out of `repr`.
    """

    id: int
    site_id: int
    site_timezone: str
    name: str
    url: str = field(repr=False)
    transport: str
    orientation: str
    resolution: str
    profile: str
    ffmpeg_flags: str
    line: Line | None
    reverse: bool
    line_version: int
    enabled: bool
    inout_count: bool
    ppe: bool
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeletedCamera:
    """One that can be brought back. deleted_at: unix seconds."""

    id: int
    name: str
    site_id: int
    deleted_at: float


class NotFoundError(CrowdsiteError):
    """There is no such record (any more), or not for the one who asks."""

    code = "not_found"
    status = 404


class NoSiteError(CrowdsiteError):
    """Whoever asks may see no site at all."""

    code = "no_site"
    status = 403
    sentence = gettext_lazy("Your account may see no site yet. Ask an administrator to choose the sites you work for.")

    def __init__(self) -> None:
        super().__init__(str(self.sentence))


def deleted_key(camera_id: int) -> str:
    """The record of a deleted camera as JSON, for undo; it expires after `DELETED_KEPT_SECS`."""
    return f"cameras:deleted:{camera_id}"


def deleted_cameras() -> list[DeletedCamera]:
    """Those that `services.restore_camera` can bring back, the latest first. Raises redis.RedisError."""
    rows = client().zrevrangebyscore(DELETED_KEY, "+inf", now() - DELETED_KEPT_SECS, withscores=True)
    if not rows:
        return []
    records = client().mget([deleted_key(int(number)) for number, _at in rows])
    found = []
    for (number, at), record in zip(rows, records, strict=True):
        if record is not None:
            values = json.loads(record)
            found.append(DeletedCamera(int(number), values["name"], values["site_id"], at))
    return found


def default_site() -> Site:
    """The oldest site, made on demand; processes that ask at the same moment get the same one."""
    site = Site.objects.order_by("pk").first()
    if site is not None:
        return site
    try:
        return Site.objects.create(name=DEFAULT_SITE_NAME, timezone=settings.TIME_ZONE)
    except IntegrityError:
        return Site.objects.order_by("pk")[0]


def sites_for(user: User) -> QuerySet[Site]:
    """The sites `user` may see, by name."""
    allowed = visible_site_ids(user)
    sites = Site.objects.order_by("name")
    return sites if allowed is None else sites.filter(pk__in=sorted(allowed))


def cameras_for(user: User) -> QuerySet[Camera]:
    """The cameras of the sites `user` may see, by name."""
    allowed = visible_site_ids(user)
    cameras = Camera.objects.order_by("name")
    return cameras if allowed is None else cameras.filter(site_id__in=sorted(allowed))


def site_for(user: User, site_id: int | None = None) -> Site:
    """That site, or without a number the oldest one `user` may see.

    Raises NotFoundError for a site that is not there for him, NoSiteError where he may see none.
    """
    if site_id is not None:
        site = sites_for(user).filter(pk=site_id).first()
        if site is None:
            raise NotFoundError(no_such_site(site_id))
        return site
    if visible_site_ids(user) is None:
        return default_site()
    first = sites_for(user).order_by("pk").first()
    if first is None:
        raise NoSiteError
    return first


def camera_for(user: User, camera_id: int) -> Camera:
    """Raises NotFoundError for a camera that is not there for `user`."""
    camera = cameras_for(user).filter(pk=camera_id).first()
    if camera is None:
        raise NotFoundError(no_such_camera(camera_id))
    return camera


def deleted_cameras_for(user: User) -> list[DeletedCamera]:
    """As `deleted_cameras`, of the sites `user` may see."""
    allowed = visible_site_ids(user)
    return [camera for camera in deleted_cameras() if allowed is None or camera.site_id in allowed]


def may_add_sites(user: User) -> bool:
    """Whoever is limited to some sites could not see the one he makes."""
    return user.has_perm("cameras.add_site") and visible_site_ids(user) is None


def no_such_camera(camera_id: int) -> str:
    """The sentence for it."""
    return _("There is no camera with the number %(number)s. It may have been deleted.") % {"number": camera_id}


def no_such_site(site_id: int) -> str:
    """The sentence for it."""
    return _("There is no site with the number %(number)s. It may have been deleted.") % {"number": site_id}


def cameras_of_site(site_id: int) -> list[Camera]:
    """By name."""
    return list(Camera.objects.filter(site_id=site_id).order_by("name"))


def enabled_camera_ids() -> list[int]:
    """Ascending; answered from the index."""
    return list(Camera.objects.filter(enabled=True).order_by("pk").values_list("pk", flat=True))


def camera_config(camera_id: int) -> CameraConfig | None:
    """None when there is no such camera. Two reads by key: cheap enough for every loop to ask once a second."""
    camera = Camera.objects.filter(pk=camera_id).first()
    return None if camera is None else config_of(camera)


def config_of(camera: Camera) -> CameraConfig:
    """As `camera_config`, for a camera already read."""
    shared: dict[str, Any] = {
        name: getattr(camera, name) for name in CameraConfig.__slots__ if name not in {"site_timezone", "line", "tasks"}
    }
    return CameraConfig(**shared, site_timezone=camera.site.timezone, line=camera.points, tasks=tuple(camera.tasks))
