"""How much each family of Redis keys holds, what it costs, and how long it is kept.

Nothing here reads everything: keys are walked up to a limit, memory is asked for a sample of them, and the answer is
kept for a minute.
"""

import re
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crowdsite.clock import now
from ppe.models import PpeSettings
from tracking.models import TrackingSettings

WALKED = 20_000
SAMPLE = 12
KEPT_SECS = 60.0


@dataclass(frozen=True, slots=True)
class Family:
    """Keys that belong together. pattern: matches the whole key. kept: how long, in words, asked for late."""

    name: str
    title: str | Promise
    pattern: str
    kept: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Size:
    """bytes: estimated from a sample. entries: members of a log, rows, or keys. exact: whether all keys were walked."""

    title: str | Promise
    name: str
    keys: int
    entries: int
    bytes: int
    kept: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """families: the largest first. complete: False where there are too many keys to walk them all."""

    families: list[Size]
    keys: int
    complete: bool


def _says(sentence: str | Promise) -> Callable[[], str]:
    return lambda: str(sentence)


def _person_logs_kept() -> str:
    return _("%(n)s days (Counting)") % {"n": TrackingSettings.load().person_log_retention_days}


def _ppe_logs_kept() -> str:
    return _("%(n)s days (Equipment)") % {"n": round(PpeSettings.load().ppe_log_retention_secs / 86400, 1)}


_WHILE_THERE = _says(gettext_lazy("While the record exists"))
_FOR_EVER = _says(gettext_lazy("For ever"))
_FORTY_DAYS = _says(gettext_lazy("40 days"))
_SECONDS = _says(gettext_lazy("Seconds"))
_UNTIL_DONE = _says(gettext_lazy("Until a worker takes them"))

FAMILIES = (
    Family("person_logs", gettext_lazy("Entries and exits"), r"person_logs", _person_logs_kept),
    Family("ppe_logs", gettext_lazy("Results of equipment checks"), r"ppe_logs", _ppe_logs_kept),
    Family("person_tracker:day:*", gettext_lazy("Day totals"), r"person_tracker:day:.*", _FORTY_DAYS),
    Family("person_tracker:*", gettext_lazy("Counters"), r"person_tracker:.*", _WHILE_THERE),
    Family("stats_stream", gettext_lazy("Stream of figures"), r"stats_stream", _says(gettext_lazy("Last 10,000"))),
    Family("cameras:deleted*", gettext_lazy("Deleted cameras"), r"cameras:deleted.*", _says(gettext_lazy("30 days"))),
    Family(
        "cameras:status:*, cameras:still:*",
        gettext_lazy("What cameras are doing"),
        r"cameras:(status|still|viewer|reported).*",
        _SECONDS,
    ),
    Family("tracking:*", gettext_lazy("Leases of camera loops"), r"tracking:(lease|dispatched):.*", _SECONDS),
    Family("*#*", gettext_lazy("Indexes of records"), r"[^#]+#.*", _WHILE_THERE),
    Family("<module>:<entity>:<number>", gettext_lazy("Records"), r"[a-z0-9_]+:[a-z0-9_]+:\d+", _WHILE_THERE),
    Family(
        "gpu, celery, ppe_queue, …",
        gettext_lazy("Queues"),
        r"gpu|celery|ppe_queue|faces|exports|alerts|unacked.*|_kombu.*|celery.*",
        _UNTIL_DONE,
    ),
    Family(
        "store:*, crowdsite:*, …",
        gettext_lazy("The store's own"),
        r"(store|crowdsite|operations|licensing|accounts|cameras|tracking|ppe):.*",
        _FOR_EVER,
    ),
    Family("*", gettext_lazy("Other"), r".*", _says(gettext_lazy("Not known to Crowdsite"))),
)
_PATTERNS = tuple((family, re.compile(family.pattern, re.DOTALL)) for family in FAMILIES)
_LENGTH = {"zset": "zcard", "list": "llen", "stream": "xlen", "set": "scard", "hash": "hlen"}

_lock = threading.Lock()
_last: tuple[float, Sizes] | None = None


def family_of(key: str) -> Family:
    """The first family whose pattern fits; the last takes everything."""
    return next(family for family, pattern in _PATTERNS if pattern.fullmatch(key))


def sizes(server: redis.Redis) -> Sizes:
    """As `measure`, at most a minute old."""
    global _last
    with _lock:
        if _last is None or not 0 <= now() - _last[0] < KEPT_SECS:
            _last = (now(), measure(server))
        return _last[1]


def measure(server: redis.Redis) -> Sizes:
    """Walk the keys (at most `WALKED`), count and weigh them. Raises redis.RedisError."""
    found: dict[Family, list[bytes]] = defaultdict(list)
    walked = 0
    for key in server.scan_iter(count=1000):
        found[family_of(key.decode(errors="replace") if isinstance(key, bytes) else key)].append(key)
        walked += 1
        if walked >= WALKED:
            break
    total = server.dbsize()
    scale = total / walked if walked and total > walked else 1.0
    families = [_size(server, family, keys, scale) for family, keys in found.items()]
    return Sizes(sorted(families, key=lambda size: -size.bytes), total, walked < WALKED)


def _size(server: redis.Redis, family: Family, keys: list[Any], scale: float) -> Size:
    sample = keys[:: max(1, len(keys) // SAMPLE)][:SAMPLE]
    with server.pipeline(transaction=False) as pipe:
        for key in sample:
            pipe.memory_usage(key, samples=5)
        weights = [weight or 0 for weight in pipe.execute()]
    average = sum(weights) / len(weights)
    entries = round(len(keys) * scale)
    if len(keys) <= SAMPLE and "#" not in family.name and family.name != "<module>:<entity>:<number>":
        entries = sum(_entries(server, key) for key in keys)
    return Size(
        family.title, family.name, round(len(keys) * scale), entries, round(average * len(keys) * scale), family.kept()
    )


def _entries(server: redis.Redis, key: Any) -> int:
    kind = server.type(key)
    command = _LENGTH.get(kind.decode() if isinstance(kind, bytes) else kind)
    return int(getattr(server, command)(key)) if command in ("zcard", "llen", "xlen") else 1
