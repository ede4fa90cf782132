"""What single conditions say of a column, in the ordered bytes index members are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import lookups as lk
from django.db.models.expressions import Col
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND, WhereNode

from . import codec
from .expressions import Reader
from .predicate import prepared, subquery_values
from .schema import Table

# An IN over more values than this is judged row by row.
POINTS_LIMIT = 500


@dataclass(frozen=True)
class Restriction:
    """What one condition says of a column's ordered form: one of `points`, or within [low, high)."""

    column: str
    points: tuple[bytes, ...] | None
    low: bytes = codec.PRESENT
    high: bytes = codec.AFTER_PRESENT


def top_conditions(node: Any) -> list[Any]:
    """The conditions that must all hold."""
    if isinstance(node, WhereNode) and not node.negated and (node.connector == AND or len(node.children) == 1):
        return [leaf for child in node.children for leaf in top_conditions(child)]
    return [node]


def restriction(leaf: Any, table: Table, alias: str, reader: Reader) -> Restriction | None:
    """What a leaf says of one column in ordered bytes; None where it cannot be said exactly."""
    lhs = getattr(leaf, "lhs", None)
    if not isinstance(leaf, lk.Lookup) or not isinstance(lhs, Col) or lhs.alias != alias:
        return None
    column = lhs.target.column
    kind = table.columns[column].kind
    try:
        return _restriction(leaf, column, kind, reader)
    except codec.NotIndexable:
        return None


def _restriction(leaf: lk.Lookup, column: str, kind: str, reader: Reader) -> Restriction | None:
    name = leaf.lookup_name
    if name == "isnull":
        return Restriction(column, (codec.NULL,)) if leaf.rhs else Restriction(column, None)
    if codec.KINDS[kind].ordered is None:
        return None
    if name == "in":
        values = in_values(leaf, reader)
        return None if values is None else Restriction(column, tuple({codec.ordered(kind, v): None for v in values}))
    if name == "range":
        low, high = (_constant(leaf, v, kind, reader) for v in leaf.rhs)
        return None if low is None or high is None else Restriction(column, None, low, codec.after(high))
    if name == "startswith" and kind == "text" and isinstance(leaf.rhs, str):
        start = codec.ordered_text_start(leaf.rhs)
        return Restriction(column, None, start, codec.after(start))
    if name not in ("exact", "gt", "gte", "lt", "lte"):
        return None
    value = _constant(leaf, leaf.rhs, kind, reader)
    if value is None:
        return None
    return {
        "exact": lambda: Restriction(column, (value,)),
        "gt": lambda: Restriction(column, None, low=codec.after(value)),
        "gte": lambda: Restriction(column, None, low=value),
        "lt": lambda: Restriction(column, None, high=value),
        "lte": lambda: Restriction(column, None, high=codec.after(value)),
    }[name]()


def _constant(leaf: lk.Lookup, value: Any, kind: str, reader: Reader) -> bytes | None:
    if isinstance(value, Query):
        found = subquery_values(value, reader)
        value = found[0] if found else None
    elif hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
        return None
    else:
        value = prepared(leaf, value, reader)
    return None if value is None else codec.ordered(kind, value)


def in_values(leaf: lk.In, reader: Reader) -> list[Any] | None:
    """The values of an IN, without NULLs; None where they are not known before the rows are."""
    if isinstance(leaf.rhs, Query):
        values = subquery_values(leaf.rhs, reader)
    elif not isinstance(leaf.rhs, Iterable) or any(hasattr(v, "resolve_expression") for v in leaf.rhs):
        return None
    else:
        values = [prepared(leaf, v, reader) for v in leaf.rhs]
    values = [v for v in values if v is not None]
    return values if len(values) <= POINTS_LIMIT * 20 else None
