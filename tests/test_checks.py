"""Each misconfiguration is found, says what is wrong and how to put it right; the default installation has none."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.checks import WARNING, run_checks

from crowdsite import checks, running_checks
from crowdsite.store.connection import client
from operations.heartbeat import Process, say_alive

ROOT = Path(__file__).parents[1]


def ids(found) -> list[str]:
    found = list(found)
    for message in found:
        assert message.hint and message.hint.rstrip()[-1] and message.msg.endswith((".", "!"))
    return [message.id.removeprefix("crowdsite.") for message in found]


def certificate(folder: Path, name: str = "a", days: int = 90) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crowdsite.example")])
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=400))
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(pem), str(key_pem)


def test_the_default_installation_has_nothing_to_complain_about():
    assert [message for message in run_checks() if message.level >= WARNING] == []


def test_tls_is_both_files_readable_and_a_pair(settings, tmp_path):
    good, key = certificate(tmp_path)
    _other, other_key = certificate(tmp_path, "b")
    old, old_key = certificate(tmp_path, "old", days=-3)
    soon, soon_key = certificate(tmp_path, "soon", days=9)
    for files, expected in (
        (("", ""), []),
        ((good, key), []),
        ((good, ""), ["E001"]),
        (("", key), ["E001"]),
        ((good, str(tmp_path / "none.key")), ["E001"]),
        ((str(tmp_path), str(tmp_path)), ["E001"]),
        ((good, other_key), ["E001"]),
        ((key, good), ["E001"]),
        ((old, old_key), ["W001"]),
        ((soon, soon_key), ["W001"]),
    ):
        settings.SSL_CERTFILE, settings.SSL_KEYFILE = files
        assert ids(checks.check_tls()) == expected, files


def test_proxies_are_addresses(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/24", "127.0.0.1"]
    assert ids(checks.check_tls()) == []
    settings.TRUSTED_PROXIES = ["proxy.example"]
    assert ids(checks.check_tls()) == ["E002"]


@pytest.mark.parametrize(
    ("host", "debug", "names", "expected"),
    [
        ("127.0.0.1", True, ["*"], []),
        ("::1", True, ["*"], []),
        ("localhost", True, ["*"], []),
        ("0.0.0.0", False, ["crowdsite.example"], []),
        ("0.0.0.0", False, ["*"], ["W002"]),
        ("10.0.0.5", True, ["crowdsite.example"], ["E004"]),
        ("::", True, ["*"], ["E004", "W002"]),
    ],
)
def test_what_other_machines_reach_is_stricter(settings, host, debug, names, expected):
    settings.WEB_HOST, settings.DEBUG, settings.ALLOWED_HOSTS = host, debug, names
    assert ids(checks.check_reach()) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [("x" * 50, ["W003"]), ("short-8Jk2", ["W003"]), ("kJ8-23hdKd92jdHs72hdks92Jdk2h8dj", [])]
)
def test_a_simple_secret_key_is_found(settings, key, expected):
    settings.SECRET_KEY = key
    assert ids(checks.check_secret_key()) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://127.0.0.1:6379/0", []),
        ("redis://localhost/0", []),
        ("unix:///run/redis.sock", []),
        ("redis://:geheim@10.0.0.5:6379/0", []),
        ("redis://10.0.0.5:6379/0", ["W004"]),
        ("rediss://redis.example/0", ["W004"]),
    ],
)
def test_redis_on_the_network_wants_a_password(settings, address, expected):
    settings.REDIS_URL = address
    assert ids(checks.check_redis_address()) == expected


def test_var_belongs_to_us_alone(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    tmp_path.chmod(0o750)
    assert ids(checks.check_var()) == ids(checks.check_var_is_private()) == []
    tmp_path.chmod(0o755)
    assert ids(checks.check_var_is_private()) == ["W005"]
    monkeypatch.setattr(checks.os, "access", lambda *_: False)
    assert ids(checks.check_var()) == ["E005"]


def test_a_machine_without_ffmpeg_is_told(monkeypatch):
    def missing():
        raise checks.CaptureError("ffmpeg_missing", "This machine has no ffmpeg.")

    assert ids(checks.check_ffmpeg()) == []
    monkeypatch.setattr(checks, "ffmpeg_path", missing)
    assert ids(checks.check_ffmpeg()) == ["W006"]


def test_missing_weights_are_a_remark(settings, tmp_path):
    settings.MODEL_DIRS = [tmp_path / "none", tmp_path]
    assert ids(checks.check_models()) == ["I001"]
    (tmp_path / "yolov8n.onnx").write_bytes(b"x")
    assert ids(checks.check_models()) == []


def test_folders_of_videos_exist_and_are_not_everything(settings, tmp_path):
    own = tmp_path / "videos-not-made-yet"
    for folders, expected in (
        ([], []),
        ([tmp_path], []),
        ([Path("/")], ["E006"]),
        ([Path("/tmp/..")], ["E006"]),
        ([tmp_path / "none"], ["W007"]),
    ):
        settings.CAMERA_FILE_ROOTS = [*folders, own]
        assert ids(checks.check_file_roots()) == expected


def test_flower_on_the_network_wants_tls(settings):
    settings.FLOWER_HOST, settings.SSL_CERTFILE = "0.0.0.0", ""
    assert ids(checks.check_flower()) == ["W008"]
    settings.SSL_CERTFILE = "/some.pem"
    assert ids(checks.check_flower()) == []


def test_what_the_log_cannot_use_is_found(settings, tmp_path):
    for changes, expected in (
        ({}, []),
        ({"level": "debug"}, []),
        ({"level": "LOUD"}, ["E007"]),
        ({"format": "xml"}, ["E007"]),
        ({"rotation": "daily"}, ["E007"]),
        ({"retention": "10 days"}, ["E007"]),
        ({"dir": tmp_path / "none" / "deep"}, ["W010"]),
    ):
        settings.LOGGING = {**settings.LOGGING, "level": "INFO", "dir": tmp_path, **changes}
        assert ids(checks.check_logging()) == expected, changes
        settings.LOGGING = {"level": "INFO", "dir": tmp_path}


def test_running_as_root_is_said_in_a_deployment(monkeypatch):
    monkeypatch.setattr(running_checks.os, "geteuid", lambda: 0)
    assert ids(running_checks.check_user()) == ["W009"]
    monkeypatch.setattr(running_checks.os, "geteuid", lambda: 1000)
    assert ids(running_checks.check_user()) == []


def test_the_redis_of_the_tests_is_fine_and_one_that_is_away_is_said(redis_server):
    assert ids(running_checks.check_redis()) == []
    redis_server.stop()
    try:
        found = running_checks.check_redis()
        assert ids(found) == ["E010"] and str(redis_server.port) not in found[0].msg
        assert running_checks.check_processes() == []
    finally:
        redis_server.start()


@pytest.mark.parametrize(
    ("info", "config", "expected"),
    [
        ({"redis_version": "6.2.14", "aof_enabled": 1}, {}, []),
        ({"redis_version": "8.0", "aof_enabled": 1}, {"maxmemory-policy": "noeviction"}, []),
        ({"redis_version": "5.0.7", "aof_enabled": 1}, {}, ["E011"]),
        ({"redis_version": "7.2.4", "aof_enabled": 1}, {"maxmemory-policy": "allkeys-lru"}, ["E012"]),
        ({"redis_version": "7.2.4", "aof_enabled": 1, "maxmemory_policy": "volatile-ttl"}, {}, ["E012"]),
        ({"redis_version": "7.2.4", "aof_enabled": 0}, {}, ["W011"]),
    ],
)
def test_a_redis_that_would_lose_records_is_found(info, config, expected):
    assert ids(running_checks._judge_server(info, config)) == expected


def test_an_evicting_redis_is_found_for_real():
    client().config_set("maxmemory-policy", "allkeys-lru")
    client().config_set("appendonly", "no")
    try:
        assert ids(running_checks.check_redis()) == ["E012", "W011"]
    finally:
        client().config_set("maxmemory-policy", "noeviction")
        client().config_set("appendonly", "yes")


def test_clocks_that_differ_are_said():
    assert ids(running_checks._judge_clock(0.2)) == []
    assert ids(running_checks._judge_clock(2.5)) == ["W012"]


def test_missing_and_doubled_processes_are_said():
    def alive(kind: str, pid: int, queues: tuple[str, ...] = (), version: str = "1") -> None:
        say_alive(client(), Process(kind, kind, "host", pid, version, 1.0, queues), at=time.time())

    assert ids(running_checks.check_processes()) == ["W013", "W015", "W015"]
    alive("beat", 1)
    alive("worker", 2, ("gpu",))
    alive("worker", 3, ("celery", "exports"))
    assert ids(running_checks.check_processes()) == []
    alive("beat", 4)
    alive("worker", 5, ("gpu",), version="2")
    assert ids(running_checks.check_processes()) == ["W014", "W016"]


def test_every_check_is_explained():
    listed = set(re.findall(r"`(crowdsite\.[EWI]\d{3})`", (ROOT / "docs" / "checks.md").read_text()))
    sources = (ROOT / "crowdsite" / name for name in ("checks.py", "running_checks.py"))
    used = {found for path in sources for found in re.findall(r'"(crowdsite\.[EWI]\d{3})"', path.read_text())}
    assert listed == used
