"""Reading sites and cameras."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from cameras.models import Camera, Site
from cameras.validation import Line
from crowdsite.clock import now
from crowdsite.store.connection import client

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
    deleted_at: float


def deleted_key(camera_id: int) -> str:
    """The record of a deleted camera as JSON, for undo; it expires after `DELETED_KEPT_SECS`."""
    return f"cameras:deleted:{camera_id}"


def deleted_cameras() -> list[DeletedCamera]:
    """Those that `services.restore_camera` can bring back, the latest first. Raises redis.RedisError."""
    rows = client().zrevrangebyscore(DELETED_KEY, "+inf", now() - DELETED_KEPT_SECS, withscores=True)
    if not rows:
        return []
    records = client().mget([deleted_key(int(number)) for number, _at in rows])
    return [
        DeletedCamera(int(number), json.loads(record)["name"], at)
        for (number, at), record in zip(rows, records, strict=True)
        if record is not None
    ]


def default_site() -> Site:
    """The oldest site, made on demand; processes that ask at the same moment get the same one."""
    site = Site.objects.order_by("pk").first()
    if site is not None:
        return site
    try:
        return Site.objects.create(name=DEFAULT_SITE_NAME, timezone=settings.TIME_ZONE)
    except IntegrityError:
        return Site.objects.order_by("pk")[0]


def all_cameras() -> list[Camera]:
    """By name."""
    return list(Camera.objects.order_by("name"))


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
