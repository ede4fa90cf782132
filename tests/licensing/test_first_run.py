"""The signing key and the licence of a fresh installation."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crowdsite.store.connection import client
from licensing import keys, services
from licensing.keypairs import fingerprint, private_pem
from licensing.models import Licence
from licensing.selectors import licence_status
from licensing.tokens import Feature
from tests.licensing.issued import DAY, token

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
ROOT = Path(__file__).resolve().parents[2]


def everything_in_redis() -> bytes:
    found = b""
    for key in client().scan_iter():
        kind = client().type(key)
        if kind == b"hash":
            found += repr(client().hgetall(key)).encode()
        elif kind == b"string":
            found += client().get(key)
    return found


def test_a_fresh_installation_has_everything_switched_on():
    services.ensure_local_licence()
    status = licence_status()
    assert (status.state, status.client, status.max_cameras) == ("valid", "This installation", None)
    assert status.features == frozenset(Feature)
    assert status.days_left == 3650


def test_the_private_key_is_its_owners_alone_and_stays_in_its_file():
    services.ensure_local_licence()
    path = keys.signing_key_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = keys.read_signing_key(path)
    redis_has = everything_in_redis()
    assert fingerprint(key.public_key()).encode() in redis_has, "the public one is published"
    assert b"PRIVATE" not in redis_has
    for secret in (
        private_pem(key).split("\n")[1].encode(),
        key.private_bytes_raw(),
        key.private_bytes_raw().hex().encode(),
    ):
        assert secret not in redis_has


def test_another_first_run_changes_nothing():
    services.ensure_local_licence()
    before = (keys.signing_key_path().read_text(), Licence.load().license_key)
    services.ensure_local_licence()
    assert (keys.signing_key_path().read_text(), Licence.load().license_key) == before


def test_a_removed_local_licence_stays_removed():
    services.ensure_local_licence()
    services.remove_licence(by="olga")
    services.ensure_local_licence()
    assert licence_status().state == "missing"


def test_a_licence_that_is_there_already_is_not_replaced(vendor):
    services.activate_licence(license_key=token(vendor))
    services.ensure_local_licence()
    assert licence_status().client == "Acme Yards"


@pytest.mark.slow
def test_two_processes_that_start_together_make_one_key_and_one_licence():
    code = "import django; django.setup()\nfrom licensing.services import ensure_local_licence\nensure_local_licence()"

    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True, timeout=100)

    def start(_):
        return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)

    with ThreadPoolExecutor(3) as pool:
        for finished in pool.map(start, range(3)):
            assert finished.returncode == 0, finished.stderr
    assert len(list(keys.folder().glob("*.pub"))) == 1
    assert sorted(path.suffix for path in keys.folder().iterdir()) == [".key", ".pub"]
    assert len(Licence.load().public_keys) == 1
    assert licence_status().valid
    assert not services.can_restore(Licence.load()), "no second licence replaced the first"


def test_a_spoiled_signing_key_keeps_nothing_from_starting():
    keys.folder().mkdir(parents=True)
    keys.signing_key_path().write_text("spoiled")
    services.ensure_local_licence()
    services.log_licence()
    assert licence_status().state == "missing"
    keys.signing_key_path().unlink()
    services.ensure_local_licence()
    assert licence_status().valid, "it is made as soon as it can be"


def test_another_machine_of_the_installation_trusts_the_licence():
    """A GPU node has a data folder of its own, without the key."""
    services.ensure_local_licence()
    for path in keys.folder().iterdir():
        path.unlink()
    assert licence_status().valid


def test_a_signing_key_is_exchanged_and_the_old_one_distrusted():
    services.ensure_local_licence()
    old = keys.read_signing_key(keys.signing_key_path())
    services.publish_key(keys.replace_signing_key().public_key())
    new = keys.read_signing_key(keys.signing_key_path())
    assert old.private_bytes_raw() != new.private_bytes_raw()
    assert stat.S_IMODE(keys.signing_key_path().stat().st_mode) == 0o600
    assert licence_status().valid, "what the old key signed still holds"
    assert services.distrust_key(fingerprint(old.public_key()))
    assert licence_status().code == "licence_other_key"
    assert not services.distrust_key("0" * 16)
    services.activate_licence(license_key=token(new, expires_at=2**31 + 400 * DAY))
    assert licence_status().valid
