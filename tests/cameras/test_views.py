import time

import pytest
from django.test import Client

from cameras import services
from cameras.models import Camera
from cameras.selectors import default_site
from cameras.status import CameraStatus, write_status
from crowdsite.roles import OPERATOR, VIEWER
from crowdsite.store.connection import client
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://admin:s3cret-pass@10.0.0.5/stream"


def browser_of(role: str) -> Client:
    client = Client()
    client.force_login(person(role))
    return client


@pytest.fixture
def browser() -> Client:
    return browser_of(OPERATOR)


def make(**values) -> Camera:
    return services.create_camera(**{"name": "Gate", "url": URL, **values})


def whole(**changes) -> dict:
    data = {
        "name": "Gate", "url": URL, "site": default_site().pk, "enabled": "on", "show": "on", "line": "",
        "tasks": ["in_count", "out_count"], "transport": "tcp", "orientation": "normal", "resolution": "original",
    }  # fmt: skip
    return data | changes


def test_strangers_are_sent_to_the_login_page():
    for path in ("/cameras", "/cameras/add", "/cameras/1"):
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login")


def test_the_list_finds_cameras_by_name(browser):
    make(name="North gate")
    make(name="South gate")
    page = browser.get("/cameras?q=NORTH").content.decode()
    assert "North gate" in page
    assert "South gate" not in page
    assert "s3cret" not in page


def test_a_camera_is_added_and_leads_to_its_line(browser):
    assert browser.get("/cameras/add").status_code == 200
    answer = browser.post("/cameras/add", whole())
    camera = Camera.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/cameras/{camera.pk}")
    assert camera.url == URL


def test_a_mistake_keeps_what_was_typed(browser):
    answer = browser.post("/cameras/add", whole(name="Gate <b>7", url="ftp://cam"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Gate &lt;b&gt;7" in page
    assert "ftp" in page
    assert Camera.objects.count() == 0


def test_a_line_is_drawn_and_warned_about(browser):
    camera = make()
    answer = browser.post(f"/cameras/{camera.pk}", whole(url=camera.masked_url, line="[[0, 0.99], [1, 0.99]]"))
    assert answer.status_code == 302, answer.content.decode()
    stored = Camera.objects.get()
    assert (stored.line, stored.url) == ([[0, 0.99], [1, 0.99]], URL)
    page = browser.get(f"/cameras/{camera.pk}").content.decode()
    assert "too little picture below the line" in page
    assert "s3cret" not in page


def test_a_camera_that_is_gone_is_not_found(browser):
    assert browser.get("/cameras/77").status_code == 404


def test_deleting_offers_the_way_back(browser):
    camera = make()
    answer = browser.post(f"/cameras/{camera.pk}/delete", follow=True)
    (message,) = answer.context["messages"]
    assert message.extra_tags == f"undo-camera {camera.pk}"
    assert Camera.objects.count() == 0
    answer = browser.post("/cameras/restore", {"camera_id": camera.pk}, follow=True)
    assert "is back" in answer.content.decode()
    assert Camera.objects.get() == camera


def test_deleted_cameras_stay_on_the_list_until_they_are_brought_back(browser):
    assert 'id="deleted"' not in browser.get("/cameras").content.decode()
    gate, door = make(), make(name="Door <b>")
    for camera in (gate, door):
        browser.post(f"/cameras/{camera.pk}/delete", follow=True)
    page = browser.get("/cameras").content.decode()
    assert "Deleted cameras (2)" in page
    assert "Door &lt;b&gt;" in page and "s3cret" not in page
    assert page.index("Door") < page.index(">Gate")
    assert 'id="deleted"' not in browser_of(VIEWER).get("/cameras").content.decode()
    browser.post("/cameras/restore", {"camera_id": gate.pk}, follow=True)
    page = browser.get("/cameras").content.decode()
    assert "Deleted cameras (1)" in page and "Door" in page


def test_a_missing_line_is_said_once(browser):
    def said() -> int:
        rows = browser.get("/cameras").content.decode().partition('<tbody id="rows">')[2].partition("</tbody>")[0]
        return rows.count("No line is drawn")

    camera = make(line=None)
    write_status(
        client(), camera.pk, CameraStatus("degraded", "no_line", "No line is drawn. Draw it.", updated_at=time.time())
    )
    assert said() == 1
    at = time.time()
    write_status(client(), camera.pk, CameraStatus("live", fps=10, target_fps=10, frame_at=at, updated_at=at))
    assert said() == 1
    services.update_camera(camera_id=camera.pk, inout_count=False)
    assert said() == 0


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 40, "77"])
def test_what_cannot_be_brought_back_is_explained(browser, number):
    (message,) = browser.post("/cameras/restore", {"camera_id": number}, follow=True).context["messages"]
    assert message.level_tag == "error"
    assert str(message).endswith(".")


def test_one_camera_is_switched_off_and_on(browser):
    camera = make()
    for word, enabled in (("disable", False), ("enable", True)):
        assert browser.post(f"/cameras/{camera.pk}/{word}").status_code == 302
        assert Camera.objects.get().enabled is enabled
    assert browser.get(f"/cameras/{camera.pk}/disable").status_code == 405


def test_viewers_look_but_change_nothing():
    camera = make()
    viewer = browser_of(VIEWER)
    assert viewer.get("/cameras").status_code == 200
    for path in (f"/cameras/{camera.pk}/delete", f"/cameras/{camera.pk}/disable", "/cameras/restore", "/cameras/add"):
        assert viewer.post(path).status_code == 403, path
    assert viewer.get("/cameras/add").status_code == 403
    assert Camera.objects.get().enabled


def test_forms_need_the_security_code():
    camera = make()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person(OPERATOR))
    assert client.post(f"/cameras/{camera.pk}/delete").status_code == 403
    assert Camera.objects.count() == 1


def test_a_hostile_name_is_shown_as_text(browser):
    camera = make(name="<script>alert(1)</script>")
    for path in ("/cameras", f"/cameras/{camera.pk}"):
        page = browser.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page
    page = browser.post(f"/cameras/{camera.pk}/delete", follow=True).content.decode()
    assert "<script>alert(1)" not in page


def test_viewers_open_a_camera_and_see_no_address_nor_form():
    camera = services.create_camera(
        name="Gate", url="rtsp://user:secret@cam.example/stream", line=[[0.2, 0.5], [0.8, 0.5]]
    )
    answer = browser_of(VIEWER).get(f"/cameras/{camera.pk}")
    page = answer.content.decode()
    assert answer.status_code == 200 and "Gate" in page
    assert "cam.example" not in page and "Save camera" not in page and "Delete" not in page
