"""v81's capture profiles: what is understood is kept, FFmpeg's transport becomes the profile's, the rest is named."""

import shlex
from typing import Any

from django.utils.translation import gettext as _

from cameras.profiles import clean_profile_values
from crowdsite.errors import CrowdsiteError
from operations.transfer.report import Report


def read_profiles(value: Any, report: Report) -> Any:
    """The profiles that can be kept. Wrong values of known keys are errors, unknown keys are notes."""
    if not isinstance(value, dict):
        return value
    kept: dict[str, dict[str, Any]] = {}
    for name, values in value.items():
        path = f"pipeline_profiles.{name}"
        if not isinstance(values, dict):
            report.error(path, _("Write an object, { … }."))
            continue
        kept[name] = {}
        for key, said in with_transport(values).items():
            try:
                kept[name] |= clean_profile_values({key: said}, profile=name)
            except CrowdsiteError as error:
                if "There is no key" in error.message:
                    report.note(f"{path}.{key}", _("Not understood, and left out."))
                else:
                    report.error(f"{path}.{key}", error.message)
    return kept


def with_transport(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with FFmpeg's `-rtsp_transport` as `transport`, which is a setting of its own here."""
    flags = values.get("ffmpeg_flags")
    if not isinstance(flags, str) or "-rtsp_transport" not in flags:
        return values
    try:
        words = shlex.split(flags)
    except ValueError:
        return values
    at = words.index("-rtsp_transport") if "-rtsp_transport" in words else -1
    if at < 0 or words[at + 1 : at + 2] not in (["tcp"], ["udp"]):
        return values
    rest = shlex.join(words[:at] + words[at + 2 :])
    return {"transport": words[at + 1]} | values | {"ffmpeg_flags": rest}
