"""What a camera's and a site's settings may be, as plain functions: loose input in, stored form out.

Every function raises CrowdsiteError with a whole sentence. Imports neither Django nor Redis.
"""

import json
import math
import re
import shlex
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import available_timezones

from cameras.capture.flags import split_flags
from crowdsite.errors import CrowdsiteError

Line = tuple[tuple[float, float], tuple[float, float]]

COUNTING_TASKS = ("in_count", "out_count")
PPE_ITEMS = ("helmet", "vest", "goggles", "gloves", "mask", "boots", "harness")
PPE_TASKS = tuple(task for item in PPE_ITEMS for task in (item, f"no_{item}"))
TASKS = COUNTING_TASKS + PPE_TASKS
# What turning PPE checks on means when nobody says which equipment.
DEFAULT_PPE_TASKS = ("helmet", "no_helmet")

NAME_LENGTH = 100
# Characters that turn the direction of text round or take no room: two names could look the same.
INVISIBLE = frozenset("\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
SHORTEST_LINE = 0.01  # below it A and B are one place to whoever draws
SHORT_LINE = 0.12  # about the width of two people at a door
ROOM = 0.06  # picture a person's feet need on each side of the line
HEADS_ONLY = 0.12  # feet are hardly ever seen above this height: the body would be outside the picture


def clean_name(value: Any, *, of: str) -> str:
    """One line of visible text without spaces around it. `of`: "camera" or "site", for the sentence."""
    if not isinstance(value, str):
        raise CrowdsiteError(f"The {of}'s name has to be text.")
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFC", value)).strip()
    if not name:
        raise CrowdsiteError(f"Give the {of} a name.")
    if len(name) > NAME_LENGTH:
        raise CrowdsiteError(f"The {of}'s name is {len(name)} characters long; {NAME_LENGTH} is the most.")
    if any(unicodedata.category(character) in {"Cc", "Cs"} or character in INVISIBLE for character in name):
        raise CrowdsiteError(f"The {of}'s name contains characters that cannot be seen. Type it again.")
    return name


def clean_timezone(value: Any) -> str:
    """An IANA name such as Europe/Berlin."""
    if not isinstance(value, str) or value not in available_timezones():
        raise CrowdsiteError(f"“{str(value)[:60]}” is no time zone. Use a name such as Europe/Berlin or UTC.")
    return value


def clean_limit(value: Any, *, called: str) -> int | None:
    """A number of people; None for 0 or nothing = not set."""
    if value in (None, "") or value is False:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,7}", str(value).strip()):
        raise CrowdsiteError(f"The {called} has to be a whole number of people from 0 (not set) to 9999999.")
    return int(value) or None


def check_limits(max_capacity: int | None, warn_threshold: int | None) -> None:
    """The warning comes before the limit."""
    if max_capacity and warn_threshold and warn_threshold > max_capacity:
        raise CrowdsiteError(
            f"The warning level ({warn_threshold}) is above the limit ({max_capacity}). Set it to the limit or below.",
            fields={"warn_threshold": [f"Use {max_capacity} or less."]},
        )


def clean_line(value: Any) -> Line | None:
    """The counting line from `[[ax, ay], [bx, by]]`, `[ax, ay, bx, by]` or either as JSON text; None = not drawn.

    Coordinates are 0-1 from the picture's top left corner.
    """
    if value is None or value == "" or value == []:
        return None
    numbers = [_coordinate(number) for number in _flat(value)]
    line = ((numbers[0], numbers[1]), (numbers[2], numbers[3]))
    for label, point in zip("AB", line, strict=True):
        if not all(0 <= number <= 1 for number in point):
            hint = " These look like pixels: divide them by the picture's width and height." if max(point) > 2 else ""
            raise CrowdsiteError(
                f"Point {label} of the line ({point[0]:g}, {point[1]:g}) lies outside the picture. "
                f"Use numbers from 0 to 1, measured from the top left corner.{hint}"
            )
    if math.dist(*line) < SHORTEST_LINE:
        raise CrowdsiteError("Points A and B of the line are at the same place. Pull them apart.")
    return line


def _flat(value: Any) -> list[Any]:
    malformed = CrowdsiteError("A line is two points, [[ax, ay], [bx, by]], with numbers from 0 to 1.")
    if isinstance(value, str):
        if len(value) > 500:
            raise malformed
        try:
            value = json.loads(value)
        except ValueError:
            raise malformed from None
        if value is None:
            raise malformed
    if not isinstance(value, list | tuple):
        raise malformed
    if len(value) == 2 and all(isinstance(point, list | tuple) and len(point) == 2 for point in value):
        value = [*value[0], *value[1]]
    if len(value) != 4:
        raise malformed
    return list(value)


