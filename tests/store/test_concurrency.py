"""Many writers at once, some of them killed."""

import multiprocessing
import os
import random
import signal
import threading
import time

import pytest
from django.db import IntegrityError, connections
from django.db.models import F

from crowdsite.store.audit import verify
from tests.store.app.models import Gate, Person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

WRITERS = 6
WRITES = 600


def _mixed_writes(seed: int, writes: int, counted: "multiprocessing.Queue | None" = None) -> None:
    rng = random.Random(seed)
    gates = list(Gate.objects.all())
    added = 0
    for _ in range(writes):
        kind = rng.random()
        some = Person.objects.filter(age=rng.randrange(20))
        try:
            if kind < 0.4:
                name = rng.choice(["Ann", "Bob", "Eve"])
                Person.objects.create(
                    name=name, badge=f"B{rng.randrange(300)}", age=rng.randrange(20), gate=rng.choice(gates)
                )
            elif kind < 0.6:
                some.update(age=F("age") + 1, name="moved")
            elif kind < 0.7:
                some.filter(enabled=True).update(enabled=False, gate=rng.choice(gates))
            elif kind < 0.85:
                person = some.first()
                if person is not None:
                    person.badge, person.name = f"B{rng.randrange(300)}", f"Saved {rng.randrange(50)}"
                    person.save(update_fields=["badge", "name"])
            elif kind < 0.95:
                some.filter(name__startswith="Saved").delete()
            else:
                Gate.objects.filter(pk=gates[0].pk).update(capacity=F("capacity") + 1)
                added += 1
        except (IntegrityError, Person.DoesNotExist):
            pass
        except Exception as error:
            if "did not affect any rows" not in str(error):
                raise
    if counted is not None:
        counted.put(added)


@pytest.mark.slow
def test_indexes_are_right_after_many_processes_wrote_and_one_was_killed():
    for n in range(3):
        Gate.objects.create(name=f"G{n}", capacity=0)
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    counted = fork.Queue()
    victim = fork.Process(target=_mixed_writes, args=(0, 10**6))
    others = [fork.Process(target=_mixed_writes, args=(n, WRITES, counted)) for n in range(1, WRITERS)]
    for process in (victim, *others):
        process.start()
    time.sleep(1.5)
    os.kill(victim.pid, signal.SIGKILL)
    for process in (victim, *others):
        process.join(100)
    assert [p.exitcode for p in others] == [0] * len(others)
    assert victim.exitcode == -signal.SIGKILL
    audit = verify()
    assert audit.clean, str(audit)
    assert audit.rows > 20
    assert Gate.objects.first().capacity >= sum(counted.get(timeout=5) for _ in others)


def _in_threads(count: int, work) -> list:
    results: list = [None] * count
    barrier = threading.Barrier(count)

    def run(n: int) -> None:
        barrier.wait()
        try:
            results[n] = work(n)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_sixteen_threads_that_create_the_same_names_make_each_once():
    names = [f"Gate {n}" for n in range(20)]

    def create(_: int) -> int:
        made = 0
        for name in names:
            try:
                Gate.objects.create(name=name)
                made += 1
            except IntegrityError:
                pass
        return made

    assert sum(_in_threads(16, create)) == 20
    assert sorted(Gate.objects.values_list("name", flat=True)) == sorted(names)
    assert verify().clean


def test_get_or_create_in_many_threads_yields_one_row():
    pks = _in_threads(12, lambda _: Gate.objects.get_or_create(name="One", defaults={"capacity": 2})[0].pk)
    assert len(set(pks)) == 1


def test_no_increment_is_lost():
    gate = Gate.objects.create(name="Counter", capacity=0)
    _in_threads(8, lambda _: [Gate.objects.filter(pk=gate.pk).update(capacity=F("capacity") + 1) for _ in range(40)])
    gate.refresh_from_db()
    assert gate.capacity == 320


def test_only_one_of_many_compare_and_set_updates_wins():
    gate = Gate.objects.create(name="Once", capacity=0)
    won = _in_threads(12, lambda n: Gate.objects.filter(pk=gate.pk, capacity=0).update(capacity=n + 1))
    assert sorted(won) == [0] * 11 + [1]
