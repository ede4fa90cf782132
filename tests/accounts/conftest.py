import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch):
    """Passwords are hashed as in real life, in less time."""
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1000)
