import json
import time

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from cameras import services
from cameras.models import Camera, Site
from cameras.selectors import default_site
from cameras.status import CameraStatus, write_status
from crowdsite.roles import OPERATOR, VIEWER
from crowdsite.store.connection import client as redis_client
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://admin:s3cret-pass@10.0.0.5/stream"
LIST = "/admin/cameras/camera/"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(person(OPERATOR))
    return client


def make(**values) -> Camera:
    return services.create_camera(**{"name": "Gate", "url": URL, **values})


def whole(camera: Camera, **changes) -> dict:
    """The change form as a browser sends it."""
    data = {
        "name": camera.name, "url": camera.masked_url, "site": camera.site_id, "tasks": camera.tasks,
        "line": json.dumps(camera.line) if camera.line else "", "transport": camera.transport,
        "orientation": camera.orientation, "resolution": camera.resolution, "profile": "", "ffmpeg_flags": "",
        **{name: "on" for name in ("enabled", "show", "reverse") if getattr(camera, name)},
    }  # fmt: skip
    return data | changes


def test_the_list_shows_each_camera_with_its_state_and_without_its_password(browser):
    camera = make()
    make(name="Door", enabled=False)
    make(name="Yard")
    write_status(redis_client(), camera.pk, CameraStatus("degraded", updated_at=time.time()))
    page = browser.get(LIST).content.decode()
    for words in ("Degraded", "Disabled", "Offline", f"/cameras/{camera.pk}", "@10.0.0.5/stream"):
        assert words in page
    assert "s3cret" not in page


