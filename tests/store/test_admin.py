"""The stock admin, driven as a browser would."""

from datetime import UTC, datetime, timedelta

import pytest

from crowdsite.store.audit import verify
from tests.store.app.models import Gate, Person, Preferences, Visit

pytestmark = [pytest.mark.django_db(databases=["default", "redis"]), pytest.mark.urls("tests.store.urls")]

LIST = "/admin/shop/person/"


@pytest.fixture
def people():
    north, south = Gate.objects.create(name="North", capacity=3), Gate.objects.create(name="South")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Person.objects.bulk_create(
        Person(
            name=f"Person {n // 2:03d}",
            badge=f"B{n:03d}",
            gate=None if n % 5 == 0 else (north if n % 2 else south),
            age=None if n % 7 == 0 else n,
            enabled=n % 3 != 0,
            seen_at=start + timedelta(days=n),
        )
        for n in range(50)
    )
    return list(Person.objects.order_by("badge"))


def listed(client, query: str = "") -> list[str]:
    response = client.get(LIST + query)
    assert response.status_code == 200, response.headers.get("Location")
    return [person.badge for person in response.context["cl"].result_list]


def test_lists_page_filter_search_and_order(admin_client, people):
    by_name = sorted(people, key=lambda p: (p.name, -p.pk))
    assert listed(admin_client) == [p.badge for p in by_name[:20]]
    assert listed(admin_client, "?p=3") == [p.badge for p in by_name[40:]]
    assert set(listed(admin_client, "?enabled__exact=0")) == {p.badge for p in people if not p.enabled}
    assert len(listed(admin_client, f"?gate__id__exact={people[1].gate_id}")) == 20
    assert set(listed(admin_client, "?gate__isnull=True")) == {p.badge for p in people if p.gate_id is None}
    assert listed(admin_client, "?q=person+017") == ["B017", "B035", "B034"]
    assert set(listed(admin_client, "?q=north")) <= {p.badge for p in people if p.gate and p.gate.name == "North"}
    assert listed(admin_client, "?o=-2")[:3] == ["B049", "B048", "B047"]
    assert listed(admin_client, "?o=4.-2")[:3] == ["B049", "B042", "B035"]
    assert listed(admin_client, "?o=3.2")[:3] == ["B000", "B005", "B010"]
    assert len(listed(admin_client, "?seen_at__year=2026&seen_at__month=2")) == 19


def test_adds_edits_and_deletes(admin_client, people):
    form = {
        "name": "New", "badge": "N1", "gate": people[1].gate_id, "enabled": "on", "checked": "unknown",
        "tasks": '{"in": true}',
        "visits-TOTAL_FORMS": "1", "visits-INITIAL_FORMS": "0", "visits-0-note": "first", "_save": "Save",
    }  # fmt: skip
    response = admin_client.post(f"{LIST}add/", form)
    assert response.status_code == 302, response.context["errors"]
    new = Person.objects.get(badge="N1")
    assert (new.tasks, new.checked, new.visits.get().note) == ({"in": True}, None, "first")

    response = admin_client.post(f"{LIST}add/", form)
    assert "Person with this Badge already exists." in response.content.decode()

    visit = new.visits.get()
    form |= {"name": "Renamed", "visits-INITIAL_FORMS": "1", "visits-0-id": str(visit.pk), "visits-0-person": new.pk}
    assert admin_client.post(f"{LIST}{new.pk}/change/", form).status_code == 302
    assert Person.objects.get(badge="N1").name == "Renamed"
    assert "Changed Name" in admin_client.get(f"{LIST}{new.pk}/history/").content.decode()

    assert "Visit object" in admin_client.get(f"{LIST}{new.pk}/delete/").content.decode()
    assert admin_client.post(f"{LIST}{new.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Person.objects.filter(badge="N1").exists()
    assert Visit.objects.count() == 0
    assert verify().clean


def test_edits_in_the_list_and_deletes_many(admin_client, people):
    shown = sorted(people, key=lambda p: (p.name, -p.pk))[:20]
    form = {"form-TOTAL_FORMS": "20", "form-INITIAL_FORMS": "20", "_save": "Save"}
    for n, person in enumerate(shown):
        form |= {f"form-{n}-id": person.pk, f"form-{n}-name": "Edited" if n == 3 else person.name}
        if person.enabled:
            form[f"form-{n}-enabled"] = "on"
    assert admin_client.post(LIST, form).status_code == 302
    assert Person.objects.get(pk=shown[3].pk).name == "Edited"

    chosen = [p.pk for p in people[:5]]
    bulk = {"action": "delete_selected", "_selected_action": chosen, "index": "0"}
    assert "Are you sure" in admin_client.post(LIST, bulk).content.decode()
    assert admin_client.post(LIST, bulk | {"post": "yes"}).status_code == 302
    assert Person.objects.count() == 45
    assert verify().clean


def test_a_gate_with_people_is_protected(admin_client, people):
    gate = people[1].gate
    page = admin_client.post(f"/admin/shop/gate/{gate.pk}/delete/", {"post": "yes"})
    assert "would require deleting the following protected related objects" in page.content.decode()
    assert Gate.objects.filter(pk=gate.pk).exists()


def test_facets_and_autocomplete(admin_client, people):
    assert admin_client.get("/admin/shop/gate/").status_code == 200
    query = "/admin/autocomplete/?term=nor&app_label=shop&model_name=person&field_name=gate"
    assert [r["text"] for r in admin_client.get(query).json()["results"]] == ["North"]


def test_settings_are_edited_once_and_cannot_be_deleted(admin_client):
    assert admin_client.post("/admin/shop/preferences/add/", {"title": "Mine", "seconds": "5"}).status_code == 302
    assert Preferences.load().title == "Mine"
    change = "/admin/shop/preferences/1/change/"
    assert admin_client.post(change, {"title": "Yours", "seconds": "6"}).status_code == 302
    assert (Preferences.objects.count(), Preferences.load().seconds) == (1, 6)
