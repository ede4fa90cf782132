"""What cameras are doing right now, as their loops last reported it.

Kept apart from their records (`cameras.models`): saving a form never overwrites it, and it vanishes with its writer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import redis

from cameras.capture.health import OFFLINE_AFTER_SECS
from crowdsite.clock import now as clock_now

State = Literal["live", "degraded", "stale", "offline"]

TTL_SECS = 30
# A loop reports every second.
UNREPORTED_AFTER_SECS = 6.0
# Present while any node reports any camera.
REPORTED_KEY = "cameras:reported"


def status_key(camera_id: int) -> str:
    return f"cameras:status:{camera_id}"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One report. code: a stable word for the reason, "" while live. since, frame_at, updated_at: unix seconds.

    fps: pictures a second that arrive. target_fps: that were asked for. analysed_fps: that were analysed. drops:
    pictures no detector had time for, outdated: those of them that were too old when it had. delay_ms: from a
    picture's arrival to its result. width, height: pixels, 0 = none yet. note: a remark that is no fault. kept_secs: of
    its own video, to be saved now, None = switched off. kept_reason: why there is none, "" where there is or will be.
    """

    state: State
    code: str = ""
    reason: str = ""
    since: float | None = None
    fps: float = 0.0
    target_fps: float = 0.0
    analysed_fps: float = 0.0
    drops: int = 0
    reconnects: int = 0
    backend: str = ""
    engine: str = ""
    model: str = ""
    width: int = 0
    height: int = 0
    frame_at: float | None = None
    node: str = ""
    updated_at: float = 0.0
    delay_ms: float | None = None
    note: str = ""
    outdated: int = 0
    kept_secs: float | None = None
    kept_reason: str = ""


NOT_RUNNING = CameraStatus(
    "offline", "no_node", "No node is running this camera. One takes it over within seconds of starting."
)
# A free node takes a camera within seconds; nodes that are full never do. Which of the two it is shows by itself.
NO_ROOM = CameraStatus(
    "offline",
    "no_room",
    "Waiting for a node to take this camera. If this stays, the nodes have no room for it: "
    "start another inference node, or raise CAMERAS_PER_NODE.",
)

_DEFAULTS: dict[str, Any] = {field.name: field.default for field in fields(CameraStatus)}
_INTEGERS = frozenset({"drops", "outdated", "reconnects", "width", "height"})
_NUMBERS = frozenset({"since", "fps", "target_fps", "analysed_fps", "frame_at", "updated_at", "delay_ms", "kept_secs"})


def write_status(client: redis.Redis, camera_id: int, status: CameraStatus) -> None:
    """Replace the camera's status; it is forgotten 30 s later. Raises redis.RedisError."""
    values = {field.name: getattr(status, field.name) for field in fields(CameraStatus)}
    key = status_key(camera_id)
    # One transaction, so that no reader sees half of two reports.
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(key)
        pipe.hset(key, mapping={name: value for name, value in values.items() if value is not None})
        pipe.expire(key, TTL_SECS)
        pipe.set(REPORTED_KEY, 1, px=int(UNREPORTED_AFTER_SECS * 1000))
        pipe.execute()


def clear_status(client: redis.Redis, camera_id: int) -> None:
    """The camera's loop ended. Raises redis.RedisError."""
    client.delete(status_key(camera_id))


def read_statuses(
    client: redis.Redis, camera_ids: Iterable[int], *, now: float | None = None
) -> dict[int, CameraStatus]:
    """The status of each camera, in one round trip.

    For a camera that nobody reports: `NO_ROOM` while nodes report others, in `camera_ids` or not, else `NOT_RUNNING`.

    A report that is not renewed is not believed: after 6 s it reads as stale, after 30 s as offline. Raises
    redis.RedisError. now: unix seconds.
    """
    ids = list(camera_ids)
    at = clock_now() if now is None else now
    with client.pipeline(transaction=False) as pipe:
        for camera_id in ids:
            pipe.hgetall(status_key(camera_id))
        pipe.exists(REPORTED_KEY)
        *rows, any_reported = pipe.execute()
    absent = NO_ROOM if any_reported else NOT_RUNNING
    return {camera_id: _aged(_parse(row), at) if row else absent for camera_id, row in zip(ids, rows, strict=True)}


def read_status(client: redis.Redis, camera_id: int, *, now: float | None = None) -> CameraStatus:
    """See `read_statuses`."""
    return read_statuses(client, [camera_id], now=now)[camera_id]


def _parse(row: dict[bytes, bytes]) -> CameraStatus:
    values = {name.decode(): value.decode() for name, value in row.items()}
    # A node of a newer version may report more; one of an older version less.
    return CameraStatus(**{name: _value(name, text) for name, text in values.items() if name in _DEFAULTS})


def _value(name: str, text: str) -> Any:
    if name in _INTEGERS:
        return int(text)
    return float(text) if name in _NUMBERS else text


def _aged(status: CameraStatus, now: float) -> CameraStatus:
    silence = now - status.updated_at
    if silence < UNREPORTED_AFTER_SECS or status.state == "offline":
        return status
    reason = "The node that runs this camera stopped reporting. Another one takes over if it does not return."
    state: State = "offline" if silence > OFFLINE_AFTER_SECS else "stale"
    return replace(status, state=state, code="node_silent", reason=reason, since=status.updated_at)
