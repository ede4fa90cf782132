"""Which index answers a where clause, and in which order.

The planner reads the conditions that are joined by AND at the top of the clause. What an index cannot answer stays a
*residual*: the executor judges every row it fetches by the whole clause anyway, so a plan may be wasteful, never wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import lookups as lk
from django.db.models.expressions import Col
from django.db.models.sql.where import OR, NothingNode, WhereNode

from . import codec
from .expressions import Reader
from .predicate import prepared
from .restrictions import POINTS_LIMIT, Restriction, in_values, restriction, top_conditions
from .rows import Interval, Rows
from .schema import Index, Table

# Up to this many rows are fetched and sorted rather than looked for along an index in the wanted order.
SORT_LIMIT = 2000

Order = list[tuple[str, bool]]  # (column, descending)


@dataclass(frozen=True)
class Span:
    """Members of an index within `intervals`. `order`: None, "asc", "desc", or "ties": `desc` says which way the values
    run and rows of equal values run the other way."""

    index: Index
    intervals: tuple[Interval, ...]
    used: int
    order: str | None = None
    desc: bool = False


@dataclass(frozen=True)
class Pks:
    """Rows named by their pk."""

    pks: tuple[Any, ...]


@dataclass(frozen=True)
class Trigrams:
    """Rows whose text may hold what is looked for."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Union:
    """Rows of any of several sources (OR)."""

    sources: tuple[Any, ...]


Source = Span | Pks | Trigrams | Union


@dataclass(frozen=True)
class Plan:
    """`exact`: the source holds the matching rows and no others. `ordered`: it yields them as asked."""

    source: Source
    exact: bool
    ordered: bool


