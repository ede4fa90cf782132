"""Cameras from before the `show` flag are visible on the dashboard, as they were."""

import redis

from cameras.models import Camera


def forwards(client: redis.Redis) -> None:
    """Give `show: true` to each camera that has no `show`. Repeatable."""
    for camera_id, show in Camera.objects.values_list("pk", "show"):
        if show is None:
            Camera.objects.filter(pk=camera_id).update(show=True)
