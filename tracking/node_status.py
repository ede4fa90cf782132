"""What the inference nodes report of themselves, once a second: how fast their detector is, what waits for Redis."""

import json
from dataclasses import asdict, dataclass

import redis

# Hash: the node's name -> its last report as JSON.
NODES_KEY = "tracking:nodes"
SILENT_AFTER_SECS = 10.0
_FORGOTTEN_AFTER_SECS = 300.0


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


def forget_gone(client: redis.Redis, *, now: float) -> int:
    """Delete reports of nodes that ended without a word minutes ago. Returns how many. Raises redis.RedisError.

    One that is only slow is back with its next report.
    """
    gone = [
        name for name, text in client.hgetall(NODES_KEY).items() if now - _reported_at(text) > _FORGOTTEN_AFTER_SECS
    ]
    return client.hdel(NODES_KEY, *gone) if gone else 0


def _reported_at(text: bytes) -> float:
    """0 for what cannot be read."""
    try:
        return float(json.loads(text)["at"])
    except (ValueError, TypeError, KeyError):
        return 0.0


def parse_nodes(stored: dict[bytes, bytes], *, now: float) -> dict[str, NodeStatus]:
    """What the hash holds: reports of the last seconds by the node's name."""
    reports = {name.decode(): text for name, text in stored.items() if now - _reported_at(text) < SILENT_AFTER_SECS}
    return {name: NodeStatus(**json.loads(text)) for name, text in reports.items()}
