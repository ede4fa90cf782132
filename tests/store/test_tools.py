"""dumpdata, model forms, REST framework, async verbs and an unreachable Redis."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DataError, IntegrityError, NotSupportedError, OperationalError, connections, transaction
from django.db.models import Count, F, ProtectedError, Q
from django.forms import modelform_factory

from crowdsite.store import connection as pool
from crowdsite.store.audit import verify
from tests.store.app.models import Gate, Person, Preferences, Visit

pytestmark = [pytest.mark.django_db(databases=["default", "redis"]), pytest.mark.urls("tests.store.urls")]


def test_dumpdata_and_loaddata_bring_everything_back(tmp_path, redis_client):
    gate = Gate.objects.create(name="North", capacity=None)
    person = Person.objects.create(
        name="Zoë\x00", badge="1", gate=gate, tasks={"in": [1, None]}, balance="1.50", picture=b"\x00\xff", height=0.1
    )
    whole_second = datetime(2026, 11, 22, 16, tzinfo=UTC)  # Django's JSON keeps milliseconds only
    Person.objects.update(created_at=whole_second, updated_at=whole_second)
    Visit.objects.create(person=person, note="x")
    Preferences(title="T").save()
    before = {key: redis_client.hgetall(key) for key in redis_client.keys("shop:*") if b"#" not in key}
    dump = tmp_path / "dump.json"
    call_command("dumpdata", "shop", database="redis", output=str(dump))
    redis_client.flushdb()
    call_command("loaddata", str(dump), database="redis", stdout=StringIO())
    assert {key: redis_client.hgetall(key) for key in redis_client.keys("shop:*") if b"#" not in key} == before
    assert verify().clean
    assert Gate.objects.create(name="Next").pk == gate.pk + 1


def test_a_form_says_which_value_is_taken():
    form_class = modelform_factory(Person, fields=["name", "badge", "gate", "age", "born"])
    gate = Gate.objects.create(name="North")
    data = {"name": "Ann", "badge": "1", "gate": gate.pk, "age": 3, "born": "2000-01-02"}
    saved = form_class(data).save()
    assert form_class(data | {"name": "Annie"}, instance=saved).is_valid()
    assert form_class(data).errors == {
        "badge": ["Person with this Badge already exists."],
        "__all__": ["Person with this Gate, Age and Born already exists."],
    }


def test_the_api_lists_filters_pages_and_writes(admin_client):
    gate = Gate.objects.create(name="North")
    for n in range(20):
        Person.objects.create(name=f"P{n}", badge=str(n), gate=gate if n % 2 else None, age=n if n > 5 else None)
    url, seen = "/api/people/", []
    while url:
        page = admin_client.get(url).json()
        seen += [person["badge"] for person in page["results"]]
        url = page["next"]
    assert seen == [str(n) for n in reversed(range(20))]
    assert len(admin_client.get(f"/api/people/?gate={gate.pk}&name__icontains=P1").json()["results"]) == 6
    assert len(admin_client.get("/api/people/?age__isnull=true").json()["results"]) == 6

    body = {"name": "New", "badge": "0", "gate": gate.pk}
    answer = admin_client.post("/api/people/", body, content_type="application/json")
    assert (answer.status_code, "badge" in str(answer.json())) == (400, True)
    made = admin_client.post("/api/people/", body | {"badge": "new"}, content_type="application/json").json()
    one = f"/api/people/{made['id']}/"
    assert admin_client.patch(one, {"age": 4}, content_type="application/json").json()["age"] == 4
    assert admin_client.delete(one).status_code == 204
    assert admin_client.get(one).status_code == 404
    assert admin_client.get("/api/people/", headers={"accept": "text/html"}).status_code == 200


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
async def test_async_verbs():
    gate = await Gate.objects.acreate(name="A")
    assert await Gate.objects.filter(name="A").aexists()
    assert [g.name async for g in Gate.objects.all()] == ["A"]
    assert (await Gate.objects.aget(pk=gate.pk)).name == "A"
    gate.capacity = 3
    await gate.asave()
    assert await Gate.objects.aaggregate(n=Count("pk")) == {"n": 1}
    assert await pool.async_client().ping()
    assert pool.async_client() is pool.async_client()
    await pool.async_client().aclose()
    assert (await gate.adelete())[0] == 1


def test_verbs_of_a_queryset():
    gates = Gate.objects.bulk_create([Gate(name=f"G{n}", capacity=n) for n in range(6)])
    for gate in gates:
        gate.capacity += 10
    assert Gate.objects.bulk_update(gates, ["capacity"]) == 6
    assert list(Gate.objects.values_list("capacity", flat=True)) == [10, 11, 12, 13, 14, 15]
    assert Gate.objects.update_or_create(name="G0", defaults={"capacity": 99}) == (gates[0], False)
    assert Gate.objects.get_or_create(name="G9")[1]
    assert set(Gate.objects.in_bulk([gates[1].pk, 12345])) == {gates[1].pk}
    assert Gate.objects.in_bulk(["G2"], field_name="name")["G2"] == gates[2]
    assert Gate.objects.only("name").get(pk=gates[3].pk).capacity == 13
    assert Gate.objects.defer("name").get(pk=gates[3].pk).name == "G3"
    assert not Gate.objects.none().exists()
    assert not Gate.objects.filter(pk=2**70).exists()
    assert Gate.objects.filter(pk__in=[gates[0].pk, gates[0].pk]).count() == 1
    assert not Gate.objects.filter(pk=4711)[:1].exists()
    assert Gate.objects.exclude(capacity=None).earliest("capacity").name == "G1"
    more = Gate.objects.annotate(more=F("capacity") + 1).filter(Q(more__gt=15) | Q(capacity=None)).order_by("more")
    assert list(more.values_list("name", "more")) == [("G9", None), ("G5", 16), ("G0", 100)]
    with transaction.atomic(using="redis"):
        assert Gate.objects.select_for_update().get(name="G1").capacity == 11


def test_foreign_keys():
    north, south = Gate.objects.create(name="North"), Gate.objects.create(name="South")
    ann = Person.objects.create(name="Ann", badge="1", gate=north)
    bob = Person.objects.create(name="Bob", badge="2", gate=south)
    lone = Person.objects.create(name="Lone", badge="3")
    assert [p.name for p in north.people.all()] == ["Ann"]
    assert list(Person.objects.filter(gate__in=Gate.objects.filter(name__startswith="S"))) == [bob]
    assert list(Person.objects.filter(gate__name="North")) == [ann]
    assert list(Person.objects.exclude(gate__name="North").order_by("pk")) == [bob, lone]
    assert list(Person.objects.order_by("-gate__name")) == [bob, ann, lone]
    assert Person.objects.filter(gate__name="North").update(age=1) == 1
    assert list(Visit.objects.filter(person__gate__name="North")) == []
    with connections["redis"].execute_wrapper(lambda *a: None):
        gates = {g.name: [p.name for p in g.people.all()] for g in Gate.objects.prefetch_related("people")}
    assert gates == {"North": ["Ann"], "South": ["Bob"]}
    assert [p.gate and p.gate.name for p in Person.objects.select_related("gate").order_by("pk")] == [
        "North",
        "South",
        None,
    ]
    with pytest.raises(ProtectedError):
        north.delete()
    visit = Visit.objects.create(person=ann)
    assert ann.delete()[0] == 2
    assert not Visit.objects.filter(pk=visit.pk).exists()


def test_json_and_date_lookups():
    Person.objects.create(name="A", badge="1", tasks={"helmet": True, "list": [1, {"x": "y"}]}, born="2000-02-29")
    Person.objects.create(name="B", badge="2", tasks={"helmet": False})
    assert Person.objects.get(tasks__helmet=True).name == "A"
    assert Person.objects.get(tasks={"helmet": False}).name == "B"
    assert Person.objects.get(tasks__list__1__x="y").name == "A"
    assert Person.objects.get(tasks__list__isnull=False).name == "A"
    assert Person.objects.get(born__year=2000, born__month=2).name == "A"
    assert [d.year for d in Person.objects.dates("born", "month")] == [2000]
    with pytest.raises(NotSupportedError):
        Person.objects.filter(tasks__contains={"helmet": True}).count()


def test_what_it_cannot_do_it_refuses_in_a_sentence():
    for refused in (
        lambda: list(Gate.objects.annotate(n=Count("people"))),
        lambda: list(Gate.objects.filter(people__name="Ann")),
        lambda: list(Gate.objects.filter(pk=1).union(Gate.objects.filter(pk=2))),
        lambda: list(Person.objects.values("age").annotate(n=Count("pk"))),
        lambda: connections["redis"].cursor().execute("SELECT 1"),
    ):
        with pytest.raises(NotSupportedError, match=r"Redis|backend"):
            refused()


def test_constraints_hold_below_the_forms():
    Gate.objects.create(name="A")
    with pytest.raises(IntegrityError, match=r"another shop\.Gate has this name"):
        Gate.objects.create(name="A")
    with pytest.raises(IntegrityError, match="exists already"):
        Gate.objects.create(pk=1, name="B")
    with pytest.raises(IntegrityError, match="needs a value"):
        Person.objects.create(name=None, badge="1")
    with pytest.raises(DataError, match="beyond"):
        Person.objects.create(name="x", badge="2", age=2**64)
    other = Gate.objects.create(name="B")
    with pytest.raises(IntegrityError):
        Gate.objects.filter(pk=other.pk).update(name="A")
    with pytest.raises(IntegrityError):
        Gate.objects.bulk_create([Gate(name="C"), Gate(name="C")])
    assert sorted(Gate.objects.values_list("name", flat=True)) == ["A", "B"]
    one, two = Gate.objects.order_by("name")
    one.name, two.name = "B", "A"
    Gate.objects.bulk_update([one, two], ["name"])
    assert Gate.objects.get(name="A").pk == two.pk
    assert verify().clean


def test_a_singleton_is_one_row_for_ever():
    assert Preferences.load().seconds == 30
    Preferences(title="Mine").save()
    Preferences(title="Later").save()
    assert (Preferences.objects.count(), Preferences.load().title) == (1, "Later")
    with pytest.raises(IntegrityError):
        Preferences.objects.create(title="Second")
    for delete in (Preferences.load().delete, Preferences.objects.all().delete):
        with pytest.raises(ProtectedError, match="cannot be deleted"):
            delete()


def test_commit_hooks_run(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(using="redis", execute=True) as hooks, transaction.atomic(using="redis"):
        transaction.on_commit(lambda: Gate.objects.create(name="Hook"), using="redis")
    assert (len(hooks), Gate.objects.filter(name="Hook").exists()) == (1, True)


def test_an_unreachable_redis_is_one_clear_sentence(monkeypatch):
    nowhere = "redis://user:secret@127.0.0.1:1/0"
    monkeypatch.setitem(connections["redis"].settings_dict, "NAME", nowhere)
    monkeypatch.setattr(connections["redis"], "connection", pool.client(nowhere))
    with pytest.raises(OperationalError, match=r"does not answer: .*\. Start it, or correct REDIS_URL\.") as failed:
        Gate.objects.count()
    assert "secret" not in str(failed.value)


def test_connections_of_a_restarted_redis_are_replaced(redis_server):
    Gate.objects.create(name="Before")
    redis_server.stop()
    with pytest.raises(OperationalError):
        Gate.objects.count()
    redis_server.start()
    Gate.objects.create(name="After")
    redis_server.stop()
    redis_server.start()
    assert Gate.objects.filter(name="After").exists()
