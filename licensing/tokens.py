"""Licence tokens: a JWT signed with Ed25519 that says who may use what, and until when.

The algorithm is pinned: whatever a token's header asks for, only EdDSA with a trusted Ed25519 key is accepted. Times
are unix seconds and the time of judgement is an argument. Imports no framework.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crowdsite.errors import CrowdsiteError
from licensing.keypairs import fingerprint

ALGORITHM: Final = "EdDSA"
# Characters, before anything is parsed. A token with every claim at its limit has some 12,000.
MAX_LENGTH = 16_384
MAX_CLIENT_LENGTH = 200
MAX_ID_LENGTH = 100
MAX_FEATURES = 50
MAX_FEATURE_LENGTH = 100
MAX_CAMERAS = 1_000_000
# The last second of the year 9999, where dates end.
MAX_TIME = 253_402_300_799
_SIGNATURE_CHARACTERS = 86
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")

ASK = "Ask whoever issued it for a new one."


class Feature(StrEnum):
    """The optional modules, by the names v81 gives them."""

    PPE = "PPE Detection"
    VISITORS = "Visitor Management"
    FACES = "Face Recognition"


@dataclass(frozen=True, slots=True)
class Licence:
    """What a token says. Times: unix seconds; valid from `not_before` on, no longer at `expires_at`.

    max_cameras: None = no limit. unknown_features: names that this version does not know.
    """

    client: str
    id: str
    issued_at: int
    not_before: int
    expires_at: int
    max_cameras: int | None
    features: frozenset[Feature]
    unknown_features: tuple[str, ...] = ()


class LicenceError(CrowdsiteError):
    """A token that is refused. The message never repeats it. `licence`: what it says, where its signature is good."""

    code = "licence_invalid"

    def __init__(self, message: str, *, code: str, licence: Licence | None = None):
        super().__init__(message, code=code, fields={"license_key": [message]})
        self.licence = licence


def issue(licence: Licence, key: Ed25519PrivateKey) -> str:
    """The token of `licence`, signed. Raises LicenceError when its claims are not such as `read` accepts."""
    claims = {
        "client": licence.client,
        "jti": licence.id,
        "iat": licence.issued_at,
        "nbf": licence.not_before,
        "exp": licence.expires_at,
        "max_cameras": licence.max_cameras,
        "features": [*(feature.value for feature in Feature if feature in licence.features), *licence.unknown_features],
    }
    _licence_of(claims)
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
    return _jws().encode(payload, key, algorithm=ALGORITHM, headers={"kid": fingerprint(key.public_key())})


def verify(token: str, keys: Mapping[str, Ed25519PublicKey], *, at: float) -> Licence:
    """The licence of a token that is valid at unix time `at`. keys: the trusted ones, by fingerprint.

    Raises LicenceError, as `read` and `check_times` do.
    """
    licence = read(token, keys)
    check_times(licence, at=at)
    return licence


def compact(token: str) -> str:
    """Without the line breaks and spaces that mail programs put into long lines."""
    return "".join(token.split())


def read(token: str, keys: Mapping[str, Ed25519PublicKey]) -> Licence:
    """What a token says whose signature is good, whatever the time. Raises LicenceError."""
    if len(token) > MAX_LENGTH:
        raise LicenceError(
            f"This is far too long for a licence key ({len(token):,} characters). Paste the key and nothing else.",
            code="licence_too_long",
        )
    token = compact(token)
    if not token:
        raise LicenceError("There is no licence key. Paste the whole key.", code="licence_missing")
    header = _header(token)
    if header.get("alg") != ALGORITHM:
        raise LicenceError(
            f"This token is not signed the way licence keys are (Ed25519), so it proves nothing. {ASK}",
            code="licence_algorithm",
        )
    payload = _signed_payload(token, _candidates(header, keys))
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _claims_error("its content is no JSON object")
    return _licence_of(claims)


def check_times(licence: Licence, *, at: float) -> None:
    """Raises LicenceError when the licence does not hold at unix time `at`."""
    if at < licence.not_before:
        raise LicenceError(
            f"This licence is not valid yet: it begins on {day_of(licence.not_before)}. "
            "If that day has come, check the server's clock.",
            code="licence_not_yet_valid",
            licence=licence,
        )
    if at >= licence.expires_at:
        raise LicenceError(
            f"This licence ended on {day_of(licence.expires_at)}. {ASK}", code="licence_expired", licence=licence
        )


def day_of(at: float) -> str:
    """The day at unix time `at`, for sentences: “3 May 2027 (UTC)”."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y} (UTC)"


