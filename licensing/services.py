"""Changing the licence: activating, removing, bringing back; the keys of a fresh installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from loguru import logger

from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from licensing import keys, tokens
from licensing.keypairs import fingerprint, public_pem
from licensing.locks import alone
from licensing.models import Licence
from licensing.selectors import DAY_SECS, LicenceStatus, read_key, status_of
from licensing.tokens import Feature, check_times, compact

# Set once: a local licence that was removed stays removed.
FIRST_RUN_KEY = "licensing:first_run"
# What the log said last about the licence.
SAID_KEY = "licensing:said"
# Held while the record is changed, so that two who change different fields do not undo each other.
LOCK_KEY = "licensing:lock:licence"
PREVIOUS_KEPT = timedelta(days=30)
LOCAL_CLIENT = "This installation"
LOCAL_DAYS = 3650


class NothingToRestoreError(CrowdsiteError):
    """There is no earlier key (any more)."""

    code = "not_found"
    status = 404


def activate_licence(*, license_key: str, by: str = "") -> LicenceStatus:
    """Put a key to work, at once in every process. The one before can be brought back.

    by: who did it. Raises LicenceError with a sentence when the key is refused; the old one stays then.
    """
    with _record() as record:
        check_times(read_key(license_key, record), at=clock.now())
        _replace(record, compact(license_key), by)
    status = status_of(record)
    logger.info("{} activated the licence {} of {}", by or "The system", status.licence_id, status.client)
    return status


def check_key(*, license_key: str) -> None:
    """Raises LicenceError when `activate_licence` would."""
    check_times(read_key(license_key, Licence.load()), at=clock.now())


def remove_licence(*, by: str = "") -> LicenceStatus:
    """Work without a licence from now on: the optional modules stop. `restore_licence` undoes it."""
    with _record() as record:
        if record.license_key:
            _replace(record, "", by)
            logger.info("{} removed the licence", by or "The system")
    return status_of(record)


def restore_licence(*, by: str = "") -> LicenceStatus:
    """Bring back the key that was replaced or removed last. Raises NothingToRestoreError, or LicenceError."""
    with _record() as record:
        if not can_restore(record):
            raise NothingToRestoreError(_("There is no earlier licence key. Enter one."))
        check_times(read_key(record.previous_key, record), at=clock.now())
        _replace(record, record.previous_key, by)
    logger.info("{} brought the earlier licence back", by or "The system")
    return status_of(record)


def can_restore(record: Licence) -> bool:
    """Whether there is a key to bring back; it is offered for 30 days."""
    until = record.previous_until
    return bool(record.previous_key) and until is not None and until > timezone.now()


def publish_key(key: Ed25519PublicKey) -> None:
    """Let all machines of this installation trust a public key."""
    name = fingerprint(key)
    with _record() as record:
        if name not in record.public_keys:
            record.public_keys = {**record.public_keys, name: public_pem(key)}
            record.save()


def distrust_key(name: str) -> bool:
    """Trust this key of the installation no longer, on any machine; whether it was trusted."""
    on_this_machine = keys.distrust(name)
    with _record() as record:
        published = name in record.public_keys
        if published:
            record.public_keys = {other: pem for other, pem in record.public_keys.items() if other != name}
            record.save()
    return on_this_machine or published


def ensure_local_licence() -> None:
    """The signing key of this machine, and once a licence by it: everything on, no limit. Repeatable.

    Where the installation's own keys are not trusted, there is neither. What goes wrong is logged: counting has to
    start without a licence too.
    """
    if not settings.LICENCE_TRUST_LOCAL_KEY:
        return
    try:
        _make_local_licence()
    except CrowdsiteError as error:
        logger.error("No local licence could be made: {}", error.message)


def _make_local_licence() -> None:
    key = keys.ensure_signing_key()
    publish_key(key.public_key())
    with _record() as record:
        if client().exists(FIRST_RUN_KEY):
            return
        if not record.license_key:
            _replace(record, tokens.issue(_local_licence(), key), "")
        client().set(FIRST_RUN_KEY, "1")


def log_licence() -> None:
    """One line at start: what is in force."""
    _say(status_of(Licence.load()))


def watch_licence() -> bool:
    """One line when the licence began to end, ended or changed since the last call; whether there was one."""
    status = status_of(Licence.load())
    now = f"{status.state} {status.level} {status.licence_id}"
    if client().set(SAID_KEY, now, get=True) == now.encode():
        return False
    _say(status)
    return True


def _say(status: LicenceStatus) -> None:
    logger.log("WARNING" if status.warning else "INFO", "Licence: {}", status.warning or status.sentence)


def _local_licence() -> tokens.Licence:
    now = int(clock.now())
    return tokens.Licence(
        client=LOCAL_CLIENT,
        id=f"local-{uuid4().hex[:12]}",
        issued_at=now,
        not_before=now,
        expires_at=now + LOCAL_DAYS * DAY_SECS,
        max_cameras=None,
        features=frozenset(Feature),
    )


@contextmanager
def _record() -> Iterator[Licence]:
    with alone(LOCK_KEY):
        yield Licence.load()


def _replace(record: Licence, new_key: str, by: str) -> None:
    now: datetime = timezone.now()
    if record.license_key != new_key:
        record.previous_key = record.license_key
        record.previous_until = now + PREVIOUS_KEPT if record.license_key else None
    record.license_key = new_key
    record.activated_at = now if new_key else None
    record.activated_by = by if new_key else ""
    record.save()
