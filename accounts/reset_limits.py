"""How often links to set a password may be asked for: each one is a mail to somebody. Counted in Redis."""

import hashlib

from crowdsite.store.connection import client

WINDOW_SECS = 3600
PER_EMAIL = 3
PER_CLIENT = 20


def allows_client(address: str | None) -> bool:
    """Whether this client may ask once more."""
    return _count("client", address or "local") <= PER_CLIENT


def allows_email(email: str) -> bool:
    """Whether this mail address, known or not, may be written to once more."""
    return _count("email", email.casefold()) <= PER_EMAIL


def _count(kind: str, value: str) -> int:
    """How often within the hour that began with the first, this one included. Addresses are kept as hashes."""
    key = f"accounts:reset:{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}"
    with client().pipeline() as pipeline:
        pipeline.set(key, 0, ex=WINDOW_SECS, nx=True)
        pipeline.incr(key)
        return int(pipeline.execute()[1])
