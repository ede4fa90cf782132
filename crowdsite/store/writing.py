"""INSERT, UPDATE and DELETE.

Each is: read what is there, compute the change in Python, hand all of it to `lua/write.lua` with what was read as a
guard. If somebody was faster, read and compute again, so `update(n=F("n") + 1)` loses nothing. A batch of up to
`WRITE_BATCH` rows is written whole or not at all; a larger update is several batches.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import FieldError
from django.db import DataError, IntegrityError, OperationalError
from django.db.models.sql import compiler as base
from django.db.models.sql.constants import ROW_COUNT

from . import codec
from .backend import WRITE_BATCH
from .expressions import Evaluator, Reader, build
from .planner import Pks
from .reading import Reading
from .rows import Change, Entry, Rows, entries
from .schema import Table, table
from .selecting import SQLCompiler

MAX_TRIES = 200


class SQLInsertCompiler(base.SQLInsertCompiler):
    """One round trip for the pks where they are automatic, one for the rows."""

    def execute_sql(self, returning_fields: Any = None) -> list[Any]:
        meta = self.query.get_meta()
        rows = Rows(self.connection, table(meta.concrete_model))
        records = [self._record(obj, rows.table) for obj in self.query.objs]
        self._number(rows, records)
        for start in range(0, len(records), WRITE_BATCH):
            rows.write([_insertion(rows.table, record) for record in records[start : start + WRITE_BATCH]])
        if not returning_fields:
            return []
        found = [tuple(record[field.column] for field in returning_fields) for record in records]
        cols = [field.get_col(meta.db_table) for field in returning_fields]
        converters = self.get_converters(cols)
        return list(self.apply_converters(found, converters)) if converters else found

    def _record(self, obj: Any, where: Table) -> dict[str, Any]:
        record: dict[str, Any] = dict.fromkeys(where.columns)
        for field in self.query.fields or self.query.get_meta().concrete_fields:
            value = self.prepare_value(field, self.pre_save_val(field, obj))
            if hasattr(value, "as_sql"):
                value = build(value, Reader(self))({})
            record[field.column] = value
        return record

    def _number(self, rows: Rows, records: list[dict[str, Any]]) -> None:
        pk = rows.table.pk
        if pk.kind != "integer":
            return
        unnumbered = [record for record in records if record[pk.name] is None]
        given = [record[pk.name] for record in records if record[pk.name] is not None]
        if unnumbered:
            for record, number in zip(unnumbered, rows.reserve_pks(len(unnumbered)), strict=True):
                record[pk.name] = number
        if given and self.query.get_meta().auto_field is not None:
            rows.skip_pks(max(given))


class SQLUpdateCompiler(base.SQLUpdateCompiler, SQLCompiler):
    """Returns how many rows matched."""

    def execute_sql(self, result_type: str) -> int:
        self.pre_sql_setup()
        reading = Reading(self)
        if not self.query.values:
            return 0
        assignments = [(field.column, self._assigned(field, value, reading)) for field, _, value in self.query.values]
        if reading.table.pk.name in dict(assignments):
            raise FieldError("The Redis store cannot change a primary key. Add a new row and delete the old one.")
        columns = {column for column, _ in assignments}

        def change(raw: dict[str, bytes | None], record: dict[tuple[str, str], Any]) -> Change:
            return _update(reading, raw, record, {column: value(record) for column, value in assignments})

        return _each_batch(reading, _touched_columns(reading.table, columns), change)

    def _assigned(self, field: Any, value: Any, reading: Reading) -> Evaluator:
        if hasattr(value, "resolve_expression"):
            value = value.resolve_expression(self.query, allow_joins=False, for_save=True)
            if value.contains_aggregate or value.contains_over_clause:
                raise FieldError(f"Aggregates are not allowed in an update ({field.name}).")
        elif hasattr(value, "prepare_database_save"):
            value = value.prepare_database_save(field)
        value = field.get_db_prep_save(value, connection=self.connection)
        return build(value, reading.reader) if hasattr(value, "as_sql") else lambda _: value


class SQLDeleteCompiler(base.SQLDeleteCompiler, SQLCompiler):
    """Returns how many rows were deleted."""

    def execute_sql(self, result_type: str = ROW_COUNT, **kwargs: Any) -> int:
        reading = Reading(self)

        def change(raw: dict[str, bytes | None], record: dict[tuple[str, str], Any]) -> Change:
            row = {column: value for (alias, column), value in record.items() if alias == reading.alias}
            gone = tuple(entries(reading.table, row))
            return Change("D", reading.table.row_key(row[reading.table.pk.name]), guards=raw, removals=gone)

        return _each_batch(reading, reading.table.indexed_columns, change)


def _touched_columns(where: Table, changed: set[str]) -> set[str]:
    """The columns that make up the index entries a change of `changed` moves."""
    moved = [index.columns for index in where.indexes if not changed.isdisjoint(index.columns)]
    return {c for columns in moved for c in columns} | (changed & set(where.trigrams))


def _each_batch(reading: Reading, extra: Any, change: Callable[[dict, dict], Change]) -> int:
    """Changes all matching rows, batch by batch; returns how many."""
    reading.reader.needed |= {(reading.alias, column) for column in extra}
    pk = (reading.alias, reading.table.pk.name)
    reading.reader.needed.add(pk)
    source = reading.planner.best([], False).source
    if isinstance(source, Pks):
        pks = [value for value in source.pks if value is not None]
    else:
        pks = [record[pk] for record in reading.records([])]
    return sum(_batch(reading, pks[i : i + WRITE_BATCH], change) for i in range(0, len(pks), WRITE_BATCH))


def _batch(reading: Reading, pks: Sequence[Any], change: Callable[[dict, dict], Change]) -> int:
    columns = sorted(column for alias, column in reading.reader.needed if alias == reading.alias)
    for attempt in range(MAX_TRIES):
        changes = []
        for raw in reading.rows.fetch_raw(pks, columns):
            if raw is None:
                continue
            record = {(reading.alias, column): value for column, value in reading.rows.load(raw).items()}
            if reading.judge is None or reading.judge(record):
                changes.append(change(raw, record))
        if reading.rows.write(changes):
            return len(changes)
        time.sleep(random.random() * 0.002 * min(attempt, 20))
    raise OperationalError(
        f"{reading.table.label}: others kept changing the same rows and nothing was written. Try again."
    )


def _stored(where: Table, column: str, value: Any) -> bytes | None:
    if value is None and not where.columns[column].null:
        raise IntegrityError(f"NOT NULL constraint failed: {where.label}.{column} needs a value.")
    return where.columns[column].store(value)


def _entries(where: Table, row: dict[str, Any], changed: Any = None) -> list[Entry]:
    try:
        return entries(where, row, changed)
    except codec.NotIndexable as error:
        raise DataError(f"{where.label}: {error.args[0]!r} is beyond what an indexed field can hold.") from error


def _insertion(where: Table, row: dict[str, Any]) -> Change:
    sets = {column: raw for column, value in row.items() if (raw := _stored(where, column, value)) is not None}
    # Read back as it will be read: an index entry must follow from the stored row alone.
    loaded = {column: where.columns[column].load(sets.get(column)) for column in where.indexed_columns}
    return Change("I", where.row_key(row[where.pk.name]), sets=sets, additions=tuple(_entries(where, loaded)))


def _update(reading: Reading, raw: dict[str, bytes | None], record: dict[tuple[str, str], Any], values: dict) -> Change:
    where = reading.table
    old = {column: value for (_, column), value in record.items()}
    stored = {column: _stored(where, column, value) for column, value in values.items()}
    new = {**old, **{column: where.columns[column].load(value) for column, value in stored.items()}}
    before, after = set(entries(where, old, values)), set(_entries(where, new, values))
    return Change(
        "U",
        where.row_key(old[where.pk.name]),
        guards={column: value for column, value in raw.items() if column != where.pk.name},
        sets={column: value for column, value in stored.items() if value is not None},
        unsets=tuple(column for column, value in stored.items() if value is None),
        removals=tuple(before - after),
        additions=tuple(after - before),
    )
