"""Where clauses as Python functions of a record, in SQL's three-valued logic: True, False, or None for unknown."""

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from django.db import models
from django.db.models import lookups as lk
from django.db.models.fields import json as json_lookups
from django.db.models.sql.query import Query
from django.db.models.sql.where import AND, OR, XOR, NothingNode, WhereNode

from .expressions import Evaluator, Reader, Record, json_value, unsupported
from .expressions import build as build_expression


def _contains(pattern: Callable[[str, str], bool], fold: bool) -> Callable[[Any, Any], bool]:
    def run(value: Any, wanted: Any) -> bool:
        value, wanted = str(value), str(wanted)
        return pattern(value.casefold(), wanted.casefold()) if fold else pattern(value, wanted)

    return run


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "contains": _contains(lambda v, w: w in v, False),
    "icontains": _contains(lambda v, w: w in v, True),
    "startswith": _contains(str.startswith, False),
    "istartswith": _contains(str.startswith, True),
    "endswith": _contains(str.endswith, False),
    "iendswith": _contains(str.endswith, True),
    "iexact": _contains(operator.eq, True),
    "regex": lambda v, w: re.search(w, str(v)) is not None,
    "iregex": lambda v, w: re.search(w, str(v), re.IGNORECASE) is not None,
}
_JSON_REFUSED = (json_lookups.DataContains, json_lookups.ContainedBy, json_lookups.HasKeyLookup)


def build(node: Any, reader: Reader) -> Evaluator:
    """The function that judges a record by `node` (a WhereNode, a lookup, or an expression that is a condition)."""
    if isinstance(node, NothingNode):
        return lambda _: False
    if isinstance(node, WhereNode):
        return _tree(node, reader)
    if isinstance(node, lk.Lookup):
        return _lookup(node, reader)
    if getattr(node, "conditional", False):
        value = build_expression(node, reader)
        return lambda r: None if (v := value(r)) is None else bool(v)
    raise unsupported(f"the condition {type(node).__name__}")


def _tree(node: WhereNode, reader: Reader) -> Evaluator:
    children = [build(child, reader) for child in node.children]
    if not children:
        judged: Evaluator = lambda _: True  # noqa: E731 - an empty clause lets everything through
    elif len(children) == 1:
        judged = children[0]
    else:
        judged = {AND: _all, OR: _any, XOR: _odd}[node.connector](children)
    if node.negated:
        return lambda r: None if (v := judged(r)) is None else not v
    return judged


def _all(children: list[Evaluator]) -> Evaluator:
    def run(record: Record) -> bool | None:
        answer: bool | None = True
        for child in children:
            value = child(record)
            if value is None:
                answer = None
            elif not value:
                return False
        return answer

    return run


def _any(children: list[Evaluator]) -> Evaluator:
    def run(record: Record) -> bool | None:
        answer: bool | None = False
        for child in children:
            value = child(record)
            if value is None:
                answer = None
            elif value:
                return True
        return answer

    return run


def _odd(children: list[Evaluator]) -> Evaluator:
    def run(record: Record) -> bool | None:
        values = [child(record) for child in children]
        return None if any(v is None for v in values) else sum(map(bool, values)) % 2 == 1

    return run


def subquery_values(query: Query, reader: Reader) -> list[Any]:
    """The first column of a query, asked once."""
    if id(query) in reader.subqueries:
        return reader.subqueries[id(query)]
    key = id(query)
    if not query.has_select_fields:
        query = query.clone()
        query.clear_select_clause()
        query.add_fields(["pk"])
    compiler = query.get_compiler(connection=reader.connection)
    reader.subqueries[key] = [row[0] for row in compiler.results_iter(tuple_expected=True)]
    return reader.subqueries[key]


def prepared(lookup: lk.Lookup, value: Any, reader: Reader) -> Any:
    """A direct right-hand value as the column holds it."""
    if isinstance(lookup, lk.FieldGetDbPrepValueMixin):
        output = lookup.lhs.output_field
        output = getattr(output, "target_field", None) or output
        return output.get_db_prep_value(value, reader.connection, prepared=True)
    return value


def _right(lookup: lk.Lookup, value: Any, reader: Reader) -> Evaluator:
    if isinstance(value, Query):
        found = subquery_values(value, reader)
        return lambda _: found[0] if found else None
    if hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
        return build_expression(value, reader)
    constant = prepared(lookup, value, reader)
    return lambda _: constant


def _lookup(lookup: lk.Lookup, reader: Reader) -> Evaluator:
    if lookup.bilateral_transforms or isinstance(lookup, _JSON_REFUSED):
        raise unsupported(f"the lookup {lookup.lookup_name} of {type(lookup.lhs.output_field).__name__}")
    is_json = isinstance(lookup.lhs.output_field, models.JSONField)
    left = json_value(lookup.lhs, reader) if is_json else build_expression(lookup.lhs, reader)
    if isinstance(lookup, lk.IsNull):
        wanted = lookup.rhs
        return lambda r: (left(r) is None) is bool(wanted)
    if isinstance(lookup, lk.In):
        return _in(lookup, left, is_json, reader)
    if isinstance(lookup, lk.Range):
        low, high = (_right(lookup, value, reader) for value in lookup.rhs)
        at_least, at_most = _compared(left, low, operator.ge), _compared(left, high, operator.le)
        return _all([at_least, at_most])
    compare = _COMPARE.get(lookup.lookup_name)
    if compare is None:
        raise unsupported(f"the lookup {lookup.lookup_name}")
    right = _right(lookup, lookup.rhs, reader)
    return _compared(left, _json_right(lookup, right) if is_json else right, compare)


def _json_right(lookup: lk.Lookup, right: Evaluator) -> Evaluator:
    """JSON meets JSON as values; text patterns meet the text."""
    if not isinstance(lookup, lk.FieldGetDbPrepValueMixin):
        return right
    return lambda r: json.loads(v) if isinstance(v := right(r), str) else v


def _compared(left: Evaluator, right: Evaluator, compare: Callable[[Any, Any], bool]) -> Evaluator:
    def run(record: Record) -> bool | None:
        a, b = left(record), right(record)
        if a is None or b is None:
            return None
        try:
            return compare(a, b)
        except TypeError:
            return False  # a JSON number against a JSON text, say: neither is greater

    return run


def _in(lookup: lk.In, left: Evaluator, is_json: bool, reader: Reader) -> Evaluator:
    rhs = lookup.rhs
    if isinstance(rhs, Query):
        rights: list[Evaluator] = [(lambda _, v=v: v) for v in subquery_values(rhs, reader)]
    else:
        if hasattr(rhs, "get_source_expressions"):
            rhs = rhs.get_source_expressions()
        rights = [_right(lookup, v, reader) for v in rhs if v is not None]
    if is_json:
        rights = [_json_right(lookup, right) for right in rights]
    constant = all(not hasattr(v, "as_sql") for v in rhs) if not isinstance(rhs, Query) else True
    values = [right({}) for right in rights] if constant else None
    quick = set(values) - {None} if values is not None and not is_json else None

    def run(record: Record) -> bool | None:
        value = left(record)
        if value is None:
            return None if rights else False
        if quick is not None:
            return True if value in quick else (None if None in values else False)
        found = [right(record) for right in rights]
        return True if value in found else (None if None in found else False)

    return run
