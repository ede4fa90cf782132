"""Licences of a vendor that this run's installation trusts, and tokens nobody should accept."""

import base64
import json
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing import tokens
from licensing.keypairs import fingerprint
from licensing.tokens import Feature, Licence

DAY = 86_400
# A fixed moment for pure tests.
T0 = 1_800_000_000


def licence(**changes: Any) -> Licence:
    values: dict[str, Any] = {
        "client": "Acme Yards",
        "id": "lic-1",
        "issued_at": T0,
        "not_before": T0,
        "expires_at": T0 + 100 * DAY,
        "max_cameras": 4,
        "features": frozenset({Feature.PPE}),
        **changes,
    }
    return Licence(**values)


def current(**changes: Any) -> Licence:
    """One that holds now, for 100 days."""
    now = int(time.time())
    return licence(**{"issued_at": now - 60, "not_before": now - 60, "expires_at": now + 100 * DAY, **changes})


def claims(**changes: Any) -> dict[str, Any]:
    """As they lie in the token of `licence()`; a change to ... leaves the claim out."""
    values = {
        "client": "Acme Yards", "jti": "lic-1", "iat": T0, "nbf": T0, "exp": T0 + 100 * DAY, "max_cameras": 4,
        "features": ["PPE Detection"],
    }  # fmt: skip
    return {name: value for name, value in {**values, **changes}.items() if value is not ...}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: Any, key: Ed25519PrivateKey, **header: Any) -> str:
    """A token over any payload, made by hand: bytes as they are, anything else as JSON."""
    head = {"alg": "EdDSA", "typ": "JWT", **header}
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    text = f"{b64(json.dumps(head, separators=(',', ':')).encode())}.{b64(body)}"
    return f"{text}.{b64(key.sign(text.encode()))}"


def keyring(*keys: Ed25519PrivateKey) -> dict[str, Any]:
    return {fingerprint(key.public_key()): key.public_key() for key in keys}


def token(key: Ed25519PrivateKey, **changes: Any) -> str:
    """The key of a licence that holds now."""
    return tokens.issue(current(**changes), key)
