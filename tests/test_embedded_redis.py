"""Which Redis server opens the embedded data: never one that would not find them."""

import shutil
import sys
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from crowdsite.management.commands.redis_server import major_version, server_binary


def server(path: Path, version: str, *, name: str = "Redis server") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{name} v={version} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine whose PATH begins with the virtual environment, as under `make run`; and no wheel."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setattr("crowdsite.management.commands.redis_server.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}/venv/bin:{tmp_path}/usr/bin")
    server(tmp_path / "venv" / "bin" / "redis-server", "6.2.14")
    return tmp_path


def test_the_environments_own_server_on_path_does_not_go_before_the_systems(machine):
    ours = server(machine / "usr" / "bin" / "redis-server", "7.0.15")
    assert server_binary() == ours


def test_data_of_redis_7_are_never_opened_by_an_older_server(machine):
    data = machine / "redis"
    (data / "appendonlydir").mkdir(parents=True)
    server(machine / "usr" / "bin" / "redis-server", "6.0.16")
    with pytest.raises(CommandError, match="written by Redis 7 or newer"):
        server_binary(data)
    newer = server(machine / "usr" / "bin" / "valkey-server", "8.0.1", name="Valkey server")
    assert server_binary(data) == newer


def test_without_any_server_a_sentence_says_what_to_install(machine):
    with pytest.raises(CommandError, match="apt install redis-server"):
        server_binary()


def test_a_server_that_does_not_say_its_version_counts_as_old(machine):
    assert major_version("/bin/true") == 0
    assert major_version(str(machine / "nowhere")) == 0


@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server on PATH")
def test_a_real_server_says_its_version():
    assert major_version(str(shutil.which("redis-server"))) >= 6
