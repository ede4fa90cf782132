"""Django expressions as Python functions of a record.

A record is a dict `(alias, column) -> value`; building a function notes the columns it needs in `Reader.needed`.
NULL is None and spreads through operators and functions as in SQL.
"""

import json
import operator
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import NotSupportedError, models
from django.db.models import expressions as ex
from django.db.models import functions as fn
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import Lookup, Transform
from django.db.models.sql.where import NothingNode, WhereNode
from django.utils import timezone

Record = dict[tuple[str, str], Any]
Evaluator = Callable[[Record], Any]


@dataclass
class Reader:
    """Collects the columns the functions built with it need."""

    compiler: Any
    needed: set[tuple[str, str]] = field(default_factory=set)
    subqueries: dict[int, list[Any]] = field(default_factory=dict)

    @property
    def connection(self) -> Any:
        return self.compiler.connection


def unsupported(what: str) -> NotSupportedError:
    return NotSupportedError(f"The Redis store cannot do {what}. Read the rows and do it in Python.")


def _divide(a: Any, b: Any) -> Any:
    if b == 0:
        return None
    return int(Decimal(a) / Decimal(b)) if isinstance(a, int) and isinstance(b, int) else a / b


def _aligned(calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Lets a Decimal meet a float, as SQL does."""

    def run(a: Any, b: Any) -> Any:
        if isinstance(a, Decimal) and isinstance(b, float):
            a = float(a)
        elif isinstance(b, Decimal) and isinstance(a, float):
            b = float(b)
        return calculate(a, b)

    return run


_OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%%": operator.mod,
    "^": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "#": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


def _cast(value: Any, output: models.Field) -> Any:
    if isinstance(output, models.CharField | models.TextField):
        return str(value)
    return output.to_python(int(value) if isinstance(output, models.IntegerField) else value)


# Functions of values that are not None.
_FUNCTIONS: dict[type, Callable[..., Any]] = {
    fn.Lower: lambda v: str(v).lower(),
    fn.Upper: lambda v: str(v).upper(),
    fn.Length: lambda v: len(str(v)),
    fn.Trim: lambda v: v.strip(" "),
    fn.LTrim: lambda v: v.lstrip(" "),
    fn.RTrim: lambda v: v.rstrip(" "),
    fn.Abs: abs,
    fn.Greatest: max,
    fn.Least: min,
}


def build(expr: Any, reader: Reader) -> Evaluator:
    """The function that computes `expr`. Raises NotSupportedError with a sentence for what is not known here."""
    from . import predicate

    if isinstance(expr, ex.Ref):
        return build(expr.source, reader)
    if isinstance(expr, ex.Col):
        key = (expr.alias, expr.target.column)
        reader.needed.add(key)
        return operator.itemgetter(key)
    if isinstance(expr, Lookup | WhereNode | NothingNode):
        return predicate.build(expr, reader)
    if isinstance(expr, KeyTransform):
        value = json_value(expr, reader)
        return lambda r: json.dumps(v) if isinstance(v := value(r), str) else v
    for known, builder in _BUILDERS:
        if isinstance(expr, known):
            return builder(expr, reader)
    calculate = _FUNCTIONS.get(type(expr))
    if calculate is None:
        raise unsupported(f"{type(expr).__name__} in a query")
    return _spread(calculate, [build(e, reader) for e in expr.get_source_expressions() if e is not None])


def _spread(calculate: Callable[..., Any], sources: list[Evaluator]) -> Evaluator:
    def run(record: Record) -> Any:
        values = [source(record) for source in sources]
        return None if any(v is None for v in values) else calculate(*values)

    return run


def _value(expr: ex.Value, reader: Reader) -> Evaluator:
    value = expr.value
    output = expr._output_field_or_none
    if output is not None and value is not None:
        prepare = output.get_db_prep_save if expr.for_save else output.get_db_prep_value
        value = prepare(value, connection=reader.connection)
    return lambda _: value


def _combined(expr: ex.CombinedExpression, reader: Reader) -> Evaluator:
    if expr.connector not in _OPERATORS:
        raise unsupported(f"the operator {expr.connector!r}")
    return _spread(_aligned(_OPERATORS[expr.connector]), [build(expr.lhs, reader), build(expr.rhs, reader)])


def _case(expr: ex.Case, reader: Reader) -> Evaluator:
    cases = [(build(when.condition, reader), build(when.result, reader)) for when in expr.cases]
    default = build(expr.default, reader)

    def run(record: Record) -> Any:
        for condition, result in cases:
            if condition(record):
                return result(record)
        return default(record)

    return run


def _coalesce(expr: fn.Coalesce, reader: Reader) -> Evaluator:
    sources = [build(e, reader) for e in expr.get_source_expressions()]
    return lambda r: next((v for source in sources if (v := source(r)) is not None), None)


def _concat(expr: Any, reader: Reader) -> Evaluator:
    sources = [build(e, reader) for e in expr.get_source_expressions()]
    return lambda r: "".join(str(v) for source in sources if (v := source(r)) is not None)


def _negated(expr: ex.NegatedExpression, reader: Reader) -> Evaluator:
    inner = build(expr.get_source_expressions()[0], reader)
    return lambda r: None if (v := inner(r)) is None else not v


def _local(expr: Any, value: Any) -> Any:
    """A datetime in the time zone the expression works in."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return timezone.localtime(value, expr.tzinfo or timezone.get_current_timezone())
    return value


_PARTS: dict[str, Callable[[Any], int]] = {
    "iso_year": lambda v: v.isocalendar()[0],
    "week": lambda v: v.isocalendar()[1],
    "week_day": lambda v: v.isoweekday() % 7 + 1,
    "iso_week_day": lambda v: v.isoweekday(),
    "quarter": lambda v: (v.month - 1) // 3 + 1,
    **{name: operator.attrgetter(name) for name in ("year", "month", "day", "hour", "minute", "second")},
}


def _extract(expr: fn.Extract, reader: Reader) -> Evaluator:
    part = _PARTS[expr.lookup_name]
    return _spread(lambda v: part(_local(expr, v)), [build(expr.lhs, reader)])


def _truncated(value: Any, kind: str) -> Any:
    if kind == "week":
        value, kind = value - timedelta(days=value.weekday()), "day"
    elif kind == "quarter":
        value, kind = value.replace(month=(value.month - 1) // 3 * 3 + 1), "month"
    coarse_to_fine = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    least = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    finer = coarse_to_fine[coarse_to_fine.index(kind) + 1 :]
    return value.replace(**{name: least[name] for name in finer if hasattr(value, name)})


def _truncate(expr: Any, reader: Reader) -> Evaluator:
    def run(value: Any) -> Any:
        local = _local(expr, value)
        if isinstance(expr, fn.TruncDate):
            return local.date()
        if isinstance(expr, fn.TruncTime):
            return local.time()
        cut = _truncated(local, expr.kind)
        plain_date = isinstance(expr.output_field, models.DateField) and not isinstance(
            expr.output_field, models.DateTimeField
        )
        return cut.date() if plain_date and isinstance(cut, datetime) else cut

    return _spread(run, [build(expr.get_source_expressions()[0], reader)])


def json_value(expr: Any, reader: Reader) -> Evaluator:
    """The Python object of a JSON column, or of a key inside it; None where the key is missing."""
    if not isinstance(expr, KeyTransform):
        text = build(expr, reader)
        return lambda r: None if (v := text(r)) is None else json.loads(v)
    outer, name = json_value(expr.lhs, reader), expr.key_name

    def run(record: Record) -> Any:
        value = outer(record)
        if isinstance(value, dict):
            return value.get(str(name))
        is_position = isinstance(value, list) and str(name).lstrip("-").isdigit()
        return value[int(name)] if is_position and -len(value) <= int(name) < len(value) else None

    return run


_BUILDERS: list[tuple[Any, Callable[[Any, Reader], Evaluator]]] = [
    (ex.Value, _value),
    (ex.CombinedExpression, _combined),
    (ex.Case, _case),
    (ex.NegatedExpression, _negated),
    (ex.ExpressionWrapper, lambda expr, reader: build(expr.expression, reader)),
    (ex.OrderBy, lambda expr, reader: build(expr.expression, reader)),
    (fn.Coalesce, _coalesce),
    (fn.ConcatPair, _concat),
    (fn.Concat, _concat),
    (fn.Cast, lambda e, r: _spread(lambda v: _cast(v, e.output_field), [build(e.get_source_expressions()[0], r)])),
    (fn.Now, lambda expr, reader: lambda _: timezone.now()),
    (fn.Random, lambda expr, reader: lambda _: random.random()),
    (fn.Extract, _extract),
    ((fn.Trunc, fn.TruncDate, fn.TruncTime, fn.datetime.TruncBase), _truncate),
]

__all__ = ["Evaluator", "Reader", "Record", "Transform", "build", "date", "json_value", "unsupported"]
