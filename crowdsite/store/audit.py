"""Compares every row with every index entry: `manage.py store_verify`.

It can run while others write: what looks wrong in the sweep is looked at again, row and entries in one transaction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import redis
from django.db import IntegrityError, connections, models
from django.db.utils import DataError

from . import codec
from .backend import stored_models
from .rows import FETCH_BATCH, Change, Entry, Rows, entries, store_errors
from .schema import ALIAS, table


@dataclass(frozen=True)
class Audit:
    """What was found. Each list holds one sentence per fault."""

    rows: int = 0
    entries: int = 0
    missing: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    repaired: int = 0

    @property
    def clean(self) -> bool:
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        return self.missing + self.stray + self.unreadable + self.duplicates

    def __add__(self, other: "Audit") -> "Audit":
        return Audit(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __str__(self) -> str:
        if self.clean:
            return f"All {self.entries} index entries of {self.rows} rows are right."
        return (
            f"Of {self.rows} rows with {self.entries} index entries, {len(self.missing)} entries are missing, "
            f"{len(self.stray)} belong to no row, {len(self.duplicates)} claim a value twice and "
            f"{len(self.unreadable)} rows cannot be read; {self.repaired} rows were repaired."
        )


def verify(only: Iterable[type[models.Model]] | None = None, *, repair: bool = False) -> Audit:
    """Audits the tables of these models (default: all).

    With `repair`, wrong entries are put right and the result is that of a second look.
    """
    connection = connections[ALIAS]
    connection.ensure_connection()
    found = Audit()
    with store_errors(connection.settings_dict["NAME"]):
        for model in only if only is not None else stored_models():
            sweep = _Sweep(Rows(connection, table(model)))
            audit = sweep.audit()
            if repair and (not audit.clean or sweep.incomplete):
                fixed = sweep.repair()
                audit = replace(_Sweep(sweep.rows).audit(), repaired=fixed)
            found += audit
    return found


@dataclass
class _Suspect:
    """Entries of one row that did not agree in the sweep."""

    pk: Any
    missing: set[Entry] = field(default_factory=set)
    stray: set[Entry] = field(default_factory=set)


class _Sweep:
    """One pass over a table."""

    def __init__(self, rows: Rows):
        self.rows, self.table, self.client = rows, rows.table, rows.client
        self.columns = list(rows.table.columns)
        self.suspects: dict[Any, _Suspect] = {}
        self.garbage: list[Entry] = []
        self.incomplete: list[Any] = []
        self.unreadable: list[str] = []

    def audit(self) -> Audit:
        expected: dict[str, dict[bytes, Any]] = {}
        claims: dict[tuple[str, bytes], Any] = {}
        duplicates, rows = [], 0
        for row in self._all_rows():
            rows += 1
            pk = row[self.table.pk.name]
            for entry in entries(self.table, row):
                expected.setdefault(entry.key, {})[entry.member] = pk
                claim = (entry.key, entry.member[: entry.claim])
                if entry.claim and claims.setdefault(claim, pk) != pk:
                    duplicates.append(
                        f"{self.table.label} {claims[claim]} and {pk} hold the same value in {entry.key}."
                    )
        self._compare(expected)
        self._look_again()
        return Audit(
            rows=rows,
            entries=sum(map(len, expected.values())),
            missing=tuple(f"{e.key} lacks {s.pk}." for s in self.suspects.values() for e in s.missing),
            stray=tuple(f"{e.key} has a wrong entry for {s.pk}." for s in self.suspects.values() for e in s.stray)
            + tuple(f"{e.key} has an entry that belongs to no row." for e in self.garbage)
            + self._sequence_fault(),
            unreadable=tuple(self.unreadable),
            duplicates=tuple(duplicates),
        )

    def _all_rows(self) -> Iterator[dict[str, Any]]:
        keys: list[bytes] = []
        for key in self.client.scan_iter(match=f"{self.table.name}:*", count=FETCH_BATCH):
            keys.append(key)
            if len(keys) >= FETCH_BATCH:
                yield from self._read(keys)
                keys = []
        yield from self._read(list(dict.fromkeys(keys)))

    def _read(self, keys: list[bytes]) -> Iterator[dict[str, Any]]:
        pipe = self.client.pipeline(transaction=False)
        for key in keys:
            pipe.hmget(key, self.columns)
        for key, reply in zip(keys, pipe.execute(raise_on_error=False), strict=True):
            if isinstance(reply, redis.ResponseError):
                self.unreadable.append(f"{key.decode(errors='replace')} is no row: {reply}")
                continue
            raw = dict(zip(self.columns, reply, strict=True))
            if all(value is None for value in reply):
                continue  # deleted since the scan
            try:
                row = self.rows.load(raw)
                if self.table.row_key(row[self.table.pk.name]).encode("utf-8", "surrogatepass") != key:
                    raise DataError(f"its {self.table.pk.name} is {row[self.table.pk.name]!r}.")
            except DataError as error:
                self.unreadable.append(f"{key.decode(errors='replace')} cannot be read: {error}")
                continue
            if any(raw[c] is None and row[c] is not None for c in self.columns):
                self.incomplete.append(row[self.table.pk.name])
            yield row

    def _compare(self, expected: dict[str, dict[bytes, Any]]) -> None:
        indexes = {self.table.index_key(index): index for index in self.table.indexes}
        held = {key.decode("utf-8", "surrogatepass") for key in self.client.scan_iter(match=f"{self.table.name}#tri:*")}
        unknown = {k.decode() for k in self.client.scan_iter(match=f"{self.table.name}#ix:*")} - set(indexes)
        for key in {*indexes, *held, *expected, *unknown}:
            is_set = "#tri:" in key
            actual = set(self.client.smembers(key) if is_set else self.client.zrange(key, 0, -1))
            wanted = expected.get(key, {})
            for member in wanted.keys() - actual:
                self._suspect(wanted[member]).missing.add(Entry(key, "s" if is_set else "z", member))
            for member in actual - wanted.keys():
                entry = Entry(key, "s" if is_set else "z", member)
                pk = self._pk_of(entry, indexes.get(key))
                if pk is None:
                    self.garbage.append(entry)
                else:
                    self._suspect(pk).stray.add(entry)

    def _suspect(self, pk: Any) -> _Suspect:
        return self.suspects.setdefault(pk, _Suspect(pk))

    def _pk_of(self, entry: Entry, index: Any) -> Any:
        try:
            if entry.type == "s":
                return codec.load(self.table.pk.kind, entry.member)
            pk = None if index is None else self.rows.pk_of(index, entry.member)
            return pk if pk is not None and self.table.prefix_length(index, entry.member) < len(entry.member) else None
        except (DataError, ValueError, IndexError):
            return None

    def _look_again(self) -> None:
        for pk, suspect in list(self.suspects.items()):
            asked = sorted(suspect.missing | suspect.stray, key=lambda e: (e.key, e.member))
            pipe = self.client.pipeline(transaction=True)
            pipe.hmget(self.table.row_key(pk), self.columns)
            for entry in asked:
                (pipe.zscore if entry.type == "z" else pipe.sismember)(entry.key, entry.member)
            reply, *present = pipe.execute()
            raw = dict(zip(self.columns, reply, strict=True))
            exists = raw[self.table.pk.name] is not None
            right = {(e.key, e.member) for e in entries(self.table, self.rows.load(raw))} if exists else set()
            held = {
                e
                for e, there in zip(asked, present, strict=True)
                if (there == 1 if e.type == "s" else there is not None)
            }
            suspect.missing = {e for e in suspect.missing if (e.key, e.member) in right and e not in held}
            suspect.stray = {e for e in suspect.stray if (e.key, e.member) not in right and e in held}
            if not suspect.missing and not suspect.stray:
                del self.suspects[pk]

    def _sequence_fault(self) -> tuple[str, ...]:
        if self.table.pk.kind != "integer" or not self.table.numbered or self._last_pk() <= self._sequence():
            return ()
        return (f"{self.table.sequence_key} would give out a pk that is in use.",)

    def _last_pk(self) -> int:
        last = self.client.zrange(self.table.index_key(self.table.indexes[0]), -1, -1)
        return self.rows.pk_of(self.table.indexes[0], last[0]) if last else 0

    def _sequence(self) -> int:
        return int(self.client.get(self.table.sequence_key) or 0)

    # Repair

    def repair(self) -> int:
        """Puts right what `audit` found, each row as it is now; returns how many rows were touched."""
        if self.garbage:
            gone = Change("X", f"{self.table.name}:", removals=tuple(self.garbage))
            self.rows.write([gone])
        touched = 0
        # Stray entries first: they may hold a unique value that another row has lost.
        for pk in sorted({**self.suspects, **dict.fromkeys(self.incomplete)}, key=lambda pk: not self._has_stray(pk)):
            touched += self._repair_row(pk)
        if self._sequence_fault():
            self.rows.skip_pks(self._last_pk())
        return touched + len(self.garbage)

    def _has_stray(self, pk: Any) -> bool:
        return pk in self.suspects and bool(self.suspects[pk].stray)

    def _repair_row(self, pk: Any) -> bool:
        suspect = self.suspects.get(pk, _Suspect(pk))
        raw = self.rows.fetch_raw([pk], self.columns)[0]
        if raw is None:
            return self.rows.write([Change("X", self.table.row_key(pk), removals=tuple(suspect.stray))])
        row = self.rows.load(raw)
        filled = {c: self.table.columns[c].store(row[c]) for c in self.columns if raw[c] is None and row[c] is not None}
        right = entries(self.table, self.rows.load({**raw, **filled}))
        wrong = tuple(e for e in suspect.stray if (e.key, e.member) not in {(r.key, r.member) for r in right})
        change = Change("U", self.table.row_key(pk), guards=raw, sets=filled, removals=wrong, additions=tuple(right))
        try:
            return self.rows.write([change])
        except IntegrityError:
            return False  # a value held twice: the second look reports it, a person decides which row gives way


def rebuild(model: type[models.Model]) -> Audit:
    """Makes every index entry of a table anew where it is wrong, and writes the defaults of fields added since."""
    return verify([model], repair=True)
