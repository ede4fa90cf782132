"""Cameras from before the `show` flag are visible on the dashboard, as they were."""

import redis

from cameras.models import Camera


def forwards(client: redis.Redis) -> None:
    """Give `show: true` to each camera whose row has no `show`. Repeatable."""
    for camera_id in Camera.objects.values_list("pk", flat=True):
        # The record reads as visible either way; its index does not know the camera until the row says so.
        if not client.hexists(f"{Camera._meta.db_table}:{camera_id}", "show"):
            Camera.objects.filter(pk=camera_id).update(show=True)
