"""SELECT: what Django calls to get rows of values."""

from collections.abc import Iterator
from typing import Any

from django.db.models.expressions import Col, OrderBy
from django.db.models.sql import compiler as base
from django.db.models.sql.constants import GET_ITERATOR_CHUNK_SIZE, MULTI, SINGLE

from .aggregates import aggregated, aggregated_rows, is_aggregate
from .expressions import build, unsupported
from .reading import Reading


class SQLCompiler(base.SQLCompiler):
    """Answers a single-table query; rows of foreign keys may be read along."""

    def compile(self, node: Any) -> tuple[str, tuple[()]]:
        """A name for an expression where Django wants SQL: it compares such names to drop repeated ORDER BY terms."""
        if isinstance(node, OrderBy):
            return f"{node.expression!r} {'DESC' if node.descending else 'ASC'}", ()
        return repr(node), ()

    def execute_sql(
        self, result_type: str = MULTI, chunked_fetch: bool = False, chunk_size: int = GET_ITERATOR_CHUNK_SIZE
    ) -> Any:
        """Rows of selected values: an iterator of lists for MULTI, the first row or None for SINGLE, else None."""
        rows = self.rows()
        if result_type == SINGLE:
            return next(rows, None)
        if result_type != MULTI:
            return None
        if chunked_fetch:
            return _chunks(rows, chunk_size)
        return [list(rows)]

    def rows(self) -> Iterator[list[Any]]:
        query = self.query
        self._refuse_what_is_no_single_table()
        _, order_by, _ = self.pre_sql_setup()
        self.col_count = len(self.select)
        if query.group_by is not None:
            raise unsupported("a GROUP BY (annotate with an aggregate)")
        expressions = [expression for expression, _, _ in self.select]
        reading = Reading(self)
        if any(map(is_aggregate, expressions)):
            return iter([aggregated(reading, expressions)])
        return self._selected(reading, expressions, [term for term, _ in order_by])

    def _selected(self, reading: Reading, expressions: list[Any], order_by: list[Any]) -> Iterator[list[Any]]:
        query = self.query
        values = [build(expression, reader=reading.reader) for expression in expressions]
        low, high = query.low_mark, query.high_mark
        pk = (reading.alias, reading.table.pk.name)
        if not query.distinct or any(isinstance(e, Col) and (e.alias, e.target.column) == pk for e in expressions):
            for record in reading.records(order_by, low, high):
                yield [value(record) for value in values]
            return
        seen: dict[Any, None] = {}
        for record in reading.records(order_by):
            seen.setdefault(tuple(value(record) for value in values))
            if high is not None and len(seen) >= high:
                break
        yield from (list(row) for row in list(seen)[low:high])

    def _refuse_what_is_no_single_table(self) -> None:
        query = self.query
        if query.combinator:
            raise unsupported(f"a {query.combinator} of querysets")
        if query.extra or query.extra_tables:
            raise unsupported("extra()")
        if query.distinct_fields:
            raise unsupported("distinct() on named fields")

    def explain_query(self) -> Iterator[str]:
        raise unsupported("explain()")


class SQLAggregateCompiler(SQLCompiler):
    """Aggregates over a sliced or distinct query."""

    def rows(self) -> Iterator[list[Any]]:
        annotations = self.query.annotation_select
        inner = self.query.inner_query.get_compiler(self.using, elide_empty=self.elide_empty)
        rows = list(inner.rows())
        self.col_count = len(annotations)
        names = [alias or (e.target.column if isinstance(e, Col) else None) for e, _, alias in inner.select]
        return iter([aggregated_rows(rows, names, list(annotations.values()))])


def _chunks(rows: Iterator[list[Any]], size: int) -> Iterator[list[list[Any]]]:
    chunk: list[list[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
