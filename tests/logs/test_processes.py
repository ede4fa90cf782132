"""The log of a whole installation of real processes."""

import json
import time

import pytest

from tests.support.installation import Installation, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation():
    installation = Installation(LOG_FORMAT="bare")
    installation.manage("migrate", "--verbosity", "0")
    installation.start_gpu_worker()
    installation.start_task_worker()
    installation.start_beat()
    installation.start_web()
    yield installation
    installation.close()


def lines(installation: Installation) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted((installation.folder / "log").glob("app.log*"))
        for line in path.read_text().splitlines()
    ]


def followers(installation: Installation) -> set[int]:
    """Process ids, once the four processes and a child of the task worker have followed."""
    found = {(line["role"], line["pid"]) for line in lines(installation) if "log level is DEBUG" in line["message"]}
    roles = [role for role, _pid in found]
    enough = {"web", "gpu", "beat"} <= set(roles) and roles.count("tasks") >= 2
    return {pid for _role, pid in found} if enough else set()


def test_every_process_says_that_it_started_in_one_file(installation):
    started = wait_until(
        lambda: (
            {line["role"] for line in lines(installation) if " started, process " in line["message"]}
            >= {"web", "gpu", "tasks", "beat"}
        ),
        "all four have said so",
    )
    assert started
    for line in lines(installation):
        assert {"time", "level", "source", "role", "host", "pid", "message"} <= set(line)
        assert line["time"][19] == "." and line["time"][-6] in "+-"


def test_the_level_is_followed_by_every_process_and_their_children_without_a_restart(installation):
    installation.shell("from operations.models import SystemSettings; SystemSettings(log_level='DEBUG').save()")
    pids = wait_until(lambda: followers(installation), "all processes and the pool's child follow", 15)
    installation.shell("from operations.models import SystemSettings; SystemSettings(log_level='').save()")
    wait_until(
        lambda: {line["pid"] for line in lines(installation) if "log level is INFO" in line["message"]} >= pids,
        "all processes are back at LOG_LEVEL",
        15,
    )


def test_a_task_carries_its_id_and_nothing_else_is_said_twice(installation):
    installation.shell(
        "from crowdsite.celery import app; app.send_task('tracking.tasks.prune_person_logs', args=['one too many'])"
    )
    failed = wait_until(
        lambda: [line for line in lines(installation) if "prune_person_logs" in line["message"]],
        "the failure is logged",
    )
    time.sleep(0.5)
    assert len([line for line in lines(installation) if "prune_person_logs" in line["message"]]) == 1
    assert failed[0]["level"] == "ERROR" and failed[0]["task_id"] and "TypeError" in failed[0]["exception"]


def test_the_output_has_no_second_time_and_no_noise(installation):
    output = installation.logs()
    assert "superuser" not in output and "RuntimeWarning" not in output
    assert "Traceback" not in output.replace("prune_person_logs", "") or "one too many" not in output
    assert not [line for line in output.splitlines() if line.startswith("20") and " INFO " in line]


def test_processes_that_end_say_so_and_are_not_waited_for(installation):
    web = installation.processes[3]
    web.terminate()
    assert web.wait(20) == 0
    assert [line for line in lines(installation) if line["message"] == f"Web stopped, process {web.pid}"]
    alive = installation.client.zrange("operations:processes", 0, -1)
    assert alive and not [member for member in alive if b'"kind": "web"' in member]
