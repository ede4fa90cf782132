"""`key_gen` and `license_generator`: what people and scripts get."""

import json
import os
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.core.management import CommandError, call_command

from licensing import keys, services, tokens
from licensing.keypairs import fingerprint, private_pem
from licensing.selectors import licence_status
from licensing.tokens import Feature
from tests.licensing.issued import DAY, keyring

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def key_path(tmp_path) -> Path:
    path = tmp_path / "vendor.key"
    path.write_text(private_pem(Ed25519PrivateKey.generate()))
    return path


def generate(*arguments: str, key: Path) -> str:
    out = StringIO()
    call_command("license_generator", "--key", str(key), *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def read(token: str, path: Path) -> tokens.Licence:
    return tokens.read(token, keyring(keys.read_signing_key(path)))


def answers(monkeypatch, *lines: str) -> None:
    waiting = list(lines)

    def answer(_question: str) -> str:
        if not waiting:
            raise EOFError
        return waiting.pop(0)

    monkeypatch.setattr("builtins.input", answer)


def test_a_script_gets_the_key_alone(key_path):
    text = generate(
        "--client",
        "Acme",
        "--id",
        "A-7",
        "--days",
        "30",
        "--max-cameras",
        "8",
        "--feature",
        "ppe",
        "--feature",
        "Face Recognition",
        key=key_path,
    )
    found = read(text, key_path)
    assert (found.client, found.id, found.max_cameras) == ("Acme", "A-7", 8)
    assert found.features == {Feature.PPE, Feature.FACES}
    assert found.expires_at - found.not_before == 30 * DAY


def test_a_script_gets_json(key_path):
    said = json.loads(
        generate(
            "--client",
            "Öl & Söhne",
            "--expires",
            "2090-05-03",
            "--not-before",
            "2090-01-01T12:00+02:00",
            "--feature",
            "all",
            "--json",
            key=key_path,
        )
    )
    assert said["expires_at"] == "2090-05-03T00:00:00Z"
    assert said["not_before"] == "2090-01-01T10:00:00Z"
    assert (said["client"], said["max_cameras"]) == ("Öl & Söhne", None)
    assert said["features"] == [feature.value for feature in Feature]
    assert said["key_id"] == jwt.get_unverified_header(said["license_key"])["kid"]
    assert read(said["license_key"], key_path).id == said["id"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--client", "A", "--days", "0"], "no number of days"),
        (["--client", "A", "--days", "1e3"], "no number of days"),
        (["--client", "A", "--feature", "teleport"], "no module “teleport”"),
        (["--client", "A", "--expires", "2001-01-01"], "ended already"),
        (["--client", "A", "--expires", "2090-01-01", "--not-before", "2091-01-01"], "before it begins"),
        (["--client", "A", "--id", "x" * 101], "“jti”"),
    ],
)
def test_what_cannot_be_issued_is_said(key_path, arguments, words):
    with pytest.raises(CommandError, match=words) as caught:
        generate(*arguments, key=key_path)
    assert caught.value.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--client", ""], ["--client", "A", "--max-cameras", "-1"], ["--client", "A", "--max-cameras", "many"],
        ["--client", "A", "--expires", "tomorrow"], ["--client", "A", "--days", "3", "--expires", "2090-01-01"],
        ["--client", "A", "--not-before", "0001-01-01"],
    ],
)  # fmt: skip
def test_wrong_flags_are_refused_by_the_parser(key_path, arguments):
    with pytest.raises(CommandError):
        generate(*arguments, key=key_path)


def unusable_keys(folder: Path) -> dict[str, Path]:
    texts = {
        "no private key": b"hello",
        "is no private key in PEM form": b"\xff\xfe",
        "of another kind": rsa.generate_private_key(65537, 2048).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        "is encrypted": Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
        ),
        "too large": b"x" * 200_000,
    }
    found = {"There is no signing key at": folder / "missing.key", "cannot be read": folder}
    for number, (words, text) in enumerate(texts.items()):
        found[words] = folder / f"{number}.key"
        found[words].write_bytes(text)
    return found


