"""Live pictures over HTTP: through a real server where viewers and threads are counted, else Django's client."""

import asyncio
import contextlib
import threading
import time

import pytest
import redis
import uvicorn
from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.test import AsyncClient, Client
from django.urls import path

from cameras import services, stream_views
from cameras.hub import picture_hub
from cameras.live import pack, picture_channel, still_key, viewer_key
from cameras.models import Camera
from cameras.status import REPORTED_KEY, CameraStatus, clear_status, write_status
from crowdsite.roles import VIEWER
from crowdsite.store.connection import async_client, client
from tests.support.people import api_token, person

pytestmark = [
    pytest.mark.django_db(databases=["default", "redis"], transaction=True),
    pytest.mark.urls("tests.cameras.test_stream_views"),
]

urlpatterns = [
    path("stream/clean/<int:camera_id>", stream_views.clean),
    path("stream/annotated/<int:camera_id>", stream_views.annotated),
    path("stream/still/<int:camera_id>.jpg", stream_views.still),
]

JPEG = b"\xff\xd8not really\xff\xd9"


def running_camera() -> int:
    camera = services.create_camera(name="Gate", url="rtsp://10.0.0.5/stream")
    report(camera.pk, "live")
    return camera.pk


def report(camera_id: int, state: str, code: str = "", reason: str = "") -> None:
    write_status(client(), camera_id, CameraStatus(state, code, reason, updated_at=time.time()))


@pytest.fixture
def camera_id() -> int:
    return running_camera()


@pytest.fixture
def viewer() -> AsyncClient:
    browser = AsyncClient()
    browser.force_login(person(VIEWER))
    return browser


def error(response, status: int) -> dict:
    assert response.status_code == status
    found = response.json()["error"]
    assert found["message"].endswith(".")
    return found


async def test_without_signing_in_nothing_is_shown(camera_id):
    for url in (f"/stream/clean/{camera_id}", f"/stream/annotated/{camera_id}", f"/stream/still/{camera_id}.jpg"):
        assert error(await AsyncClient().get(url), 401)["code"] == "not_authenticated"


async def test_a_user_without_the_right_sees_nothing(camera_id):
    from django.contrib.auth.models import User

    browser = AsyncClient()
    await browser.aforce_login(await User.objects.acreate_user("nobody"))
    assert error(await browser.get(f"/stream/still/{camera_id}.jpg"), 403)["code"] == "forbidden"


async def test_a_token_opens_the_stream_and_a_wrong_one_does_not(camera_id):
    token = await sync_to_async(lambda: api_token(person(VIEWER)))()
    await async_client().set(still_key(camera_id), pack(JPEG, 5.0), ex=10)
    url = f"/stream/still/{camera_id}.jpg"
    assert (await AsyncClient().get(url, headers={"Authorization": f"Token {token}"})).content == JPEG
    error(await AsyncClient().get(url, headers={"Authorization": "Token wrong"}), 401)


async def test_an_unknown_camera_is_said(viewer):
    for url in ("/stream/clean/999", "/stream/still/999.jpg"):
        assert "999" in error(await viewer.get(url), 404)["message"]


async def test_a_camera_that_is_offline_is_said_with_its_reason(viewer, camera_id):
    await sync_to_async(report)(camera_id, "offline", "unauthorized", "The camera refused the password.")
    for url in (f"/stream/clean/{camera_id}", f"/stream/still/{camera_id}.jpg"):
        found = error(await viewer.get(url), 503)
        assert (found["code"], found["message"]) == ("unauthorized", "The camera refused the password.")


async def test_a_disabled_camera_and_one_without_a_node_are_said(viewer, camera_id):
    await sync_to_async(clear_status)(client(), camera_id)
    await sync_to_async(client().delete)(REPORTED_KEY)
    assert error(await viewer.get(f"/stream/clean/{camera_id}"), 503)["code"] == "no_node"
    await Camera.objects.filter(pk=camera_id).aupdate(enabled=False)
    assert error(await viewer.get(f"/stream/clean/{camera_id}"), 503)["code"] == "disabled"


async def test_a_still_carries_its_time_and_tells_the_loop_that_somebody_looks(viewer, camera_id):
    await async_client().set(still_key(camera_id), pack(JPEG, 1234.5), ex=10)
    response = await viewer.get(f"/stream/still/{camera_id}.jpg")
    assert response.status_code == 200
    assert response.content == JPEG
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Captured-At"] == "1234.500"
    assert response["Cache-Control"] == "no-store"
    assert 0 < await async_client().ttl(viewer_key(camera_id, "still")) <= 10


