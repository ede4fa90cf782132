"""Every enabled camera has a loop: the step beat repeats each second."""

from collections.abc import Callable

import redis

from tracking.lease import leased

GPU_QUEUE = "gpu"
# A dispatched loop has this long to reach a worker; then it is dispatched again and the old message is void.
DISPATCH_SECS = 3


def dispatched_key(camera_id: int) -> str:
    return f"tracking:dispatched:{camera_id}"


def reconcile(client: redis.Redis, camera_ids: list[int], dispatch: Callable[[int], None]) -> list[int]:
    """Dispatch a loop for each of `camera_ids` (the enabled ones) that has none. Returns the dispatched ids.

    While no worker takes loops, messages must not pile up in the queue: at most one a camera waits there.
    """
    missing = sorted(set(camera_ids) - leased(client, camera_ids))
    if not missing or client.llen(GPU_QUEUE) >= len(camera_ids):
        return []
    claims = client.pipeline(transaction=False)
    for camera_id in missing:
        claims.set(dispatched_key(camera_id), 1, nx=True, px=DISPATCH_SECS * 1000)
    due = [camera_id for camera_id, claimed in zip(missing, claims.execute(), strict=True) if claimed]
    for camera_id in due:
        dispatch(camera_id)
    return due
