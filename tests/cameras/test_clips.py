"""Saving the last seconds of a camera's video: what is answered, by whom it may be asked, and the way of the bytes."""

import asyncio
import contextlib
import re
import subprocess
import threading
import time
from dataclasses import replace

import av
import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient, Client
from django.urls import include, path
from loguru import logger

from accounts.models import Profile
from cameras import clips, remux, services
from cameras.capture.ffmpeg import ffmpeg_path
from cameras.capture.ring import PACKET, Clip, VideoRing
from cameras.clips import ClipError, clip_channel, fetch_clip, send_clip, take_wanted, wanted_key
from cameras.models import Site
from cameras.status import CameraStatus, write_status
from crowdsite.roles import OPERATOR, VIEWER
from crowdsite.store.connection import async_client, client
from tests.support.people import person

pytestmark = [
    pytest.mark.django_db(databases=["default", "redis"], transaction=True),
    pytest.mark.urls("tests.cameras.test_clips"),
]

urlpatterns = [path("", include("cameras.urls"))]

LIVE = CameraStatus("live", kept_secs=10.0)


@pytest.fixture(scope="module", params=["h264", "hevc"])
def recorded(request, tmp_path_factory) -> Clip:
    """Three seconds as a node would hold them."""
    encoder = {"h264": "libx264", "hevc": "libx265"}[request.param]
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=3", "-c:v", encoder, "-g", "10", "-bf", "0"]
    quiet = ["-x265-params", "log-level=none"] if encoder == "libx265" else ["-pix_fmt", "yuv420p"]
    command = [ffmpeg_path(), "-v", "error", *source, *quiet, "-f", "mpegts", "pipe:1"]
    ring = VideoRing(60)
    ring.write(subprocess.run(command, check=True, capture_output=True).stdout, 1_700_000_000.0)
    clip = ring.clip()
    return replace(clip, ended_at=clip.began_at + 3)


@pytest.fixture
def camera_id() -> int:
    camera = services.create_camera(name="Gate / <North>", url="rtsp://10.0.0.5/stream")
    report(camera.pk)
    return camera.pk


@pytest.fixture
def viewer() -> AsyncClient:
    browser = AsyncClient()
    browser.force_login(person(VIEWER))
    return browser


def report(camera_id: int, status: CameraStatus = LIVE) -> None:
    write_status(client(), camera_id, replace(status, updated_at=time.time()))


@contextlib.contextmanager
def node(camera_id: int, clip: Clip | None):
    """Answers all who ask, as a process of its own would."""
    ended = threading.Event()

    def answer() -> None:
        while not ended.wait(0.02):
            for _camera, token in take_wanted(client(), [camera_id]):
                send_clip(client(), token, clip)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


async def saved(browser: AsyncClient, camera_id: int, clip: Clip | None):
    with node(camera_id, clip):
        return await browser.get(f"/stream/clip/{camera_id}")


def error(response, status: int) -> dict:
    assert response.status_code == status, response.content
    found = response.json()["error"]
    assert found["message"].endswith(".")
    return found


async def body(response) -> bytes:
    return b"".join([piece async for piece in response.streaming_content])


async def test_the_last_seconds_come_as_a_film_that_players_open(viewer, camera_id, recorded, tmp_path):
    response = await saved(viewer, camera_id, recorded)
    assert (response.status_code, response["Content-Type"]) == (200, "video/mp4")
    film = await body(response)
    assert len(film) == int(response["Content-Length"])
    assert film.index(b"moov") < film.index(b"mdat"), "a player has to wait for the whole file"
    (tmp_path / "film.mp4").write_bytes(film)
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert container.streams.video[0].codec_context.name == recorded.codec
        assert sum(1 for _picture in container.decode(video=0)) >= 28
    assert (b"hvc1" in film) == (recorded.codec == "hevc")


async def test_the_file_is_named_by_the_camera_and_the_time_of_its_site(viewer, camera_id, recorded):
    await Site.objects.aupdate(timezone="Asia/Tokyo")
    response = await saved(viewer, camera_id, recorded)
    assert response["Content-Disposition"] == 'attachment; filename="Gate-North-2023-11-15-071320.mp4"'
    assert response["Cache-Control"] == "no-store"
    await body(response)


async def test_who_saved_what_is_in_the_log(viewer, camera_id, recorded):
    lines = []
    handler = logger.add(lambda message: lines.append(message.record), level="INFO")
    try:
        await body(await saved(viewer, camera_id, recorded))
    finally:
        logger.remove(handler)
    (line,) = [line for line in lines if "saved" in line["message"]]
    assert line["extra"]["camera_id"] == camera_id and line["extra"]["user"] in line["message"]


async def test_without_signing_in_or_with_another_site_nothing_is_saved(camera_id):
    assert error(await AsyncClient().get(f"/stream/clip/{camera_id}"), 401)["code"] == "not_authenticated"
    browser = AsyncClient()
    await browser.aforce_login(await sync_to_async(elsewhere)())
    error(await browser.get(f"/stream/clip/{camera_id}"), 404)


