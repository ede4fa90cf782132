"""The licence at work: what holds now, what it switches on, who else sees it."""

import base64
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from loguru import logger

from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from licensing import keys, selectors, services
from licensing.checks import check_public_keys
from licensing.keypairs import fingerprint, public_pem
from licensing.models import Licence
from licensing.selectors import feature_on, feature_reason, licence_status
from licensing.tasks import watch
from licensing.tokens import Feature, LicenceError
from tests.licensing.issued import DAY, current, token

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def another_process(settings):
    """A second process of the installation; called with a unix time or None, it answers what it sees then."""
    code = (
        "import json, sys\n"
        "from licensing.selectors import Feature, feature_on, licence_status\n"
        "for line in sys.stdin:\n"
        "    at = json.loads(line)\n"
        "    s = licence_status(at)\n"
        "    print(json.dumps([s.state, s.client, feature_on(Feature.PPE, at)]), flush=True)\n"
    )
    environment = {**os.environ, "LICENCE_PUBLIC_KEYS": settings.LICENCE_PUBLIC_KEYS.replace("\n", "\\n")}
    process = subprocess.Popen(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask(at=None):
        process.stdin.write(json.dumps(at) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_without_a_licence_everything_counts_and_the_modules_say_what_switches_them_on():
    status = licence_status()
    assert (status.state, status.max_cameras, status.features) == ("missing", None, frozenset())
    assert "Counting works" in status.sentence
    for feature in Feature:
        assert not feature_on(feature)
        reason = feature_reason(feature)
        assert reason.startswith(feature.value)
        assert "no licence is active" in reason
        assert "Settings, Licence" in reason
    assert licence_status().warning == "", "counting without a licence is nothing to warn of"


def test_a_licence_switches_on_what_it_names(vendor):
    services.activate_licence(license_key=token(vendor), by="olga")
    status = licence_status()
    assert (status.state, status.client, status.max_cameras, status.days_left) == ("valid", "Acme Yards", 4, 100)
    assert feature_on(Feature.PPE)
    assert feature_reason(Feature.PPE) == ""
    assert not feature_on(Feature.FACES)
    assert "does not include it" in feature_reason(Feature.FACES)
    record = Licence.load()
    assert record.activated_by == "olga"
    assert record.activated_at is not None


def test_the_end_is_noticed_while_running(vendor, monkeypatch):
    """TRAP 33: expiry checked only at start."""
    services.activate_licence(license_key=token(vendor))
    end = licence_status().expires_at
    monkeypatch.setattr(clock, "now", lambda: end - 1.0)
    assert feature_on(Feature.PPE)
    monkeypatch.setattr(clock, "now", lambda: float(end))
    assert not feature_on(Feature.PPE)
    status = licence_status()
    assert (status.state, status.max_cameras, status.level) == ("expired", None, "over")
    assert "ended on" in feature_reason(Feature.PPE)
    assert "ended on" in licence_status().warning
    monkeypatch.setattr(clock, "now", lambda: float(end - 200 * DAY))
    assert licence_status().state == "not_yet_valid", "a clock that was set back"
    assert not feature_on(Feature.PPE)


@pytest.mark.slow
def test_every_process_sees_a_new_key_and_the_end_at_once(vendor, settings):
    with another_process(settings) as there:
        assert there() == ["missing", "", False]
        services.activate_licence(license_key=token(vendor))
        assert there() == ["valid", "Acme Yards", True]
        end = licence_status().expires_at
        assert there(end - 1) == ["valid", "Acme Yards", True]
        assert there(end) == ["expired", "Acme Yards", False]
        services.activate_licence(license_key=token(vendor, client="Second", features=frozenset()))
        assert there() == ["valid", "Second", False]
        services.remove_licence()
        assert there() == ["missing", "", False]


@pytest.mark.parametrize(
    ("days", "level", "words"),
    [
        (30.01, "", ""),
        (30, "info", "in 30 days"),
        (7.01, "info", "in 8 days"),
        (7, "warn", "in 7 days"),
        (1.01, "warn", "in 2 days"),
        (1, "over", "within a day"),
        (0.001, "over", "within a day"),
    ],
)
def test_the_end_is_announced_thirty_seven_and_one_day_ahead(vendor, days, level, words):
    services.activate_licence(license_key=token(vendor))
    at = licence_status().expires_at - days * DAY
    status = licence_status(at)
    assert (status.state, status.level) == ("valid", level)
    assert words in status.warning
    assert bool(status.warning) == bool(level)
    if level:
        assert "PPE Detection" in status.warning


def test_a_refused_key_leaves_the_old_one_at_work(vendor):
    services.activate_licence(license_key=token(vendor))
    stranger = Ed25519PrivateKey.generate()
    now = int(clock.now())
    for bad in (
        "", "rubbish", token(stranger), token(vendor)[:-5],
        token(vendor, not_before=now - 9 * DAY, expires_at=now - DAY), token(vendor, not_before=now + DAY),
    ):  # fmt: skip
        with pytest.raises(LicenceError):
            services.activate_licence(license_key=bad)
        assert licence_status().client == "Acme Yards"
        assert feature_on(Feature.PPE)
    assert not services.can_restore(Licence.load()), "a key that never worked is nothing to bring back"


def test_a_removed_licence_comes_back(vendor):
    services.activate_licence(license_key=token(vendor), by="olga")
    assert services.remove_licence(by="olga").state == "missing"
    assert not feature_on(Feature.PPE)
    services.remove_licence(by="olga")
    assert services.restore_licence(by="omar").client == "Acme Yards"
    assert feature_on(Feature.PPE)
    assert Licence.load().activated_by == "omar"


def test_a_replaced_licence_comes_back_too(vendor):
    services.activate_licence(license_key=token(vendor))
    services.activate_licence(license_key=token(vendor, client="Second"))
    assert services.restore_licence().client == "Acme Yards"
    assert services.restore_licence().client == "Second"


def test_there_is_not_always_something_to_bring_back(vendor):
    with pytest.raises(CrowdsiteError) as caught:
        services.restore_licence()
    assert caught.value.status == 404
    services.activate_licence(license_key=token(vendor))
    services.remove_licence()
    record = Licence.load()
    record.previous_until = record.previous_until - services.PREVIOUS_KEPT
    record.save()
    with pytest.raises(CrowdsiteError):
        services.restore_licence()


def test_a_record_that_was_tampered_with_switches_nothing_on(vendor):
    services.activate_licence(license_key=token(vendor, features=frozenset()))
    head, _body, signature = Licence.load().license_key.split(".")
    other = token(vendor, features=frozenset(Feature)).split(".")[1]
    client().hset("licensing:licence:1", "license_key", f"{head}.{other}.{signature}")
    status = licence_status()
    assert (status.state, status.code, status.features) == ("invalid", "licence_other_key", frozenset())
    assert "not in force" in status.warning
    for rubbish in (b"x" * 2_000_000, b"rubbish", b" "):
        client().hset("licensing:licence:1", "license_key", rubbish)
        assert not feature_on(Feature.PPE)


def test_a_vendor_key_may_be_a_file_that_is_exchanged_while_running(settings, tmp_path):
    old, new = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    path = tmp_path / "vendor.pub"
    path.write_text(public_pem(old.public_key()))
    settings.LICENCE_PUBLIC_KEYS = str(path)
    services.activate_licence(license_key=token(old))
    path.write_text(public_pem(old.public_key()).replace("\n", "\n\n", 1) + "# spoiled")
    path.write_text(public_pem(new.public_key()) + "\n")
    assert licence_status().code == "licence_other_key"
    services.activate_licence(license_key=token(new))
    assert licence_status().valid
    path.unlink()
    assert not licence_status().valid


def test_keys_are_understood_in_every_usual_form(settings, tmp_path):
    signers = [Ed25519PrivateKey.generate() for _ in range(4)]
    pems = [public_pem(key.public_key()) for key in signers]
    raw = signers[3].public_key().public_bytes_raw()
    (tmp_path / "k.pub").write_text(pems[2])
    settings.LICENCE_PUBLIC_KEYS = (
        f"{pems[0]},{pems[1].replace(chr(10), chr(92) + 'n')},{tmp_path}/k.pub,{base64.b64encode(raw).decode()}"
    )
    wanted = {fingerprint(key.public_key()) for key in signers}
    assert set(keys.trusted_keys({})) == wanted
    settings.LICENCE_PUBLIC_KEYS = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert set(keys.trusted_keys({})) == {fingerprint(signers[3].public_key())}


def test_an_unusable_key_in_the_environment_is_left_out_and_named_by_the_check(settings, tmp_path):
    good = Ed25519PrivateKey.generate()
    (tmp_path / "rsa.pub").write_bytes(
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    settings.LICENCE_PUBLIC_KEYS = f"/nowhere/x.pub,{tmp_path}/rsa.pub,{public_pem(good.public_key())}"
    assert list(keys.trusted_keys({})) == [fingerprint(good.public_key())]
    found = check_public_keys()
    assert [one.id for one in found] == ["licensing.E001"] * 2
    settings.LICENCE_PUBLIC_KEYS, settings.LICENCE_TRUST_LOCAL_KEY = "", False
    assert [one.id for one in check_public_keys()] == ["licensing.W001"]
    settings.LICENCE_TRUST_LOCAL_KEY = True
    assert check_public_keys() == []


def test_an_installation_that_trusts_nobody_says_so(settings):
    settings.LICENCE_TRUST_LOCAL_KEY = False
    services.ensure_local_licence()
    assert not keys.signing_key_path().exists()
    with pytest.raises(LicenceError) as caught:
        services.activate_licence(license_key=token(Ed25519PrivateKey.generate()))
    assert caught.value.code == "licence_no_keys"


def test_a_vendor_can_shut_out_the_installations_own_key(vendor, settings):
    services.ensure_local_licence()
    assert licence_status().client == services.LOCAL_CLIENT
    settings.LICENCE_TRUST_LOCAL_KEY = False
    status = licence_status()
    assert (status.state, status.features) == ("invalid", frozenset())
    services.activate_licence(license_key=token(vendor))
    assert licence_status().valid


def test_the_log_says_once_that_a_licence_ends_and_has_ended(vendor, monkeypatch):
    assert services.watch_licence()
    assert not services.watch_licence()
    services.activate_licence(license_key=token(vendor))
    end = licence_status().expires_at
    said = []
    sink = logger.add(lambda line: said.append(str(line)), level="WARNING", format="{message}")
    try:
        for days in (31, 30, 29.9, 7, 6.9, 1, 0.5, 0, -1, -40):
            monkeypatch.setattr(clock, "now", lambda days=days: end - days * DAY)
            watch()
    finally:
        logger.remove(sink)
    assert [line.split(",")[0] for line in said] == [
        "Licence: The licence ends in 30 days",
        "Licence: The licence ends in 7 days",
        "Licence: The licence ends within a day",
        "Licence: The licence is not in force",
    ]


def test_a_signature_is_verified_once_and_the_record_read_once(vendor, monkeypatch, django_assert_num_queries):
    services.activate_licence(license_key=token(vendor))
    assert feature_on(Feature.PPE)
    monkeypatch.setattr(selectors.tokens, "read", lambda *_: pytest.fail("verified again"))
    with django_assert_num_queries(1, using="redis"):
        assert feature_on(Feature.PPE)


def test_the_current_helper_holds_now():
    assert current().not_before <= clock.now() < current().expires_at
