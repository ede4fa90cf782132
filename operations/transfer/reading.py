"""From bytes somebody sent to a JSON object, or a sentence. Nothing that cannot be a configuration goes further."""

import json
import math
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crowdsite.errors import CrowdsiteError

# Far above what a thousand cameras need.
MAX_BYTES = 5_000_000
MAX_DEPTH = 12
MAX_DIGITS = 40


class UnreadableError(CrowdsiteError):
    """The file is no configuration."""

    code = "unreadable"


def read_path(path: Path) -> dict[str, Any]:
    """Raises UnreadableError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise too_large()
        return read(path.read_bytes())
    except OSError as error:
        raise UnreadableError(
            _("The file %(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror or error}
        ) from error


def read(content: bytes) -> dict[str, Any]:
    """The object in `content`. Raises UnreadableError with a sentence that says what to look for."""
    if len(content) > MAX_BYTES:
        raise too_large()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(_("This is no text file in UTF-8. Choose a config.json.")) from error
    if not text.strip():
        raise UnreadableError(_("The file is empty. Choose a config.json."))
    try:
        found = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        sentence = _("The file breaks off or is damaged at line %(line)s, character %(column)s: %(reason)s.")
        raise UnreadableError(sentence % {"line": error.lineno, "column": error.colno, "reason": error.msg}) from error
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:
        raise UnreadableError(_("The file contains a number that is too long to be one.")) from error
    if not isinstance(found, dict):
        raise UnreadableError(_("A configuration is one JSON object, { … }. This file holds something else."))
    _check(found, "", 0)
    return found


def too_large() -> UnreadableError:
    """For a file nobody should read whole."""
    return UnreadableError(
        _("The file is larger than %(limit)s MB. A config.json has a few kilobytes.") % {"limit": MAX_BYTES // 10**6}
    )


def too_deep() -> UnreadableError:
    """For brackets within brackets within brackets."""
    return UnreadableError(_("The file is nested too deeply for a configuration."))


def _refuse_constant(name: str) -> float:
    raise UnreadableError(_("The file contains %(name)s, which is no number. Write a number or null.") % {"name": name})


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise UnreadableError(_("The file contains the number %(text)s, which is too large.") % {"text": text[:40]})
    return number


def _whole(text: str) -> int:
    # More digits than any setting has: beyond 308 they no longer fit into a float.
    if len(text) > MAX_DIGITS:
        raise UnreadableError(_("The file contains a number that is too long to be one."))
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UnreadableError(_("The file says “%(name)s” twice in one object. Remove one.") % {"name": name[:60]})
        found[name] = value
    return found


def _check(value: Any, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise too_deep()
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name, path)
            _check(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check(inner, f"{path}[{index}]", depth + 1)


def _check_text(text: str, path: str) -> None:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UnreadableError(
            _("“%(path)s” contains a character that no text has. Correct it.") % {"path": path[:100] or "config.json"}
        )