def elsewhere():
    user = person(OPERATOR)
    Profile.objects.update_or_create(user=user, defaults={"all_sites": False, "site_ids": [999]})
    return user


async def test_a_user_without_the_right_is_refused(camera_id):
    from django.contrib.auth.models import User

    browser = AsyncClient()
    await browser.aforce_login(await User.objects.acreate_user("nobody"))
    assert error(await browser.get(f"/stream/clip/{camera_id}"), 403)["code"] == "forbidden"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (CameraStatus("live"), "clip_off"),
        (CameraStatus("live", kept_secs=0.0, kept_reason="Only FFmpeg keeps a camera's video."), "clip_unsupported"),
        (CameraStatus("offline", "unauthorized", "The camera refused the password.", kept_secs=0.0), "unauthorized"),
    ],
)
async def test_what_cannot_be_saved_is_said_without_asking_the_node(viewer, camera_id, status, code):
    await sync_to_async(report)(camera_id, status)
    assert error(await viewer.get(f"/stream/clip/{camera_id}"), 409)["code"] == code
    assert await async_client().exists(wanted_key(camera_id)) == 0


async def test_a_camera_that_was_opened_a_moment_ago_has_nothing_yet(viewer, camera_id):
    assert "moment" in error(await saved(viewer, camera_id, None), 503)["message"]


async def test_a_node_that_does_not_answer_is_said_and_the_question_is_forgotten(viewer, camera_id, monkeypatch):
    monkeypatch.setattr(clips, "ANSWER_SECS", 0.3)
    assert "did not answer" in error(await viewer.get(f"/stream/clip/{camera_id}"), 503)["message"]
    assert 0 < await async_client().ttl(wanted_key(camera_id)) <= clips.WANTED_SECS


async def test_a_node_that_dies_half_way_is_said(viewer, camera_id, recorded, monkeypatch):
    monkeypatch.setattr(clips, "ANSWER_SECS", 0.3)

    def die(client, token, clip):
        client.publish(clip_channel(token), b'{"size": 1000, "codec": "h264"}')
        client.publish(clip_channel(token), bytes(PACKET))

    monkeypatch.setattr("tests.cameras.test_clips.send_clip", die)
    error(await saved(viewer, camera_id, recorded), 503)


async def test_video_that_cannot_be_wrapped_is_said_and_leaves_no_file(
    viewer, camera_id, recorded, monkeypatch, tmp_path
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    response = await saved(viewer, camera_id, replace(recorded, parts=(bytes(50 * PACKET),)))
    assert "could not be written" in error(response, 503)["message"]
    assert list(tmp_path.iterdir()) == []


async def test_a_program_that_hangs_is_ended(recorded, monkeypatch, tmp_path):
    monkeypatch.setattr(remux, "REMUX_SECS", 0.3)
    monkeypatch.setattr(remux, "_command", lambda codec, path: ["sleep", "30", str(path)][:2])
    with pytest.raises(ClipError):
        await remux.to_mp4(recorded)


async def test_only_a_few_are_saved_at_once(viewer, camera_id, recorded):
    async with remux.place(), remux.place():
        assert error(await viewer.get(f"/stream/clip/{camera_id}"), 503)["code"] == "busy"
    assert (await saved(viewer, camera_id, recorded)).status_code == 200


async def test_only_a_few_wait_for_one_camera(viewer, camera_id):
    await async_client().rpush(wanted_key(camera_id), *"abcd")
    assert error(await viewer.get(f"/stream/clip/{camera_id}"), 503)["code"] == "busy"


async def test_two_who_ask_at_once_both_get_theirs(camera_id, recorded):
    with node(camera_id, recorded):
        found = await asyncio.gather(fetch_clip(camera_id), fetch_clip(camera_id))
    assert [b"".join(clip.parts) for clip in found] == [b"".join(recorded.parts)] * 2


def test_where_nobody_listens_a_clip_is_not_sent(recorded):
    assert send_clip(client(), "gone", recorded) is False
    assert client().keys("cameras:clip*") == []


def test_a_question_is_taken_once_and_only_by_a_node_with_the_camera():
    client().rpush(wanted_key(7), "a", "b")
    assert take_wanted(client(), [1, 2]) == []
    assert take_wanted(client(), [7, 8]) == [(7, "a"), (7, "b")]
    assert take_wanted(client(), [7]) == []


def test_the_page_offers_the_button_with_what_is_kept_and_says_why_not(camera_id):
    browser = Client()
    browser.force_login(person(OPERATOR))
    page = browser.get(f"/cameras/{camera_id}").content.decode()
    assert 'id="save-clip"' in page and re.search(r'data-live="kept" data-state="10"', page)
    report(camera_id, CameraStatus("live", kept_secs=0.0, kept_reason="Only FFmpeg keeps a camera's video."))
    page = browser.get(f"/cameras/{camera_id}").content.decode()
    assert 'data-live="kept" data-state="0"' in page and "Only FFmpeg keeps" in page
