"""What the store knows of a model: its columns, its indexes and the names of its keys."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from django.db import NotSupportedError, connections, models
from django.db.models import NOT_PROVIDED

from . import codec

ALIAS = "redis"


@dataclass(frozen=True)
class Column:
    """One stored field. A row written before the field existed reads as `default` (None where NULL is allowed)."""

    name: str
    kind: str
    null: bool
    unique: bool
    default: Any = field(default=None, compare=False)

    def load(self, raw: bytes | None) -> Any:
        if raw is not None:
            return codec.load(self.kind, raw)
        return self.default() if callable(self.default) else self.default

    def store(self, value: Any) -> bytes | None:
        return None if value is None else codec.store(self.kind, value)


@dataclass(frozen=True)
class Index:
    """A sorted set over `columns`, ties ordered by pk. `unique` claims the values (rows with a NULL claim nothing)."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False


@dataclass(frozen=True)
class Table:
    """A model as the store sees it. `indexes[0]` is the pk's own; `numbered` = pks are given out automatically."""

    name: str
    label: str
    columns: dict[str, Column] = field(compare=False)
    pk: Column = field(compare=False)
    indexes: tuple[Index, ...] = field(compare=False)
    trigrams: tuple[str, ...] = field(compare=False)
    numbered: bool = field(default=False, compare=False)

    def row_key(self, pk: Any) -> str:
        return f"{self.name}:{self.pk_text(pk)}"

    def pk_text(self, pk: Any) -> str:
        return codec.store(self.pk.kind, pk).decode("utf-8", "surrogatepass")

    def index_key(self, index: Index) -> str:
        return f"{self.name}#ix:{index.name}"

    def trigram_key(self, column: str, trigram: str) -> str:
        return f"{self.name}#tri:{column}:{trigram}"

    @property
    def sequence_key(self) -> str:
        return f"{self.name}#seq"

    @cached_property
    def indexed_columns(self) -> frozenset[str]:
        return frozenset(c for index in self.indexes for c in index.columns) | {*self.trigrams, self.pk.name}

    @property
    def layout(self) -> str:
        """Changes whenever rows written earlier may lack an index entry that is now expected."""
        parts = [
            *(f"{c.name} {c.kind} {c.null} {c.default!r}" for c in self.columns.values() if not callable(c.default)),
            *(f"{i.name} {i.columns} {i.unique}" for i in self.indexes),
            *self.trigrams,
        ]
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()[:16]

    def member(self, index: Index, row: dict[str, Any]) -> bytes:
        """The index member of a row (column -> value)."""
        return self.prefix(index, row) + codec.ordered(self.pk.kind, row[self.pk.name])

    def prefix(self, index: Index, row: dict[str, Any]) -> bytes:
        return b"".join(codec.ordered(self.columns[c].kind, row[c]) for c in index.columns)

    def prefix_length(self, index: Index, member: bytes) -> int:
        """How many bytes of a member are values; the rest is the pk's."""
        at = 0
        for column in index.columns:
            at = codec.part_end(self.columns[column].kind, member, at)
        return at


def _column_default(field: models.Field) -> Any:
    if field.null or field.primary_key:
        return None
    if field.default is not NOT_PROVIDED:
        if callable(field.default):
            return lambda: field.get_db_prep_save(field.get_default(), connections[ALIAS])
        return field.get_db_prep_save(field.default, connections[ALIAS])
    return "" if field.empty_strings_allowed and field.get_internal_type() in ("CharField", "TextField") else None


def _column(field: models.Field) -> Column:
    kind = field.db_type(connections[ALIAS])
    if kind not in codec.KINDS:
        raise NotSupportedError(f"The Redis store has no way to hold {field} ({field.get_internal_type()}).")
    return Column(field.column, kind, field.null, field.unique, _column_default(field))


def _indexes(model: type[models.Model]) -> tuple[list[Index], list[str]]:
    from .models import TrigramIndex

    meta = model._meta
    found: dict[tuple[str, ...], Index] = {}
    trigrams: list[str] = []

    def add(names: Any, unique: bool) -> None:
        columns = tuple(meta.get_field(name.lstrip("-")).column for name in names)
        unique = unique or (columns in found and found[columns].unique)
        found[columns] = Index(".".join(columns), columns, unique)

    for item in meta.local_concrete_fields:
        if (item.unique or item.db_index) and not item.primary_key:
            add([item.name], item.unique)
    for names in meta.unique_together:
        add(names, True)
    for constraint in meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            if constraint.expressions or constraint.condition or constraint.nulls_distinct is False:
                raise NotSupportedError(
                    f"{constraint.name}: the Redis store has unique constraints on plain fields only."
                )
            add(constraint.fields, True)
    for index in meta.indexes:
        if isinstance(index, TrigramIndex):
            trigrams += [meta.get_field(name).column for name in index.fields]
        elif index.expressions or index.condition:
            raise NotSupportedError(f"{index.name}: the Redis store knows indexes on plain fields only.")
        else:
            add(index.fields, False)
    return list(found.values()), trigrams


@lru_cache(maxsize=256)
def table(model: type[models.Model]) -> Table:
    """The table of a concrete model. Raises NotSupportedError where the model asks for what the store cannot do."""
    model = model._meta.concrete_model
    meta = model._meta
    if meta.parents:
        raise NotSupportedError(f"{meta.label} inherits from a concrete model; the store keeps one table per model.")
    columns = {field.column: _column(field) for field in meta.local_concrete_fields}
    indexes, trigrams = _indexes(model)
    for index in indexes:
        for name in index.columns:
            if codec.KINDS[columns[name].kind].ordered is None:
                raise NotSupportedError(f"{meta.label}.{name} is JSON and cannot be indexed by the Redis store.")
    return Table(
        name=meta.db_table,
        label=meta.label,
        columns=columns,
        pk=columns[meta.pk.column],
        indexes=(Index("pk", ()), *indexes),
        trigrams=tuple(trigrams),
        numbered=meta.auto_field is not None,
    )
