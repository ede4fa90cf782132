"""How long the store takes at 100,000 rows: `DJANGO_SETTINGS_MODULE=tests.settings python -m benchmarks.store [ROWS]`.

It starts a Redis of its own. Prints one line a measurement: milliseconds (median of five) and round trips.
"""

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django
from redis.connection import AbstractConnection


def main(rows: int) -> None:
    django.setup()
    import tests.conftest
    from crowdsite.store.audit import verify
    from crowdsite.store.connection import client
    from tests.store.app.models import Gate, Person

    try:
        start, base = time.perf_counter(), client().info("memory")["used_memory"]
        gates = [Gate.objects.create(name=f"Gate {n}") for n in range(4)]
        first_day = datetime(2026, 1, 1, tzinfo=UTC)
        Person.objects.bulk_create(
            Person(
                name=f"Person {n % 40_000:06d}",
                badge=f"B{n:06d}",
                gate=gates[n % 4],
                seen_at=first_day + timedelta(minutes=n),
            )
            for n in range(rows)
        )
        print(f"load {rows} rows: {time.perf_counter() - start:.1f} s")
        print(f"memory: {(client().info('memory')['used_memory'] - base) / 1e6:.0f} MB")
        people = Person.objects
        middle = rows // 2
        person = people.get(badge="B000007")
        measure("count", people.count)
        measure("count, filtered", people.filter(gate=gates[0]).count)
        measure("first page", lambda: list(people.order_by("name", "-pk")[:20]))
        measure("middle page", lambda: list(people.order_by("name", "-pk")[middle : middle + 20]))
        measure(
            "middle page, filtered", lambda: list(people.filter(gate=gates[0]).order_by("name")[middle // 4 :][:20])
        )
        measure("get by pk", lambda: people.get(pk=person.pk))
        measure("get by unique field", lambda: people.get(badge="B000123"))
        measure("save", person.save)
        measure("search with trigrams", people.filter(name__icontains="39999").count)
        measure("search by reading everything", people.filter(badge__icontains="39999").count)
        began = time.perf_counter()
        print(f"audit: {verify()} {time.perf_counter() - began:.1f} s")
    finally:
        tests.conftest.pytest_unconfigure()


def measure(name: str, work: Callable[[], object]) -> None:
    """One line: the median of five runs, and the round trips of the last."""
    times = []
    send, sent = AbstractConnection.send_packed_command, 0

    def counted(self, command, *args, **kwargs):
        nonlocal sent
        sent += 1
        return send(self, command, *args, **kwargs)

    AbstractConnection.send_packed_command = counted
    try:
        for _ in range(5):
            sent, began = 0, time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
    finally:
        AbstractConnection.send_packed_command = send
    print(f"{name}: {statistics.median(times) * 1000:.2f} ms, {sent} round trips")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
