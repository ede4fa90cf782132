"""Camera loops in real Celery workers: one loop a camera, whoever is killed, stopped, revoked or disabled."""

import os
import signal
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from tests.support.installation import Installation, wait_until
from tracking.lease import lease_key

pytestmark = pytest.mark.slow

CAMERAS = 3
# Measured 4 to 8 s; a loaded test machine gets more.
TAKEN_OVER_SECS = 30


@pytest.fixture(scope="module")
def cameras(installation: Installation) -> Iterator[list[int]]:
    """Three file cameras, and the processes that look after them; workers are the tests' own."""
    from tests.conftest import ASSETS

    path = ASSETS / "video" / "vtest.avi"
    if not path.is_file():
        pytest.skip(f"no test assets: set CROWDSITE_ASSETS (looked for {path})")
    made = installation.shell(
        "from cameras.services import create_camera\n"
        "from tracking.models import TrackingSettings\n"
        "TrackingSettings(detector_fps=2, imgsz=320).save()\n"
        f"print(*[create_camera(name=f'Camera {{n}}', url='{path}', line=[[.6, 0], [.6, 1]]).pk for n in range({CAMERAS})])"
    )
    installation.start_task_worker()
    installation.start_beat()
    yield [int(number) for number in made.split()]


@pytest.fixture
def worker(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    process = installation.start_gpu_worker("first")
    yield process
    end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def holders(installation: Installation, cameras: list[int]) -> list[str]:
    """host:pid of the worker that holds each camera, "" for nobody."""
    found = installation.client.mget([lease_key(camera) for camera in cameras])
    return [value.decode().rsplit(":", 1)[0] if value else "" for value in found]


def all_held_by(installation: Installation, cameras: list[int], pids: set[int]) -> bool:
    held = holders(installation, cameras)
    return all(held) and {int(holder.rsplit(":", 1)[1]) for holder in held} <= pids


def all_live(installation: Installation, cameras: list[int], *workers: subprocess.Popen[bytes]) -> bool:
    """Every camera is reported live by one of `workers`; the report of a dead one lingers for a while."""
    reports = [installation.client.hmget(f"cameras:status:{camera}", "state", "node") for camera in cameras]
    pids = {str(worker.pid) for worker in workers}
    return all(state == b"live" and node.decode().rsplit(":", 1)[1] in pids for state, node in reports)


def ffmpegs(installation: Installation) -> list[psutil.Process]:
    """Capture processes of this installation, wherever they hang in the process tree."""
    mine = []
    for process in psutil.process_iter(["name"]):
        if "ffmpeg" in (process.info["name"] or ""):
            try:
                if process.environ().get("CROWDSITE_VAR") == str(installation.folder):
                    mine.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
    return [process for process in mine if process.status() != psutil.STATUS_ZOMBIE]


def test_the_bare_worker_command_runs_every_camera_once(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    assert all_held_by(installation, cameras, {worker.pid})
    wait_until(lambda: len(ffmpegs(installation)) == CAMERAS, "one capture process a camera")


def test_cameras_of_a_killed_worker_run_on_another_and_its_captures_die_with_it(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    doomed = ffmpegs(installation)
    second = installation.start_gpu_worker("second")
    try:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        wait_until(
            lambda: not any(process.is_running() for process in doomed), "the captures of the dead worker are gone"
        )
        wait_until(
            lambda: all_held_by(installation, cameras, {second.pid}), "the second worker has them", TAKEN_OVER_SECS
        )
        wait_until(lambda: all_live(installation, cameras, second), "all cameras are live again", TAKEN_OVER_SECS)
        wait_until(lambda: len(ffmpegs(installation)) == CAMERAS, "one loop each")
    finally:
        end(second)


def test_a_stalled_capture_does_not_outlive_its_worker(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    stalled = ffmpegs(installation)
    for process in stalled:
        process.suspend()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    wait_until(lambda: not any(process.is_running() for process in stalled), "stopped processes are gone too")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_ends_the_loops_cleanly_and_gives_the_cameras_back(installation, cameras, worker, number):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    worker.send_signal(number)
    assert worker.wait(30) in (0, 1)
    assert holders(installation, cameras) == [""] * CAMERAS
    assert ffmpegs(installation) == []


def test_a_remote_shutdown_ends_the_loops(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    installation.shell(
        "from crowdsite import celery_app; celery_app.control.shutdown(destination=['first@%h'.replace('%h', __import__('socket').gethostname())])"
    )
    worker.wait(30)
    assert holders(installation, cameras) == [""] * CAMERAS


def test_a_revoked_loop_ends_and_the_camera_gets_a_new_one(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    before = installation.client.get(lease_key(cameras[0]))
    installation.shell(
        "from crowdsite import celery_app\n"
        "active = celery_app.control.inspect(timeout=5).active()\n"
        f"ids = [t['id'] for tasks in active.values() for t in tasks if t['args'] == [{cameras[0]}]]\n"
        "assert ids, active\n"
        "celery_app.control.revoke(ids)"
    )
    wait_until(
        lambda: installation.client.get(lease_key(cameras[0])) not in (None, before),
        "another loop has the camera",
        TAKEN_OVER_SECS,
    )


def test_a_disabled_camera_stops_and_an_enabled_one_starts_again(installation, cameras, worker):
    wait_until(lambda: all_live(installation, cameras, worker), "all cameras are live")
    installation.shell(
        f"from cameras.services import set_enabled; set_enabled(camera_ids=[{cameras[1]}], enabled=False)"
    )
    wait_until(lambda: holders(installation, cameras)[1] == "", "the loop has ended")
    assert (
        len(
            wait_until(
                lambda: len(ffmpegs(installation)) == CAMERAS - 1 and ffmpegs(installation), "its capture is gone"
            )
        )
        == 2
    )
    installation.shell(
        f"from cameras.services import set_enabled; set_enabled(camera_ids=[{cameras[1]}], enabled=True)"
    )
    wait_until(lambda: all_live(installation, cameras, worker), "it is live again")


def test_two_workers_share_the_cameras_when_one_is_full(installation, cameras):
    small = [installation.spawn([*command(name)], CAMERAS_PER_NODE="2") for name in ("small-one", "small-two")]
    try:
        wait_until(lambda: all_live(installation, cameras, *small), "all cameras are live")
        held = {int(holder.rsplit(":", 1)[1]) for holder in holders(installation, cameras)}
        assert held == {process.pid for process in small}
    finally:
        for process in small:
            end(process)


def command(name: str) -> list[str]:
    from tests.support.installation import CELERY

    return [*CELERY, "worker", "-Q", "gpu", "-n", f"{name}@%h"]
