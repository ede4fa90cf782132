"""How cameras of a whole installation may be opened, as plain functions: loose input in, stored form out.

Every function raises CrowdsiteError with a whole sentence. Imports neither Django nor Redis.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from cameras.capture.settings import MAX_HEIGHT
from cameras.validation import clean_ffmpeg_flags
from crowdsite.errors import CrowdsiteError

BACKENDS = ("ffmpeg", "gstreamer", "opencv")
TRANSPORTS = ("tcp", "udp")
MOST_PROFILES = 50
BUFFER_RANGE = (1, 30)
# Seconds of encoded video; 0 keeps none.
KEPT_RANGE = (5, 60)
FPS_RANGE = (0.5, 60.0)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}")


def clean_backend_priority(value: Any) -> list[str]:
    """The capture programs to try, in order, from a list, JSON text or text with commas."""
    value = _from_text(value)
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",") if word.strip()]
    known = ", ".join(BACKENDS)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(name, str) for name in value):
        raise CrowdsiteError(f"The capture programs are a list with at least one of: {known}.")
    names = [name.strip().lower() for name in value]
    for name in names:
        if name not in BACKENDS:
            raise CrowdsiteError(f"There is no capture program “{name[:40]}”. Use any of: {known}.")
    return list(dict.fromkeys(names))


def clean_profiles(value: Any) -> dict[str, dict[str, Any]]:
    """Capture profiles by name, from an object or JSON text. Sentences name the profile and the key."""
    value = _from_text(value)
    if value in (None, "", []):
        return {}
    if not isinstance(value, Mapping):
        raise CrowdsiteError('Capture profiles are an object by name, for example {"gate": {"transport": "udp"}}.')
    if len(value) > MOST_PROFILES:
        raise CrowdsiteError(f"There are {len(value)} capture profiles; {MOST_PROFILES} is the most.")
    return {_profile_name(name): clean_profile_values(values, profile=str(name)) for name, values in value.items()}


def clean_profile_values(values: Any, *, profile: str) -> dict[str, Any]:
    """One profile's keys; those that say nothing (null or empty) are left out."""
    called = f"the capture profile “{profile[:50]}”"
    if not isinstance(values, Mapping):
        raise CrowdsiteError(f'The contents of {called} have to be an object, for example {{"transport": "udp"}}.')
    cleaned: dict[str, Any] = {}
    for key, value in values.items():
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise CrowdsiteError(f"There is no key “{str(key)[:40]}” in {called}. Use any of: {known}.")
        if value in (None, ""):
            continue
        try:
            cleaned[key] = _KEYS[key](value)
        except CrowdsiteError as error:
            raise CrowdsiteError(f"“{key}” in {called} cannot be used: {error.message}") from error
    return cleaned


def _profile_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CrowdsiteError(
            f"“{str(name)[:60]}” is no name for a capture profile. "
            "Use up to 50 letters, digits, dots, dashes or underscores."
        )
    return name


def _one_of(words: tuple[str, ...]) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in words:
            raise CrowdsiteError(f"use one of: {', '.join(words)}.")
        return word

    return clean


def _number(value: Any, low: float, high: float) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise CrowdsiteError(f"use a number from {low:g} to {high:g}.")
    return number


def _buffer(value: Any) -> int:
    number = _number(value, *BUFFER_RANGE)
    if number != int(number):
        raise CrowdsiteError(f"use a whole number from {BUFFER_RANGE[0]} to {BUFFER_RANGE[1]}.")
    return int(number)


def clean_kept_secs(value: Any) -> int:
    """Seconds of a camera's own video that are kept."""
    sentence = f"use 0 to keep none, or a whole number from {KEPT_RANGE[0]} to {KEPT_RANGE[1]}."
    try:
        number = _number(value, 0, KEPT_RANGE[1])
    except CrowdsiteError:
        raise CrowdsiteError(sentence) from None
    if number != int(number) or 0 < number < KEPT_RANGE[0]:
        raise CrowdsiteError(sentence)
    return int(number)


def _from_text(value: Any) -> Any:
    """What JSON text says; other text and all else as it is."""
    if not isinstance(value, str) or not value.strip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise CrowdsiteError("This is no valid JSON. Check its brackets, commas and quotation marks.") from None


_KEYS: dict[str, Callable[[Any], Any]] = {
    "backend": _one_of(BACKENDS),
    "transport": _one_of(TRANSPORTS),
    "resolution": _one_of(tuple(MAX_HEIGHT)),
    "fps": lambda value: _number(value, *FPS_RANGE),
    "ffmpeg_flags": clean_ffmpeg_flags,
    "capture_buffer": _buffer,
    "capture_buffer_seconds": clean_kept_secs,
}
