"""Files that hold secrets are readable by their owner alone, wherever they lie."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from crowdsite.startup import prepare

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_a_process_writes_is_for_its_own_user(tmp_path):
    before = os.umask(0o022)
    try:
        prepare()
        (tmp_path / "events.sqlite3").touch()
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "events.sqlite3") == 0o600


def test_an_export_closes_a_file_that_was_open_to_others(tmp_path):
    path = tmp_path / "config.json"
    path.touch(mode=0o644)
    path.chmod(0o644)
    call_command("export_config", str(path), "--with-secrets", stderr=StringIO())
    assert mode_of(path) == 0o600
