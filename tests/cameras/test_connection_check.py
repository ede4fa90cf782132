import socket
import threading

import pytest
from rest_framework.test import APIClient

from cameras import connection_check, services
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import OPERATOR, VIEWER
from tests.support.people import person
from tests.support.videos import moving_box

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

PATH = "/api/cameras/check/"


def api_of(role: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(person(role))
    return client


@pytest.fixture
def video(settings, tmp_path):
    settings.CAMERA_FILE_ROOTS = [tmp_path]
    return str(moving_box(tmp_path / "door.mp4", size=(320, 240), fps=10))


@pytest.fixture(autouse=True)
def _cameras_of_this_machine(settings):
    settings.CAMERA_ALLOW_LOOPBACK = True


@pytest.fixture
def silent_port():
    """A camera that takes the call and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_picture_of_an_address_is_shown_turned_as_the_form_says(video):
    answer = api_of(OPERATOR).post(PATH, {"url": video, "orientation": "rotate_90"}, format="json")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["width"], answer.json()["height"], answer.json()["fps"]) == (240, 320, 10)
    assert answer.json()["picture"].startswith("data:image/jpeg;base64,/9j/")


def test_a_saved_camera_is_checked_with_its_own_password(video, monkeypatch):
    opened = []
    monkeypatch.setattr(connection_check, "_look", lambda settings, stop: opened.append(settings.url) or 1 / 0)
    camera = services.create_camera(name="Gate", url="rtsp://u:s3cret-pass@127.0.0.1:1/a")
    client = api_of(OPERATOR)
    client.post(PATH, {"camera_id": camera.pk, "url": camera.masked_url}, format="json")
    assert opened == [camera.url]
    elsewhere = camera.masked_url.replace("127.0.0.1", "evil.example")
    answer = client.post(PATH, {"camera_id": camera.pk, "url": elsewhere}, format="json")
    assert (answer.status_code, opened) == (400, [camera.url])


def test_the_reason_for_no_picture_is_a_sentence_without_the_password():
    answer = api_of(OPERATOR).post(PATH, {"url": "rtsp://u:s3cret-pass@127.0.0.1:1/a"}, format="json")
    assert answer.status_code == 502
    assert answer.json()["error"]["message"].endswith(".")
    assert b"s3cret" not in answer.content


def test_a_camera_that_says_nothing_is_given_up(silent_port, monkeypatch):
    monkeypatch.setitem(connection_check.check_connection.__kwdefaults__, "timeout_secs", 0.5)
    answer = api_of(OPERATOR).post(PATH, {"url": f"rtsp://127.0.0.1:{silent_port}/a"}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timeout")


def test_only_a_few_cameras_are_checked_at_once(monkeypatch, video):
    monkeypatch.setattr(connection_check, "_slots", threading.BoundedSemaphore(1))
    connection_check._slots.acquire()
    answer = api_of(OPERATOR).post(PATH, {"url": video}, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")


@pytest.mark.parametrize(
    "body", [{}, {"url": "file:///etc/passwd"}, {"url": 5}, {"camera_id": "x"}, {"camera_id": 77}, {"name": "A"}, [1]]
)
def test_what_cannot_be_opened_is_refused(body):
    answer = api_of(OPERATOR).post(PATH, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]


def test_viewers_may_not_make_the_server_connect(video):
    assert api_of(VIEWER).post(PATH, {"url": video}, format="json").status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "127.1", "0x7f000001", "[::1]", "localhost", "LOCALHOST."])
def test_the_servers_own_services_are_not_probed(settings, monkeypatch, host):
    settings.CAMERA_ALLOW_LOOPBACK = False
    monkeypatch.setattr(connection_check, "_look", lambda settings, stop: pytest.fail("it was opened"))
    answer = api_of(OPERATOR).post(PATH, {"url": f"http://{host}:6379/"}, format="json")
    assert answer.status_code == 400
    assert "the server itself" in answer.json()["error"]["fields"]["url"][0]


def test_a_name_that_leads_to_the_server_is_not_probed(settings, monkeypatch):
    settings.CAMERA_ALLOW_LOOPBACK = False
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr("cameras.capture.resolve.socket.getaddrinfo", lambda *args, **kwargs: answer)
    monkeypatch.setattr("cameras.capture.ffmpeg.Child", lambda *args, **kwargs: pytest.fail("it was opened"))
    error = api_of(OPERATOR).post(PATH, {"url": "http://innocent.example:6379/"}, format="json").json()["error"]
    assert error["code"] == "forbidden_address"


def test_a_camera_of_the_server_saved_in_other_days_can_still_be_renamed(settings):
    camera = services.create_camera(name="Gate", url="rtsp://127.0.0.1:8554/gate")
    settings.CAMERA_ALLOW_LOOPBACK = False
    assert services.update_camera(camera_id=camera.pk, name="Door", url=camera.masked_url).name == "Door"
    with pytest.raises(CrowdsiteError):
        services.update_camera(camera_id=camera.pk, url="rtsp://127.0.0.1:6379/gate")
