"""Reading and writing one table's keys. Every method here is one or two round trips to Redis."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import redis
from django.db import IntegrityError, OperationalError

from . import codec
from .connection import lua
from .schema import Index, Table

FETCH_BATCH = 1000

Interval = tuple[bytes, bytes]  # [low, high) of index members; an empty high has no end


class Entry(NamedTuple):
    """One index entry of a row. `type`: "z" sorted set, "s" set; `claim`: length of the unique prefix or 0."""

    key: str
    type: str
    member: bytes
    claim: int = 0


@dataclass(frozen=True)
class Change:
    """One operation of `lua/write.lua`, where the verbs are explained."""

    verb: str
    row_key: str
    guards: dict[str, bytes | None] = field(default_factory=dict)
    sets: dict[str, bytes] = field(default_factory=dict)
    unsets: tuple[str, ...] = ()
    removals: tuple[Entry, ...] = ()
    additions: tuple[Entry, ...] = ()


@contextmanager
def store_errors(address: str) -> Iterator[None]:
    """Turns what redis-py raises into one OperationalError with a sentence."""
    shown = re.sub(r"//[^@/]*@", "//***@", address)
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise OperationalError(f"Redis at {shown} does not answer: {error} Start it, or correct REDIS_URL.") from error
    except redis.RedisError as error:
        raise OperationalError(f"Redis at {shown} refused a command: {error}") from error


def entries(table: Table, row: dict[str, Any], changed: Iterable[str] | None = None) -> list[Entry]:
    """The index entries of a row (column -> value); with `changed`, only those that depend on these columns."""
    only = None if changed is None else set(changed)
    tail = codec.ordered(table.pk.kind, row[table.pk.name])
    found = []
    for index in table.indexes:
        if only is None or not only.isdisjoint(index.columns):
            prefix = table.prefix(index, row)
            claims = index.unique and all(row[c] is not None for c in index.columns)
            found.append(Entry(table.index_key(index), "z", prefix + tail, len(prefix) if claims else 0))
    for column in table.trigrams:
        if only is None or column in only:
            pk = table.pk_text(row[table.pk.name]).encode("utf-8", "surrogatepass")
            found += [Entry(table.trigram_key(column, t), "s", pk) for t in codec.trigrams(row[column])]
    return found


def _packed(changes: Sequence[Change]) -> tuple[list[str], bytes]:
    """KEYS and ARGV[1] of `lua/write.lua`."""
    numbers: dict[str, bytes] = {}

    def number(key: str) -> bytes:
        return numbers.get(key) or numbers.setdefault(key, b"%d" % (len(numbers) + 1))

    args = [b"%d" % len(changes)]
    for change in changes:
        args += (change.verb.encode(), number(change.row_key), b"%d" % len(change.guards))
        for name, raw in change.guards.items():
            args += (name.encode(), b"0", b"") if raw is None else (name.encode(), b"1", raw)
        args.append(b"%d" % len(change.sets))
        for name, raw in change.sets.items():
            args += (name.encode(), raw)
        args.append(b"%d" % len(change.unsets))
        args += [name.encode() for name in change.unsets]
        args.append(b"%d" % len(change.removals))
        for key, kind, member, _ in change.removals:
            args += (number(key), kind.encode(), member)
        args.append(b"%d" % len(change.additions))
        for key, kind, member, claim in change.additions:
            args += (number(key), kind.encode(), member, b"%d" % claim)
    return list(numbers), codec.message_pack(args)


class Rows:
    """One table in one database connection."""

    def __init__(self, connection: Any, table: Table):
        connection.ensure_connection()
        self.connection = connection
        self.client: redis.Redis = connection.connection
        self.table = table

    @contextmanager
    def _trip(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        with store_errors(self.connection.settings_dict["NAME"]):
            yield
        if self.connection.queries_logged:
            took = time.perf_counter() - started
            self.connection.queries_log.append({"sql": f"{what} {self.table.name}", "time": f"{took:.3f}"})

    # Reading

    def fetch_raw(self, pks: Sequence[Any], columns: Sequence[str]) -> list[dict[str, bytes | None] | None]:
        """The stored forms of `columns`, one dict per pk; None where there is no such row."""
        names = [self.table.pk.name, *(c for c in columns if c != self.table.pk.name)]
        found: list[dict[str, bytes | None] | None] = []
        for start in range(0, len(pks), FETCH_BATCH):
            with self._trip(f"HMGET {len(pks)} rows of"):
                pipe = self.client.pipeline(transaction=False)
                for pk in pks[start : start + FETCH_BATCH]:
                    pipe.hmget(self.table.row_key(pk), names)
                replies = pipe.execute()
            found += [dict(zip(names, reply, strict=True)) if reply[0] is not None else None for reply in replies]
        return found

    def fetch(self, pks: Sequence[Any], columns: Sequence[str]) -> list[dict[str, Any] | None]:
        """The values of `columns`, one dict per pk; None where there is no such row."""
        return [raw if raw is None else self.load(raw) for raw in self.fetch_raw(pks, columns)]

    def load(self, raw: dict[str, bytes | None]) -> dict[str, Any]:
        columns = self.table.columns
        return {name: columns[name].load(value) for name, value in raw.items()}

    def pk_of(self, index: Index, member: bytes) -> Any:
        return codec.pk_from_ordered(self.table.pk.kind, member[self.table.prefix_length(index, member) :])

    def count(self, index: Index, intervals: Sequence[Interval]) -> list[int]:
        """How many members each interval holds."""
        with self._trip("ZLEXCOUNT"):
            pipe = self.client.pipeline(transaction=False)
            for low, high in intervals:
                pipe.zlexcount(self.table.index_key(index), *_bounds(low, high))
            return pipe.execute()

    def between(
        self,
        index: Index,
        interval: Interval,
        *,
        reverse: bool = False,
        offset: int = 0,
        limit: int | None = None,
        after: bytes = b"",
    ) -> list[bytes]:
        """Members of an interval in order, at most `limit`, beginning behind the member `after`."""
        low, high = _bounds(*interval)
        if after:
            low, high = (low, b"(" + after) if reverse else (b"(" + after, high)
        window = {"start": offset, "num": -1 if limit is None else limit}
        key = self.table.index_key(index)
        with self._trip("ZRANGEBYLEX"):
            if reverse:
                return self.client.zrevrangebylex(key, high, low, **window)
            return self.client.zrangebylex(key, low, high, **window)

    def ranks(self, index: Index, ranges: Sequence[tuple[int, int]]) -> list[list[bytes]]:
        """Members by position, each range [first, end)."""
        with self._trip("ZRANGE"):
            pipe = self.client.pipeline(transaction=False)
            for first, end in ranges:
                pipe.zrange(self.table.index_key(index), first, end - 1)
            return pipe.execute()

    def trigram_sizes(self, keys: Sequence[str]) -> list[int]:
        with self._trip("SCARD"):
            pipe = self.client.pipeline(transaction=False)
            for key in keys:
                pipe.scard(key)
            return pipe.execute()

    def with_trigrams(self, keys: Sequence[str]) -> list[Any]:
        """Pks of the rows that are in all these trigram sets."""
        with self._trip("SINTER"):
            return [codec.load(self.table.pk.kind, raw) for raw in self.client.sinter(list(keys))]

    # Writing

    def reserve_pks(self, count: int) -> range:
        """Automatic pks that nobody else will get."""
        with self._trip("INCRBY"):
            last = self.client.incrby(self.table.sequence_key, count)
        return range(last - count + 1, last + 1)

    def skip_pks(self, up_to: int) -> None:
        """Makes automatic pks begin behind one that was given by hand."""
        with self._trip("EVAL skip_pks"):
            lua("crowdsite.store", "skip_pks")(keys=[self.table.sequence_key], args=[up_to], client=self.client)

    def write(self, changes: Sequence[Change]) -> bool:
        """Makes all changes or none; False where a row is no longer what a guard says.

        Raises IntegrityError where a pk or a unique value is taken.
        """
        if not changes:
            return True
        keys, packed = _packed(changes)
        with self._trip(f"WRITE {len(changes)} rows of"):
            reply = lua("crowdsite.store", "write")(keys=keys, args=[packed], client=self.client)
        outcome = reply[0].decode()
        if outcome == "taken":
            key = keys[int(reply[2]) - 1]
            columns = key.split("#ix:", 1)[1].replace(".", ", ")
            raise IntegrityError(f"UNIQUE constraint failed: another {self.table.label} has this {columns} ({key}).")
        if outcome == "exists":
            row_key = changes[int(reply[1]) - 1].row_key
            raise IntegrityError(f"UNIQUE constraint failed: {self.table.label} {row_key} exists already.")
        return outcome == "ok"

    def clear(self) -> None:
        """Removes every row and index of the table."""
        with self._trip("CLEAR"):
            for pattern in (f"{self.table.name}:*", f"{self.table.name}#*"):
                batch = list(self.client.scan_iter(match=_literal(pattern), count=FETCH_BATCH))
                for start in range(0, len(batch), FETCH_BATCH):
                    self.client.unlink(*batch[start : start + FETCH_BATCH])


def _literal(pattern: str) -> str:
    return pattern[:-1].replace("[", r"\[").replace("?", r"\?") + "*"


def _bounds(low: bytes, high: bytes) -> tuple[bytes, bytes]:
    return (b"[" + low if low else b"-", b"(" + high if high else b"+")
