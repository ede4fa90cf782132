"""All processes of one machine, started and stopped as `make run` does it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.installation import BIN, ROOT, wait_until
from tests.support.redis_server import free_port

pytestmark = pytest.mark.slow


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "CROWDSITE_VAR")}
    return {
        **kept,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "CROWDSITE_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "crowdsite.settings",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def of_installation(folder: Path) -> list[psutil.Process]:
    """Every process that works for the installation in `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CROWDSITE_VAR") == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def started(tmp_path):
    """`honcho start` with an embedded Redis in an empty folder; yields (process, folder, address)."""
    port = free_port()
    log = (tmp_path / "log.txt").open("wb")
    process = subprocess.Popen(
        [str(BIN / "honcho"), "start", "redis", "web", "gpu", "tasks", "beat"],
        cwd=ROOT,
        env=environment(tmp_path / "var", WEB_PORT=str(port)),
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    yield process, tmp_path / "var", f"http://127.0.0.1:{port}"
    for left in of_installation(tmp_path / "var"):
        left.kill()
    process.wait(20)


def logged_in(address: str, folder: Path) -> httpx.Client:
    client = httpx.Client(base_url=address)
    client.get("/login")
    answer = client.post(
        "/login",
        data={
            "username": "admin",
            "password": (folder / "admin_password").read_text().strip(),
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        },
        headers={"Referer": address},
    )
    assert answer.status_code == 302, answer.text
    return client


def test_a_newcomer_sees_the_demo_counted_and_ctrl_c_leaves_nothing_behind(started):
    process, folder, address = started
    wait_until(lambda: answers(f"{address}/readyz"), "the server is ready", 90)
    client = logged_in(address, folder)

    def agreed():
        [camera] = client.get("/api/stats").json()["cameras"]
        demo = camera["demo"]
        return (
            demo["expected_in"] > 0
            and (demo["in"], demo["out"]) == (demo["expected_in"], demo["expected_out"])
            and camera
        )

    camera = wait_until(agreed, "the demo counts rise and agree", 90)
    assert camera["state"] in ("live", "degraded") and camera["in"] > 0
    assert client.get(f"/stream/still/{camera['id']}.jpg").status_code in (200, 503)

    gpu = next(
        p
        for p in of_installation(folder)
        if "gpu" in p.cmdline() and "worker" in p.cmdline() and "keep" not in str(p.cmdline())
    )
    gpu.kill()
    wait_until(
        lambda: any("gpu" in p.cmdline() and "worker" in p.cmdline() and "keep" not in str(p.cmdline()) and p.pid != gpu.pid for p in of_installation(folder)),
        "a killed worker is started again",
    )  # fmt: skip

    process.send_signal(signal.SIGINT)
    assert process.wait(40) is not None
    wait_until(lambda: not of_installation(folder), "no process is left", 20)


def test_a_terminal_that_is_killed_leaves_nothing_behind(started):
    process, folder, address = started
    wait_until(lambda: answers(f"{address}/healthz"), "the server answers", 90)
    process.kill()
    wait_until(lambda: not of_installation(folder), "no process is left", 40)


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "manage.py", "web"],
        [str(BIN / "celery"), "-A", "crowdsite", "worker", "-Q", "gpu"],
        [str(BIN / "celery"), "-A", "crowdsite", "beat"],
    ],
    ids=["web", "gpu", "beat"],
)
def test_a_process_that_cannot_reach_the_given_redis_says_so_and_ends(tmp_path, command):
    nowhere = f"redis://:secret@127.0.0.1:{free_port()}/0"
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(tmp_path / "var", REDIS_URL=nowhere),
        capture_output=True,
        text=True,
        timeout=60,
    )
    # 75, not 78: systemd tries again until Redis is there.
    assert done.returncode == 75, (done.stdout, done.stderr, time.monotonic() - began)
    [sentence] = [line for line in done.stderr.splitlines() if "REDIS_URL" in line]
    assert sentence.startswith("Redis cannot be reached at the address in REDIS_URL")
    assert "Traceback" not in done.stderr and "secret" not in done.stderr + done.stdout


def test_a_password_that_redis_refuses_is_a_mistake_that_nobody_tries_again(tmp_path, redis_server):
    wrong = redis_server.url.replace("redis://", "redis://:wrong-one@")
    done = subprocess.run(
        [sys.executable, "manage.py", "web"],
        cwd=ROOT,
        env=environment(tmp_path / "var", REDIS_URL=wrong),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 78, (done.stdout, done.stderr)
    assert "wrong-one" not in done.stderr + done.stdout


@pytest.mark.parametrize(("code", "lived_secs", "starts"), [(78, 0, 1), (75, 0, 1), (75, 1, 2), (78, 1, 1)])
def test_what_ends_because_redis_is_away_is_tried_again_only_once_it_has_worked(tmp_path, code, lived_secs, starts):
    """The first run lives for `lived_secs`, of which keep takes half a second as having worked; later ones end at once."""
    log = tmp_path / "starts"
    command = f'[ -e {log} ] && again=1; echo >> {log}; [ -n "$again" ] && exit 78; sleep {lived_secs}; exit {code}'
    keep = tmp_path / "keep"
    keep.write_text((ROOT / "bin" / "keep").read_text().replace("LONG_ENOUGH_SECS = 60", "LONG_ENOUGH_SECS = 0.5"))
    done = subprocess.run([sys.executable, str(keep), "sh", "-c", command], capture_output=True, timeout=30)
    assert done.returncode == (78 if starts == 2 else code)
    assert len(log.read_text().splitlines()) == starts
