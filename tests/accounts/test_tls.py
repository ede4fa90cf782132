"""TLS and proxies: what the environment says is checked, and a real web process behaves accordingly."""

import datetime
import ipaddress
import shutil
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crowdsite.tls import ConfigurationError, check_proxies, check_tls, expired_since
from tests.support.web_server import ROOT, WebServer

NAME, PASSWORD = "guard", "a-long-password-1"


def make_pair(folder: Path, name: str, *, days: int = 2, passphrase: bytes = b"") -> tuple[str, str]:
    """A certificate for 127.0.0.1 that signs itself, and its key: the paths of both."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=10))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / f"{name}.crt", folder / f"{name}.key"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption_algorithm=locked)
    )
    return str(cert_path), str(key_path)


def test_without_both_there_is_no_tls():
    assert check_tls("", "") is False


def test_a_pair_is_tls(tmp_path):
    cert, key = make_pair(tmp_path, "a")
    assert check_tls(cert, key) is True
    assert expired_since(cert) is None


def test_half_a_pair_is_refused(tmp_path):
    cert, key = make_pair(tmp_path, "a")
    with pytest.raises(ConfigurationError, match="SSL_CERTFILE is set but SSL_KEYFILE is not"):
        check_tls(cert, "")
    with pytest.raises(ConfigurationError, match="SSL_KEYFILE is set but SSL_CERTFILE is not"):
        check_tls("", key)


def test_files_that_cannot_be_used_are_refused_with_one_sentence(tmp_path):
    cert, key = make_pair(tmp_path, "a")
    _, other_key = make_pair(tmp_path, "b")
    _, locked = make_pair(tmp_path, "c", passphrase=b"secret")
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x00\xff nonsense")
    empty = tmp_path / "empty"
    empty.touch()
    for pair, words in (
        ((cert, str(tmp_path / "nothing.key")), "SSL_KEYFILE cannot be read"),
        ((str(tmp_path), key), "SSL_CERTFILE cannot be read"),
        ((cert, other_key), "does not belong"),
        ((key, cert), "cannot be used"),
        ((cert, locked), "passphrase"),
        ((str(garbage), key), "cannot be used"),
        ((cert, str(garbage)), "cannot be used"),
        ((str(empty), key), "cannot be used"),
    ):
        with pytest.raises(ConfigurationError, match=words) as refusal:
            check_tls(*pair)
        assert "\n" not in refusal.value.message
        assert "secret" not in refusal.value.message


def test_an_expired_certificate_is_noticed(tmp_path):
    cert, key = make_pair(tmp_path, "a", days=-1)
    assert check_tls(cert, key) is True
    assert expired_since(cert) is not None


def test_proxies_are_addresses_or_networks():
    check_proxies(["127.0.0.1", "10.0.0.0/24", "::1", "fd00::/8"])
    for wrong in ("proxy.example", "10.0.0.1/24", "", "*"):
        with pytest.raises(ConfigurationError, match="TRUSTED_PROXIES"):
            check_proxies([wrong])


@pytest.fixture
def web(request):
    """`web(NAME=value, …)`: the real web process with this environment and one user."""
    from tests.conftest import _server

    servers = []

    def started(scheme: str = "http", **environment: str) -> WebServer:
        server = WebServer(_server.url)
        servers.append(server)
        server.url = f"{scheme}://127.0.0.1:{server.port}"
        server._environment |= environment
        server.manage("migrate", "-v0")
        server.add_user(NAME, PASSWORD)
        return server.start()

    yield started
    for server in servers:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


def log_in(client: httpx.Client, **headers: str) -> httpx.Response:
    origin = f"{headers.get('X-Forwarded-Proto', client.base_url.scheme)}://{client.base_url.netloc.decode()}"
    page = client.get("/login", headers=headers)
    code = page.cookies.get("csrftoken")
    data = {"username": NAME, "password": PASSWORD, "csrfmiddlewaretoken": code}
    sent = {"Origin": origin, "Referer": f"{origin}/login", "Cookie": f"csrftoken={code}", **headers}
    return client.post("/login", data=data, headers=sent)


def origins(server: WebServer) -> list[str]:
    with sqlite3.connect(server.folder / "crowdsite.sqlite3") as database:
        return [row[0] for row in database.execute("select ip from accounts_session where user_id is not null")]


@pytest.mark.slow
def test_over_tls_cookies_are_secure_and_browsers_come_back_by_tls(web, tmp_path, monkeypatch):
    cert, key = make_pair(tmp_path, "web")
    monkeypatch.setenv("SSL_CERT_FILE", cert)
    server = web("https", SSL_CERTFILE=cert, SSL_KEYFILE=key)
    with httpx.Client(base_url=server.url, verify=ssl.create_default_context(cafile=cert)) as client:
        answer = log_in(client)
        cookies = answer.headers.get_list("set-cookie") + client.get("/login").headers.get_list("set-cookie")
        assert answer.status_code == 302
        assert any(cookie.startswith("sessionid=") and "HttpOnly" in cookie for cookie in cookies)
        assert all("; Secure" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
        assert int(answer.headers["strict-transport-security"].removeprefix("max-age=")) >= 86400
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url.replace("https", "http"), timeout=5)


@pytest.mark.slow
def test_what_a_client_says_about_itself_is_not_believed(web):
    server = web(PUBLIC_URL="https://crowdsite.example", FORWARDED_ALLOW_IPS="*")
    spoofed = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Host": "evil.example", "Forwarded": "for=203.0.113.5"}
    with httpx.Client(base_url=server.url) as client:
        assert "strict-transport-security" not in client.get("/login", headers={"X-Forwarded-Proto": "https"}).headers
        assert log_in(client, **spoofed).status_code == 302
    assert origins(server) == ["127.0.0.1"]


@pytest.mark.slow
def test_behind_a_configured_proxy_its_word_counts_and_no_further(web):
    server = web(PUBLIC_URL="https://crowdsite.example", TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8")
    said = {"X-Forwarded-For": "203.0.113.5, 198.51.100.7, 10.1.2.3", "X-Forwarded-Proto": "https"}
    with httpx.Client(base_url=server.url) as client:
        answer = log_in(client, **said)
        assert answer.status_code == 302
        assert "strict-transport-security" in answer.headers
        assert "; Secure" in answer.headers["set-cookie"]
    assert origins(server) == ["198.51.100.7"]


@pytest.mark.slow
def test_a_wrong_environment_ends_the_process_with_one_sentence(tmp_path):
    cert, _ = make_pair(tmp_path, "a")
    for environment, words in (
        ({"SSL_CERTFILE": cert}, "SSL_KEYFILE is not"),
        ({"TRUSTED_PROXIES": "proxy.example"}, "TRUSTED_PROXIES"),
    ):
        server = WebServer("redis://127.0.0.1:1/0")
        ended = subprocess.run(
            [sys.executable, "manage.py", "web"],
            cwd=ROOT,
            env=server._environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        shutil.rmtree(server.folder)
        assert ended.returncode == 78
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr
