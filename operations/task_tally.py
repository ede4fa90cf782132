"""How often each task ended well or badly and how long it took, counted in Redis for `/metrics`."""

from dataclasses import dataclass

import redis

# Hash: `{task}|SUCCESS`, `{task}|FAILURE`, `{task}|RETRY` -> times; `{task}|seconds` -> run time; `{task}|at` -> unix
# seconds of the last end.
TASKS_KEY = "operations:tasks"
STATES = ("SUCCESS", "FAILURE", "RETRY")


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """ended: state -> times. ended_at: unix seconds, None before the first end."""

    ended: dict[str, int]
    seconds: float
    ended_at: float | None


def note_task(client: redis.Redis, name: str, state: str, *, seconds: float, at: float) -> None:
    """A task ended. Raises redis.RedisError."""
    with client.pipeline(transaction=False) as pipe:
        pipe.hincrby(TASKS_KEY, f"{name}|{state if state in STATES else 'FAILURE'}", 1)
        pipe.hincrbyfloat(TASKS_KEY, f"{name}|seconds", seconds)
        pipe.hset(TASKS_KEY, f"{name}|at", str(at))
        pipe.execute()


def read_tasks(stored: dict[bytes, bytes]) -> dict[str, TaskFigures]:
    """By the task's name, from what the hash holds."""
    fields = {field.decode(): float(value) for field, value in stored.items()}
    names = sorted({field.rpartition("|")[0] for field in fields})
    return {
        name: TaskFigures(
            ended={state: int(fields.get(f"{name}|{state}", 0)) for state in STATES},
            seconds=fields.get(f"{name}|seconds", 0.0),
            ended_at=fields.get(f"{name}|at"),
        )
        for name in names
    }
