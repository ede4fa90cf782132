import pytest

from tests.store.app.models import Gate, Person, Preferences, Visit

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def test_a_row_is_a_hash_named_for_its_module_and_entity(redis_client):
    gate = Gate.objects.create(name="North")
    assert redis_client.hgetall(f"shop:gate:{gate.pk}") == {b"id": b"1", b"name": b"North"}


def test_first():
    g = Gate.objects.create(name="North", capacity=5)
    p = Person.objects.create(name="Ann", badge="1", gate=g)
    assert list(Person.objects.filter(gate=g)) == [p]
    assert list(Person.objects.filter(gate__name="North").select_related("gate")) == [p]
    assert Person.objects.count() == 1
    assert Person.objects.get(name__icontains="an").gate.name == "North"
    Visit.objects.create(person=p)
    assert p.visits.count() == 1
    assert Preferences.load().title == "Crowdsite"
