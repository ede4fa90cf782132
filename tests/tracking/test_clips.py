"""From an RTSP camera to the saved file: the real capture, the node's desk, the real view."""

import time
from types import SimpleNamespace

import av
import pytest
import redis
from django.test import AsyncClient
from django.urls import include, path

from cameras import services
from cameras.capture.feed import Feed
from cameras.capture.ring import Clip
from cameras.capture.rules import CaptureRules, capture_settings
from cameras.capture.settings import CaptureSettings
from cameras.clips import wanted_key
from cameras.status import CameraStatus, write_status
from crowdsite.roles import VIEWER
from crowdsite.store.connection import client
from tests.support.people import person
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box
from tests.support.waiting import until
from tracking.clips import ClipDesk

pytestmark = [
    pytest.mark.django_db(databases=["default", "redis"], transaction=True),
    pytest.mark.urls("tests.tracking.test_clips"),
]

urlpatterns = [path("", include("cameras.urls"))]


@pytest.fixture
def desk():
    made = []

    def open_desk(feeds, redis_client=None) -> ClipDesk:
        made.append(ClipDesk(redis_client or client(), lambda: feeds))
        return made[-1]

    yield open_desk
    for each in made:
        each.close()


@pytest.fixture
def gate(tmp_path):
    """A camera that gives video, its record, and its feed."""
    with RtspServer(moving_box(tmp_path / "box.mp4", fps=10, frames=40)) as camera:
        record = services.create_camera(name="Gate", url=camera.url)
        feed = Feed(CaptureSettings(camera.url, keeps_video=True, kept_secs=5))
        yield SimpleNamespace(id=record.pk, camera=camera, feed=feed)
        feed.close()


@pytest.fixture
def viewer() -> AsyncClient:
    browser = AsyncClient()
    browser.force_login(person(VIEWER))
    return browser


async def test_the_last_seconds_of_a_camera_are_saved_over_its_one_connection(gate, desk, viewer, tmp_path):
    until(lambda: gate.feed.kept().secs >= 3)
    write_status(client(), gate.id, CameraStatus("live", kept_secs=gate.feed.kept().secs, updated_at=time.time()))
    desk({gate.id: gate.feed})
    response = await viewer.get(f"/stream/clip/{gate.id}")
    assert response.status_code == 200
    film = tmp_path / "film.mp4"
    film.write_bytes(b"".join([piece async for piece in response.streaming_content]))
    with av.open(str(film)) as container:
        pictures = list(container.decode(video=0))
    assert len(pictures) >= 25
    assert (pictures[0].width, pictures[0].height, pictures[0].key_frame) == (320, 240, True)
    assert gate.camera.describes == 1
    assert gate.feed.health().state == "live"


class Scripted:
    settings = CaptureSettings("x", keeps_video=True)

    def __init__(self):
        self.asked = 0

    def clip(self):
        self.asked += 1
        return Clip("h264", (b"x",), 0, 1)


def test_a_node_answers_for_its_own_cameras_only(desk):
    feed = Scripted()
    desk({7: feed})
    client().rpush(wanted_key(7), "mine")
    client().rpush(wanted_key(8), "another's")
    until(lambda: feed.asked)
    assert client().lrange(wanted_key(8), 0, -1) == [b"another's"]


def test_redis_is_left_alone_while_no_camera_keeps_video(desk):
    class Untouched:
        def pipeline(self, **options):
            raise AssertionError("asked")

    desk({}, Untouched()).step()


def test_an_outage_of_redis_is_survived(desk, monkeypatch):
    monkeypatch.setattr("tracking.clips._AFTER_FAILURE_SECS", 0.05)
    failures = iter([redis.ConnectionError("away")] * 3)
    feed = Scripted()

    class Shaky:
        def pipeline(self, **options):
            if (error := next(failures, None)) is not None:
                raise error
            return client().pipeline(**options)

        def publish(self, *args):
            return client().publish(*args)

    client().rpush(wanted_key(7), "mine")
    desk({7: feed}, Shaky())
    until(lambda: feed.asked)


def settings_of(url: str, **rules) -> CaptureSettings:
    camera = SimpleNamespace(
        url=url, transport="auto", resolution="auto", orientation="normal", profile="gate", ffmpeg_flags=""
    )
    return capture_settings(camera, CaptureRules(**rules), fps=10)


def test_only_cameras_whose_video_may_be_kept_are_opened_again_when_it_is_switched_on():
    for url, concerned in (("rtsp://10.0.0.5/x", True), ("/v/a.mp4", True), ("demo:", False), ("0", False)):
        assert (settings_of(url) != settings_of(url, kept_secs=10)) is concerned
    assert settings_of("rtsp://10.0.0.5/x", kept_secs=10) == settings_of("rtsp://10.0.0.5/x", kept_secs=20)
    without = {"kept_secs": 10, "backends": ("gstreamer", "opencv")}
    assert not settings_of("rtsp://10.0.0.5/x", **without).keeps_video


def test_a_profile_may_keep_more_or_nothing():
    gate = {"profiles": {"gate": {"capture_buffer_seconds": 30}}}
    assert settings_of("rtsp://10.0.0.5/x", **gate).kept_secs == 30
    nothing = {"profiles": {"gate": {"capture_buffer_seconds": 0}}, "kept_secs": 10}
    assert not settings_of("rtsp://10.0.0.5/x", **nothing).keeps_video
