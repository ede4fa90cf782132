"""What the demo camera counted, against what truly crossed its line: the scene knows."""

from collections.abc import Iterable
from dataclasses import dataclass

import redis

from cameras.demo import ROUND_SECS, DemoScene
from tracking.events import PERSON, PERSON_LOGS, Event

WINDOW_SECS = 600.0
# A crossing is logged this long after it happened, at the latest.
SETTLED_SECS = 1.5
# The count of a stretch that begins or ends this close to a crossing depends on tenths of a second.
QUIET_SECS = 0.8


@dataclass(frozen=True, slots=True)
class DemoTally:
    """True and counted crossings over the last ten minutes, or since the demo began."""

    expected_in: int
    expected_out: int
    counted_in: int
    counted_out: int


def demo_key(camera_id: int) -> str:
    """Hash: `opened`, when the scene began, and `analysed`, when the detector first looked; unix seconds."""
    return f"person_tracker:demo:{camera_id}"


def note_demo(client: redis.Redis, camera_id: int, *, opened_at: float, analysed_at: float) -> None:
    """Remember since when the demo camera's present loop has been counting."""
    client.hset(demo_key(camera_id), mapping={"opened": opened_at, "analysed": analysed_at})


def demo_tally(client: redis.Redis, camera_id: int, *, now: float) -> DemoTally | None:
    """None until the demo's loop has begun to count. now: unix seconds."""
    opened, analysed = client.hmget(demo_key(camera_id), "opened", "analysed")
    if opened is None or analysed is None:
        return None
    began = float(opened)
    crossings = DemoScene.crossings(max(began, now - WINDOW_SECS - ROUND_SECS), now)
    moments = [moment for moment, _ in crossings]
    since = quiet(max(float(analysed) + 1.0, now - WINDOW_SECS), moments, forwards=True)
    until = quiet(now - SETTLED_SECS, moments, forwards=False)
    expected = [direction for moment, direction in crossings if since <= moment <= until]
    counted = _counted(client.zrange(PERSON_LOGS, since, until, byscore=True), camera_id) if until > since else []
    return DemoTally(expected.count("in"), expected.count("out"), counted.count("in"), counted.count("out"))


def quiet(at: float, moments: Iterable[float], *, forwards: bool) -> float:
    """The moment nearest to `at`, later or earlier, with no crossing within `QUIET_SECS`."""
    for moment in sorted(moments, reverse=not forwards):
        if abs(moment - at) < QUIET_SECS:
            at = moment + (QUIET_SECS if forwards else -QUIET_SECS)
    return at


def _counted(members: Iterable[bytes], camera_id: int) -> list[str]:
    events = (Event.from_member(member) for member in members)
    return [event.side for event in events if event.camera_id == camera_id and event.label == PERSON]
