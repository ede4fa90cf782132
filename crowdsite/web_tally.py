"""How many requests this process answered, by class of status; brought to Redis every few seconds, not with each."""

import threading
from collections import Counter

import redis

# Hash: `2xx`, `5xx`, ... -> requests; `seconds` -> time spent on them, streams left out.
KEY = "crowdsite:requests"
_lock = threading.Lock()
_counts: Counter[str] = Counter()
_seconds = 0.0


def note(status: int, seconds: float | None) -> None:
    """A request was answered. seconds: None for a stream, whose length says nothing."""
    global _seconds
    with _lock:
        _counts[f"{status // 100}xx"] += 1
        _seconds += seconds or 0.0


def flush(client: redis.Redis) -> None:
    """Add what was counted since the last time. Raises redis.RedisError, and keeps the counts then."""
    global _seconds
    with _lock:
        counts, seconds = dict(_counts), _seconds
        _counts.clear()
        _seconds = 0.0
    if not counts:
        return
    try:
        with client.pipeline(transaction=True) as pipe:
            for name, count in counts.items():
                pipe.hincrby(KEY, name, count)
            pipe.hincrbyfloat(KEY, "seconds", seconds)
            pipe.execute()
    except redis.RedisError:
        with _lock:
            _counts.update(counts)
            _seconds += seconds
        raise
