"""The counters other programs read, as v81 named them."""

import redis

from tracking.events import counter_key


def live_totals(client: redis.Redis, camera_id: int) -> tuple[int, int]:
    """(in, out) of a camera since it was added."""
    entered, left = client.mget(counter_key(camera_id, "in"), counter_key(camera_id, "out"))
    return int(entered or 0), int(left or 0)
