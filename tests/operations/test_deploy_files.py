"""The files in docs/deploy say what the Procfile says, and are whole."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("crowdsite*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def procfile_queues() -> set[str]:
    return set(re.findall(r"-Q (\S+)", (ROOT / "Procfile").read_text()))


def test_units_and_services_serve_the_queues_of_the_procfile():
    in_units = {queues for unit in UNITS for queues in re.findall(r"-Q (\S+)", unit.read_text())}
    in_services = {
        service["command"][service["command"].index("-Q") + 1]
        for service in COMPOSE["services"].values()
        if "-Q" in service.get("command", [])
    }
    assert in_units == in_services == procfile_queues()


def test_every_process_of_the_procfile_has_a_unit_and_a_service():
    processes = {line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines() if line} - {"redis"}
    assert processes <= {re.sub(r"crowdsite-|@?\.service", "", unit.name) for unit in UNITS}
    assert {"redis", "web", "tasks", "beat", "flower", "node", "node-gpu"} <= COMPOSE["services"].keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_confined_and_do_not_restart_a_wrong_configuration(unit):
    text = unit.read_text()
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "User=crowdsite"} <= set(text.splitlines())
    assert "Restart=" not in text or "RestartPreventExitStatus=78" in text


def test_containers_run_without_rights_and_hold_no_secret():
    for name, service in COMPOSE["services"].items():
        assert set(service) <= {
            "image", "build", "restart", "stop_grace_period", "read_only", "tmpfs", "cap_drop", "security_opt", "user",
            "environment", "volumes", "depends_on", "command", "healthcheck", "ports", "profiles", "deploy",
        }, name  # fmt: skip
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for volume in service["volumes"]:
            assert volume.split(":")[0] in COMPOSE["volumes"]
        for needed in service.get("depends_on", {}):
            assert "healthcheck" in COMPOSE["services"][needed]
    assert "USER crowdsite" in (DEPLOY / "Dockerfile").read_text()
    text = (DEPLOY / "compose.yaml").read_text()
    assert "${REDIS_PASSWORD:?" in text
    assert "${SECRET_KEY:?" in text


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path):
    for path in (DEPLOY / "systemd").glob("crowdsite*"):
        name = path.name.replace("@.", "@0.")
        # The program's place on this machine: verify looks whether it is there.
        text = re.sub(r"/opt/crowdsite/\.venv/bin/\S+", "/bin/true", path.read_text())
        (tmp_path / name).write_text(text)
    files = [str(path) for path in tmp_path.iterdir() if path.suffix in (".service", ".target", ".timer")]
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    ).stderr
    assert [line for line in said.splitlines() if "crowdsite" in line] == []