def _jws() -> jwt.PyJWS:
    return jwt.PyJWS(algorithms=[ALGORITHM])


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if not all(_BASE64URL.fullmatch(part) for part in parts) or not token.startswith("ey"):
        raise LicenceError(
            "This is no licence key. A key is one long line of letters and digits that begins with “ey”.",
            code="licence_malformed",
        )
    if len(parts) < 3:
        raise _incomplete()
    try:
        header = _jws().get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise _incomplete() from error
    if header.get("alg") == ALGORITHM and (len(parts) > 3 or len(parts[2]) != _SIGNATURE_CHARACTERS):
        raise _incomplete()
    return header


def _incomplete() -> LicenceError:
    return LicenceError(
        "The licence key is incomplete or was changed on its way. Copy it again, from its first character to its last.",
        code="licence_incomplete",
    )


def _candidates(header: Mapping[str, Any], keys: Mapping[str, Ed25519PublicKey]) -> Sequence[Ed25519PublicKey]:
    """The key the token names, or all of them."""
    named = keys.get(str(header.get("kid")))
    return [named] if named is not None else list(keys.values())


def _signed_payload(token: str, candidates: Sequence[Ed25519PublicKey]) -> bytes:
    for key in candidates:
        try:
            found = _jws().decode_complete(token, key, algorithms=[ALGORITHM])
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError) as error:
            raise _incomplete() from error
        return bytes(found["payload"])
    raise LicenceError(
        "The signature of this licence key is not by anybody this installation trusts, or the key was changed "
        f"on its way. Copy it again; if it stays so, {ASK[0].lower()}{ASK[1:]}",
        code="licence_other_key",
    )


def _licence_of(claims: Mapping[str, Any]) -> Licence:
    missing = [name for name in ("client", "jti", "iat", "nbf", "exp", "max_cameras", "features") if name not in claims]
    if missing:
        raise _claims_error(f"it lacks {', '.join(missing)}")
    not_before, expires_at = _time(claims, "nbf"), _time(claims, "exp")
    if expires_at <= not_before:
        raise _claims_error("it ends before it begins")
    names = _feature_names(claims["features"])
    known = {feature.value for feature in Feature}
    return Licence(
        client=_text(claims, "client", MAX_CLIENT_LENGTH),
        id=_text(claims, "jti", MAX_ID_LENGTH),
        issued_at=_time(claims, "iat"),
        not_before=not_before,
        expires_at=expires_at,
        max_cameras=_camera_limit(claims["max_cameras"]),
        features=frozenset(Feature(name) for name in names if name in known),
        unknown_features=tuple(dict.fromkeys(name for name in names if name not in known)),
    )


def _claims_error(what: str) -> LicenceError:
    return LicenceError(f"This licence key cannot be used: {what}. {ASK}", code="licence_claims")


def _is_text(value: Any, max_length: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= max_length and value.isprintable()


def _text(claims: Mapping[str, Any], name: str, max_length: int) -> str:
    value = claims[name]
    if not _is_text(value, max_length):
        raise _claims_error(f"“{name}” has to be text of at most {max_length} characters")
    return str(value)


def _time(claims: Mapping[str, Any], name: str) -> int:
    value = claims[name]
    if type(value) is not int or not 0 <= value <= MAX_TIME:
        raise _claims_error(f"“{name}” has to be a time in whole unix seconds")
    return value


def _camera_limit(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= MAX_CAMERAS:
        raise _claims_error("“max_cameras” has to be a whole number, or null for no limit")
    return value


def _feature_names(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_FEATURES:
        raise _claims_error(f"“features” has to be a list of at most {MAX_FEATURES} names")
    if not all(_is_text(name, MAX_FEATURE_LENGTH) for name in value):
        raise _claims_error("“features” has to hold names")
    return value
