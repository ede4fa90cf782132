"""Runs a query's where clause, order and window, and yields records."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import OrderBy, sql
from django.db.models.expressions import Col, Ref

from . import pages, predicate
from .expressions import Evaluator, Reader, Record, build, unsupported
from .planner import Order, Pks, Plan, Planner, Source, Span, Trigrams, Union
from .router import is_redis
from .rows import FETCH_BATCH, Rows
from .schema import table

logger = logging.getLogger("crowdsite.store")
_warned: set[str] = set()


@dataclass(frozen=True)
class SortKey:
    """One ORDER BY term. NULL is the least value unless `nulls_first` or `nulls_last` says otherwise."""

    value: Evaluator
    desc: bool
    nulls_first: bool

    def sort(self, records: list[Record]) -> None:
        null_rank = 0 if self.nulls_first != self.desc else 2

        def key(record: Record) -> tuple[int, Any]:
            value = self.value(record)
            return (null_rank, 0) if value is None else (1, value)

        records.sort(key=key, reverse=self.desc)


@dataclass(frozen=True)
class Related:
    """A row reached through a foreign key."""

    alias: str
    parent: str
    column: str
    rows: Rows


class Reading:
    """One query being read. `reader` has to know all selected expressions (`build`) before `records` is called."""

    def __init__(self, compiler: Any):
        query: sql.Query = compiler.query
        self.query, self.connection = query, compiler.connection
        self.alias = query.get_initial_alias()
        self.rows = Rows(compiler.connection, table(query.model))
        self.table = self.rows.table
        self.reader = Reader(compiler)
        self.related = self._related()
        self.planner = Planner(self.rows, query.where, self.alias, self.reader)
        self.judge = predicate.build(query.where, self.reader) if query.where.children else None
        self.judged_by = set(self.reader.needed)

    def _related(self) -> list[Related]:
        found = []
        for alias, item in self.query.alias_map.items():
            if not self.query.alias_refcount[alias] or item.join_type is None:
                continue
            field = item.join_field
            if not getattr(field, "concrete", False) or not field.remote_field or item.filtered_relation:
                raise unsupported(f"a join from {self.table.label} back to the rows that point at it")
            target = field.remote_field.model
            if not is_redis(target) or not field.target_field.primary_key:
                raise unsupported(f"a join from {self.table.label} to {target._meta.label}, which is not a pk in Redis")
            found.append(Related(alias, item.parent_alias, field.column, Rows(self.connection, table(target))))
        return found

    # Records

    def fetch(self, pks: Sequence[Any], needed: Iterable[tuple[str, str]]) -> list[Record]:
        """The records of those rows that exist and match."""
        needed = set(needed) | self.judged_by
        mine = [column for alias, column in needed if alias == self.alias]
        links = {(r.parent, r.column) for r in self.related}
        mine += [column for alias, column in links if alias == self.alias and column not in mine]
        found = [
            {(self.alias, column): value for column, value in row.items()}
            for row in self.rows.fetch(pks, mine)
            if row is not None
        ]
        self._attach(found, needed | links)
        return found if self.judge is None else [r for r in found if self.judge(r)]

    def _attach(self, records: list[Record], needed: set[tuple[str, str]]) -> None:
        for related in self.related:
            columns = [column for alias, column in needed if alias == related.alias]
            key = (related.parent, related.column)
            pks = list({r[key]: None for r in records if r.get(key) is not None}) if columns else []
            rows = dict(zip(pks, related.rows.fetch(pks, columns), strict=True))
            for record in records:
                row = rows.get(record.get(key))
                for column in columns:
                    record[related.alias, column] = None if row is None else row[column]

    def batches(self, source: Source) -> Iterator[list[Any]]:
        """Pks of a source, in batches, in the source's order."""
        if isinstance(source, Span):
            for members in pages.stream(self.rows, source):
                yield [self.rows.pk_of(source.index, m) for m in members]
            return
        pks = self._pks(source)
        for start in range(0, len(pks), FETCH_BATCH):
            yield pks[start : start + FETCH_BATCH]

    def _pks(self, source: Source) -> list[Any]:
        if isinstance(source, Pks):
            return [pk for pk in source.pks if pk is not None]
        if isinstance(source, Trigrams):
            return sorted(self.rows.with_trigrams(source.keys))
        if isinstance(source, Union):
            return list(dict.fromkeys(pk for part in source.sources for batch in self.batches(part) for pk in batch))
        raise TypeError(source)

    def records(self, order_by: Sequence[OrderBy], low: int = 0, high: int | None = None) -> Iterator[Record]:
        """Matching records in order, from the `low`-th to before the `high`-th."""
        if high is not None and high <= low:
            return
        keys = [self._sort_key(term) for term in order_by]
        plan = self.planner.best(self._columns(order_by), high is not None)
        if plan.ordered:
            yield from self._in_order(plan, low, high)
            return
        self._warn_if_whole(plan)
        stop = None if high is None else high - low
        # Sorting may look at many more rows than it returns: read only what it needs at first.
        few = stop is None or isinstance(plan.source, Pks)
        needed = self.reader.needed if few else self.judged_by | self._order_columns(order_by)
        found = [r for pks in self.batches(plan.source) for r in self.fetch(pks, needed)]
        for key in reversed(keys):
            key.sort(found)
        found = found[low:high]
        if needed >= self.reader.needed:
            yield from found
        else:
            yield from self.fetch([r[self.alias, self.table.pk.name] for r in found], self.reader.needed)

    def _in_order(self, plan: Plan, low: int, high: int | None) -> Iterator[Record]:
        source = plan.source
        if isinstance(source, Pks):
            return
        if plan.exact and high is not None and len(source.intervals) == 1:
            members = pages.window(self.rows, source, low, high - low)
            yield from self.fetch([self.rows.pk_of(source.index, m) for m in members], self.reader.needed)
            return
        if plan.exact and not source.intervals:
            return
        self._warn_if_whole(plan)
        matching = (r for pks in self.batches(source) for r in self.fetch(pks, self.reader.needed))
        yield from islice(matching, low, high)

    def count(self) -> int:
        """How many rows match."""
        plan = self.planner.best([], False)
        if plan.exact:
            return sum(self.planner.sizes([plan.source]))
        self._warn_if_whole(plan)
        return sum(len(self.fetch(pks, ())) for pks in self.batches(plan.source))

    # Order

    def _sort_key(self, term: OrderBy) -> SortKey:
        value = build(term.expression, self.reader)
        first = term.nulls_first or (not term.nulls_last and not term.descending)
        return SortKey(value, term.descending, bool(first))

    def _order_columns(self, order_by: Sequence[OrderBy]) -> set[tuple[str, str]]:
        noted = Reader(self.reader.compiler)
        for term in order_by:
            build(term.expression, noted)
        return noted.needed

    def _columns(self, order_by: Sequence[OrderBy]) -> Order | None:
        """The order as columns of this table, if that is what it is."""
        columns: Order = []
        for term in order_by:
            expr = term.expression
            while isinstance(expr, Ref):
                expr = expr.source
            unusual = (term.nulls_first and term.descending) or (term.nulls_last and not term.descending)
            if not isinstance(expr, Col) or expr.alias != self.alias or unusual:
                return None
            columns.append((expr.target.column, term.descending))
        return columns

    def _warn_if_whole(self, plan: Plan) -> None:
        whole = isinstance(plan.source, Span) and not plan.source.used
        if not whole or not settings.DEBUG or (plan.exact and plan.ordered):
            return
        clause = f"{self.table.label} {self.query.where!r} {self.query.order_by!r}"
        if clause not in _warned:
            _warned.add(clause)
            logger.warning("A query reads all of %s; give it an index: %s", self.table.label, clause)
