"""Which program opens a camera: the first that gives a picture."""

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cameras.address import parse
from cameras.capture import announced, sources
from cameras.capture.announced import gstreamer_python, open_gstreamer, open_opencv
from cameras.capture.errors import CaptureError
from cameras.capture.settings import CaptureSettings
from cameras.capture.sources import open_source
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box

needs_gstreamer = pytest.mark.skipif(gstreamer_python() is None, reason="GStreamer is not installed")
PICTURE = np.zeros((3, 4, 3), np.uint8)


class Scripted:
    width, height, nominal_fps, tap = 4, 3, None, None

    def __init__(self, backend, answers):
        self.backend, self.note, self.answers, self.closed = backend, "", list(answers), False

    def read(self):
        answer = self.answers.pop(0)
        if isinstance(answer, CaptureError):
            raise answer
        return answer

    def close(self):
        self.closed = True


@pytest.fixture
def scripted(monkeypatch):
    """Backends by name: an error when opening, or what reading gives in turn. Returns the sources that were made."""
    made: list[Scripted] = []

    def script(**backends):
        def opener(name, answers):
            def open_it(address, settings, stop):
                made.append(Scripted(name, [] if isinstance(answers, CaptureError) else answers))
                if isinstance(answers, CaptureError):
                    raise answers
                return made[-1]

            return open_it

        monkeypatch.setattr(sources, "BACKENDS", {name: opener(name, answers) for name, answers in backends.items()})
        return made

    return script


def opened(order=("ffmpeg", "gstreamer", "opencv")):
    return open_source(CaptureSettings("rtsp://10.0.0.5/x", backend_priority=order), threading.Event())


def error(code: str) -> CaptureError:
    return CaptureError(code, f"It was {code}.")


def test_the_first_that_gives_a_picture_is_taken_and_its_first_picture_is_not_lost(scripted):
    made = scripted(ffmpeg=[PICTURE + 1, PICTURE + 2], gstreamer=[PICTURE])
    source = opened()
    assert [int(source.read()[0, 0, 0]) for _ in range(2)] == [1, 2]
    assert (source.backend, source.note, len(made)) == ("ffmpeg", "", 1)


@pytest.mark.parametrize("code", ["unsupported_codec", "failed", "backend_missing", "ffmpeg_missing"])
def test_another_program_is_tried_where_it_may_do_better_and_the_operator_is_told(scripted, code):
    scripted(ffmpeg=error(code), gstreamer=[PICTURE])
    source = opened()
    assert source.backend == "gstreamer"
    assert source.note == f"Opened with GStreamer. FFmpeg: It was {code}."


@pytest.mark.parametrize("code", ["timeout", "no_picture", "closed"])
def test_a_program_that_opens_but_gives_no_picture_is_passed_over_and_closed(scripted, code):
    made = scripted(ffmpeg=[error(code)], gstreamer=[PICTURE])
    assert opened().backend == "gstreamer"
    assert made[0].closed


@pytest.mark.parametrize("code", ["unauthorized", "forbidden", "refused", "timeout", "bad_flags", "forbidden_address"])
def test_what_every_program_would_meet_is_tried_once(scripted, code):
    made = scripted(ffmpeg=error(code), gstreamer=[PICTURE])
    with pytest.raises(CaptureError, match=code):
        opened()
    assert len(made) == 1


def test_a_program_that_never_opens_such_addresses_is_no_news(scripted):
    scripted(gstreamer=error("backend_unsuitable"), ffmpeg=[PICTURE])
    assert opened(("gstreamer", "ffmpeg")).note == ""


def test_the_reason_that_says_most_is_given_when_none_can(scripted):
    scripted(gstreamer=error("backend_missing"), opencv=error("failed"), ffmpeg=error("unsupported_codec"))
    with pytest.raises(CaptureError, match="unsupported_codec"):
        opened(("gstreamer", "opencv", "ffmpeg"))


def test_a_machine_without_gstreamer_passes_over_it(monkeypatch):
    announced.gstreamer_python.cache_clear()
    monkeypatch.setattr(announced, "_runs", lambda command: False)
    try:
        with pytest.raises(CaptureError, match="not usable on this machine") as refused:
            opened(("gstreamer",))
    finally:
        announced.gstreamer_python.cache_clear()
    assert refused.value.code == "backend_missing"


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    video = moving_box(tmp_path_factory.mktemp("v") / "box.mp4", fps=10, frames=20)
    with RtspServer(video, credentials="admin:s3cr'et@x") as camera:
        yield camera


@pytest.mark.slow
@pytest.mark.parametrize("backend", [pytest.param("gstreamer", marks=needs_gstreamer), "opencv"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_real_camera_is_read_small_turned_and_without_its_password_in_any_process_list(camera, backend, transport):
    settings = CaptureSettings(
        camera.url_with("admin:s3cr%27et%40x"), transport=transport, max_height=120, orientation="rotate_90",
        backend_priority=(backend,),
    )  # fmt: skip
    source = open_source(settings, threading.Event())
    try:
        pictures = [source.read() for _ in range(5)]
        command = Path(f"/proc/{source.pid}/cmdline").read_text() + Path(f"/proc/{source.pid}/environ").read_text()
    finally:
        source.close()
    assert {picture.shape for picture in pictures} == {(160, 120, 3)}
    assert len({picture.tobytes() for picture in pictures}) > 2
    assert "s3cr" not in command and source.backend == backend


@pytest.mark.slow
@pytest.mark.parametrize("backend", [pytest.param("gstreamer", marks=needs_gstreamer), "opencv"])
@pytest.mark.parametrize(("user", "code"), [("admin:wrong", "unauthorized"), (None, "refused")])
def test_they_say_why_a_camera_cannot_be_opened(camera, backend, user, code, monkeypatch):
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")  # as the environment of a worker may have it
    url = camera.url_with(user) if user else "rtsp://127.0.0.1:9/x"
    with pytest.raises(CaptureError) as refused:
        open_source(CaptureSettings(url, backend_priority=(backend,)), threading.Event())
    assert refused.value.code == code
    assert "wrong" not in refused.value.detail


@pytest.mark.slow
@needs_gstreamer
def test_pictures_are_thinned_out_to_the_wanted_rate(camera):
    settings = CaptureSettings(camera.url_with("admin:s3cr%27et%40x"), fps=2, backend_priority=("gstreamer",))
    source = open_source(settings, threading.Event())
    try:
        # In each picture of the video the box is 16 pixels further on; it starts again at the left after two seconds.
        left = [int(np.flatnonzero(source.read()[120, :, 0] > 180)[0]) for _ in range(5)]
    finally:
        source.close()
    steps = [after - before for before, after in pairwise(left) if after > before]
    assert steps and all(step > 40 for step in steps)


@pytest.mark.parametrize("opener", [open_opencv, open_gstreamer])
def test_video_files_are_left_to_ffmpeg(opener, tmp_path):
    """It alone plays them at their own pace and from the beginning again."""
    (tmp_path / "walk.mp4").touch()
    url = str(tmp_path / "walk.mp4")
    with pytest.raises(CaptureError) as refused:
        opener(parse(url, folders=(tmp_path,)), CaptureSettings(url, folders=(tmp_path,)), threading.Event())
    assert refused.value.code == "backend_unsuitable" and refused.value.message.endswith(".")
