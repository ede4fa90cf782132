"""The licence's number of cameras: asked for when one more wants to run, never taken from those that do."""

import pytest
from auditlog.context import disable_auditlog

from cameras import services as cameras
from cameras.licensed import licensed_camera_ids
from cameras.models import Camera
from cameras.selectors import default_site, enabled_camera_ids
from crowdsite import clock
from crowdsite.store.connection import client
from licensing import limits, services
from licensing.limits import CameraLimitError, cameras_in_use
from licensing.selectors import licence_status
from tests.cameras.test_services import at_once
from tests.licensing.issued import token
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def add(name: str, **values) -> Camera:
    return cameras.create_camera(**{"name": name, "url": "rtsp://10.0.0.5/stream", **values})


def unaudited(work):
    """Threads of one test share an in-memory SQLite, which cannot take the audit trail of two at once."""
    with disable_auditlog():
        return work()


@pytest.fixture
def licensed(vendor):
    def activate(max_cameras: int | None) -> None:
        services.activate_licence(license_key=token(vendor, max_cameras=max_cameras))

    return activate


def test_without_a_licence_there_is_no_limit():
    for number in range(6):
        add(f"Gate {number}")
    assert cameras_in_use() == 6


def test_a_licence_without_a_number_has_no_limit(licensed):
    licensed(None)
    for number in range(6):
        add(f"Gate {number}")


def test_one_camera_too_many_is_refused_with_what_to_do(licensed):
    licensed(2)
    add("A"), add("B")
    with pytest.raises(CameraLimitError) as caught:
        add("C")
    error = caught.value
    assert (error.status, error.code) == (409, "licence_cameras")
    assert error.message == (
        "The licence allows 2 enabled cameras, 2 are in use: there is no room for another. "
        "Disable another camera, add this one disabled, or enter a licence for more cameras."
    )
    assert error.fields == {"enabled": [error.message]}
    assert sorted(camera.name for camera in Camera.objects.all()) == ["A", "B"]
    add("C", enabled=False)
    assert cameras_in_use() == 2


def test_the_same_camera_can_still_be_changed_when_all_places_are_taken(licensed):
    licensed(1)
    camera = add("A")
    assert cameras.update_camera(camera_id=camera.pk, name="B", enabled=True, url="rtsp://10.0.0.6/x").name == "B"


def test_enabling_needs_a_place(licensed):
    licensed(1)
    first, second = add("A"), add("B", enabled=False)
    with pytest.raises(CameraLimitError):
        cameras.update_camera(camera_id=second.pk, enabled=True)
    with pytest.raises(CameraLimitError):
        cameras.set_enabled(camera_ids=[second.pk], enabled=True)
    assert enabled_camera_ids() == [first.pk]
    cameras.set_enabled(camera_ids=[first.pk], enabled=False)
    cameras.update_camera(camera_id=second.pk, enabled=True)
    assert enabled_camera_ids() == [second.pk]


def test_several_at_once_are_enabled_together_or_not_at_all(licensed):
    licensed(2)
    off = [add(name, enabled=False).pk for name in "ABC"]
    with pytest.raises(CameraLimitError, match="no room for 3 more"):
        cameras.set_enabled(camera_ids=off, enabled=True)
    assert enabled_camera_ids() == []
    assert len(cameras.set_enabled(camera_ids=off[:2], enabled=True)) == 2
    assert cameras.set_enabled(camera_ids=off[:2], enabled=True) == []


def test_a_deleted_camera_comes_back_when_there_is_room(licensed):
    licensed(1)
    lost = add("A")
    cameras.delete_camera(camera_id=lost.pk)
    other = add("B")
    with pytest.raises(CameraLimitError):
        cameras.restore_camera(camera_id=lost.pk)
    cameras.set_enabled(camera_ids=[other.pk], enabled=False)
    assert cameras.restore_camera(camera_id=lost.pk).pk == lost.pk


def test_the_drawn_scene_takes_no_place_and_smuggles_no_camera_in(licensed):
    licensed(1)
    demo = cameras.create_demo_camera()
    add("A")
    assert cameras_in_use() == 1
    with pytest.raises(CameraLimitError):
        cameras.update_camera(camera_id=demo.pk, url="rtsp://10.0.0.9/stream")
    assert Camera.objects.get(pk=demo.pk).is_demo
    cameras.update_camera(camera_id=demo.pk, name="Still the demo")


