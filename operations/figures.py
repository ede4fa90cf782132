"""Everything `/metrics` shows, read from Redis in a few round trips whatever the number of cameras."""

from dataclasses import dataclass
from typing import Any

import redis

from cameras.models import Camera
from cameras.status import CameraStatus, read_statuses
from crowdsite import web_tally
from crowdsite.store.connection import takes_writes
from operations.heartbeat import GONE_AFTER_SECS, PROCESSES_KEY, Process, parse
from operations.task_tally import TASKS_KEY, TaskFigures, read_tasks
from tracking.events import counter_key
from tracking.lease import lease_key
from tracking.node_status import NODES_KEY, NodeStatus, parse_nodes

QUEUES = ("gpu", "celery", "ppe_queue", "faces", "exports", "alerts")


@dataclass(frozen=True, slots=True)
class CameraFigures:
    """status: None while the camera is disabled. leased: whether a loop holds it. entered, left: since it was added."""

    id: int
    name: str
    enabled: bool
    leased: bool
    status: CameraStatus | None
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Figures:
    """at: unix seconds. redis_info: what the server says of itself. redis_writable: whether it takes changes.

    requests: see `crowdsite.web_tally`.
    """

    at: float
    cameras: tuple[CameraFigures, ...]
    nodes: dict[str, NodeStatus]
    processes: tuple[Process, ...]
    queues: dict[str, int]
    tasks: dict[str, TaskFigures]
    requests: dict[str, float]
    redis_info: dict[str, Any]
    redis_writable: bool


def read_figures(client: redis.Redis, *, at: float) -> Figures:
    """Raises redis.RedisError or django.db.OperationalError."""
    rows = list(Camera.objects.order_by("pk").values_list("pk", "name", "enabled"))
    ids = [pk for pk, _name, _enabled in rows]
    statuses = read_statuses(client, ids, now=at)
    with client.pipeline(transaction=False) as pipe:
        pipe.info()
        pipe.hgetall(NODES_KEY)
        pipe.zrangebyscore(PROCESSES_KEY, at - GONE_AFTER_SECS, "+inf")
        pipe.hgetall(TASKS_KEY)
        pipe.hgetall(web_tally.KEY)
        for queue in QUEUES:
            pipe.llen(queue)
        # The last key is one that is always absent: MGET wants at least one.
        pipe.mget([key for pk in ids for key in (counter_key(pk, "in"), counter_key(pk, "out"), lease_key(pk))] + [""])
        info, nodes, processes, tasks, requests, *lengths, values = pipe.execute()
    return Figures(
        at=at,
        cameras=tuple(_camera(row, statuses[row[0]], values[3 * n : 3 * n + 3]) for n, row in enumerate(rows)),
        nodes=parse_nodes(nodes, now=at),
        processes=tuple(parse(member) for member in processes),
        queues=dict(zip(QUEUES, lengths, strict=True)),
        tasks=read_tasks(tasks),
        requests={name.decode(): float(value) for name, value in requests.items()},
        redis_info=info,
        redis_writable=takes_writes(client),
    )


def _camera(row: tuple[int, str, bool], status: CameraStatus, values: list[bytes | None]) -> CameraFigures:
    pk, name, enabled = row
    entered, left, holder = values
    return CameraFigures(
        id=pk,
        name=name,
        enabled=enabled,
        leased=holder is not None,
        status=status if enabled else None,
        entered=int(entered or 0),
        left=int(left or 0),
    )
