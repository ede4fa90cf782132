import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing import keys
from licensing.keypairs import public_pem


@pytest.fixture
def vendor(settings) -> Ed25519PrivateKey:
    """Its licences are trusted."""
    key = Ed25519PrivateKey.generate()
    settings.LICENCE_PUBLIC_KEYS = public_pem(key.public_key())
    return key


@pytest.fixture(autouse=True)
def _no_local_keys(settings):
    """The run's data folder is shared with every other test."""
    yield
    shutil.rmtree(keys.folder(), ignore_errors=True)