def test_a_smaller_licence_stops_no_camera_that_runs(licensed):
    for name in "ABC":
        add(name)
    off = add("D", enabled=False)
    licensed(1)
    assert len(enabled_camera_ids()) == 3
    kept = enabled_camera_ids()[0]
    cameras.update_camera(camera_id=kept, name="Renamed")
    with pytest.raises(CameraLimitError, match="3 are in use"):
        cameras.set_enabled(camera_ids=[off.pk], enabled=True)
    cameras.set_enabled(camera_ids=[kept], enabled=False)
    with pytest.raises(CameraLimitError):
        cameras.set_enabled(camera_ids=[kept], enabled=True)


def test_none_at_all(licensed):
    licensed(0)
    with pytest.raises(CameraLimitError, match="0 enabled cameras, 0 are in use"):
        add("A")


def test_the_limit_ends_with_the_licence(licensed, monkeypatch):
    licensed(1)
    add("A")
    end = licence_status().expires_at
    monkeypatch.setattr(clock, "now", lambda: float(end))
    add("B")


@pytest.mark.parametrize("round_", range(3))
def test_cameras_that_are_added_at_the_same_moment_do_not_exceed_the_limit(licensed, round_):
    licensed(3)
    default_site()
    results = at_once(8, lambda number: unaudited(lambda: add(f"Gate {number}")))
    assert sum(isinstance(result, Camera) for result in results) == 3
    assert {result.code for result in results if not isinstance(result, Camera)} == {"licence_cameras"}
    assert len(licensed_camera_ids()) == 3
    assert not client().exists(limits.LOCK_KEY)


def test_every_way_of_enabling_at_the_same_moment_shares_the_limit(licensed):
    off = [add(f"Off {number}", enabled=False).pk for number in range(4)]
    licensed(2)
    ways = [
        lambda: cameras.set_enabled(camera_ids=[off[0]], enabled=True),
        lambda: cameras.update_camera(camera_id=off[1], enabled=True),
        lambda: add("New"),
        lambda: cameras.set_enabled(camera_ids=off[2:3], enabled=True),
        lambda: cameras.update_camera(camera_id=off[0], enabled=True),
        lambda: cameras.update_camera(camera_id=off[3], enabled=True),
    ]
    at_once(6, lambda number: unaudited(ways[number]))
    assert len(licensed_camera_ids()) == 2


def test_the_lock_of_a_process_that_died_is_waited_for_and_named(licensed, monkeypatch):
    licensed(3)
    monkeypatch.setattr("licensing.locks.WAIT_SECS", 0.05)
    client().set(limits.LOCK_KEY, "somebody", px=60_000)
    with pytest.raises(Exception, match="Try again") as caught:
        add("A")
    assert caught.value.status == 409
    assert not Camera.objects.exists()


def test_the_api_refuses_in_json(licensed, client):
    licensed(1)
    client.force_login(person("operator"))
    body = {"name": "A", "url": "rtsp://10.0.0.5/stream"}
    assert client.post("/api/cameras/", body, content_type="application/json").status_code == 201
    refused = client.post("/cameras", {**body, "name": "B"}, content_type="application/json")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "licence_cameras"
    off = client.post("/api/cameras/", {**body, "name": "C", "enabled": False}, content_type="application/json").json()
    assert (
        client.patch(f"/api/cameras/{off['id']}/", {"enabled": True}, content_type="application/json").status_code
        == 409
    )


def test_the_pages_keep_what_was_typed(licensed, client):
    licensed(0)
    client.force_login(person("operator"))
    typed = {
        "name": "My new gate", "url": "rtsp://10.0.0.5/stream", "enabled": "on", "transport": "tcp",
        "orientation": "normal", "resolution": "720p", "tasks": ["in_count"],
    }  # fmt: skip
    page = client.post("/cameras/add", {**typed, "site": default_site().pk})
    assert page.status_code == 422
    assert "My new gate" in page.content.decode()
    assert "The licence allows 0 enabled cameras" in page.content.decode()
    off = add("Off", enabled=False)
    page = client.post(f"/cameras/{off.pk}/enable", follow=True)
    assert "The licence allows 0 enabled cameras" in page.content.decode()


def test_the_admin_enables_none_of_too_many(licensed, admin_client):
    licensed(1)
    off = [add(name, enabled=False).pk for name in "AB"]
    page = admin_client.post(
        "/admin/cameras/camera/", {"action": "enable", "_selected_action": off}, follow=True
    ).content.decode()
    assert "no room for 2 more" in page
    assert enabled_camera_ids() == []
