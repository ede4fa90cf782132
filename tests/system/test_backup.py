"""The demo camera counts, is backed up while it runs, and goes on counting in another installation."""

from collections.abc import Iterator

import pytest

from tests.operations.test_backup_under_load import restore
from tests.support.installation import Installation, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def elsewhere() -> Iterator[Installation]:
    created = Installation(CAMERA_FILE_ROOTS="/nonexistent")
    yield created
    created.close()


def total(installation: Installation) -> int:
    return sum(int(installation.client.get(key)) for key in installation.client.scan_iter("person_tracker:cam:*"))


def start(installation: Installation) -> None:
    installation.start_gpu_worker()
    installation.start_task_worker()
    installation.start_beat()


def test_counts_of_a_running_installation_go_on_in_another(installation, elsewhere, tmp_path):
    installation.shell("from crowdsite.first_run import first_run; first_run()")
    start(installation)
    wait_until(lambda: total(installation) >= 2, "the demo camera counts", 90)

    said = installation.manage("backup", str(tmp_path / "running.tar"))

    assert "unknown:" not in said, "operations/backup_keys.py lacks a rule for keys of a running installation"
    assert not elsewhere.client.keys()
    restored = restore(elsewhere, tmp_path / "running.tar")
    assert restored.returncode == 0, restored.stderr
    counted = total(elsewhere)
    assert counted >= 2
    assert elsewhere.client.zcard("person_logs") == counted
    assert elsewhere.client.get("tracking:lease:1") is None
    start(elsewhere)
    wait_until(lambda: total(elsewhere) > counted, "counting goes on from the restored totals", 90)
    assert elsewhere.client.zcard("person_logs") >= counted + 1
