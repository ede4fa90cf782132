"""Reading the licence: what it says, whether it holds now, which modules it switches on.

Each call reads the record in Redis and compares its times with the clock, so that a new key is at work at once in every
process and an expiry while running counts. Only the verdict on a signature is kept, for the identical text and keys.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crowdsite import clock
from licensing import keys, tokens
from licensing.keypairs import by_fingerprint
from licensing.models import Licence
from licensing.tokens import Feature, LicenceError, check_times, day_of

State = Literal["valid", "missing", "expired", "not_yet_valid", "invalid"]
Level = Literal["", "info", "warn", "over"]

DAY_SECS = 86_400
# A warning appears that many days ahead, and grows more urgent at the others.
WARN_DAYS = {30: "info", 7: "warn", 1: "over"}
SETTINGS_URL = "/settings/licence"


@dataclass(frozen=True, slots=True)
class LicenceStatus:
    """What the licence says and whether it holds. Without a valid one: no features and no camera limit.

    sentence: the state, and what follows from it. client to expires_at: what a token with a good signature says, also
    while it does not hold; times in unix seconds. max_cameras, features: what is in force. granted: the features the
    token names. days_left: begun days. warning: a sentence when something has to be done, level: how urgent it is.
    """

    state: State
    code: str
    sentence: str
    client: str = ""
    licence_id: str = ""
    issued_at: int | None = None
    not_before: int | None = None
    expires_at: int | None = None
    max_cameras: int | None = None
    features: frozenset[Feature] = frozenset()
    granted: frozenset[Feature] = frozenset()
    unknown_features: tuple[str, ...] = ()
    days_left: int | None = None
    warning: str = ""
    level: Level = ""

    @property
    def valid(self) -> bool:
        return self.state == "valid"


def licence_status(at: float | None = None) -> LicenceStatus:
    """How things stand at unix time `at` (default: now). One read of Redis. Raises django.db.OperationalError."""
    return status_of(Licence.load(), at=at)


def status_of(record: Licence, *, at: float | None = None) -> LicenceStatus:
    """As `licence_status`, for a record already read."""
    at = clock.now() if at is None else at
    if not record.license_key.strip():
        return LicenceStatus("missing", "licence_missing", _missing())
    try:
        licence = read_key(record.license_key, record)
    except LicenceError as error:
        return LicenceStatus("invalid", error.code, error.message, warning=_ineffective(error.message), level="warn")
    try:
        check_times(licence, at=at)
    except LicenceError as error:
        return _not_in_force(licence, error)
    return _in_force(licence, at)


def feature_on(feature: Feature, at: float | None = None) -> bool:
    """Whether the module may work."""
    return feature in licence_status(at).features


def feature_reason(feature: Feature, at: float | None = None) -> str:
    """Why the module is off, and what would switch it on; empty when it is on."""
    status = licence_status(at)
    if feature in status.features:
        return ""
    return reason_of(feature, status)


def reason_of(feature: Feature, status: LicenceStatus) -> str:
    """As `feature_reason`, for a module that is off."""
    name = {"feature": feature_title(feature)}
    match status.state:
        case "valid":
            why = _("%(feature)s is off: the licence does not include it.") % name
        case "missing":
            why = _("%(feature)s is off: no licence is active.") % name
        case _:
            why = _("%(feature)s is off:") % name + f" {status.sentence}"
    return f"{why} " + _("Enter a licence key that includes it under Settings, Licence.")


def feature_title(feature: Feature) -> str:
    """The module's name for people."""
    return {
        Feature.PPE: _("PPE Detection"),
        Feature.VISITORS: _("Visitor Management"),
        Feature.FACES: _("Face Recognition"),
    }[feature]


def read_key(text: str, record: Licence) -> tokens.Licence:
    """What a key with a good signature says. Raises LicenceError."""
    trusted = keys.trusted_keys(record.public_keys)
    if not trusted and text.strip():
        raise LicenceError(
            _("This installation trusts nobody's licences. Set LICENCE_PUBLIC_KEYS to the public key of your vendor."),
            code="licence_no_keys",
        )
    found = _judged(text, tuple(key.public_bytes_raw() for key in trusted.values()))
    if isinstance(found, LicenceError):
        raise LicenceError(found.message, code=found.code)
    return found


@lru_cache(maxsize=8)
def _judged(text: str, trusted: tuple[bytes, ...]) -> tokens.Licence | LicenceError:
    """Whether the signature is good and what was signed: that never changes, so it is computed once."""
    try:
        return tokens.read(text, by_fingerprint(Ed25519PublicKey.from_public_bytes(raw) for raw in trusted))
    except LicenceError as error:
        return error


def _missing() -> str:
    return _("No licence is active. Counting works, with any number of cameras; the optional modules are off.")


def _ineffective(reason: str) -> str:
    return _("The licence is not in force, so the optional modules are off. Counting goes on.") + f" {reason}"


def _not_in_force(licence: tokens.Licence, error: LicenceError) -> LicenceStatus:
    expired = error.code == "licence_expired"
    return LicenceStatus(
        "expired" if expired else "not_yet_valid",
        error.code,
        error.message,
        **_details(licence),
        days_left=0 if expired else None,
        warning=_ineffective(error.message),
        level="over" if expired else "warn",
    )


def _in_force(licence: tokens.Licence, at: float) -> LicenceStatus:
    days = math.ceil((licence.expires_at - at) / DAY_SECS)
    level = next((WARN_DAYS[limit] for limit in sorted(WARN_DAYS) if days <= limit), "")
    return LicenceStatus(
        "valid",
        "",
        _("The licence of %(client)s is valid until %(day)s.")
        % {"client": licence.client, "day": day_of(licence.expires_at)},
        **_details(licence),
        max_cameras=licence.max_cameras,
        features=licence.features,
        days_left=days,
        warning=_ending(licence, days) if level else "",
        level=level,
    )


def _ending(licence: tokens.Licence, days: int) -> str:
    when = ngettext(
        "The licence ends within a day, on %(day)s.", "The licence ends in %(n)s days, on %(day)s.", days
    ) % {"n": days, "day": day_of(licence.expires_at)}
    if licence.features:
        names = ", ".join(feature_title(feature) for feature in Feature if feature in licence.features)
        when += " " + _("Then these modules stop: %(names)s. Counting goes on.") % {"names": names}
    return f"{when} " + _("Ask whoever issued it for a new key in time.")


def _details(licence: tokens.Licence) -> dict[str, object]:
    return {
        "client": licence.client,
        "licence_id": licence.id,
        "issued_at": licence.issued_at,
        "not_before": licence.not_before,
        "expires_at": licence.expires_at,
        "granted": licence.features,
        "unknown_features": licence.unknown_features,
    }
