"""Which cameras use the licence: the enabled ones, except drawn scenes, which watch nothing."""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager

from cameras.models import DEMO_SCHEME, Camera
from licensing.limits import room_for


def uses_licence(camera: Camera) -> bool:
    """Whether it counts against the licence's limit, as it would be saved."""
    return camera.enabled and not camera.is_demo


def licensed_camera_ids() -> Collection[int]:
    """The numbers of those that use the licence now."""
    enabled = Camera.objects.filter(enabled=True).values_list("pk", "url")
    return {camera_id for camera_id, url in enabled if not url.startswith(DEMO_SCHEME)}


def room_for_cameras(cameras: Iterable[Camera]) -> AbstractContextManager[None]:
    """Save `cameras` within it. Raises licensing.limits.CameraLimitError when the licence has no room for all."""
    return room_for([camera.pk for camera in cameras if uses_licence(camera)])
