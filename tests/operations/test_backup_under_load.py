"""A backup while everything is being written, restored into another Redis and another data folder."""

import gc
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import ROOT, Installation, wait_until

pytestmark = pytest.mark.slow

WRITERS = 2
CAMERAS = 4

# Events as fast as they can be recorded; camera rows and users change all the while.
WRITER = """
import random, sys, time
import django; django.setup()
from crowdsite.store.connection import client
from tracking.events import Event, record_event
number = int(sys.argv[1])
at = 1_750_000_000 + number
while True:
    at += 7
    event = Event.new(direction=random.choice(["in", "in", "out"]), ts=at, score=.9, camera_id=random.randint(1, 4),
                      site_id=1, label="person", track_id=at, line_version=1, model="test")
    record_event(client(), event, timezone="Europe/Berlin")
"""
EDITOR = """
import itertools
import django; django.setup()
from django.contrib.auth.models import User
from cameras.models import Camera
for n in itertools.count():
    camera = Camera.objects.get(pk=n % 4 + 1)
    camera.name = f"Door {n}"
    camera.save()
    User.objects.create_user(f"person{n}")
"""


@pytest.fixture
def source() -> Iterator[Installation]:
    created = Installation(CAMERA_FILE_ROOTS="/nonexistent")
    try:
        created.manage("migrate", "--verbosity", "0")
        yield created
    finally:
        created.close()


@pytest.fixture
def elsewhere() -> Iterator[Installation]:
    created = Installation(CAMERA_FILE_ROOTS="/nonexistent")
    yield created
    created.close()


def logged(installation: Installation) -> Counter[tuple[int, str]]:
    """(camera, in or out) -> entries in the log."""
    events = (json.loads(member) for member in installation.client.zrange("person_logs", 0, -1))
    return Counter((event["camera_id"], "in" if event["event"] == "entry" else "out") for event in events)


def counted(installation: Installation) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    for key in installation.client.scan_iter("person_tracker:cam:*"):
        camera, side = key.decode().split(":")[2:]
        found[int(camera), side] = int(installation.client.get(key))
    return found


def day_totals(installation: Installation) -> Counter[tuple[int, str]]:
    found: Counter[tuple[int, str]] = Counter()
    for key in installation.client.scan_iter("person_tracker:day:*"):
        for name, value in installation.client.hgetall(key).items():
            camera, _label, side = name.decode().split(":")
            found[int(camera), side] += int(value)
    return found


def make_cameras(installation: Installation) -> None:
    installation.shell(
        "from cameras.services import create_camera\nfrom crowdsite.first_run import ensure_roles\nensure_roles()\n"
        f"for n in range({CAMERAS}): create_camera(name=f'Door {{n}}', url='rtsp://u:p@10.0.0.9/s', line=[[.1, .5], [.9, .5]])"
    )


@pytest.mark.parametrize("how", [[], ["--in-place"]], ids=["by a replica", "in one call"])
def test_a_backup_under_full_load_restores_elsewhere_and_counts_go_on(source, elsewhere, tmp_path, how):
    make_cameras(source)
    (source.folder / "secret_key").write_text("a key that people's sessions were signed with\n")
    writers = [source.spawn([sys.executable, "-c", WRITER, str(n)]) for n in range(WRITERS)]
    editor = source.spawn([sys.executable, "-c", EDITOR])
    wait_until(lambda: source.client.zcard("person_logs") > 2000, "the log fills")
    wait_until(lambda: int(source.client.hget("cameras:camera:1", "name").split()[1]) >= 4, "cameras are edited")
    before = source.client.zcard("person_logs")

    said = source.manage("backup", str(tmp_path), *how)

    after = source.client.zcard("person_logs")
    assert all(process.poll() is None for process in [*writers, editor]), source.logs()
    (file,) = tmp_path.glob("crowdsite-backup-*.tar")
    assert file.stat().st_mode & 0o777 == 0o600
    assert ("paused" in said) == bool(how)
    assert [path for path in tmp_path.iterdir() if path != file] == []

    restored = restore(elsewhere, file)

    assert restored.returncode == 0, restored.stderr
    assert "index entries" in restored.stdout
    assert elsewhere.manage("store_verify")
    entries = logged(elsewhere)
    assert before <= entries.total() <= after
    assert counted(elsewhere) == entries == day_totals(elsewhere)
    assert int(elsewhere.client.xlen("stats_stream")) <= entries.total()
    people = int(elsewhere.shell("from django.contrib.auth.models import User; print(User.objects.count())"))
    assert people > 3
    assert (elsewhere.folder / "secret_key").read_text().startswith("a key that people's")
    assert not list(elsewhere.client.scan_iter("crowdsite:restore:*"))

    elsewhere.shell(
        "from crowdsite.store.connection import client\nfrom tracking.events import Event, record_event\n"
        "e = Event.new(direction='in', ts=1_760_000_000, score=.9, camera_id=1, site_id=1, label='person', track_id=1,"
        " line_version=1, model='t')\nrecord_event(client(), e, timezone='UTC')"
    )
    assert counted(elsewhere)[1, "in"] == entries[1, "in"] + 1
    # What was recorded before the backup is known there: a repeated delivery changes nothing.
    again = elsewhere.client.zrange("person_logs", 0, 0)[0].decode()
    elsewhere.shell(
        "from crowdsite.store.connection import client\nfrom tracking.events import Event, record_event\n"
        f"print(record_event(client(), Event.from_member({again!r}), timezone='UTC'))"
    )
    assert counted(elsewhere).total() == entries.total() + 1


def test_a_restore_is_refused_while_a_program_uses_the_instance(source, elsewhere, tmp_path):
    make_cameras(source)
    source.manage("backup", str(tmp_path / "one.tar"))
    writer = elsewhere.spawn([sys.executable, "-c", WRITER, "1"])
    wait_until(lambda: elsewhere.client.zcard("person_logs") > 10, "somebody writes")
    refused = restore(elsewhere, tmp_path / "one.tar", "--replace", "--yes")
    assert refused.returncode == 1
    assert "seems to be running: a program is connected to Redis from 127.0.0.1." in refused.stderr
    writer.kill()
    writer.wait()
    refused = restore(elsewhere, tmp_path / "one.tar")
    assert "is not empty" in refused.stderr
    assert restore(elsewhere, tmp_path / "one.tar", "--replace", "--yes").returncode == 0
    assert elsewhere.client.zcard("person_logs") == 0
    assert elsewhere.client.hget("cameras:camera:1", "name") == b"Door 0"


def restore(installation: Installation, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What the command said. The tests' own connections are ended first: it takes them for programs at work."""
    installation.client.close()
    gc.collect()
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(file), *options],
        cwd=ROOT, env={**os.environ, **installation.environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
