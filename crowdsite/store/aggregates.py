"""COUNT, SUM, AVG, MIN and MAX over the rows of a query."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.db.models import Aggregate, Avg, Count, Max, Min, Sum
from django.db.models.expressions import Col, Ref, Star

from .expressions import Evaluator, Record, build, unsupported
from .reading import Reading

_FOLDS: dict[type, Callable[[list[Any]], Any]] = {
    Sum: lambda values: sum(values[1:], values[0]) if values else None,
    Avg: lambda values: sum(values[1:], values[0]) / len(values) if values else None,
    Min: lambda values: min(values, default=None),
    Max: lambda values: max(values, default=None),
    Count: len,
}


def is_aggregate(expression: Any) -> bool:
    return bool(getattr(expression, "contains_aggregate", False))


def aggregated(reading: Reading, expressions: list[Any]) -> list[Any]:
    """One row of aggregates, from the index where it knows the answer."""
    known = {i: found for i, e in enumerate(expressions) if (found := _from_index(reading, e)) is not None}
    if len(known) < len(expressions):
        rest = [e for i, e in enumerate(expressions) if i not in known]
        columns = [_Column(e, _argument(e, reading), _filter(e, reading)) for e in rest]
        for record in reading.records([]):
            for column in columns:
                column.take(record)
        results = iter([column.result() for column in columns])
        return [known[i][0] if i in known else next(results) for i in range(len(expressions))]
    return [known[i][0] for i in range(len(expressions))]


def _from_index(reading: Reading, expression: Any) -> tuple[Any] | None:
    """A one-tuple with the answer, or None where rows have to be read."""
    if not isinstance(expression, Count | Min | Max) or expression.filter is not None:
        return None
    argument = expression.get_source_expressions()[0]
    is_pk = isinstance(argument, Col) and (argument.alias, argument.target.column) == (
        reading.alias,
        reading.table.pk.name,
    )
    if isinstance(expression, Count):
        return (reading.count(),) if isinstance(argument, Star) or is_pk else None
    if not isinstance(argument, Col) or argument.alias != reading.alias:
        return None
    span = reading.planner.ends(argument.target.column)
    if span is None:
        return None
    members = reading.rows.between(span.index, span.intervals[0], reverse=isinstance(expression, Max), limit=1)
    if not members:
        return (None,)
    row = reading.rows.fetch([reading.rows.pk_of(span.index, members[0])], [argument.target.column])[0]
    return None if row is None else (row[argument.target.column],)


class _Column:
    """One aggregate being computed."""

    def __init__(self, expression: Aggregate, argument: Evaluator, condition: Evaluator | None):
        if type(expression) not in _FOLDS:
            raise unsupported(f"the aggregate {type(expression).__name__}")
        self.expression, self.argument, self.condition = expression, argument, condition
        self.values: list[Any] = []

    def take(self, record: Record) -> None:
        if self.condition is None or self.condition(record):
            value = self.argument(record)
            if value is not None:
                self.values.append(value)

    def result(self) -> Any:
        values = list(dict.fromkeys(self.values)) if self.expression.distinct else self.values
        found = _FOLDS[type(self.expression)](values)
        return float(found) if isinstance(self.expression, Avg) and isinstance(found, int | Decimal) else found


def _argument(expression: Any, reading: Reading) -> Evaluator:
    if not isinstance(expression, Aggregate):
        raise unsupported("arithmetic on aggregates")
    argument = expression.get_source_expressions()[0]
    return (lambda _: True) if isinstance(argument, Star) else build(argument, reading.reader)


def _filter(expression: Aggregate, reading: Reading) -> Evaluator | None:
    return None if expression.filter is None else build(expression.filter, reading.reader)


def aggregated_rows(rows: list[list[Any]], names: list[str | None], expressions: Iterable[Any]) -> list[Any]:
    """One row of aggregates over rows that were selected already, whose columns have these names."""
    found = []
    for expression in expressions:
        argument = expression.get_source_expressions()[0]
        if expression.filter is not None:
            raise unsupported("a filtered aggregate of a sliced or distinct query")
        if isinstance(argument, Star):
            column = _Column(expression, lambda _: True, None)
        else:
            at = names.index(argument.refs if isinstance(argument, Ref) else argument.target.column)
            column = _Column(expression, itemgetter(at), None)
        for row in rows:
            column.take(row)
        found.append(column.result())
    return found
