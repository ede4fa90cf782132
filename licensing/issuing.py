"""From what a person or a script asks for to a signed key. Shared by `key_gen` and `license_generator`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from licensing import keys, tokens
from licensing.keypairs import fingerprint
from licensing.selectors import DAY_SECS
from licensing.tokens import Feature

MAX_DAYS = 36_500
# Short names for the command line, beside the full ones.
FEATURE_WORDS = {"ppe": Feature.PPE, "visitors": Feature.VISITORS, "faces": Feature.FACES}
_UNLIMITED = frozenset({"", "none", "no limit", "unlimited"})


class IssueError(CrowdsiteError):
    """Something that was asked for makes no licence."""

    code = "licence_request"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key, what it says, and the fingerprint of the key that signed it."""

    token: str
    licence: tokens.Licence
    key_id: str

    def as_json(self) -> dict[str, Any]:
        licence = self.licence
        return {
            "license_key": self.token,
            "client": licence.client,
            "id": licence.id,
            "issued_at": _iso(licence.issued_at),
            "not_before": _iso(licence.not_before),
            "expires_at": _iso(licence.expires_at),
            "max_cameras": licence.max_cameras,
            "features": [feature.value for feature in Feature if feature in licence.features],
            "key_id": self.key_id,
        }


def issue(
    *,
    client: str,
    expires_at: int,
    not_before: int | None = None,
    max_cameras: int | None = None,
    features: Iterable[Feature] = (),
    licence_id: str = "",
    key_path: Path | None = None,
) -> Issued:
    """A licence signed with the key in `key_path` (default: this installation's). Raises CrowdsiteError."""
    key = keys.read_signing_key(key_path or keys.signing_key_path())
    now = int(clock.now())
    licence = tokens.Licence(
        client=client.strip(),
        id=licence_id.strip() or uuid4().hex[:16],
        issued_at=now,
        not_before=now if not_before is None else not_before,
        expires_at=expires_at,
        max_cameras=max_cameras,
        features=frozenset(features),
    )
    if expires_at <= now:
        raise IssueError("The licence would have ended already. Choose a later end.")
    if expires_at <= licence.not_before:
        raise IssueError("The licence would end before it begins. Choose a later end, or an earlier beginning.")
    return Issued(tokens.issue(licence, key), licence, fingerprint(key.public_key()))


def read_client(text: str) -> str:
    """Raises IssueError."""
    text = text.strip()
    if not text or len(text) > tokens.MAX_CLIENT_LENGTH or not text.isprintable():
        raise IssueError(f"The client's name has 1 to {tokens.MAX_CLIENT_LENGTH} characters.")
    return text


def read_days(text: str, *, start: float) -> int:
    """The end of a licence of so many days from unix time `start`, in unix seconds. Raises IssueError."""
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_DAYS:
        raise IssueError(f"“{text[:20]}” is no number of days. Use 1 to {MAX_DAYS}.")
    return int(start) + int(text) * DAY_SECS


def read_moment(text: str) -> int:
    """Unix seconds from 2027-05-03 (its beginning in UTC), 2027-05-03T12:00 or with a zone. Raises IssueError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise IssueError(f"“{text[:40]}” is no date. Write it like 2027-05-03 or 2027-05-03T12:00+02:00.") from error
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= at <= tokens.MAX_TIME:
        raise IssueError(f"“{text[:40]}” is outside the years 1970 to 9999.")
    return int(at)


def read_max_cameras(text: str) -> int | None:
    """None for no limit. Raises IssueError."""
    text = text.strip().lower()
    if text in _UNLIMITED:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > tokens.MAX_CAMERAS:
        raise IssueError(
            f"“{text[:20]}” is no number of cameras. Use 0 to {tokens.MAX_CAMERAS}, or “none” for no limit."
        )
    return int(text)


def read_features(words: Sequence[str]) -> frozenset[Feature]:
    """From short or full names, in any case; `all` is every module. Raises IssueError."""
    named = {**FEATURE_WORDS, **{feature.value.lower(): feature for feature in Feature}}
    found: set[Feature] = set()
    for word in words:
        wanted = word.strip().lower()
        if wanted == "all":
            found |= set(Feature)
        elif wanted in named:
            found.add(named[wanted])
        elif wanted:
            raise IssueError(f"There is no module “{word[:40]}”. Use {', '.join(FEATURE_WORDS)} or all.")
    return frozenset(found)


def describe(licence: tokens.Licence) -> str:
    """For the person who issues it."""
    cameras = "no limit of cameras" if licence.max_cameras is None else f"{licence.max_cameras} cameras"
    modules = ", ".join(feature.value for feature in Feature if feature in licence.features) or "no optional modules"
    period = f"{tokens.day_of(licence.not_before)} to {tokens.day_of(licence.expires_at)}"
    return f"{licence.client}: {cameras}, {modules}, {period}, number {licence.id}"


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
