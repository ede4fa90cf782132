"""Ed25519 keys as text: reading, naming, making. Knows no files and no settings."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from crowdsite.errors import CrowdsiteError

# Names a key in a token's `kid` header and to people: 64 bits of its SHA-256.
FINGERPRINT_LENGTH = 16
MAX_KEY_LENGTH = 10_000
_RAW_KEY_LENGTH = 32
_PEM_BLOCK = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


class KeyFormatError(CrowdsiteError):
    """The text is no Ed25519 key. The message never repeats the text."""

    code = "key_unusable"


def fingerprint(key: Ed25519PublicKey) -> str:
    """16 hexadecimal digits that name the key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:FINGERPRINT_LENGTH]


def new_private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def private_pem(key: Ed25519PrivateKey) -> str:
    """PKCS 8, not encrypted: the file's mode protects it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_private_key(text: str) -> Ed25519PrivateKey:
    """From PEM. Raises KeyFormatError."""
    if len(text) > MAX_KEY_LENGTH:
        raise KeyFormatError("This is too long for a signing key.")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise KeyFormatError("The signing key is encrypted. Decrypt it first: openssl pkey -in FILE.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFormatError("This is no private key in PEM form.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFormatError("The signing key is of another kind. Licences are signed with Ed25519.")
    return key


def read_public_key(text: str) -> Ed25519PublicKey:
    """From PEM, or from the base64 of its 32 bytes. Raises KeyFormatError."""
    text = text.strip()
    if len(text) > MAX_KEY_LENGTH:
        raise KeyFormatError("This is too long for a public key.")
    if not text.startswith("-----"):
        return _from_base64(text)
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFormatError("This is no public key in PEM form.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFormatError("The public key is of another kind. Licences are signed with Ed25519.")
    return key


def split_keys(text: str) -> list[str]:
    """The entries of a list of keys: PEM blocks, and what commas or line breaks separate. Empty ones are left out.

    `\\n` written as two characters is a line break, as environment files have it.
    """
    text = text.replace("\\n", "\n")
    blocks = _PEM_BLOCK.findall(text)
    rest = re.split(r"[,\n]", _PEM_BLOCK.sub("\n", text))
    return [*blocks, *(entry.strip() for entry in rest if entry.strip())]


def by_fingerprint(keys: Iterable[Ed25519PublicKey]) -> dict[str, Ed25519PublicKey]:
    """Each key once, under its name."""
    return {fingerprint(key): key for key in keys}


def _from_base64(text: str) -> Ed25519PublicKey:
    standard = text.replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyFormatError("This is neither a public key in PEM form nor the base64 of one.") from error
    if len(raw) != _RAW_KEY_LENGTH:
        raise KeyFormatError("A public key has 32 bytes, 44 characters of base64.")
    return Ed25519PublicKey.from_public_bytes(raw)
