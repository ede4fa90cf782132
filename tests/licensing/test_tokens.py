"""Tokens: what is issued is read, and whatever else is refused with its own sentence."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from licensing import tokens
from licensing.keypairs import fingerprint, public_pem
from licensing.tokens import Feature, LicenceError
from tests.licensing.issued import DAY, T0, b64, claims, keyring, licence, signed

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
TRUSTED = keyring(KEY)
TOKEN = tokens.issue(licence(), KEY)


def refusal(token: str, trusted=TRUSTED, *, at: float = T0 + DAY) -> LicenceError:
    with pytest.raises(LicenceError) as caught:
        tokens.verify(token, trusted, at=at)
    error = caught.value
    assert error.status == 400
    assert error.fields == {"license_key": [error.message]}
    assert error.message.endswith(".")
    assert len(error.message) < 300, "the token itself does not belong into the sentence"
    return error


def hs256(body: dict, secret: bytes, **header) -> str:
    """By hand: PyJWT refuses to sign with a public key."""
    text = f"{b64(json.dumps({'alg': 'HS256', 'typ': 'JWT', **header}).encode())}.{b64(json.dumps(body).encode())}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def test_what_was_issued_is_read_back():
    wanted = licence(max_cameras=None, features=frozenset(Feature), client="Ärger & Söhne “Nord”")
    assert tokens.verify(tokens.issue(wanted, KEY), TRUSTED, at=T0) == wanted


def test_a_token_is_an_ordinary_jwt_for_other_programs():
    assert jwt.get_unverified_header(TOKEN) == {"alg": "EdDSA", "kid": fingerprint(KEY.public_key()), "typ": "JWT"}
    found = jwt.decode(
        TOKEN, KEY.public_key(), algorithms=["EdDSA"], options={"verify_nbf": False, "verify_iat": False}
    )
    assert found == claims()


def test_line_breaks_of_a_mail_program_do_no_harm():
    wrapped = "\r\n  ".join(TOKEN[i : i + 60] for i in range(0, len(TOKEN), 60))
    assert tokens.verify(f"\n{wrapped}\n", TRUSTED, at=T0).client == "Acme Yards"


def test_a_licence_holds_from_its_first_second_until_its_last():
    begin, end = T0, T0 + 100 * DAY
    assert tokens.verify(TOKEN, TRUSTED, at=begin)
    assert tokens.verify(TOKEN, TRUSTED, at=end - 0.001)
    early, late = refusal(TOKEN, at=begin - 0.001), refusal(TOKEN, at=end)
    assert early.code == "licence_not_yet_valid" and "begins on 15 January 2027" in early.message
    assert late.code == "licence_expired" and "ended on 25 April 2027" in late.message
    assert late.licence.client == "Acme Yards", "what it says is known: its signature is good"


@pytest.mark.parametrize("nothing", ["", "   ", "\n\t"])
def test_no_key_at_all(nothing):
    assert refusal(nothing).code == "licence_missing"


@pytest.mark.parametrize(
    "text",
    ["hello", "a.b.c", "ABCD-EFGH-IJKL", "<script>alert(1)</script>", "ey\x00.ey.ey", "ключ", "ey…" * 10, "=.=.=", "."],
)
def test_something_that_is_no_key(text):
    error = refusal(text)
    assert error.code == "licence_malformed"
    assert "no licence key" in error.message


def test_a_megabyte_is_refused_before_it_is_parsed(monkeypatch):
    def parsed(*_):
        raise AssertionError("it was parsed")

    monkeypatch.setattr(tokens, "_header", parsed)
    for text in ("e" * 2**20, TOKEN + "A" * 2**20, " " * 2**20, "." * 2**20):
        error = refusal(text)
        assert error.code == "licence_too_long"
        assert f"{len(text):,}" in error.message


def test_every_truncation_is_refused():
    for length in range(1, len(TOKEN)):
        assert refusal(TOKEN[:length]).code in ("licence_incomplete", "licence_malformed")
    assert refusal(TOKEN[:-1]).code == "licence_incomplete"
    assert refusal(TOKEN.rsplit(".", 1)[0]).code == "licence_incomplete"
    assert refusal(TOKEN[1:]).code == "licence_malformed"
    assert refusal(f"{TOKEN}.{TOKEN}").code == "licence_incomplete"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", b64(b"\0" * 64)])
def test_an_unsigned_token_proves_nothing(name, signature):
    """TRAP 33."""
    for header in ({"alg": name}, {"alg": name, "kid": fingerprint(KEY.public_key())}):
        text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims()).encode())}.{signature}"
        assert refusal(text).code == "licence_algorithm"


def test_the_public_key_is_no_shared_secret():
    """TRAP 33: HS256 signed with what everybody knows."""
    public = KEY.public_key()
    pem = public_pem(public)
    for secret in (
        pem.encode(),
        pem.strip().encode(),
        public.public_bytes_raw(),
        base64.b64encode(public.public_bytes_raw()),
    ):
        for kid in ({}, {"kid": fingerprint(public)}):
            error = refusal(hs256(claims(), secret, **kid))
            assert error.code == "licence_algorithm"
            assert "not signed the way" in error.message


@pytest.mark.parametrize(
    "alg", ["HS256", "RS256", "ES256", "PS256", "Ed25519", "eddsa", "EdDSA ", None, 1, ["EdDSA"], {}]
)
def test_only_one_algorithm_is_accepted_whatever_the_header_says(alg):
    """Signed with the right key, under a false name."""
    assert refusal(signed(claims(), KEY, alg=alg)).code == "licence_algorithm"


def test_another_curve_under_the_same_name_is_refused():
    text = jwt.encode(claims(), Ed448PrivateKey.generate(), algorithm="EdDSA")
    assert refusal(text).code in ("licence_incomplete", "licence_other_key")


def test_a_key_that_nobody_trusts():
    for trusted in (keyring(OTHER), {}):
        error = refusal(TOKEN, trusted)
        assert error.code == "licence_other_key"
        assert "trusts" in error.message


def test_a_token_cannot_bring_its_own_key():
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(OTHER.public_key().public_bytes_raw())}
    for header in (
        {"jwk": jwk},
        {"jku": "https://evil.example/keys"},
        {"x5u": "file:///etc/passwd"},
        {"kid": fingerprint(KEY.public_key())},
    ):
        assert refusal(signed(claims(), OTHER, **header)).code == "licence_other_key"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "", 7, None, ["x"], {"a": 1}])
def test_a_strange_key_name_leads_nowhere(kid):
    token = signed(claims(), KEY, kid=kid)
    try:
        assert tokens.verify(token, TRUSTED, at=T0).client == "Acme Yards"
    except LicenceError as error:
        assert error.code == "licence_incomplete"


def test_header_extensions_are_not_passed_over():
    assert refusal(signed(claims(), KEY, crit=["exp2"], exp2=1)).code == "licence_incomplete"
    assert refusal(signed(claims(), KEY, b64=False, crit=["b64"])).code == "licence_incomplete"


def test_keys_rotate_without_a_gap():
    both = keyring(KEY, OTHER)
    new = tokens.issue(licence(id="lic-2"), OTHER)
    assert tokens.verify(TOKEN, both, at=T0).id == "lic-1"
    assert tokens.verify(new, both, at=T0).id == "lic-2"
    assert refusal(TOKEN, keyring(OTHER)).code == "licence_other_key"


def test_without_a_name_every_trusted_key_is_tried():
    nameless = signed(claims(), KEY)
    assert tokens.verify(nameless, keyring(OTHER, KEY), at=T0).client == "Acme Yards"


@pytest.mark.parametrize("name", ["client", "jti", "iat", "nbf", "exp", "max_cameras", "features"])
def test_a_claim_that_is_missing_is_named(name):
    error = refusal(signed(claims(**{name: ...}), KEY))
    assert error.code == "licence_claims"
    assert name in error.message


WRONG = [
    *(("client", value) for value in (None, 1, "", "   ", "a" * 201, ["Acme"], "A\x00B", "A\nB", True)),
    *(("jti", value) for value in (None, 7, "", "x" * 101, {})),
    *((name, value) for name in ("iat", "nbf", "exp") for value in (None, "1800000000", 1.8e9, True, -1, 10**12, [], float("nan"))),
    *(("max_cameras", value) for value in ("4", 4.0, -1, True, False, [4], 10**7, float("inf"))),
    *(("features", value) for value in (None, "PPE Detection", {"PPE Detection": True}, [1], [None], [""], ["a" * 101], ["x"] * 51, [["PPE Detection"]])),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda value: repr(value)[:20])
def test_a_claim_of_the_wrong_kind_is_named(name, value):
    error = refusal(signed(claims(**{name: value}), KEY))
    assert error.code == "licence_claims"
    assert f"“{name}”" in error.message


def test_a_licence_that_ends_before_it_begins():
    assert refusal(signed(claims(exp=T0), KEY)).code == "licence_claims"


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"[" * 5000, b"1e999"])
def test_a_signed_payload_that_is_no_object(payload):
    assert refusal(signed(payload, KEY)).code == "licence_claims"


def test_modules_of_a_later_version_are_kept_and_change_nothing():
    found = tokens.verify(
        signed(claims(features=["PPE Detection", "Teleport", "PPE Detection", "Teleport"]), KEY), TRUSTED, at=T0
    )
    assert found.features == {Feature.PPE}
    assert found.unknown_features == ("Teleport",)


def test_extra_claims_are_no_fault():
    assert tokens.verify(signed(claims(iss="vendor", aud="x", custom={"a": 1}), KEY), TRUSTED, at=T0) == licence()


def test_nothing_is_issued_that_would_be_refused():
    for wrong in (
        {"client": ""},
        {"max_cameras": -1},
        {"expires_at": T0},
        {"id": "x" * 101},
        {"unknown_features": ("",)},
    ):
        with pytest.raises(LicenceError):
            tokens.issue(licence(**wrong), KEY)


_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n{}"\x00é'


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(TOKEN) - 1), st.sampled_from("rid"), st.sampled_from(_ALPHABET)),
        min_size=1,
        max_size=4,
    )
)
@effort(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_mutation_of_a_token_ever_says_anything_else(edits):
    text = list(TOKEN)
    for position, kind, letter in edits:
        place = position % len(text)
        text[place : place + 1] = {"r": [letter], "i": [letter, text[place]], "d": []}[kind] or (
            [] if len(text) > 1 else text
        )
    try:
        found = tokens.verify("".join(text), TRUSTED, at=T0 + DAY)
    except LicenceError as error:
        assert error.code.startswith("licence_")
        return
    assert found == licence()


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: f"ey{b64(raw)}.{b64(raw)}.{b64(raw[:64])}"))
@effort(max_examples=400, deadline=None)
def test_any_text_gets_a_sentence(text):
    with pytest.raises(LicenceError):
        tokens.verify(text, TRUSTED, at=T0)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["client", "jti", "iat", "nbf", "exp", "max_cameras", "features"]), _JSON)
@effort(max_examples=400, deadline=None)
def test_a_signed_claim_of_any_content_is_read_or_refused(name, value):
    try:
        found = tokens.verify(signed(claims(**{name: value}), KEY), TRUSTED, at=T0 + DAY)
    except LicenceError:
        return
    assert isinstance(found.client, str)
    assert found.max_cameras is None or type(found.max_cameras) is int
    assert found.not_before <= T0 + DAY < found.expires_at
