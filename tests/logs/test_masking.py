"""No secret gets into a line, whatever form it stands in."""

import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdsite import masking
from crowdsite.masking import MASK, mask, mask_value


@pytest.fixture(autouse=True)
def _nothing_known():
    known = dict(masking._known)
    masking.forget_all()
    yield
    masking.forget_all()
    masking._known.update(known)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:pa/ss@10.0.0.1/live x", "rtsp://***@10.0.0.1/live x"),
        ("opening rtsp://u:p@ss@h/1, then http://h2/x", "opening rtsp://***@h/1, then http://h2/x"),
        ("redis://:geheim@10.0.0.5:6379/0", "redis://***@10.0.0.5:6379/0"),
        ("password=abc&page=2", "password=***&page=2"),
        ("/snapshot.jpg?user=a&pwd=b&size=3", "/snapshot.jpg?user=a&pwd=***&size=3"),
        ('{"password": "a\\"b c", "x": 1}', '{"password": ***, "x": 1}'),
        ("{'smtp_pass': 'it\\'s', 'a': 2}", "{'smtp_pass': ***, 'a': 2}"),
        ("{'api_key': b'x y'}", "{'api_key': ***}"),
        ("Authorization: Bearer abc def\nnext", "Authorization: ***\nnext"),
        ("[(b'authorization', b'Token 123'), (b'host', b'x')]", "[(b'authorization', ***), (b'host', b'x')]"),
        ("refused Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b!", "refused Token ***!"),
        ("the licence eyJhbGciOi.eyJzdWIi.sig_-x has ended", "the licence *** has ended"),
        ("license_key=abc.def", "license_key=***"),
        ("Cookie: sessionid=abc; csrftoken=d", "Cookie: ***"),
        ("X-API-Key: 123", "X-API-Key: ***"),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\nafter", "*** (private key)\nafter"),
    ],
)
def test_secrets_are_replaced(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Camera 3: person entry (track 7)",
        "the compass: ok; tokens=5 bypass=1",
        "rtsp://10.0.0.1:554/stream1?channel=2",
        "mail to a@b.example about http://10.0.0.1/x",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
        "The token is too old. Sign in again.",
    ],
)
def test_ordinary_lines_stay_as_they_are(text):
    assert mask(text) == text


def test_json_in_json_in_json_is_understood():
    inner = json.dumps({"password": 'a"b\\ c', "after": 1})
    text = json.dumps({"body": json.dumps({"body": inner})})
    assert "b\\" not in mask(text).replace('\\"', "")
    assert "after" in mask(text)


def test_values_under_the_name_of_a_secret_are_hidden_whatever_they_are():
    shown = mask_value({"smtp_pass": 12345, "nested": [{"Token": ["a"]}, "rtsp://u:p@h/"], "port": 587})
    assert shown == {"smtp_pass": MASK, "nested": [{"Token": MASK}, f"rtsp://{MASK}@h/"], "port": 587}


# Signs that no quoting, splitting or escaping of ours could mistake for the end.
_WORD = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="&\x7f\x85\xa0"), min_size=8)
_WORD = _WORD.filter(lambda word: not word.startswith(('"', "'", "b'", 'b"', "\\")) and not any(map(str.isspace, word)))
_ANY = st.text(min_size=8, max_size=60).filter(lambda text: len(set(text)) > 3)


@given(_WORD)
def test_a_word_after_its_name_or_in_an_address_never_shows(word):
    for text in (f"password={word}", f"login failed, pwd: {word} was wrong", f"rtsp://admin:{word}@10.0.0.7/live"):
        assert word not in mask(text)


@given(_ANY)
def test_a_quoted_value_never_shows_whatever_it_holds(secret):
    rest = {"password": secret, "zz": 1}
    encoded = quote(secret, safe="", errors="replace")
    for text, shown in (
        (json.dumps(rest), json.dumps(secret)),
        (json.dumps(json.dumps(rest)), json.dumps(json.dumps(secret))[1:-1]),
        (repr(rest), repr(secret)),
        (f"https://h/?token={encoded}&zz=1", f"={encoded}"),
    ):
        assert shown not in mask(text) and "zz" in mask(text)


@given(_ANY)
def test_a_known_secret_never_shows_in_any_spelling(secret):
    masking.forget_all()
    masking.register(secret)
    for text in (secret, json.dumps(secret), repr(secret), quote(secret, safe="", errors="replace"), repr([secret])):
        assert secret not in mask(f"before {text} after")
        assert text not in mask(f"before {text} after") or len(text) < masking.SHORTEST_SECRET


def test_ordinary_words_are_no_secrets():
    masking.register("password")
    masking.register("12345")
    assert mask("the password is 12345 characters long") == "the password is 12345 characters long"


@pytest.mark.parametrize(
    "text",
    [
        "a://" * 250_000, 'password="' * 100_000, "eyJ" * 330_000, "eyJ." * 250_000, "token " * 160_000, "\\" * 10**6,
        "password" + " " * 10**6, "-----BEGIN " * 90_000, "-----BEGIN PRIVATE KEY" * 40_000, "password:\\'" * 90_000,
        "pass" * 250_000, "x" * 10**7,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_line_of_a_megabyte_costs_no_more_than_its_length(text):
    small, large = text[: len(text) // 4], text
    took = []
    for part in (small, large):
        began = time.thread_time()
        mask(part)
        took.append(time.thread_time() - began)
    # Sixteenfold would be quadratic.
    assert took[1] < 9 * took[0] + 0.1
