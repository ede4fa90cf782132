"""Capture and counting settings that are changed while real nodes run: at work on all of them within seconds."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.support.installation import CELERY, Installation, wait_until
from tests.support.rtsp_server import RtspServer
from tests.support.videos import moving_box

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cameras(installation: Installation, tmp_path_factory) -> Iterator[list[int]]:
    """Two cameras, each with the node that looks after it; the second has a profile of its own."""
    video = moving_box(tmp_path_factory.mktemp("v") / "box.mp4", fps=10, frames=40)
    with RtspServer(video) as server:
        made = installation.shell(
            "from cameras.models import CaptureDefaults\n"
            "from cameras.services import create_camera\n"
            "CaptureDefaults(pipeline_profiles={'gate': {'fps': 5}}).save()\n"
            f"url = '{server.url}'\n"
            "print(create_camera(name='Plain', url=url, line=[[.5, 0], [.5, 1]]).pk,"
            " create_camera(name='Gate', url=url, line=[[.5, 0], [.5, 1]], profile='gate').pk)"
        )
        installation.start_task_worker()
        installation.start_beat()
        nodes = [
            installation.spawn([*CELERY, "worker", "-Q", "gpu", "-n", f"{name}@%h"], CAMERAS_PER_NODE="1")
            for name in ("first", "second")
        ]
        yield [int(number) for number in made.split()]
        for node in nodes:
            node.send_signal(signal.SIGTERM)
            node.wait(30)


def reported(installation: Installation, camera: int, *names: str) -> list[str]:
    return [(value or b"").decode() for value in installation.client.hmget(f"cameras:status:{camera}", *names)]


def at_work(installation: Installation, camera: int, **wanted: str) -> bool:
    return reported(installation, camera, *wanted) == list(wanted.values())


def test_changes_reach_every_node_and_open_only_the_cameras_they_concern(installation, cameras):
    plain, gate = cameras
    for camera, rate in ((plain, "10"), (gate, "5")):
        wait_until(
            lambda c=camera, r=rate: at_work(installation, c, state="live", target_fps=r), f"camera {camera}", 90
        )
    pids = {int(reported(installation, camera, "node")[0].rsplit(":", 1)[1]) for camera in cameras}
    assert len(pids) == 2
    before = {child.pid for pid in pids for child in psutil.Process(pid).children()}

    installation.shell(
        "from cameras.models import CaptureDefaults\nCaptureDefaults(pipeline_profiles={'gate': {'fps': 4}}).save()"
    )
    wait_until(lambda: at_work(installation, gate, state="live", target_fps="4"), "the profile's new rate")
    after = {child.pid for pid in pids for child in psutil.Process(pid).children()}
    assert len(before & after) == 1, "the camera without that profile kept its capture"

    installation.shell(
        "from tracking.models import TrackingSettings\nTrackingSettings(cpu_limit_percent=1, in_out_counting=False).save()"
    )
    for camera in cameras:
        wait_until(lambda c=camera: "switched off" in reported(installation, c, "note")[0], "counting off")
    if len(os.sched_getaffinity(0)) > 1:
        captures = {child.pid for pid in pids for child in psutil.Process(pid).children()}
        wait_until(lambda: all(len(os.sched_getaffinity(pid)) == 1 for pid in pids | captures), "one core each")
