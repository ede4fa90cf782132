"""Both ffmpegs a site may have: Debian's on PATH and the one inside imageio-ffmpeg."""

import shutil
import subprocess
import threading
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from cameras.capture import ffmpeg
from cameras.capture.errors import CaptureError
from cameras.capture.filters import rate_limit
from cameras.capture.flags import split_flags
from cameras.capture.settings import CaptureSettings
from cameras.capture.sources import open_source
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box, still_colour

PROGRAMS = [path for path in (shutil.which("ffmpeg"), imageio_ffmpeg.get_ffmpeg_exe()) if path]


@pytest.fixture(params=PROGRAMS, ids=lambda path: path.rsplit("/", 1)[-1][:12])
def program(request, monkeypatch):
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", lambda: request.param)
    return request.param


def read_some(path, count=3, **settings):
    source = open_source(CaptureSettings(str(path), folders=(path.parent,), **settings), threading.Event())
    try:
        return source, [source.read() for _ in range(count)]
    finally:
        source.close()


@pytest.mark.parametrize(
    ("orientation", "shape", "red_side"),
    [
        ("normal", (120, 160), np.s_[:6, :]),
        ("rotate_90", (160, 120), np.s_[:, -6:]),
        ("rotate_180", (120, 160), np.s_[-6:, :]),
        ("rotate_270", (160, 120), np.s_[:, :6]),
        ("mirror", (120, 160), np.s_[:6, :]),
        ("flip", (120, 160), np.s_[-6:, :]),
    ],
)
def test_pictures_arrive_turned_as_the_camera_hangs(tmp_path, orientation, shape, red_side):
    video = moving_box(tmp_path / "v.mp4", size=(160, 120), fps=20, frames=5)
    _, (image, *_) = read_some(video, orientation=orientation, fps=20)
    assert image.shape == (*shape, 3)
    stripe = image[red_side].reshape(-1, 3).mean(0)
    assert stripe[2] > 180 and stripe[:2].max() < 80


def test_a_mirrored_picture_is_mirrored(tmp_path):
    video = moving_box(tmp_path / "v.mp4", size=(160, 120), fps=20, frames=5)
    _, (plain, *_) = read_some(video, fps=20)
    _, (mirrored, *_) = read_some(video, fps=20, orientation="mirror")
    assert np.abs(plain[:, ::-1].astype(int) - mirrored).mean() < 3


@pytest.mark.parametrize(
    ("size", "max_height", "expected"),
    [
        ((1280, 960), 480, (640, 480)),
        ((480, 854), 240, (240, 427)),
        ((320, 240), 480, (320, 240)),
        ((321, 241), 480, (321, 241)),
    ],
)
def test_pictures_shrink_to_the_resolution_and_never_grow(tmp_path, program, size, max_height, expected):
    video = moving_box(tmp_path / "v.mp4", size=size, fps=20, frames=4)
    source, images = read_some(video, max_height=max_height, fps=20)
    assert (source.width, source.height) == expected
    assert all(image.shape == (expected[1], expected[0], 3) for image in images)


@pytest.mark.slow
def test_a_stream_that_changes_its_resolution_midway_stays_whole(tmp_path, program):
    joined = tmp_path / "joined.ts"
    for size in ((320, 240), (640, 360)):
        part = moving_box(tmp_path / f"{size[0]}.ts", size=size, fps=20, frames=10)
        with joined.open("ab") as whole:
            whole.write(part.read_bytes())
    _, images = read_some(joined, count=18, fps=20)
    for image in images:
        stripe = image[:12].reshape(-1, 3).mean(0)
        assert image.shape == (240, 320, 3)
        assert stripe[2] > 180 and stripe[:2].max() < 80


@pytest.mark.slow
def test_an_8k_stream_is_reduced_before_it_crosses_the_pipe(tmp_path):
    video = still_colour(tmp_path / "8k.mp4", size=(7680, 4320), fps=5, frames=2)
    source, images = read_some(video, count=1)
    assert images[0].shape == (2160, 3840, 3)
    assert "7680 x 4320" in source.note


@pytest.mark.parametrize(("fps", "expected"), [(25, 50), (10, 20), (4, 8), (60, 50)])
def test_the_rate_limit_drops_and_never_repeats(tmp_path, program, fps, expected):
    """Two seconds at 25 a second, read through the same filter without waiting for the clock."""

    video = moving_box(tmp_path / "v.mp4", size=(256, 48), fps=25, frames=50)
    out = subprocess.run(
        [program, "-loglevel", "error", "-i", str(video), "-vf", rate_limit(fps), "-fps_mode", "passthrough",
         "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"], capture_output=True, check=True,
    ).stdout  # fmt: skip
    pictures = [out[at : at + 256 * 48] for at in range(0, len(out), 256 * 48)]
    assert abs(len(pictures) - expected) <= 1
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_an_rtsp_camera_with_a_password_is_read_and_the_password_is_in_no_process_list(tmp_path, program, transport):
    video = moving_box(tmp_path / "v.mp4", fps=10, frames=20)
    with RtspServer(video, credentials="admin:s3cr'et@x") as camera:
        url = camera.url_with("admin:s3cr%27et%40x")
        source = open_source(CaptureSettings(url, transport=transport), threading.Event())
        try:
            assert source.read().shape == (240, 320, 3)
            command = Path(f"/proc/{source.pid}/cmdline").read_text()
        finally:
            source.close()
    assert "pipe:0" in command
    assert "s3cr" not in command and "127.0.0.1" not in command


@pytest.mark.parametrize(
    "text",
    [
        "-i /etc/passwd", "out.mp4", "-f", "-y", "-vf null", "-flags 'open", "-filter_complex x", "-fflags",
        "-user_agent 'x\nfile http://127.0.0.1/'", "-user_agent 'x\ry'", "-rtsp_flags prefer_tcp+listen",
    ],
)  # fmt: skip
def test_options_that_do_more_than_tune_the_reading_are_refused(text):
    with pytest.raises(CaptureError) as refused:
        split_flags(text)
    assert refused.value.permanent
    assert refused.value.code == "bad_flags"


def test_options_go_to_the_part_of_ffmpeg_that_knows_them():
    flags = split_flags("-rtsp_transport udp -flags low_delay -hwaccel cuda -stimeout 5 -an")
    assert flags.demuxer == {"rtsp_transport": "udp", "timeout": "5"}
    assert flags.decoder == {"flags": "low_delay", "hwaccel": "cuda"}