def _coordinate(value: Any) -> float:
    shown = str(value)[:40].encode("utf-8", "replace").decode()
    wrong = CrowdsiteError(f"“{shown}” in the line is no number. A line is [[ax, ay], [bx, by]], 0 to 1.")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise wrong
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise wrong from None
    if not math.isfinite(number):
        raise wrong
    return round(number, 6)


def line_warnings(line: Line) -> list[str]:
    """Why this line may count badly, a sentence each; empty when nothing speaks against it."""
    (ax, ay), (bx, by) = line
    length = math.dist((ax, ay), (bx, by))
    found = []
    if length < SHORT_LINE:
        found.append(
            "The line is very short: people who pass beside its ends are not counted. Draw it across the whole way."
        )
    for nx, ny in (((ay - by) / length, (bx - ax) / length), ((by - ay) / length, (ax - bx) / length)):
        if _room((ax + bx) / 2, (ay + by) / 2, nx, ny) < ROOM:
            side = _side(nx, ny)
            found.append(
                f"There is too little picture {side} the line: a person's feet must be seen on both sides of it. "
                "Move the line towards the middle."
            )
    if max(ay, by) < HEADS_ONLY and not any("above" in sentence for sentence in found):
        found.append(
            "The line lies at the top of the picture, where feet are hardly ever seen. Move it down or tilt the camera."
        )
    return found


def _room(x: float, y: float, nx: float, ny: float) -> float:
    """How far one can go from (x, y) in direction (nx, ny) before leaving the picture."""
    limits = []
    for at, step in ((x, nx), (y, ny)):
        if abs(step) > 1e-9:
            limits.append(((1 if step > 0 else 0) - at) / step)
    return min(limits)


def _side(nx: float, ny: float) -> str:
    if abs(ny) >= abs(nx):
        return "below" if ny > 0 else "above"
    return "to the right of" if nx > 0 else "to the left of"


def clean_tasks(value: Any) -> list[str]:
    """Task names in their usual order, each once. Accepts a list or text with commas."""
    if value is None:
        return []
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(name, str) for name in value):
        raise CrowdsiteError("Tasks are a list of names, such as in_count, out_count, helmet, no_helmet.")
    unknown = sorted(set(value) - set(TASKS))
    if unknown:
        names = ", ".join(f"“{name[:40]}”" for name in unknown[:5])
        raise CrowdsiteError(f"There is no task {names}. Use any of: {', '.join(TASKS)}.")
    return [name for name in TASKS if name in value]


def counts(tasks: Iterable[str]) -> bool:
    """Whether these tasks count people going in or out."""
    return not set(COUNTING_TASKS).isdisjoint(tasks)


def checks_ppe(tasks: Iterable[str]) -> bool:
    """Whether these tasks look at protective equipment."""
    return not set(PPE_TASKS).isdisjoint(tasks)


def switch_tasks(tasks: Sequence[str], *, inout_count: bool | None = None, ppe: bool | None = None) -> list[str]:
    """`tasks` after the two switches were set; None leaves a group as it is, and so does a switch already so."""
    result = set(tasks)
    for wanted, group, usual in ((inout_count, COUNTING_TASKS, COUNTING_TASKS), (ppe, PPE_TASKS, DEFAULT_PPE_TASKS)):
        if wanted is False:
            result -= set(group)
        elif wanted and result.isdisjoint(group):
            result |= set(usual)
    return [name for name in TASKS if name in result]


def clean_profile(value: Any) -> str:
    """The name of a capture profile; empty = the default one."""
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", value.strip()):
        raise CrowdsiteError("A profile's name has up to 50 letters, digits, dots, dashes or underscores.")
    return value.strip()


def clean_ffmpeg_flags(value: Any) -> str:
    """FFmpeg input options such as `-rtsp_transport udp -fflags nobuffer`; empty = none.

    Only options that tune reading a stream are let through (`cameras.capture.flags`).
    """
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or len(value) > 500:
        raise CrowdsiteError("FFmpeg options have to be text of at most 500 characters.")
    if any(unicodedata.category(character) == "Cc" for character in value):
        # They go into a playlist, where another line is another instruction: a file to open, an address nobody checked.
        raise CrowdsiteError("The FFmpeg options contain a line break or another control character. Remove it.")
    split_flags(value)
    return shlex.join(shlex.split(value))