def test_the_list_asks_redis_no_more_often_for_more_cameras(browser, monkeypatch):
    import redis

    def trips() -> int:
        count = 0
        plain, piped = redis.Redis.execute_command, redis.client.Pipeline.execute

        def counting_plain(self, *args, **kwargs):
            nonlocal count
            count += not isinstance(self, redis.client.Pipeline)
            return plain(self, *args, **kwargs)

        def counting_piped(self, *args, **kwargs):
            nonlocal count
            count += 1
            return piped(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(redis.Redis, "execute_command", counting_plain)
            patch.setattr(redis.client.Pipeline, "execute", counting_piped)
            assert browser.get(LIST).status_code == 200
        return count

    make()
    one = trips()
    for number in range(20):
        make(name=f"Gate {number}")
    assert trips() <= one + 2


def test_filters_search_and_order_work(browser):
    make(name="North gate", enabled=False)
    make(name="South gate", tasks=["helmet"])
    for query, present in (
        ("?enabled__exact=1", "South gate"),
        ("?enabled__exact=0", "North gate"),
        ("?ppe__exact=1", "South gate"),
        ("?q=north", "North gate"),
        (f"?site__id__exact={default_site().pk}&ppe__exact=0", "North gate"),
    ):
        page = browser.get(LIST + query).content.decode()
        assert (present in page, ("North gate" in page) + ("South gate" in page)) == (True, 1), query
    assert browser.get(LIST + "?o=-1").status_code == 200


@pytest.mark.parametrize("lookup", ["url__startswith=rtsp", "url__regex=.", "url__contains=1", "url__gt=a"])
def test_nobody_finds_out_a_password_by_filtering(browser, lookup):
    make(name="North gate")
    answer = browser.get(f"{LIST}?{lookup}")
    assert "North gate" not in answer.content.decode()
    assert answer.status_code == 400


def test_a_camera_is_added(browser):
    data = whole(Camera(name="Gate", url=URL, site=default_site(), tasks=["in_count"]), url=URL, line="[0,0.5,1,0.5]")
    assert browser.get(f"{LIST}add/").status_code == 200
    answer = browser.post(f"{LIST}add/", data)
    assert answer.status_code == 302, answer.content.decode()
    camera = Camera.objects.get()
    assert (camera.url, camera.line, camera.tasks) == (URL, [[0, 0.5], [1, 0.5]], ["in_count"])
    assert LogEntry.objects.get().object_id == str(camera.pk)
    assert browser.get(f"{LIST}{camera.pk}/history/").status_code == 200


def test_saving_a_form_leaves_password_live_state_and_newer_changes_alone(browser):
    camera = make(line=[0, 0.5, 1, 0.5])
    page = browser.get(f"{LIST}{camera.pk}/change/").content.decode()
    assert "s3cret" not in page
    write_status(redis_client(), camera.pk, CameraStatus("live", fps=25, updated_at=time.time()))
    live = redis_client().hgetall(f"cameras:status:{camera.pk}")
    answer = browser.post(f"{LIST}{camera.pk}/change/", whole(camera, name="Door"))
    assert answer.status_code == 302, answer.content.decode()
    stored = Camera.objects.get()
    assert (stored.name, stored.url, stored.line_version) == ("Door", URL, 1)
    assert redis_client().hgetall(f"cameras:status:{camera.pk}") == live


def test_a_mistake_is_explained_beside_its_field(browser):
    camera = make()
    answer = browser.post(f"{LIST}{camera.pk}/change/", whole(camera, line="[0, 0, 3, 3]", name=" "))
    assert answer.status_code == 200
    assert "outside the picture" in answer.content.decode()
    answer = browser.post(
        f"{LIST}{camera.pk}/change/", whole(camera, url=camera.masked_url.replace("10.0.0.5", "evil.example"))
    )
    assert "again" in answer.content.decode()
    assert Camera.objects.get().url == URL


def rows(cameras: list[Camera], **changes) -> dict:
    data = {"form-TOTAL_FORMS": len(cameras), "form-INITIAL_FORMS": len(cameras), "_save": "Save"}
    for index, camera in enumerate(cameras):
        data[f"form-{index}-id"] = camera.pk
        for name in ("show", "enabled"):
            if changes.get(name, getattr(camera, name)):
                data[f"form-{index}-{name}"] = "on"
    return data


def test_show_and_enabled_are_edited_in_the_list(browser):
    camera = make()
    answer = browser.post(LIST, rows([camera], show=False))
    assert answer.status_code == 302, answer.content.decode()
    stored = Camera.objects.get()
    assert (stored.show, stored.enabled, stored.url, stored.tasks) == (False, True, URL, ["in_count", "out_count"])


def test_cameras_are_switched_in_bulk(browser):
    cameras = [make(name=f"Gate {number}") for number in range(3)]
    for action, enabled in (("disable", False), ("enable", True)):
        data = {"action": action, "_selected_action": [camera.pk for camera in cameras[:2]], "index": 0}
        answer = browser.post(LIST, data, follow=True)
        assert "2." in answer.content.decode()
        assert Camera.objects.filter(enabled=True).count() == (3 if enabled else 1)


def test_deleting_asks_first_and_keeps_a_way_back(browser):
    camera, other = make(), make(name="Door")
    assert "Gate" in browser.get(f"{LIST}{camera.pk}/delete/").content.decode()
    assert browser.post(f"{LIST}{camera.pk}/delete/", {"post": "yes"}).status_code == 302
    data = {"action": "delete_selected", "_selected_action": [other.pk], "index": 0, "post": "yes"}
    assert browser.post(LIST, data).status_code == 302
    assert Camera.objects.count() == 0
    assert {services.restore_camera(camera_id=c.pk).name for c in (camera, other)} == {"Gate", "Door"}


def test_a_site_in_use_cannot_be_deleted(browser):
    camera = make()
    path = f"/admin/cameras/site/{camera.site_id}/delete/"
    assert "Gate" in browser.get(path).content.decode()
    browser.post(path, {"post": "yes"})
    assert Site.objects.count() == 1


def test_a_site_is_added_and_changed(browser):
    data = {"name": "Hall", "timezone": "Europe/Berlin", "max_capacity": "100", "warn_threshold": "80"}
    assert browser.post("/admin/cameras/site/add/", data).status_code == 302
    site = Site.objects.get()
    path = f"/admin/cameras/site/{site.pk}/change/"
    assert "Use 70 or less" in browser.post(path, data | {"max_capacity": "70"}).content.decode()
    assert browser.post(path, data | {"max_capacity": "90"}).status_code == 302
    assert Site.objects.get().max_capacity == 90
    assert "Hall" in browser.get("/admin/cameras/site/").content.decode()


def test_a_hostile_name_is_shown_as_text(browser):
    camera = make(name="<script>alert(1)</script>")
    for path in (LIST, f"{LIST}{camera.pk}/change/", f"{LIST}{camera.pk}/delete/", f"{LIST}{camera.pk}/history/"):
        page = browser.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_loser_of_a_race_for_a_name_gets_a_sentence(browser, monkeypatch):
    camera = make()
    make(name="Door")
    monkeypatch.setattr("cameras.cleaning._refuse_taken", lambda *args: None)
    monkeypatch.setattr("cameras.forms.RecordForm.validate_unique", lambda self: None)
    answer = browser.post(f"{LIST}{camera.pk}/change/", whole(camera, name="Door"), follow=True)
    assert "already a camera called" in answer.content.decode()
    assert Camera.objects.get(pk=camera.pk).name == "Gate"


def test_viewers_do_not_enter():
    client = Client()
    client.force_login(person(VIEWER))
    assert client.get(LIST).status_code == 302
