"""Whose signatures count, and where this installation's own signing key lies.

Trusted are the keys in LICENCE_PUBLIC_KEYS and, unless LICENCE_TRUST_LOCAL_KEY is off, those of the installation
itself: `var/licence/*.pub` on this machine and what its other machines published. Files are read again when they
change. The private key stays in its file: never in Redis, a log, an answer or on a command line.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from loguru import logger

from crowdsite.bootstrap import kept
from crowdsite.errors import CrowdsiteError
from licensing.keypairs import (
    KeyFormatError,
    by_fingerprint,
    fingerprint,
    new_private_key,
    private_pem,
    public_pem,
    read_private_key,
    read_public_key,
    split_keys,
)

SIGNING_KEY_NAME = "signing.key"
MAX_FILE_BYTES = 100_000


class SigningKeyError(CrowdsiteError):
    """The private key cannot be used."""

    code = "signing_key"


def folder() -> Path:
    return settings.VAR_DIR / "licence"


def signing_key_path() -> Path:
    return folder() / SIGNING_KEY_NAME


def trusted_keys(published: Mapping[str, str]) -> dict[str, Ed25519PublicKey]:
    """By fingerprint. published: PEM texts of this installation's machines. Unusable entries are logged once."""
    found = [_parsed(entry, "LICENCE_PUBLIC_KEYS") for entry in _configured()]
    if settings.LICENCE_TRUST_LOCAL_KEY:
        found += [_parsed(_content(path), str(path)) for path in sorted(folder().glob("*.pub"))]
        found += [_parsed(pem, "a published key") for pem in published.values()]
    return by_fingerprint(key for key in found if key is not None)


def configuration_faults() -> list[str]:
    """A sentence for each entry of LICENCE_PUBLIC_KEYS that is no key. The entries themselves are not repeated."""
    faults = []
    for number, entry in enumerate(split_keys(settings.LICENCE_PUBLIC_KEYS), 1):
        try:
            read_public_key(_resolved(entry))
        except OSError as error:
            faults.append(f"Entry {number}: the file cannot be read ({error.strerror}).")
        except KeyFormatError as error:
            faults.append(f"Entry {number}: {error.message}")
    return faults


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Raises SigningKeyError with a sentence."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SigningKeyError(f"{path} is too large for a signing key.")
        return read_private_key(path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise SigningKeyError(
            f"There is no signing key at {path}. Name another with --key, or make one: manage.py key_gen --new-key."
        ) from error
    except OSError as error:
        raise SigningKeyError(f"The signing key {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SigningKeyError(f"{path} is no private key in PEM form.") from error
    except KeyFormatError as error:
        raise SigningKeyError(f"{path}: {error.message}") from error


def ensure_signing_key() -> Ed25519PrivateKey:
    """This machine's key, made at the first call. Processes that ask at the same moment get the same one.

    Raises SigningKeyError.
    """
    path = signing_key_path()
    try:
        if not path.exists():
            kept(path, private_pem(new_private_key()))
        key = read_signing_key(path)
        _write_public(key.public_key())
    except OSError as error:
        raise SigningKeyError(f"The signing key cannot be written to {path}: {error.strerror}.") from error
    return key


def replace_signing_key() -> Ed25519PrivateKey:
    """A new key signs from now on. The old private key is deleted; what it signed stays valid until distrusted.

    Raises SigningKeyError.
    """
    path = signing_key_path()
    key = new_private_key()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _write_public(read_signing_key(path).public_key())
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(private_pem(key))
        fresh.replace(path)
        _write_public(key.public_key())
    except OSError as error:
        raise SigningKeyError(f"The signing key cannot be written to {path}: {error.strerror}.") from error
    return key


def write_private_key(path: Path, key: Ed25519PrivateKey) -> None:
    """A key pair anywhere else: PATH, readable by its owner alone, and PATH.pub. Raises SigningKeyError."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(private_pem(key))
        path.with_name(f"{path.name}.pub").write_text(public_pem(key.public_key()), encoding="ascii")
    except FileExistsError as error:
        raise SigningKeyError(f"{path} exists already and is not overwritten.") from error
    except OSError as error:
        raise SigningKeyError(f"{path} cannot be written: {error.strerror}.") from error


def distrust(named: str) -> bool:
    """Remove this machine's public key of that fingerprint; whether there was one."""
    removed = False
    for path in folder().glob("*.pub"):
        key = _parsed(_content(path), str(path))
        if key is not None and fingerprint(key) == named:
            path.unlink(missing_ok=True)
            removed = True
    return removed


def _write_public(key: Ed25519PublicKey) -> None:
    path = folder() / f"{fingerprint(key)}.pub"
    if not path.exists():
        path.write_text(public_pem(key), encoding="ascii")
        path.chmod(0o644)


def _configured() -> list[str]:
    """The texts of LICENCE_PUBLIC_KEYS, files read."""
    texts = []
    for entry in split_keys(settings.LICENCE_PUBLIC_KEYS):
        try:
            texts.append(_resolved(entry))
        except OSError:
            texts.append("")
    return texts


def _resolved(entry: str) -> str:
    """The key's text. Whatever is neither PEM nor base64 of a key is a path. Raises OSError."""
    if entry.startswith("-----"):
        return entry
    try:
        read_public_key(entry)
    except KeyFormatError:
        path = Path(entry).expanduser()
        if not path.is_absolute():
            path = settings.BASE_DIR / path
        path.stat()
        return _content(path)
    return entry


def _content(path: Path) -> str:
    """A small text file; read again when it has changed. Empty when it is none or cannot be read."""
    try:
        stat = path.stat()
        if not S_ISREG(stat.st_mode):
            return ""
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int, size: int) -> str:
    return "" if size > MAX_FILE_BYTES else path.read_text(encoding="ascii", errors="replace")


@lru_cache(maxsize=64)
def _parsed(text: str, origin: str) -> Ed25519PublicKey | None:
    try:
        return read_public_key(text)
    except KeyFormatError as error:
        logger.warning("A licence key is left out ({}): {}", origin, error.message)
        return None
