"""Reading sites and cameras."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import IntegrityError

from cameras.models import Camera, Site
from cameras.validation import Line

DEFAULT_SITE_NAME = "Main site"


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
