"""Entries and exits: what is logged, and the one call that records it.

`person_logs` is the truth for reports. Counters, day totals and the number inside are kept beside it by the same Lua
script, so that they can never disagree with the log about an event.
"""

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

import redis

from crowdsite.clock import site_day

PERSON_LOGS = "person_logs"
STATS_STREAM = "stats_stream"
EVENTS_CHANNEL = "person_tracker:events"
STREAM_LENGTH = 10_000
DAY_TOTALS_KEPT_SECS = 40 * 24 * 3600
PERSON = "person"

_LUA = (Path(__file__).parent / "lua" / "record_event.lua").read_text()


def counter_key(camera_id: int, side: Literal["in", "out"]) -> str:
    """Live total of one camera and direction, all labels."""
    return f"person_tracker:cam:{camera_id}:{side}"


def day_key(site_id: int, day: str) -> str:
    """Totals of one site day (YYYY-MM-DD): `{camera_id}:{label}:{in|out}` -> n."""
    return f"person_tracker:day:{site_id}:{day}"


def site_key(site_id: int) -> str:
    """People inside a site: `day`, `inside`, `missed_entries`."""
    return f"person_tracker:site:{site_id}"


@dataclass(frozen=True, slots=True)
class Event:
    """One person (or vehicle) that crossed a line. A `person_logs` member is its JSON.

    ts: unix seconds of the crossing. event: `entry` or `exit`. line_version: of the camera's line at that moment.
    model: file name of the weights, or the engine's name where it has none.
    """

    id: str
    ts: float
    camera_id: int
    site_id: int
    event: Literal["entry", "exit"]
    label: str
    track_id: int
    score: float
    line_version: int
    model: str

    @classmethod
    def new(cls, *, direction: Literal["in", "out"], ts: float, score: float, **fields: object) -> Self:
        """An event with an id of its own."""
        event = "entry" if direction == "in" else "exit"
        return cls(id=uuid.uuid4().hex, event=event, ts=round(ts, 3), score=round(score, 3), **fields)  # type: ignore[arg-type]

    @property
    def side(self) -> Literal["in", "out"]:
        return "in" if self.event == "entry" else "out"

    def member(self) -> str:
        """Compact JSON with sorted keys: the same text at every delivery."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_member(cls, member: str | bytes) -> Self:
        """The event of a log member; fields a newer version added are left out."""
        fields = json.loads(member)
        return cls(**{name: fields[name] for name in cls.__slots__})


def record_event(client: redis.Redis, event: Event, *, timezone: str) -> bool:
    """Record `event` once, whoever delivers it and however often. Returns False when it was recorded before.

    timezone: IANA name of the site's zone; the day an event counts for is the site's.
    Raises redis.RedisError when Redis did not answer: deliver again.
    """
    day = site_day(event.ts, timezone).isoformat()
    step = (1 if event.event == "entry" else -1) if event.label == PERSON else 0
    keys = [
        PERSON_LOGS,
        counter_key(event.camera_id, event.side),
        day_key(event.site_id, day),
        site_key(event.site_id),
        STATS_STREAM,
    ]
    args = [
        event.member(),
        event.ts,
        f"{event.camera_id}:{event.label}:{event.side}",
        day,
        step,
        DAY_TOTALS_KEPT_SECS,
        STREAM_LENGTH,
        EVENTS_CHANNEL,
    ]
    return bool(client.register_script(_LUA)(keys=keys, args=args))


def prune_events(client: redis.Redis, *, before: float) -> int:
    """Delete entries and exits older than `before` (unix seconds). Returns how many."""
    return int(client.zremrangebyscore(PERSON_LOGS, "-inf", f"({before}"))
