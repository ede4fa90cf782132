"""Reading the totals that `tracking.events` keeps, and correcting the number of people inside."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import redis

from tracking.demo_tally import demo_key
from tracking.events import counter_key, day_key, site_key


@dataclass(frozen=True, slots=True)
class Occupancy:
    """People inside a site. missed_entries: people who left without having been counted in, since the day began."""

    inside: int
    missed_entries: int


def day_counts(client: redis.Redis, site_id: int, day: date) -> dict[int, dict[str, tuple[int, int]]]:
    """camera id -> label -> (in, out) of one site day."""
    counts: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for field, value in client.hgetall(day_key(site_id, day.isoformat())).items():
        camera_id, rest = _text(field).split(":", 1)
        label, side = rest.rsplit(":", 1)
        counts[int(camera_id)][label][side == "out"] += int(value)
    return {
        camera_id: {label: (pair[0], pair[1]) for label, pair in labels.items()} for camera_id, labels in counts.items()
    }


def occupancy(client: redis.Redis, site_id: int, day: date) -> Occupancy:
    """People inside on `day`. The count starts from nobody at the site's midnight."""
    stored_day, inside, missed = client.hmget(site_key(site_id), "day", "inside", "missed_entries")
    if stored_day is None or _text(stored_day) != day.isoformat():
        return Occupancy(0, 0)
    return Occupancy(int(inside), int(missed))


def correct_occupancy(client: redis.Redis, site_id: int, day: date, inside: int) -> None:
    """Set the number inside after a head count; what was missed before is settled by it."""
    client.hset(site_key(site_id), mapping={"day": day.isoformat(), "inside": inside, "missed_entries": 0})


def forget_camera(client: redis.Redis, camera_id: int) -> None:
    """Drop the live totals of a camera that was deleted. Its history in `person_logs` stays."""
    client.delete(counter_key(camera_id, "in"), counter_key(camera_id, "out"), demo_key(camera_id))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
