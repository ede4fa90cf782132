"""What the inference nodes report of themselves, once a second: how fast their detector is, what waits for Redis."""

import json
from dataclasses import asdict, dataclass

import redis

# Hash: the node's name -> its last report as JSON.
NODES_KEY = "tracking:nodes"
SILENT_AFTER_SECS = 10.0
_FORGOTTEN_AFTER_SECS = 86_400.0


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """at: unix seconds of the report. inference_ms: running average for one picture. waiting_events: crossings that
    are not in Redis yet. lost_events: crossings that neither Redis nor the disk took, since the node started."""

    at: float
    cameras: int
    inference_ms: float
    waiting_events: int
    lost_events: int


def write_node(client: redis.Redis, name: str, status: NodeStatus) -> None:
    """Raises redis.RedisError."""
    client.hset(NODES_KEY, name, json.dumps(asdict(status)))


def clear_node(client: redis.Redis, name: str) -> None:
    """The node ends in order. Raises redis.RedisError."""
    client.hdel(NODES_KEY, name)


def parse_nodes(stored: dict[bytes, bytes], *, now: float) -> tuple[dict[str, NodeStatus], list[str]]:
    """What the hash holds: reports of the last seconds by the node's name, and the names of nodes gone for a day."""
    reports = {name.decode(): NodeStatus(**json.loads(text)) for name, text in stored.items()}
    fresh = {name: report for name, report in reports.items() if now - report.at < SILENT_AFTER_SECS}
    gone = [name for name, report in reports.items() if now - report.at > _FORGOTTEN_AFTER_SECS]
    return fresh, gone
