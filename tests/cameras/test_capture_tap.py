"""The copy beside the pictures, with real ffmpeg: neither output may hold up the other."""

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from cameras.capture.feed import NO_VIDEO, Feed
from cameras.capture.ffmpeg import FfmpegSource, ffmpeg_path
from cameras.capture.settings import CaptureSettings
from cameras.capture.sources import open_source
from cameras.capture.tap import CODEC_UNSUITABLE, Kept, Tap
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box
from tests.support.waiting import until


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def camera(videos):
    with RtspServer(moving_box(videos / "box.mp4", fps=10, frames=40)) as camera:
        yield camera


def keeping(url: str, secs: int = 5, **changes) -> CaptureSettings:
    return CaptureSettings(url, keeps_video=True, kept_secs=secs, **changes)


@contextmanager
def opened(settings):
    feed = Feed(settings)
    try:
        yield feed
    finally:
        feed.close()


def pictures_in(clip, folder) -> int:
    path = folder / "clip.ts"
    path.write_bytes(b"".join(clip.parts))
    with av.open(str(path)) as container:
        return sum(1 for _picture in container.decode(video=0))


def length(clip) -> float:
    return clip.ended_at - clip.began_at


def test_one_connection_gives_pictures_and_the_last_seconds_of_video(camera, tmp_path):
    with opened(keeping(camera.url)) as feed:
        until(lambda: feed.kept().secs >= 2)
        clip = feed.clip()
        assert camera.readers == 1
        assert feed.health().state == "live"
    assert (clip.codec, feed.clip()) == ("h264", None)
    assert pictures_in(clip, tmp_path) >= 15


def test_nothing_is_kept_unless_it_is_asked_for(camera):
    with opened(CaptureSettings(camera.url)) as feed:
        until(lambda: feed.health().state == "live")
        assert (feed.kept(), feed.clip()) == (None, None)


def test_fewer_or_more_seconds_need_no_new_connection(camera):
    described = camera.describes
    with opened(keeping(camera.url, 60)) as feed:
        until(lambda: feed.kept().secs >= 3)
        feed.keep(1)
        assert feed.kept().secs == 1
        until(lambda: length(feed.clip()) < 3)  # at work with what comes next
        assert length(feed.clip()) >= 1
        assert camera.describes == described + 1


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
def test_video_that_cannot_be_kept_is_said_and_analysed_all_the_same(codec, videos):
    path = videos / f"{codec}.avi"
    make = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=3", "-c:v", codec, str(path)]
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *make], check=True)
    with opened(keeping(str(path), folders=(videos,))) as feed:
        until(lambda: feed.kept().problem)
        assert (feed.kept(), feed.clip()) == (Kept(0.0, CODEC_UNSUITABLE), None)
        until(lambda: feed.health().fps > 3)
        assert feed.health().state == "live"


def test_the_demo_scene_says_that_it_has_no_video():
    with opened(CaptureSettings("demo:", kept_secs=5)) as feed:
        until(lambda: feed.health().state == "live")
        assert feed.kept() == Kept(0.0, NO_VIDEO)


class Blocked(Tap):
    """Nobody reads the copy."""

    def _drain(self):
        self.released = threading.Event()
        self.released.wait(30)
        super()._drain()


def test_a_copy_that_nobody_reads_holds_up_no_picture(videos, monkeypatch):
    busy = videos / "busy.mp4"
    noise = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=4,noise=alls=60:allf=t", "-c:v", "libx264"]
    fast = ["-preset", "ultrafast", "-b:v", "6M", "-g", "25", "-pix_fmt", "yuv420p"]
    subprocess.run([ffmpeg_path(), "-v", "error", "-y", *noise, *fast, str(busy)], check=True)
    monkeypatch.setattr("cameras.capture.ffmpeg.Tap", Blocked)
    stop = threading.Event()
    source = open_source(keeping(str(busy), folders=(videos,), fps=25), stop)
    try:
        for _ in range(150):  # six seconds: the pipe and ffmpeg's queue are full after one
            assert source.read() is not None
        assert source.tap.kept().secs == 0
        source.tap.released.set()
        until(lambda: source.tap.kept().secs > 1)
    finally:
        source.close()
    assert "tap" not in {thread.name for thread in threading.enumerate()}


def test_pictures_that_nobody_reads_spoil_nothing_of_the_copy(camera, tmp_path):
    stop = threading.Event()
    source = open_source(keeping(camera.url, 30), stop)
    try:
        until(lambda: source.tap.kept().secs > 4)  # the pipe and ffmpeg's queue are full after one
        assert pictures_in(source.tap.clip(), tmp_path) >= 35
        assert source.read() is not None
    finally:
        source.close()


def test_a_program_that_hangs_is_ended_and_leaves_no_thread_and_no_pipe(videos):
    video = moving_box(videos / "hangs.mp4", fps=10, frames=40)
    before = set(os.listdir("/proc/self/fd"))
    source = FfmpegSource(*_address(str(video)))
    until(lambda: source.tap.kept().secs > 0)
    os.kill(source.pid, signal.SIGSTOP)
    source.close()
    assert "tap" not in {thread.name for thread in threading.enumerate()}
    assert set(os.listdir("/proc/self/fd")) <= before


def _address(url):
    from cameras.address import parse

    folders = (Path("/"),)
    return parse(url, folders=folders), keeping(url, folders=folders), threading.Event()


def test_a_program_that_cannot_be_started_leaves_no_pipe(monkeypatch):
    before = set(os.listdir("/proc/self/fd"))

    def refuse(*args, **kwargs):
        raise OSError("no more processes")

    monkeypatch.setattr("cameras.capture.ffmpeg.Child", refuse)
    with pytest.raises(OSError, match="no more"):
        FfmpegSource(*_address("rtsp://127.0.0.1:1/x"))
    assert set(os.listdir("/proc/self/fd")) == before
