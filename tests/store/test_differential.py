"""Random queries against a plain list of dicts that follows SQL's rules for NULL."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Count, F, Max, Min, Q, Sum

from crowdsite.store.audit import verify
from tests.store.app.models import Gate, Person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

NAMES = ["", "Ann", "ann", "Bo", "Bob", "Boban", "Zoë", "Straße", "李雷", "a\x00b", "a\x00", "a", "O'Neil %_*[x]"]
MOMENT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def random_row(rng: random.Random, number: int, gates: list[int]) -> dict:
    def maybe(value):
        return None if rng.random() < 0.25 else value

    return {
        "name": rng.choice(NAMES) + rng.choice(["", " jr", str(rng.randrange(30))]),
        "badge": f"B{number:05d}",
        "gate_id": maybe(rng.choice(gates)),
        "age": maybe(rng.randrange(-5, 12)),
        "height": maybe(rng.choice([-1.5, 0.0, 0.25, 1.75, 1e300])),
        "enabled": rng.random() < 0.6,
        "checked": maybe(rng.random() < 0.5),
        "balance": maybe(Decimal(rng.randrange(-500, 500)) / 100),
        "born": maybe(date(2000, 1, 1) + timedelta(days=number)),
        "seen_at": maybe(MOMENT + timedelta(minutes=rng.randrange(-90, 90))),
    }


def three_valued(value, wanted, test):
    return None if value is None or wanted is None else test(value, wanted)


TESTS = {
    "exact": lambda v, w: three_valued(v, w, lambda a, b: a == b),
    "gt": lambda v, w: three_valued(v, w, lambda a, b: a > b),
    "gte": lambda v, w: three_valued(v, w, lambda a, b: a >= b),
    "lt": lambda v, w: three_valued(v, w, lambda a, b: a < b),
    "lte": lambda v, w: three_valued(v, w, lambda a, b: a <= b),
    "range": lambda v, w: three_valued(v, w, lambda a, b: b[0] <= a <= b[1]),
    "in": lambda v, w: False if not w else (None if v is None else v in w),
    "isnull": lambda v, w: (v is None) == w,
    "contains": lambda v, w: three_valued(v, w, lambda a, b: b in a),
    "icontains": lambda v, w: three_valued(v, w, lambda a, b: b.casefold() in a.casefold()),
    "startswith": lambda v, w: three_valued(v, w, lambda a, b: a.startswith(b)),
    "istartswith": lambda v, w: three_valued(v, w, lambda a, b: a.casefold().startswith(b.casefold())),
    "iexact": lambda v, w: three_valued(v, w, lambda a, b: a.casefold() == b.casefold()),
}
ORDERED = ["exact", "gt", "gte", "lt", "lte", "range", "in", "isnull"]
TEXT = [*ORDERED, "contains", "icontains", "startswith", "istartswith", "iexact"]
LOOKUPS = {
    "id": ORDERED[:-1],
    "name": TEXT,
    "badge": TEXT,
    "gate_id": ["exact", "in", "isnull"],
    "age": ORDERED,
    "height": ORDERED,
    "enabled": ["exact"],
    "checked": ["exact", "isnull"],
    "balance": ORDERED,
    "born": ORDERED,
    "seen_at": ORDERED,
}


def random_leaf(rng: random.Random, rows: list[dict]):
    field = rng.choice(list(LOOKUPS))
    lookup = rng.choice(LOOKUPS[field])
    present = [row[field] for row in rows if row[field] is not None]
    if not present:
        return Q(id__gt=0), lambda row: True

    def value():
        found = rng.choice(present)
        return found[: rng.randrange(1, 6)] if isinstance(found, str) and lookup not in ("exact", "in") else found

    if lookup == "isnull":
        wanted = rng.random() < 0.5
    elif lookup == "in":
        wanted = [value() for _ in range(rng.randrange(4))]
    elif lookup == "range":
        wanted = sorted([value(), value()])
    else:
        wanted = value()
    return Q(**{f"{field}__{lookup}": wanted}), lambda row: TESTS[lookup](row[field], wanted)


def negated(judge):
    """As Django reads exclude(): it adds "IS NOT NULL" to nullable columns inside, so unknown counts as false there."""
    return lambda row: judge(row) is not True


def conjunction(judges):
    def judge(row):
        values = [j(row) for j in judges]
        return False if False in values else (None if None in values else True)

    return judge


def disjunction(judges):
    def judge(row):
        values = [j(row) for j in judges]
        return True if True in values else (None if None in values else False)

    return judge


def random_condition(rng: random.Random, rows: list[dict], depth: int = 0):
    if depth == 2 or rng.random() < 0.4:
        q, judge = random_leaf(rng, rows)
    else:
        parts = [random_condition(rng, rows, depth + 1) for _ in range(rng.randrange(2, 4))]
        q, judges = parts[0][0], [judge for _, judge in parts]
        if rng.random() < 0.6:
            for part, _ in parts[1:]:
                q &= part
            judge = conjunction(judges)
        else:
            for part, _ in parts[1:]:
                q |= part
            judge = disjunction(judges)
    if depth == 0 and rng.random() < 0.3:
        return ~q, negated(judge)
    return q, judge


def random_order(rng: random.Random) -> list[str]:
    fields = rng.sample([*LOOKUPS, "gate_id", "name", "age"], rng.randrange(4))
    names = list(dict.fromkeys(fields))
    if rng.random() < 0.5:
        one = rng.choice(["", "-"])
        order = [one + name for name in names]
    else:
        order = [rng.choice(["", "-"]) + name for name in names]
    return [name for name in order if name.strip("-") != "id"] + [rng.choice(["id", "-id"])]


def in_order(rows: list[dict], order: list[str]) -> list[dict]:
    for term in reversed(order):
        name = term.lstrip("-")
        rows = sorted(
            rows,
            key=lambda row: (row[name] is not None, 0 if row[name] is None else row[name]),
            reverse=term.startswith("-"),
        )
    return rows


class Model:
    """The plain list, and the store beside it."""

    def __init__(self, seed: int, size: int):
        self.rng = random.Random(seed)
        self.gates = [Gate.objects.create(name=f"G{n}").pk for n in range(4)]
        self.added = 0
        self.rows: list[dict] = []
        self.add(size)

    def add(self, count: int) -> None:
        rows = []
        for _ in range(count):
            rows.append(random_row(self.rng, self.added, self.gates))
            self.added += 1
        people = Person.objects.bulk_create([Person(**row) for row in rows])
        self.rows += [{**row, "id": person.pk} for row, person in zip(rows, people, strict=True)]

    def ids(self, judge) -> set[int]:
        return {row["id"] for row in self.rows if judge(row) is True}

    def query(self) -> None:
        q, judge = random_condition(self.rng, self.rows)
        matching = [row for row in self.rows if judge(row) is True]
        order = random_order(self.rng)
        expected = [row["id"] for row in in_order(matching, order)]
        found = Person.objects.filter(q).order_by(*order)
        shown = f"{q} {order}"
        assert list(found.values_list("pk", flat=True)) == expected, shown
        low = self.rng.randrange(0, len(self.rows) + 2)
        high = low + self.rng.randrange(0, 40)
        assert [p.pk for p in found[low:high]] == expected[low:high], f"{shown} {low} {high}"
        assert found.count() == len(expected), shown
        assert found.exists() is bool(expected), shown
        assert found[low:high].count() == len(expected[low:high]), shown
        if self.rng.random() < 0.2:
            self.aggregates(found, matching)

    def aggregates(self, found, matching: list[dict]) -> None:
        name = self.rng.choice(["age", "balance", "seen_at", "name"])
        values = [row[name] for row in matching if row[name] is not None]
        answer = found.aggregate(low=Min(name), high=Max(name), n=Count(name))
        assert answer == {"low": min(values, default=None), "high": max(values, default=None), "n": len(values)}
        ages = [row["age"] for row in matching if row["age"] is not None]
        assert found.aggregate(total=Sum("age"))["total"] == (sum(ages) if ages else None)
        distinct = found.order_by("age").values_list("age", flat=True).distinct()
        assert list(distinct) == sorted({r["age"] for r in matching}, key=lambda v: (v is not None, v or 0))

    def change(self) -> None:
        q, judge = random_condition(self.rng, self.rows)
        ids = set(self.rng.sample(sorted(found := self.ids(judge)), min(len(found), 30)))
        q &= Q(pk__in=ids)
        kind = self.rng.random()
        if kind < 0.4:
            assert Person.objects.filter(q).update(height=F("age") + 0.5, name="upd") == len(ids)
            for row in self.rows:
                if row["id"] in ids:
                    row.update(name="upd", height=None if row["age"] is None else row["age"] + 0.5)
        elif kind < 0.6:
            assert Person.objects.filter(q).update(seen_at=None, enabled=False) == len(ids)
            for row in self.rows:
                if row["id"] in ids:
                    row.update(seen_at=None, enabled=False)
        elif kind < 0.9:
            few = self.rng.sample(sorted(ids), min(len(ids), 5))
            assert Person.objects.filter(q, pk__in=few).delete()[0] == len(few)
            self.rows = [row for row in self.rows if row["id"] not in few]
        self.add(self.rng.randrange(12))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_random_queries_agree_with_a_plain_list(seed):
    model = Model(seed, 150)
    for _ in range(40):
        for _ in range(8):
            model.query()
        model.change()
    assert sorted(Person.objects.values_list("pk", flat=True)) == sorted(row["id"] for row in model.rows)
    assert verify().clean, str(verify())