def test_a_key_file_that_cannot_sign_is_named(tmp_path):
    for words, path in unusable_keys(tmp_path).items():
        with pytest.raises(CommandError, match=words):
            generate("--client", "A", key=path)


def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """As from a shell, on a vendor's machine without Redis."""
    environment = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1/0"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=60
    )  # fmt: skip


@pytest.mark.slow
def test_a_vendor_needs_no_redis_and_gets_exit_codes(key_path):
    done = run("license_generator", "--client", "Acme", "--key", str(key_path))
    assert (done.returncode, len(done.stdout.split())) == (0, 1)
    assert read(done.stdout, key_path).client == "Acme"
    assert "Acme: no limit of cameras" in done.stderr
    failed = run("license_generator", "--client", "Acme", "--key", str(key_path), "--feature", "x", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"]["code"] == "licence_request"
    assert run("license_generator").returncode == 2
    asked = run("key_gen", "--key", str(key_path), typed="Acme\n3\nppe\n10\n")
    assert asked.returncode == 0, asked.stderr
    token = next(line for line in asked.stdout.splitlines() if line.startswith("ey"))
    assert read(token, key_path).max_cameras == 3
    for output in (done, failed, asked):
        assert "PRIVATE" not in output.stdout + output.stderr


def test_key_gen_asks_again_until_it_understands(monkeypatch, capsys, key_path):
    answers(monkeypatch, "", "Acme", "many", "", "magic", "ppe, faces", "-3", "")
    call_command("key_gen", "--key", str(key_path))
    said = capsys.readouterr().out
    for words in (
        "name has 1 to 200 characters",
        "no number of cameras",
        "no module “magic”",
        "no number of days",
        "Settings, Licence",
    ):
        assert words in said
    found = read(next(line for line in said.splitlines() if line.startswith("ey")), key_path)
    assert (found.max_cameras, found.features) == (None, {Feature.PPE, Feature.FACES})
    assert found.expires_at - found.not_before == 365 * DAY


def test_whoever_walks_away_gets_nothing(monkeypatch, capsys, key_path):
    answers(monkeypatch, "Acme")
    with pytest.raises(CommandError, match="Nothing was issued"):
        call_command("key_gen", "--key", str(key_path))
    assert "ey" not in capsys.readouterr().out


def test_a_missing_key_is_said_before_any_question(monkeypatch, tmp_path):
    answers(monkeypatch)
    with pytest.raises(CommandError, match="There is no signing key at"):
        call_command("key_gen", "--key", str(tmp_path / "none"))


def test_a_key_pair_for_a_vendor(capsys, tmp_path, settings):
    path = tmp_path / "acme.key"
    call_command("key_gen", "--new-pair", str(path))
    said = capsys.readouterr().out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "PRIVATE" not in said
    settings.LICENCE_PUBLIC_KEYS = f"{path}.pub"
    assert list(keys.trusted_keys({})) == [fingerprint(keys.read_signing_key(path).public_key())]
    before = path.read_text()
    with pytest.raises(CommandError, match="exists already"):
        call_command("key_gen", "--new-pair", str(path))
    assert path.read_text() == before
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("key_gen", "--new-pair", str(tmp_path / "no" / "folder"))


@pytest.mark.django_db(databases=["default", "redis"])
def test_an_installations_key_is_exchanged_and_the_old_one_refused(capsys):
    services.ensure_local_licence()
    old = fingerprint(keys.read_signing_key(keys.signing_key_path()).public_key())
    call_command("key_gen", "--new-key")
    assert licence_status().valid
    new = generate("--client", "Acme", key=keys.signing_key_path())
    services.activate_licence(license_key=new)
    call_command("key_gen", "--distrust", old)
    assert licence_status().client == "Acme"
    with pytest.raises(CommandError, match="No key of this installation"):
        call_command("key_gen", "--distrust", old)
    assert "PRIVATE" not in capsys.readouterr().out
