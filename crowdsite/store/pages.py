"""Index members in a wanted order: as a stream, or one window of them at any depth for the same price."""

from collections.abc import Iterator
from itertools import groupby

from . import codec
from .planner import Span
from .rows import FETCH_BATCH, Rows

# Redis walks over skipped members; from here on their positions are computed instead.
SKIP_LIMIT = 200


def stream(rows: Rows, span: Span, batch: int = FETCH_BATCH) -> Iterator[list[bytes]]:
    """All members of a span in its order, in batches."""
    intervals = reversed(span.intervals) if span.desc else span.intervals
    for interval in intervals:
        after, held = b"", []
        while True:
            members = rows.between(span.index, interval, reverse=span.desc, limit=batch, after=after)
            is_last = len(members) < batch
            after = members[-1] if members else after
            if span.order == "ties":
                members, held = _split_last_group(rows, span, held + members, is_last)
            if members:
                yield members
            if is_last:
                break


def window(rows: Rows, span: Span, offset: int, limit: int) -> list[bytes]:
    """Members `offset` to `offset + limit` of a span with one interval, in its order."""
    interval = span.intervals[0]
    if span.order != "ties" and offset <= SKIP_LIMIT:
        return rows.between(span.index, interval, reverse=span.desc, offset=offset, limit=limit)
    before, total = rows.count(span.index, [(b"", interval[0]) if interval[0] else (b"\xff", b"\xff"), interval])
    first, end = offset, min(offset + limit, total)
    if first >= end:
        return []
    positions = _Positions(rows, span, before, total)
    members = positions.members((first, end))[0]
    return _with_ties(positions, members, first, end) if span.order == "ties" else members


class _Positions:
    """Positions counted along the span's direction, from the beginning of its interval."""

    def __init__(self, rows: Rows, span: Span, before: int, total: int):
        self.rows, self.span, self.before, self.total = rows, span, before, total

    def members(self, *ranges: tuple[int, int]) -> list[list[bytes]]:
        if not self.span.desc:
            return self.rows.ranks(self.span.index, [(self.before + a, self.before + b) for a, b in ranges])
        end = self.before + self.total
        return [m[::-1] for m in self.rows.ranks(self.span.index, [(end - b, end - a) for a, b in ranges])]

    def prefix(self, member: bytes) -> bytes:
        return member[: self.rows.table.prefix_length(self.span.index, member)]

    def groups(self, *prefixes: bytes) -> list[tuple[int, int]]:
        """Where the members of equal values begin and end."""
        asked = [bounds for p in prefixes for bounds in ((b"", p), (p, codec.after(p)))]
        counts = self.rows.count(self.span.index, asked)
        found = []
        for below, size in zip(counts[::2], counts[1::2], strict=True):
            start = below - self.before
            found.append((self.total - start - size, self.total - start) if self.span.desc else (start, start + size))
        return found


def _with_ties(positions: _Positions, members: list[bytes], first: int, end: int) -> list[bytes]:
    """The window when rows of equal values are to run the other way.

    Groups that lie wholly inside are turned round; of the two that the window cuts, other members are wanted.
    """
    prefixes = [positions.prefix(m) for m in (members[0], members[-1])]
    (head_start, head_end), (tail_start, tail_end) = positions.groups(*prefixes)
    if prefixes[0] == prefixes[1]:
        return positions.members((head_start + head_end - end, head_start + head_end - first))[0][::-1]
    middle = members[head_end - first : tail_start - first]
    head, tail = positions.members((head_start, head_start + head_end - first), (tail_start + tail_end - end, tail_end))
    turned = [m for _, group in groupby(middle, positions.prefix) for m in reversed(list(group))]
    return head[::-1] + turned + tail[::-1]


def _split_last_group(rows: Rows, span: Span, members: list[bytes], is_last: bool) -> tuple[list[bytes], list[bytes]]:
    """Whole groups of equal values, turned round, and the last one held back until its end is known."""
    groups = [list(g) for _, g in groupby(members, lambda m: m[: rows.table.prefix_length(span.index, m)])]
    held = [] if is_last or not groups else groups.pop()
    return [m for group in groups for m in reversed(group)], held