class Planner:
    """Plans one where clause of one table."""

    def __init__(self, rows: Rows, where: Any, alias: str, reader: Reader):
        self.rows, self.table, self.alias, self.reader = rows, rows.table, alias, reader
        self.leaves = [leaf for leaf in top_conditions(where) if not isinstance(leaf, WhereNode) or leaf.children]
        self.nothing = any(isinstance(leaf, NothingNode) for leaf in self.leaves)

    @cached_property
    def _restrictions(self) -> list[Restriction | None]:
        return [restriction(leaf, self.table, self.alias, self.reader) for leaf in self.leaves]

    def best(self, order: Order | None, limited: bool) -> Plan:
        """The cheapest plan. `order` None = expressions no index has; [] = any order will do."""
        if self.nothing:
            return Plan(Pks(()), True, True)
        pks = self._by_pk()
        if pks is not None:
            return Plan(pks, False, False)
        spans = [self._span(index, order) for index in self.table.indexes]
        ordered = [s for s in spans if s.order is not None]
        for span in sorted(ordered, key=lambda s: s.order == "ties"):
            if span.used == len(self.leaves):
                return Plan(span, True, True)
        selective = [s for s in spans if s.used] + self._other_sources()
        walk = max(ordered, key=lambda s: s.used) if ordered and (limited or order == []) else None
        if not selective:
            whole = walk or spans[0]
            return Plan(whole, not self.leaves, whole is walk)
        sizes = self.sizes(selective)
        least = min(range(len(selective)), key=sizes.__getitem__)
        source = selective[least]
        if walk is not None and order and sizes[least] > SORT_LIMIT:
            return Plan(walk, False, True)
        exact = isinstance(source, Span) and source.used == len(self.leaves)
        return Plan(source, exact, isinstance(source, Span) and source.order is not None)

    def ends(self, column: str) -> Span | None:
        """The span of an index that holds just the matching rows, ordered by `column`, without its NULLs."""
        for index in self.table.indexes:
            span = self._span(index, [(column, False)])
            if span.order == "asc" and span.used == len(self.leaves) and len(span.intervals) == 1 and not self.nothing:
                fixed = self._fixed_prefix(index)
                if index.columns[len(fixed) :][:1] == (column,):
                    ((low, high),) = span.intervals
                    prefix = b"".join(fixed)
                    interval = max(low, prefix + codec.PRESENT), high or codec.after(prefix)
                    return Span(index, (interval,), span.used, "asc")
        return None

    def sizes(self, sources: Sequence[Source]) -> list[int]:
        return [self._size(source) for source in sources]

    def _size(self, source: Source) -> int:
        if isinstance(source, Span):
            return sum(self.rows.count(source.index, source.intervals))
        if isinstance(source, Trigrams):
            return min(self.rows.trigram_sizes(source.keys))
        if isinstance(source, Union):
            return sum(map(self._size, source.sources))
        return len(source.pks)

    def _by_pk(self) -> Pks | None:
        for leaf in self.leaves:
            lhs = getattr(leaf, "lhs", None)
            if not isinstance(lhs, Col) or (lhs.alias, lhs.target.column) != (self.alias, self.table.pk.name):
                continue
            if isinstance(leaf, lk.Exact) and not hasattr(leaf.rhs, "resolve_expression"):
                return Pks((prepared(leaf, leaf.rhs, self.reader),))
            if isinstance(leaf, lk.In) and (values := in_values(leaf, self.reader)) is not None:
                return Pks(tuple(dict.fromkeys(values)))
        return None

    def _of_column(self, column: str) -> list[Restriction]:
        return [r for r in self._restrictions if r is not None and r.column == column]

    def _fixed_prefix(self, index: Index) -> list[bytes]:
        """The points of the leading columns that are held to one value."""
        fixed = []
        for column in index.columns:
            points = [r.points for r in self._of_column(column) if r.points is not None]
            if not points or len(points[0]) != 1:
                break
            fixed.append(points[0][0])
        return fixed

    def _span(self, index: Index, order: Order | None) -> Span:
        prefixes, used, position, low, high = [b""], 0, 0, None, None
        for column in index.columns or ():
            found = self._of_column(column)
            points = [r.points for r in found if r.points is not None]
            if points and len(points[0]) * len(prefixes) <= POINTS_LIMIT:
                prefixes = [p + point for p in prefixes for point in points[0]]
                used, position = used + 1, position + 1
                continue
            ranges = [r for r in found if r.points is None]
            if ranges:
                low, high = max(r.low for r in ranges), min(r.high or codec.AFTER_PRESENT for r in ranges)
                used += len(ranges)
            break
        if not index.columns:
            low, high, used = self._pk_range()
        if low is not None:
            pairs = [(p + low, p + high) for p in prefixes] if low < (high or b"\xff") else []
        else:
            pairs = [(p, codec.after(p) if p else b"") for p in prefixes]
        span = Span(index, tuple(sorted(pairs)), used)
        return self._with_order(span, index.columns[position:], order)

    def _pk_range(self) -> tuple[bytes | None, bytes | None, int]:
        ranges = [r for r in self._of_column(self.table.pk.name) if r.points is None]
        if not ranges:
            return None, None, 0
        return max(r.low for r in ranges), min(r.high or codec.AFTER_PRESENT for r in ranges), len(ranges)

    def _with_order(self, span: Span, free: tuple[str, ...], order: Order | None) -> Span:
        """The span with the order its members have, if that is the wanted one."""
        if order is None or (order and len(span.intervals) > 1):
            return span
        fixed = set(span.index.columns) - set(free)
        wanted = _shortened([item for item in order if item[0] not in fixed], self.table)
        have = [*free, self.table.pk.name]
        if [column for column, _ in wanted] != have[: len(wanted)]:
            return span
        directions = [desc for _, desc in wanted]
        if len(set(directions)) <= 1:
            desc = bool(directions) and directions[0]
            return Span(span.index, span.intervals, span.used, "desc" if desc else "asc", desc)
        if len(wanted) == len(have) and len(set(directions[:-1])) == 1:
            return Span(span.index, span.intervals, span.used, "ties", directions[0])
        return span

    def _other_sources(self) -> list[Source]:
        found: list[Source] = []
        for leaf in self.leaves:
            source = self._trigram_source(leaf) or self._union(leaf)
            if source is not None:
                found.append(source)
        return found

    def _trigram_source(self, leaf: Any) -> Trigrams | None:
        lhs = getattr(leaf, "lhs", None)
        if not isinstance(lhs, Col) or lhs.alias != self.alias or lhs.target.column not in self.table.trigrams:
            return None
        texty = ("contains", "startswith", "endswith", "exact")
        if leaf.lookup_name.removeprefix("i") not in texty or not isinstance(leaf.rhs, str):
            return None
        found = codec.trigrams(leaf.rhs)
        keys = tuple(self.table.trigram_key(lhs.target.column, t) for t in sorted(found))
        return Trigrams(keys) if keys else None

    def _union(self, leaf: Any) -> Union | None:
        if not isinstance(leaf, WhereNode) or leaf.negated or leaf.connector != OR:
            return None
        sources = []
        for child in leaf.children:
            branch = Planner(self.rows, child, self.alias, self.reader)
            if branch.nothing:
                continue
            pks = branch._by_pk()
            spans = [s for s in (branch._span(i, None) for i in self.table.indexes) if s.used]
            options = [pks] if pks is not None else [*spans, *branch._other_sources()]
            if not options:
                return None
            sources.append(max(options, key=lambda s: getattr(s, "used", 0)))
        return Union(tuple(sources))


def _shortened(order: Order, table: Table) -> Order:
    """Without what comes after a column that no two rows share, and without repeats."""
    kept: Order = []
    for column, desc in order:
        if column not in [c for c, _ in kept]:
            kept.append((column, desc))
        if column == table.pk.name or (table.columns[column].unique and not table.columns[column].null):
            break
    return kept
