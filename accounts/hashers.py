"""Verifies passwords that came from v81 (`accounts.passlib`). At the first login Django rewrites them as its own."""

import base64
import hashlib
from typing import Any

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from accounts import passlib


class PasslibPBKDF2Hasher(PBKDF2PasswordHasher):
    """Django's PBKDF2-SHA256 with a binary salt."""

    algorithm = passlib.ALGORITHM

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        self._check_encode_args(password, salt)
        rounds = iterations or self.iterations
        checksum = hashlib.pbkdf2_hmac("sha256", password.encode(), passlib.salt_bytes(salt), rounds)
        return f"{self.algorithm}${rounds}${salt}${base64.b64encode(checksum).decode('ascii')}"

    def salt(self) -> str:
        return base64.b64encode(super().salt().encode()).decode("ascii")

    def must_update(self, encoded: str) -> bool:
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """As many more rounds as Django's own would take, so that the time tells nothing."""
        decoded: dict[str, Any] = self.decode(encoded)
        extra = self.iterations - decoded["iterations"]
        if extra > 0:
            self.encode(password, decoded["salt"], extra)
