"""Checks of what the environment says about TLS and proxies, before the web process starts with it."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from crowdsite.errors import CrowdsiteError


class ConfigurationError(CrowdsiteError):
    """The deployment's settings cannot be used as they are; `message` says which and why."""

    code = "configuration"


def check_tls(certfile: str, keyfile: str) -> bool:
    """Whether TLS is on. Raises ConfigurationError when it is half configured or the files cannot be used."""
    if not certfile and not keyfile:
        return False
    if not (certfile and keyfile):
        given, missing = ("SSL_CERTFILE", "SSL_KEYFILE") if certfile else ("SSL_KEYFILE", "SSL_CERTFILE")
        raise ConfigurationError(f"{given} is set but {missing} is not. TLS needs both; without TLS leave both empty.")
    for name, path in (("SSL_CERTFILE", certfile), ("SSL_KEYFILE", keyfile)):
        _check_readable(name, path)
    _check_pair(certfile, keyfile)
    return True


def expired_since(certfile: str) -> datetime | None:
    """When the certificate ended, None while it is valid. Browsers warn about it, so it is no reason not to start."""
    ends = x509.load_pem_x509_certificate(Path(certfile).read_bytes()).not_valid_after_utc
    return ends if ends <= datetime.now(UTC) else None


def check_proxies(addresses: Sequence[str]) -> None:
    """TRUSTED_PROXIES names addresses or networks. Raises ConfigurationError."""
    for address in addresses:
        try:
            ipaddress.ip_network(address)
        except ValueError:
            raise ConfigurationError(
                f"TRUSTED_PROXIES contains {address!r}, which is no address and no network. "
                "Write for example 127.0.0.1 or 10.0.0.0/24, separated by commas."
            ) from None


def _check_readable(name: str, path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read at {path}: {error.strerror}.") from error


def _check_pair(certfile: str, keyfile: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certfile, keyfile, password=_refuse)
        x509.load_pem_x509_certificate(Path(certfile).read_bytes())
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigurationError(
                "The key in SSL_KEYFILE does not belong to the certificate in SSL_CERTFILE."
            ) from None
        raise ConfigurationError(
            "SSL_CERTFILE and SSL_KEYFILE cannot be used: they must be a certificate (its own first, then those "
            f"above it) and its key, both in PEM form ({error.reason or error})."
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"SSL_CERTFILE cannot be used: {error}") from None


def _refuse() -> str:
    """OpenSSL would ask at the terminal, where nobody is."""
    raise ConfigurationError(
        "The key in SSL_KEYFILE has a passphrase. Store it without one, readable by this user alone."
    )
