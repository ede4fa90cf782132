"""The feed against sources that are made up, and then against real ffmpeg, real RTSP and real processes."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from cameras.capture.errors import CaptureError
from cameras.capture.feed import CaptureSettings, Feed
from cameras.capture.ffmpeg import ffmpeg_path
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]


class ScriptedSource:
    """Gives the pictures put into `pictures`; None there ends it with `error`."""

    backend, width, height, nominal_fps, note, tap = "scripted", 4, 3, None, "", None

    def __init__(self, stop, error=None):
        self.stop, self.error = stop, error or CaptureError("closed", "The camera closed the connection.")
        self.pictures: list = []
        self.closed = False

    def read(self):
        while not self.pictures:
            if self.stop.wait(0.005):
                return None
        picture = self.pictures.pop(0)
        if picture is None:
            raise self.error
        return picture

    def close(self):
        self.closed = True


def picture(value: int) -> np.ndarray:
    return np.full((3, 4, 3), value, np.uint8)


@pytest.fixture
def feeds():
    opened: list[Feed] = []

    def open_feed(*args, **kwargs) -> Feed:
        opened.append(Feed(*args, **kwargs))
        return opened[-1]

    yield open_feed
    for feed in opened:
        feed.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("feed ")]


@pytest.fixture
def scripted(feeds):
    sources: list[ScriptedSource] = []

    def open_scripted(settings, stop):
        sources.append(ScriptedSource(stop))
        return sources[-1]

    feed = feeds(CaptureSettings("demo:", fps=10), open_source=open_scripted)
    until(lambda: sources)
    return feed, sources


def test_only_the_newest_picture_is_kept_and_the_lost_ones_are_counted(scripted):
    feed, (source,) = scripted
    source.pictures += [picture(1), picture(2), picture(3)]
    until(lambda: not source.pictures and feed.health().drops == 2)
    frame = feed.take()
    assert (int(frame.image[0, 0, 0]), frame.index) == (3, 2)
    assert feed.take() is None
    assert not feed.wait(0.01)


def test_pictures_that_may_wait_are_taken_in_order_and_the_oldest_is_dropped(feeds):
    sources: list[ScriptedSource] = []

    def open_scripted(settings, stop):
        sources.append(ScriptedSource(stop))
        return sources[-1]

    feed = feeds(CaptureSettings("demo:", fps=10, buffer=3), open_source=open_scripted)
    until(lambda: sources)
    sources[0].pictures += [picture(value) for value in range(5)]
    until(lambda: not sources[0].pictures and feed.health().drops == 2)
    assert [feed.take().index for _ in range(3)] == [2, 3, 4]
    assert feed.take() is None and not feed.wait(0)


def test_waiting_ends_when_a_picture_comes(scripted):
    feed, (source,) = scripted
    threading.Timer(0.05, source.pictures.append, [picture(7)]).start()
    assert feed.wait(10)
    assert abs(time.time() - feed.take().captured_at) < 10


def test_closing_wakes_whoever_waits_and_frees_the_source(scripted):
    feed, (source,) = scripted
    waiter = threading.Thread(target=feed.wait, args=(60,))
    waiter.start()
    feed.close()
    waiter.join(5)
    assert not waiter.is_alive()
    assert source.closed
    feed.close()


def test_a_source_that_ends_is_opened_again_and_numbers_go_on(scripted):
    feed, sources = scripted
    sources[0].pictures += [picture(1), None]
    until(lambda: len(sources) == 2)
    assert sources[0].closed
    sources[1].pictures.append(picture(2))
    until(lambda: feed.health().drops == 1)
    assert feed.take().index == 1
    assert feed.health().reconnects == 1


def test_a_refused_password_is_not_tried_again_soon(feeds):
    tries = []

    def refuse(settings, stop):
        tries.append(1)
        raise CaptureError("unauthorized", "The camera refused the password. Enter it again.", permanent=True)

    feed = feeds(CaptureSettings("rtsp://cam/live"), open_source=refuse)
    until(lambda: feed.health().code == "unauthorized")
    time.sleep(1.2)
    assert len(tries) == 1
    assert feed.health().state == "offline"


def test_a_fault_of_the_program_ends_no_camera(feeds, monkeypatch):
    faults, sources = [ZeroDivisionError("division by zero"), MemoryError()], []
    logged = []
    monkeypatch.setattr("cameras.capture.feed.logger.exception", lambda *words: logged.append(words))

    def open_source(settings, stop):
        if faults:
            raise faults.pop(0)
        sources.append(ScriptedSource(stop))
        return sources[-1]

    feed = feeds(CaptureSettings("rtsp://u:s3cret-pass@cam/live"), open_source=open_source)
    until(lambda: feed.health().code == "unexpected")
    assert "fault in this program" in feed.health().reason
    until(lambda: sources)
    sources[0].pictures.append(picture(1))
    assert feed.wait(10)
    assert len(logged) == 2 and "s3cret" not in str(logged)


def rtsp_settings(camera: RtspServer, **changes) -> CaptureSettings:
    return CaptureSettings(camera.url, fps=10, **changes)


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return moving_box(tmp_path_factory.mktemp("videos") / "box.mp4", fps=10, frames=20)


@pytest.fixture
def camera(video):
    with RtspServer(video) as camera:
        yield camera


def ffmpegs(parent: int | None = None) -> list[int]:
    """Living ffmpeg children of a process (this one)."""
    parent = parent or os.getpid()
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, owner = rest.split()[:2]
        if "ffmpeg" in head and int(owner) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


def test_a_real_camera_gives_moving_pictures_and_leaves_no_process(feeds, camera):
    feed = feeds(rtsp_settings(camera))
    places = set()
    until(lambda: ((frame := feed.take()) and places.add(int(np.argmax(frame.image[120].mean(1))))) or len(places) > 4)
    health = feed.health()
    assert (health.state, health.width, health.height, health.backend) == ("live", 320, 240, "ffmpeg")
    assert len(ffmpegs()) == 1
    feed.close()
    assert ffmpegs() == []
    until(lambda: camera.readers == 0)


@pytest.mark.slow
def test_a_camera_that_dies_and_returns_is_back_at_once(feeds, camera):
    feed = feeds(rtsp_settings(camera))
    assert feed.wait(15)
    camera.stop()
    until(lambda: feed.health().state == "stale")
    assert feed.health().code in ("closed", "refused")
    feed.take()
    camera.start()
    assert feed.wait(10)  # 5 s are promised, a loaded test machine gets more
    until(lambda: feed.health().state == "live")


@pytest.mark.slow
def test_a_stopped_ffmpeg_is_replaced_and_its_pictures_are_not_live(feeds, camera):
    feed = feeds(rtsp_settings(camera))
    assert feed.wait(15)
    (stopped,) = ffmpegs()
    os.kill(stopped, signal.SIGSTOP)
    until(lambda: feed.health().state == "stale")
    until(lambda: (fresh := ffmpegs()) and stopped not in fresh, 25)
    until(lambda: feed.health().state == "live", 25)


def test_a_stopped_ffmpeg_does_not_hold_up_closing(feeds, camera):
    feed = feeds(rtsp_settings(camera))
    assert feed.wait(15)
    os.kill(ffmpegs()[0], signal.SIGSTOP)
    feed.close()
    assert ffmpegs() == []


@pytest.mark.slow
def test_a_camera_that_keeps_the_connection_but_sends_nothing_is_stale_and_comes_back(feeds, camera):
    feed = feeds(rtsp_settings(camera))
    assert feed.wait(15)
    camera.stall()
    until(lambda: feed.health().state == "stale")
    camera.resume()
    until(lambda: feed.health().state == "live", 25)


@pytest.mark.slow
def test_a_camera_that_stalls_and_then_restarts_is_not_taken_for_one_that_cannot_be_decoded(feeds, camera):
    # Its stream ends while a connection waits for the first picture: ffmpeg knows no size and cannot say why.
    camera.stall()
    feed = feeds(rtsp_settings(camera))
    until(lambda: camera.describes)
    time.sleep(0.5)
    camera.stop()
    until(lambda: feed.health().code != "connecting")
    assert feed.health().code in ("no_picture", "closed")
    camera.start()
    assert feed.wait(10)  # 5 s are promised, a loaded test machine gets more


@pytest.mark.slow
def test_dead_cameras_cost_the_others_nothing(feeds, camera, video):
    with RtspServer(video) as mute:
        mute.mute = True
        dead = [
            feeds(rtsp_settings(mute)),
            feeds(CaptureSettings("rtsp://127.0.0.1:9/live")),
            feeds(CaptureSettings("rtsp://no-such-camera.invalid/live")),
        ]
        well = feeds(rtsp_settings(camera))
        assert well.wait(15)
        until(lambda: well.health().fps > 5)
        until(lambda: all(feed.health().code not in ("connecting", "") for feed in dead))
        assert well.health().state == "live"
        assert [feed.health().state for feed in dead] == ["offline"] * 3
        assert [feed.health().code for feed in dead][1:] == ["refused", "unknown_host"]
        assert dead[0].health().code in ("timeout", "no_answer")


@pytest.mark.slow
def test_a_camera_that_returns_with_another_resolution_goes_on(feeds, camera, tmp_path):
    feed = feeds(rtsp_settings(camera))
    assert feed.wait(15) and feed.take().image.shape == (240, 320, 3)
    camera.stop()
    camera.video = moving_box(tmp_path / "other.mp4", size=(640, 360), fps=10, frames=20)
    camera.start()
    until(lambda: (frame := feed.take()) and frame.image.shape == (360, 640, 3))
    assert feed.health().width == 640


def test_a_wrong_password_is_tried_once(feeds, video):
    with RtspServer(video, credentials="admin:right") as camera:
        feed = feeds(CaptureSettings(camera.url_with("admin:wrong")))
        until(lambda: feed.health().code == "unauthorized")
        asked = camera.describes
        time.sleep(1.5)
        assert camera.describes == asked <= 2
        assert feed.health().reason == "The camera refused the password. Enter it again."


def test_a_wrong_path_is_said(feeds, camera):
    feed = feeds(CaptureSettings(camera.url + "/nothing-here"))
    until(lambda: feed.health().code == "not_found")


def test_a_text_file_is_no_video(feeds, tmp_path):
    for name in ("notes.txt", "notes.mp4"):
        (tmp_path / name).write_text("Dear reader,\nthis is no film.\n" * 200)
        feed = feeds(CaptureSettings(str(tmp_path / name), folders=(tmp_path,)))
        until(lambda feed=feed: feed.health().code == "not_video")
        assert feed.health().state == "offline"
        assert "not a video" in feed.health().reason


def test_a_missing_file_and_a_forbidden_one_are_said(feeds, tmp_path):
    missing = feeds(CaptureSettings(str(tmp_path / "a.mp4"), folders=(tmp_path,)))
    forbidden = feeds(CaptureSettings("/etc/passwd", folders=(tmp_path,)))
    until(lambda: missing.health().code == "missing_file")
    until(lambda: forbidden.health().code == "forbidden_address")


@pytest.mark.slow
def test_a_file_plays_in_real_time_and_starts_over(feeds, tmp_path):
    short = moving_box(tmp_path / "short.mp4", fps=10, frames=10)
    feed = feeds(CaptureSettings(str(short), fps=10, folders=(tmp_path,)))
    frames = []
    until(lambda: ((frame := feed.take()) and frames.append(frame)) or (frames and frames[-1].index >= 24))
    took = frames[-1].captured_at - frames[0].captured_at
    played = (frames[-1].index - frames[0].index) / 10
    assert played * 0.6 < took  # faster than real time would be a fraction of it
    assert feed.health().reconnects == 0


@pytest.mark.slow
def test_an_avi_whose_frames_carry_no_times_keeps_its_tempo_over_many_rounds(feeds, tmp_path):
    avi = tmp_path / "short.avi"
    source = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=1"]
    subprocess.run([ffmpeg_path(), "-v", "error", *source, "-c:v", "mpeg4", "-bf", "2", str(avi)], check=True)
    feed = feeds(CaptureSettings(str(avi), fps=5, folders=(tmp_path,)))
    frames = []
    until(lambda: ((frame := feed.take()) and frames.append(frame)) or (frames and frames[-1].index >= 20))
    took = frames[-1].captured_at - frames[0].captured_at
    asked = (frames[-1].index - frames[0].index) / 5
    assert asked * 0.6 < took  # three rounds and more; without tempo they would take a fraction of it


def test_a_flood_on_standard_error_neither_blocks_nor_fills_the_memory(tmp_path):
    from cameras.capture.child import KEPT_LINES, LINE_LENGTH, Child

    flood = "import sys; sys.stderr.write('x' * 3000000 + '\\n'); sys.stderr.write('line\\n' * 300000); print('done')"
    child = Child([sys.executable, "-c", flood])
    with open(child.stdout, closefd=False) as out:
        assert out.read() == "done\n"
    lines = child.ended()
    assert len(lines) <= KEPT_LINES and max(map(len, lines)) <= LINE_LENGTH


def test_a_name_that_leads_to_a_forbidden_address_is_not_opened(feeds, monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    feed = feeds(CaptureSettings("http://innocent.example/video"))
    until(lambda: feed.health().code == "forbidden_address")
    assert ffmpegs() == []


def test_a_resolver_that_hangs_does_not_hold_up_closing(feeds, monkeypatch):
    answered = threading.Event()
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: (asked.set(), answered.wait(60), [])[2])
    feed = feeds(CaptureSettings("http://innocent.example/video"))
    assert asked.wait(10)
    feed.close()
    assert not feed._thread.is_alive()
    answered.set()


def test_the_demo_camera_walks_and_is_turned_and_shrunk_like_any_other(feeds):
    feed = feeds(CaptureSettings("demo:", fps=10, max_height=240, orientation="rotate_90"))
    seen = set()
    until(lambda: ((frame := feed.take()) and seen.add((frame.image.shape, frame.image.tobytes()))) or len(seen) >= 3)
    assert {shape for shape, _ in seen} == {(427, 240, 3)}
    assert (feed.health().state, feed.health().backend) == ("live", "demo")


ORPHAN = """
import sys, time
from cameras.capture.feed import CaptureSettings, Feed
from cameras.capture.ffmpeg import ffmpeg_path
feed = Feed(CaptureSettings(sys.argv[1], fps=10))
assert feed.wait(20)
print("running", flush=True)
time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["setpriv", "python"])
def test_a_stopped_ffmpeg_does_not_outlive_its_killed_parent(camera, tmp_path, prefix):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    program = ORPHAN
    if prefix == "python":  # as where setpriv is missing
        program = (
            "import shutil; shutil.which = lambda name, real=shutil.which: name != 'setpriv' and real(name)\n" + ORPHAN
        )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, camera.url], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout.readline() == "running\n"
        (child,) = ffmpegs(parent.pid)
        os.kill(child, signal.SIGSTOP)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    until(lambda: not Path(f"/proc/{child}").exists() or ") Z " in Path(f"/proc/{child}/stat").read_text())
