"""Takes secrets out of text before anybody reads it: passwords in addresses, named values, tokens, cookies, keys.

Every log line passes through `mask`. Hiding too much is the lesser harm. Pure, and linear in the length of the text:
expressions only find where a secret begins, its end is looked for with plain searches.
"""

import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

MASK = "***"
# A line beyond this is cut in its middle before it is masked, and what lies at the cut is thrown away.
LONGEST_CHARS = 1 << 20
SHORTEST_SECRET = 6
MOST_SECRETS = 4096
_QUOTED_CHARS = 1 << 14

_NAMES = (
    r"pass(?:word|wd|phrase|code)?\d?|pwd|secret(?:_?key)?|(?:access_?|refresh_?|csrf_?|csrfmiddleware|auth_?|x_?)?token|"
    r"api_?key|licen[cs]e_?key|private_?key|authorization|set_?cookie|cookie|sessionid|credentials?"
)
_NAME = re.compile(rf"(?:.*[_.\-])?(?:{_NAMES})", re.IGNORECASE)
# The name is looked for after something that is no letter, so `smtp_pass` counts and `compass` does not.
_NAMED = re.compile(
    rf"(?<![a-z0-9])(?P<name>{_NAMES.replace('_?', '[_-]?')})"
    r"(?P<between>(?:\\{0,8}[\"'])?\s{0,8}(?:=>?|:)\s{0,8}|\\{0,8}[\"']\s{0,8},\s{0,8}(?=b?\\{0,8}[\"']))",
    re.IGNORECASE,
)
_OPENING = re.compile(r"b?(?P<quote>\\{0,8}[\"'])")
_WORD_END = re.compile(r"[\s&]")
_SCHEME = re.compile(r"\b(?P<name>bearer|token|basic|digest)[ ]{1,4}(?=[A-Za-z0-9+/=._~-]{16})", re.IGNORECASE)
_TOKEN_END = re.compile(r"[^A-Za-z0-9+/=._~-]")
_PLAIN_WORD = re.compile(r"\S+")
_JWT_RUN = re.compile(r"[\w.\-]{12,}", re.ASCII)
# A link that lets somebody set a password; also one with a full stop or a slash behind it, which is no page.
_LINK = re.compile(r"(?<=/password-reset/)[^/\s]+/\S+")
_KEY_BEGIN, _KEY_END = "-----BEGIN ", "-----END "
_WHOLE_LINE = frozenset({"authorization", "cookie", "setcookie"})
# Words that are somebody's password and everybody's vocabulary.
_ORDINARY = frozenset({"password", "camera", "admin123", "viewer", "operator", "crowdsite", "default", "service"})

_known: "OrderedDict[str, tuple[str, ...]]" = OrderedDict()
_lock = Lock()


def register(secret: str | None) -> None:
    """Hide `secret` from now on wherever it stands. Too short or ordinary words are left alone."""
    if not secret or len(secret) < SHORTEST_SECRET or secret.lower() in _ORDINARY:
        return
    with _lock:
        if secret in _known:
            _known.move_to_end(secret)
            return
        _known[secret] = _spellings(secret)
        if len(_known) > MOST_SECRETS:
            _known.popitem(last=False)


