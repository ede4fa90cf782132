"""Misconfigurations that show only in what runs: `manage.py check --deploy`. Each is listed in docs/checks.md."""

import os
import time
from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from crowdsite.clock import now
from crowdsite.store.connection import client
from operations.heartbeat import Process, alive

OLDEST_REDIS = (6, 2)
SKEW_SECS = 1.0


@register(Tags.security, deploy=True)
def check_user(**_: Any) -> list[CheckMessage]:
    if os.geteuid() != 0:
        return []
    return [
        Warning(
            "Crowdsite runs as root: a fault in a video library would be a fault with all rights.",
            hint="Run it as a user of its own; the systemd units in docs/deploy do.",
            id="crowdsite.W009",
        )
    ]


@register(deploy=True)
def check_redis(**_: Any) -> list[CheckMessage]:
    """What Redis says of itself: version, whether it keeps records, whose clock it has."""
    link = client()
    try:
        before = time.time()
        seconds, micros = link.time()
        after = time.time()
        info = link.info()
        # Managed services answer no CONFIG; what they said in INFO has to do.
        settings_of = _config(link)
    except redis.RedisError as error:
        return [_unreachable(type(error).__name__)]
    skew = max(before - (seconds + micros / 1e6), seconds + micros / 1e6 - after, 0.0)
    return [*_judge_server(info, settings_of), *_judge_clock(skew)]


def _config(link: redis.Redis) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in link.config_get("*").items()}
    except redis.ResponseError:
        return {}


def _unreachable(reason: str) -> CheckMessage:
    hint = "Check REDIS_URL, the server and the firewall."
    if settings.REDIS_IS_EMBEDDED:
        hint = (
            "REDIS_URL is not set, so the embedded server of this machine is used: start it with `make run`. On a "
            "machine that joins another one, set REDIS_URL to that one's Redis."
        )
    return Error(f"Redis does not answer ({reason}).", hint=hint, id="crowdsite.E010")


def _judge_server(info: dict[str, Any], config: dict[str, str]) -> Iterator[CheckMessage]:
    version = str(info.get("redis_version", "0.0"))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < OLDEST_REDIS:
        yield Error(f"Redis {version} is too old.", hint="Install Redis 6.2 or newer, or Valkey.", id="crowdsite.E011")
    policy = config.get("maxmemory-policy") or str(info.get("maxmemory_policy", "noeviction"))
    # Counts have no lifetime, cameras' records neither, but status, leases and sessions do.
    if policy != "noeviction":
        yield Error(
            f"Redis throws records away when its memory is full (maxmemory-policy {policy}).",
            hint="Set maxmemory-policy noeviction in redis.conf.",
            id="crowdsite.E012",
        )
    if not int(info.get("aof_enabled", 0)):
        yield Warning(
            "Redis does not write each change to disk (appendonly no): after a crash the last counts are missing.",
            hint="Set appendonly yes in redis.conf.",
            id="crowdsite.W011",
        )


def _judge_clock(skew_secs: float) -> Iterator[CheckMessage]:
    if skew_secs > SKEW_SECS:
        yield Warning(
            f"The clocks of this machine and of Redis differ by {skew_secs:.1f} s: ages of pictures are wrong.",
            hint="Keep all machines in step with NTP (timedatectl set-ntp true).",
            id="crowdsite.W012",
        )


@register(deploy=True)
def check_processes(**_: Any) -> list[CheckMessage]:
    """One beat, at least one worker for each kind of task, all of one version."""
    try:
        return list(_judge_processes(alive(client(), at=now())))
    except redis.RedisError:
        return []  # E010 says it


def _judge_processes(processes: list[Process]) -> Iterator[CheckMessage]:
    beats = [f"{process.host}:{process.pid}" for process in processes if process.kind == "beat"]
    if not beats:
        yield Warning(
            "No beat is alive: a camera whose node ends is not started elsewhere.",
            hint="Start one in the whole installation: celery -A crowdsite beat.",
            id="crowdsite.W013",
        )
    if len(beats) > 1:
        yield Warning(
            f"{len(beats)} beats are alive ({', '.join(beats)}): every scheduled task is sent more than once.",
            hint="Stop all but one.",
            id="crowdsite.W014",
        )
    queues = {queue for process in processes for queue in process.queues}
    for queue, what in (("gpu", "inference node, so no camera counts"), ("celery", "worker for short tasks")):
        if queue not in queues:
            yield Warning(
                f"There is no {what}.", hint=f"Start one: celery -A crowdsite worker -Q {queue}.", id="crowdsite.W015"
            )
    versions = sorted({process.version for process in processes})
    if len(versions) > 1:
        yield Warning(
            f"Processes of different versions are alive: {', '.join(versions)}.",
            hint="Bring all machines to one version and restart them.",
            id="crowdsite.W016",
        )
