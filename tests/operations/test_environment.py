"""The variables of a deployment: what documents name exists, and what exists is documented."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
READ_IN = ("crowdsite/settings.py",)
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "deploy").rglob("*")])

# Of other programs: the shell, Redis and its container, NVIDIA's driver, Python, Django.
FOREIGN = {
    "PATH", "PYTHONUNBUFFERED", "CUDA_VISIBLE_DEVICES", "REDIS_PASSWORD", "REDISCLI_AUTH", "REQUIREMENTS",
    "DJANGO_SETTINGS_MODULE",
}  # fmt: skip
# Known to the program, and nothing that a deployment should change.
INTERNAL = {"WORKER_POOL"}


def known() -> set[str]:
    """The names that the program reads from its environment."""
    return {
        name
        for path in READ_IN
        for name in re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', (ROOT / path).read_text())
    }


def offered() -> set[str]:
    """The names in .env.example."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_example_offers_every_variable_and_no_other():
    assert offered() == known() - INTERNAL


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if p.is_file()], ids=lambda p: str(p.relative_to(ROOT)))
def test_documents_set_no_variable_that_does_not_exist(path):
    named = set(re.findall(r"(?:^|[\s`\"'(=])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)=", path.read_text(), re.MULTILINE))
    assert named - known() - FOREIGN == set()


def test_containers_are_given_no_variable_that_does_not_exist():
    compose = yaml.safe_load((ROOT / "docs" / "deploy" / "compose.yaml").read_text())
    given = {name for service in compose["services"].values() for name in service.get("environment", {})}
    assert given - known() - FOREIGN == set()


def test_defaults_of_the_example_are_those_of_the_program():
    """Numbers and words; addresses and lists in the example show how one is written."""
    settings = (ROOT / "crowdsite" / "settings.py").read_text()
    said = dict(re.findall(r"^#([A-Z0-9_]+)=(\S.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name, default in re.findall(r'env(?:\.\w+)?\("([A-Z0-9_]+)", default=("[^"]*"|\d+|True|False)\)', settings):
        value = default.strip('"')
        if name in said and value:
            assert said[name].lower() == value.lower(), name
