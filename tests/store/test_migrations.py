from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crowdsite.store.audit import verify
from crowdsite.store.migrations import apply_migrations, pending
from tests.store.app.models import Gate, Person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def test_migrations_run_once_in_order_and_are_recorded(redis_client):
    redis_client.hset("shop:gate:7", mapping={"id": 7, "name": "Old"})
    first = apply_migrations()
    assert [n for n in first if n.startswith("shop.")] == ["shop.0001_capacity_of_old_gates", "shop.0002_count_runs"]
    assert apply_migrations() == []
    assert redis_client.get("shop:migrated") == b"1"
    assert set(redis_client.hkeys("store:migrations")) >= {b"shop.0001_capacity_of_old_gates", b"shop.0002_count_runs"}


def test_rows_written_by_another_program_are_indexed_and_numbered_behind(redis_client):
    redis_client.hset("shop:gate:7", mapping={"id": 7, "name": "Old"})
    apply_migrations()
    assert Gate.objects.get(name="Old").capacity == 50
    assert Gate.objects.create(name="New").pk == 8


def test_a_new_index_is_filled_without_a_migration(redis_client):
    apply_migrations()
    Person.objects.create(name="Ann", badge="1", age=5)
    redis_client.delete("shop:person#ix:age")
    redis_client.hset("store:layout", "shop:person", "as it was before")
    assert not Person.objects.filter(age=5).exists()
    assert pending() == ["index shop:person"]
    assert apply_migrations() == ["index shop:person"]
    assert Person.objects.filter(age=5).exists()


def test_a_field_added_later_reads_as_its_default(redis_client):
    person = Person.objects.create(name="Ann", badge="1", enabled=False)
    redis_client.hdel(f"shop:person:{person.pk}", "enabled", "tasks")
    person.refresh_from_db()
    assert (person.enabled, person.tasks) == (True, {})
    assert not verify().clean
    assert verify(repair=True).clean
    assert Person.objects.get(enabled=True).pk == person.pk


def test_the_command_checks_without_changing_anything():
    with pytest.raises(CommandError, match=r"Pending in Redis: .*shop.0001.*migrate_redis"):
        call_command("migrate_redis", "--check")
    out = StringIO()
    call_command("migrate_redis", stdout=out)
    assert "shop.0002_count_runs" in out.getvalue()
    call_command("migrate_redis", "--check", stdout=out)
    assert "up to date" in out.getvalue()


def test_sql_migrations_leave_redis_models_alone():
    from django.db import connections

    tables = connections["default"].introspection.table_names()
    assert "auth_user" in tables
    assert not [name for name in tables if "person" in name or ":" in name]
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert "No changes detected" in out.getvalue()
    call_command("migrate", database="redis", stdout=out)


def test_store_verify_finds_and_repairs_what_is_wrong(redis_client):
    apply_migrations()
    people = [Person.objects.create(name=f"P{n}", badge=str(n), age=n) for n in range(5)]
    out = StringIO()
    call_command("store_verify", stdout=out)
    assert "are right" in out.getvalue()

    redis_client.delete("shop:person#ix:name")
    redis_client.zadd("shop:person#ix:age", {redis_client.zrange("shop:person#ix:age", 0, 0)[0][:-1] + b"\x63": 0})
    redis_client.zadd("shop:person#ix:badge", {b"nonsense": 0})
    redis_client.delete(f"shop:person:{people[4].pk}")
    redis_client.set("shop:person#seq", 1)
    with pytest.raises(CommandError, match="store_verify --repair") as failed:
        call_command("store_verify", stderr=out)
    assert failed.value.returncode == 1
    call_command("store_verify", "--repair", stdout=out)
    assert verify().clean
    assert list(Person.objects.order_by("name").values_list("name", flat=True)) == ["P0", "P1", "P2", "P3"]
    assert Person.objects.create(name="Next", badge="next").pk > people[3].pk


def test_what_no_repair_can_decide_is_reported(redis_client):
    Person.objects.create(name="A", badge="1")
    redis_client.hset("shop:person:9", mapping={"id": 9, "name": "B", "badge": "1"})
    redis_client.hset("shop:person:10", mapping={"id": 10, "name": "C", "badge": "3", "age": "many"})
    redis_client.set("shop:person:11", "not a hash")
    audit = verify(repair=True)
    assert len(audit.duplicates) == 1
    assert len(audit.unreadable) == 2
    assert "claim a value twice" in str(audit)
