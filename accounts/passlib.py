"""Passwords of v81, which kept them as passlib's PBKDF2 strings: rewritten so that Django verifies them.

`$pbkdf2-sha256$29000$<salt>$<checksum>` with passlib's own base 64 (`.` for `+`, no padding). The salt is binary there
and text in Django, so it goes into Django's string as base 64 and its own hasher (`accounts.hashers`) undoes that.
"""

import base64
import binascii
import re

from crowdsite.errors import CrowdsiteError

ALGORITHM = "passlib_pbkdf2_sha256"
DIGEST_BYTES = 32
MAX_ROUNDS = 10_000_000
_FORMAT = re.compile(r"\$pbkdf2-sha256\$([1-9][0-9]{0,8})\$([A-Za-z0-9./]{0,1366})\$([A-Za-z0-9./]{43})")


def to_django(stored: str) -> str:
    """Django's form of a passlib string. Raises CrowdsiteError for anything but `$pbkdf2-sha256$…`."""
    match = _FORMAT.fullmatch(stored.strip())
    if match is None or int(match[1]) > MAX_ROUNDS:
        raise CrowdsiteError("The password hash is not a PBKDF2-SHA256 hash of passlib. Set a new password instead.")
    salt, checksum = _decoded(match[2]), _decoded(match[3])
    if len(checksum) != DIGEST_BYTES:
        raise CrowdsiteError("The password hash is damaged. Set a new password instead.")
    return "$".join((ALGORITHM, match[1], _text(salt), _text(checksum)))


def salt_bytes(salt: str) -> bytes:
    """The binary salt in Django's string."""
    return base64.b64decode(salt, validate=True)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise CrowdsiteError("The password hash is damaged. Set a new password instead.") from None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
