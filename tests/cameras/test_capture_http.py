"""Cameras that speak HTTP: motion JPEG, passwords, and what else may answer at such an address."""

import base64
import http.server
import itertools
import socket
import threading
import time

import cv2
import pytest

from cameras.capture.feed import CaptureSettings, Feed
from tests.support.videos import box_picture
from tests.support.waiting import until


class HttpCamera(http.server.BaseHTTPRequestHandler):
    """/video is motion JPEG behind a password, /page a page, /list a playlist that points at a file of the machine."""

    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/page":
            return self._answer(b"<html>" + b"Welcome to your camera. " * 50, "text/html")
        if self.path == "/list.m3u8":
            secret = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
            return self._answer(secret, "application/vnd.apple.mpegurl")
        if self.path != "/video":
            return self.send_error(404)
        wanted = "Basic " + base64.b64encode(b"admin:s3cret").decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
            return None
        return self._play()

    def _answer(self, body: bytes, kind: str):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _play(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in itertools.count():
            jpeg = cv2.imencode(".jpg", box_picture((160, 120), number % 20 / 20))[1].tobytes()
            try:
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
                self.wfile.write(jpeg + b"\r\n")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def camera():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), HttpCamera)
    server.daemon_threads = True
    HttpCamera.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_feed():
    feeds = []

    def opened(url, **settings) -> Feed:
        feeds.append(Feed(CaptureSettings(url, **settings)))
        return feeds[-1]

    yield opened
    for feed in feeds:
        feed.close()


@pytest.mark.slow
def test_motion_jpeg_with_a_password_is_read_no_faster_than_asked(camera, open_feed):
    feed = open_feed(f"http://admin:s3cret@{camera}/video", fps=5)
    frames = []
    until(lambda: ((frame := feed.take()) and frames.append(frame)) or len(frames) >= 8, 25)
    assert frames[0].image.shape == (120, 160, 3)
    assert frames[-1].captured_at - frames[1].captured_at > 0.5 * 6 / 5  # 20 a second would take a quarter of it
    assert feed.health().state == "live"


def test_a_wrong_password_is_said(camera, open_feed):
    feed = open_feed(f"http://admin:wrong@{camera}/video")
    until(lambda: feed.health().code == "unauthorized")


def test_a_page_is_no_video(camera, open_feed):
    feed = open_feed(f"http://{camera}/page")
    until(lambda: feed.health().code == "not_video")


def test_a_missing_path_is_said(camera, open_feed):
    feed = open_feed(f"http://{camera}/nothing")
    until(lambda: feed.health().code == "not_found")


def test_a_playlist_cannot_open_a_file_of_the_machine(camera, open_feed):
    feed = open_feed(f"http://{camera}/list.m3u8")
    until(lambda: feed.health().code not in ("", "connecting"))
    assert feed.health().state == "offline"
    assert feed.take() is None


def test_a_port_that_is_closed_is_said(open_feed):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        feed = open_feed(f"http://127.0.0.1:{probe.getsockname()[1]}/video")
        until(lambda: feed.health().code == "refused")