def register_address(url: str) -> None:
    """Hide the password of an address."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    # Unescaped signs in a password end the authority early: the last "@" is where it really ends.
    user_info = url.partition("://")[2].rpartition("@")[0]
    for found in {password or "", unquote(password or ""), user_info.partition(":")[2]}:
        register(found)


def forget_all() -> None:
    """Forget every registered secret."""
    with _lock:
        _known.clear()


def _spellings(secret: str) -> tuple[str, ...]:
    """How it looks plain, in addresses, in JSON and in `repr`, longest first."""
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    forms = {secret, quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}
    forms |= {plain, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode(errors="replace"))[2:-1]}
    return tuple(sorted(forms, key=len, reverse=True))


def is_secret_name(name: str) -> bool:
    """Whether a value under this name is hidden whatever it is."""
    return _NAME.fullmatch(name) is not None


def mask(text: str) -> str:
    """`text` without secrets."""
    if len(text) > LONGEST_CHARS:
        text = shorten(text, LONGEST_CHARS)
    for forms in list(_known.values()):
        for form in forms:
            if form in text:
                text = text.replace(form, MASK)
    if _KEY_BEGIN in text:
        text = _without_private_keys(text)
    if "://" in text:
        text = _PLAIN_WORD.sub(lambda found: _without_user(found[0]), text)
    if "/password-reset/" in text:
        text = _LINK.sub(MASK, text)
    if "eyJ" in text:
        text = _JWT_RUN.sub(lambda found: _without_jwt(found[0]), text)
    return _cut_out(_cut_out(text, _NAMED, _value_end), _SCHEME, _token_end)


def mask_value(value: Any) -> Any:
    """`value` as JSON can hold it, every text in it masked, also below names of secrets."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)  # JSON has no word for it
        case None | bool() | int() | float():
            return value
        case str():
            return mask(value)
        case Mapping():
            return {str(name): MASK if is_secret_name(str(name)) else mask_value(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [mask_value(item) for item in value]
    try:
        return mask(str(value))
    except Exception as error:  # noqa: BLE001 - a line about a broken object is still written
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def shorten(text: str, limit: int) -> str:
    """At most about `limit` characters: beginning and end of a longer text."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} ... {len(text) - 2 * half} characters left out ... {text[-half:]}"


def _without_user(word: str) -> str:
    """`rtsp://user:password@host` without what stands before the last "@"."""
    scheme, separator, rest = word.partition("://")
    head, at, tail = rest.rpartition("@")
    return f"{scheme}{separator}{MASK}@{tail}" if at and head else word


def _without_jwt(run: str) -> str:
    begin = run.find("eyJ")
    return run if begin < 0 or "." not in run[begin:] else run[:begin] + MASK


def _without_private_keys(text: str) -> str:
    parts, done = [], 0
    while (begin := text.find(_KEY_BEGIN, done)) >= 0:
        parts.append(text[done:begin])
        if "PRIVATE KEY" not in text[begin : begin + 60]:
            parts.append(_KEY_BEGIN)
            done = begin + len(_KEY_BEGIN)
            continue
        end = text.find(_KEY_END, begin)
        parts.append(f"{MASK} (private key)")
        if end < 0:
            return "".join(parts)
        done = min(len(text), end + len(_KEY_END))
        close = text.find("-----", done)
        done = len(text) if close < 0 else close + 5
    return "".join([*parts, text[done:]])


def _cut_out(text: str, begins: re.Pattern[str], end_of: Callable[[str, re.Match[str]], int]) -> str:
    """Replace what follows each match of `begins`, up to where `end_of(text, match)` says."""
    parts, done = [], 0
    while found := begins.search(text, done):
        end = end_of(text, found)
        parts += [text[done : found.end()], MASK if end > found.end() else ""]
        done = max(end, found.end())
    return "".join([*parts, text[done:]]) if parts else text


def _value_end(text: str, found: re.Match[str]) -> int:
    """Where the value of a name ends. The quotes around it go with it."""
    at = found.end()
    if opening := _OPENING.match(text, at):
        closing = _closing(text, opening["quote"], opening.end())
        if closing is not None:
            return closing
    name = re.sub(r"[_\-]", "", found["name"].lower())
    if name in _WHOLE_LINE:
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    end_of_word = _WORD_END.search(text, at)
    return end_of_word.start() if end_of_word else len(text)


def _closing(text: str, mark: str, at: int) -> int | None:
    """Just behind the closing quote; None when there is none near enough."""
    slashes, sign = len(mark) - 1, mark[-1]
    limit = min(len(text), at + _QUOTED_CHARS)
    while (end := text.find(sign, at, limit)) >= 0:
        before = text[max(0, end - 256) : end]
        # JSON in JSON: with n backslashes before the outer quotes, those of the value carry 2n + 1 or more, and each
        # backslash of the value has become 2n + 2 of them.
        if (len(before) - len(before.rstrip("\\"))) % (2 * slashes + 2) == slashes:
            return end + 1
        at = end + 1
    return None


def _token_end(text: str, found: re.Match[str]) -> int:
    end = _TOKEN_END.search(text, found.end())
    return end.start() if end else len(text)
