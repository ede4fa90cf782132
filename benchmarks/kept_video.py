"""What keeping the last seconds of video costs: one RTSP camera with and without, then the memory of many.

python -m benchmarks.kept_video VIDEO [--secs 30] [--rounds 2]
"""

import argparse
import multiprocessing
import os
import time
from pathlib import Path

import psutil

from cameras.capture.feed import Feed
from cameras.capture.ring import PACKET, PMT_PID, VIDEO_PID, VideoRing
from cameras.capture.settings import CaptureSettings
from tests.support.redis_server import free_port
from tests.support.rtsp_server import RtspServer

CAMERAS, MBIT, FPS, KEPT_SECS = 16, 4, 25, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path, help="H.264")
    parser.add_argument("--secs", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    port = free_port()
    camera = multiprocessing.get_context("spawn").Process(target=_camera, args=(asked.video, port), daemon=True)
    camera.start()
    time.sleep(2)
    for _round in range(asked.rounds):
        for kept_secs in (0, KEPT_SECS):
            _watch(f"rtsp://127.0.0.1:{port}/live", kept_secs, asked.secs)
    camera.terminate()
    _many()


def _camera(video: Path, port: int) -> None:
    with RtspServer(video, port=port):
        time.sleep(24 * 3600)


def _watch(url: str, kept_secs: int, secs: float) -> None:
    feed = Feed(CaptureSettings(url, max_height=720, fps=10, keeps_video=kept_secs > 0, kept_secs=kept_secs))
    ended = time.monotonic() + 8
    while time.monotonic() < ended:  # opening costs more than running
        feed.wait(0.2) and feed.take()
    me = psutil.Process()
    program = next(child for child in me.children() if "ffmpeg" in child.name())
    before, began = (_cpu(program), _cpu(me)), time.monotonic()
    pictures = 0
    while time.monotonic() < began + secs:
        pictures += feed.wait(0.2) and feed.take() is not None
    took = time.monotonic() - began
    used = [100 * (now - then) / took for now, then in zip((_cpu(program), _cpu(me)), before, strict=True)]
    clip = feed.clip()
    size = f", clip of {clip.size / 1e6:.1f} MB, {clip.ended_at - clip.began_at:.1f} s" if clip else ""
    print(
        f"kept {kept_secs:2} s: ffmpeg {used[0]:.1f} % of a core, {program.memory_info().rss / 1e6:.0f} MB; "
        f"this process {used[1]:.1f} %; {pictures / took:.1f} pictures a second{size}"
    )
    feed.close()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _many() -> None:
    """Rings of many cameras, filled at a camera's rate with a key frame each two seconds."""
    tables = _packet(0, b"\x02", key=False) + _table()
    per_picture = MBIT * 1_000_000 // 8 // FPS // PACKET
    rings = [VideoRing(KEPT_SECS) for _camera in range(CAMERAS)]
    before, began = psutil.Process().memory_info().rss, time.process_time()
    for number in range(FPS * 30):
        key = number % (2 * FPS) == 0
        picture = _packet(VIDEO_PID, os.urandom(100), key=key) + _packet(VIDEO_PID, b"", begins=False) * per_picture
        for ring in rings:
            ring.write(tables + picture if key else picture, number / FPS)
    took, grown = time.process_time() - began, psutil.Process().memory_info().rss - before
    held = sum(ring.clip().size for ring in rings if ring.held_secs())  # type: ignore[union-attr]
    print(
        f"{CAMERAS} cameras at {MBIT} Mbit/s, {KEPT_SECS} s: {held / 1e6:.0f} MB of video, {grown / 1e6:.0f} MB of "
        f"memory; {100 * took / 30:.1f} % of a core for all"
    )


def _packet(pid: int, filling: bytes, *, key: bool = False, begins: bool = True) -> bytes:
    head = bytes([0x47, (0x40 if begins else 0) | pid >> 8, pid & 0xFF])
    return (head + (bytes([0x30, 7, 0x50 if key else 0x10]) if begins else b"\x10") + filling).ljust(PACKET, b"\xff")


def _table() -> bytes:
    section = bytes([2, 0xB0, 18, 0, 1, 0xC1, 0, 0, 0xE1, 0, 0xF0, 0, 0x1B, 0xE1, 0, 0xF0, 0])
    return (bytes([0x47, 0x40 | PMT_PID >> 8, PMT_PID & 0xFF, 0x10, 0]) + section).ljust(PACKET, b"\xff")


if __name__ == "__main__":
    main()