async def test_the_first_who_asks_for_a_still_waits_for_the_loop_to_notice(viewer, camera_id):
    async def loop() -> None:
        while not await async_client().exists(viewer_key(camera_id, "still")):
            await asyncio.sleep(0.02)
        await async_client().set(still_key(camera_id), pack(JPEG, 7.0), ex=10)

    noticed = asyncio.create_task(loop())
    assert (await viewer.get(f"/stream/still/{camera_id}.jpg")).content == JPEG
    await noticed


async def test_a_still_that_does_not_come_is_said_at_once_to_all_but_the_first(viewer, camera_id, monkeypatch):
    monkeypatch.setattr(stream_views, "STILL_WAIT_SECS", 0.2)
    for _ in range(2):
        assert error(await viewer.get(f"/stream/still/{camera_id}.jpg"), 503)["code"] == "no_picture"


async def parts(response) -> list[bytes]:
    body = b"".join([chunk async for chunk in response])
    assert body.endswith(b"--picture--\r\n")
    return [part.split(b"\r\n\r\n", 1)[1][:-2] for part in body.split(b"--picture")[1:-1]]


async def test_a_stream_ends_with_a_grey_picture_when_pictures_stop(viewer, camera_id, monkeypatch):
    monkeypatch.setattr(stream_views, "FIRST_PICTURE_SECS", 5.0)
    monkeypatch.setattr(stream_views, "NO_PICTURE_SECS", 0.2)
    response = await viewer.get(f"/stream/annotated/{camera_id}")
    assert response["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"

    async def loop() -> None:
        while not await async_client().publish(picture_channel(camera_id, "annotated"), pack(JPEG, 3.0)):
            await asyncio.sleep(0.02)

    sender = asyncio.create_task(loop())
    first, *_, last = await parts(response)
    await sender
    assert first == JPEG
    assert last.startswith(b"\xff\xd8") and len(last) > 1000  # a real picture, and not the frozen one
    assert picture_hub().subscriptions == 0


async def test_a_stream_without_pictures_ends(viewer, camera_id, monkeypatch):
    monkeypatch.setattr(stream_views, "FIRST_PICTURE_SECS", 0.1)
    assert len(await parts(await viewer.get(f"/stream/clean/{camera_id}"))) == 1


@contextlib.asynccontextmanager
async def server():
    config = uvicorn.Config(get_asgi_application(), port=0, lifespan="off", log_level="warning", ws="none")
    running = uvicorn.Server(config)
    running.install_signal_handlers = lambda: None
    task = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.02)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = running.force_exit = True
        await task


async def until(condition, timeout_secs=20.0):
    async with asyncio.timeout(timeout_secs):
        while not await condition():
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_fifty_viewers_cost_one_subscription_and_no_thread_each(camera_id):
    browser = Client()
    await sync_to_async(browser.force_login)(await sync_to_async(person)(VIEWER))
    cookie = browser.cookies["sessionid"].value
    request = f"GET /stream/clean/{camera_id} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={cookie}\r\n\r\n"
    channel = picture_channel(camera_id, "clean")
    link = async_client()

    async def subscribers() -> int:
        return (await link.pubsub_numsub(channel))[0][1]

    camera_is_on = True

    async def camera() -> None:
        while camera_is_on:
            with contextlib.suppress(redis.RedisError):
                await link.publish(channel, pack(JPEG, time.time()))
            await asyncio.sleep(0.05)

    async with server() as port:
        tasks_before, threads_before = len(asyncio.all_tasks()), threading.active_count()
        source = asyncio.create_task(camera())
        writers = []
        for _ in range(50):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request.encode())
            await reader.readuntil(b"X-Captured-At")
            writers.append((reader, writer))
        assert await subscribers() == 1
        assert picture_hub().subscriptions == 1

        async def few_threads() -> bool:
            return threading.active_count() <= threads_before + 5

        await until(few_threads)
        for _, writer in writers:
            writer.close()

        async def nothing_left() -> bool:
            return await subscribers() == 0 and picture_hub().subscriptions == 0

        await until(nothing_left)
        camera_is_on = False
        await source

        async def no_tasks_left() -> bool:
            return len(asyncio.all_tasks()) <= tasks_before

        await until(no_tasks_left)
