"""A real browser on the real web process. Skipped, with the reason, where there is no chromium."""

import shutil
import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import redis

from cameras.live import STILL_SECS, pack, still_key
from cameras.models import Camera
from cameras.selectors import default_site
from crowdsite.store.connection import client
from tests.support.doors import Doors
from tests.support.web_server import WebServer

NAME, PASSWORD = "guard", "a-long-password-1"


def _chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="package")
def browser():
    path = _chromium()
    if path is None:
        pytest.skip("no chromium on PATH: pages are not tried in a browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # Playwright keeps an event loop in this thread until it ends, so it ends with this folder's tests: asynchronous ones
    # elsewhere need the thread. Django must not take it for an asynchronous one meanwhile.
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as driver:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        running = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="package")
def web(browser, request) -> Iterator[WebServer]:
    from tests.conftest import _server

    server = WebServer(_server.url)
    server.manage("migrate", "-v0")
    server.add_user(NAME, PASSWORD)
    yield server.start()
    server.kill()
    shutil.rmtree(server.folder, ignore_errors=True)


def log_in(page) -> None:
    page.goto("/login")
    page.fill("#id_username", NAME)
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/")


@pytest.fixture(scope="package")
def login(browser, web) -> dict:
    """The cookies of somebody who is logged in."""
    context = browser.new_context(base_url=web.url)
    log_in(context.new_page())
    state = context.storage_state()
    context.close()
    return state


class LiveDoors(Doors):
    """Doors whose cameras go on reporting, a picture each second, until they are told otherwise."""

    def __init__(self, *args):
        super().__init__(*args)
        self._wanted: dict[int, dict] = {}
        self._cameras: dict[int, Camera] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        _ok, encoded = cv2.imencode(".jpg", np.full((360, 640, 3), (40, 120, 60), np.uint8))
        self._jpeg = encoded.tobytes()

    def report(self, camera: Camera, **values) -> None:
        self._cameras[camera.pk] = camera
        self._wanted[camera.pk] = values
        super().report(camera, **values)

    def fall_silent(self, camera: Camera) -> None:
        """Its loop hangs: the last report stays, no picture comes."""
        del self._wanted[camera.pk]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            try:
                self._tick()
            except redis.RedisError:
                continue  # a test has stopped it

    def _tick(self) -> None:
        self.now = time.time()
        for camera_id, values in list(self._wanted.items()):
            super().report(self._cameras[camera_id], **values)
            if values.get("state", "live") != "offline":
                self.client.set(still_key(camera_id), pack(self._jpeg, self.now - 0.2), ex=STILL_SECS)


@pytest.fixture
def doors(web) -> Iterator[LiveDoors]:
    found = LiveDoors(client(), default_site(), time.time())
    found.start()
    yield found
    found.stop()


@pytest.fixture
def open_page(browser, web, login):
    """`open_page(path, width=…)`: a logged-in page; errors of its scripts fail the test."""
    contexts, errors = [], []

    def opened(path: str = "/", *, width: int = 1280, height: int = 800, **options):
        context = browser.new_context(
            base_url=web.url, storage_state=login, viewport={"width": width, "height": height}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(20_000)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []
