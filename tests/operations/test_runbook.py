"""The runbook knows every fault of a camera by its present sentence."""

import re
from pathlib import Path

from cameras.capture.reasons import REASONS
from cameras.status import NO_ROOM, NOT_RUNNING

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def test_every_reason_of_a_capture_is_in_the_runbook():
    absent = [reason.message for reason in REASONS if f"| `{reason.code}` | {reason.message} |" not in RUNBOOK]
    assert absent == []


def test_every_state_of_a_camera_without_a_node_is_in_the_runbook():
    for status in (NO_ROOM, NOT_RUNNING):
        assert f"| `{status.code}` | {status.reason} |" in RUNBOOK


def test_every_reason_of_a_running_camera_is_in_the_runbook():
    health = (ROOT / "cameras" / "capture" / "health.py").read_text()
    codes = re.findall(r'return "(?:offline|stale|degraded)", "(\w+)"', health)
    codes += re.findall(r'code="(\w+)"', (ROOT / "tracking" / "loop_status.py").read_text())
    assert len(codes) >= 7
    assert [code for code in codes if f"| `{code}` |" not in RUNBOOK] == []


def test_every_word_of_readyz_is_in_the_runbook():
    probes = (ROOT / "crowdsite" / "probes.py").read_text()
    words = re.findall(r'^        "([a-z ]+)": _\(', probes, re.MULTILINE)
    assert "redis" in words
    assert [word for word in words if f"| `{word}` |" not in RUNBOOK] == []


def test_links_inside_the_runbook_lead_somewhere():
    heads = {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", RUNBOOK, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= heads
