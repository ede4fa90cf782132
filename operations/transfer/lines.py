"""A counting line in the shapes that v81's files hold it in. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from cameras.validation import Line, clean_line
from crowdsite.errors import CrowdsiteError

_PAIRS: tuple[tuple[str, ...], ...] = (("a", "b"), ("start", "end"), ("p1", "p2"), ("from", "to"))
_CORNERS: tuple[tuple[str, ...], ...] = (("x1", "y1", "x2", "y2"), ("ax", "ay", "bx", "by"))
_SIZES = ("frame_size", "line_resolution", "frame_resolution", "resolution")


def read_line(value: Any, entry: Mapping[str, Any]) -> Line | None:
    """The line as two points from 0 to 1; None where none is drawn.

    Pixels are understood when the line or its camera's `entry` says the picture's width and height.
    Raises CrowdsiteError otherwise.
    """
    numbers = _flat(value)
    if numbers is None:
        return clean_line(value)
    if max(abs(number) for number in numbers) <= 1:
        return clean_line(numbers)
    size = _size(value) or _size(entry)
    if size is None:
        raise CrowdsiteError(
            "The line is in pixels and the file does not say of which picture. Draw it again on the camera's page."
        )
    width, height = size
    ax, ay, bx, by = numbers
    return clean_line([ax / width, ay / height, bx / width, by / height])


def _flat(value: Any) -> list[float] | None:
    """Four numbers from `[ax, ay, bx, by]`, two pairs, or an object; None for anything else."""
    if isinstance(value, Mapping):
        value = _from_object(value)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 2:
        points = [_point(point) for point in value]
        value = [*points[0], *points[1]] if all(len(point) == 2 for point in points) else None
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 4:
        return None
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in value):
        return None
    return [float(number) for number in value]


def _from_object(value: Mapping[str, Any]) -> Any:
    for names in (*_CORNERS, *_PAIRS):
        if all(name in value for name in names):
            return [value[name] for name in names]
    return value.get("points")


def _point(point: Any) -> Sequence[Any]:
    if isinstance(point, Mapping):
        return [point["x"], point["y"]] if {"x", "y"} <= set(point) else []
    return point if isinstance(point, Sequence) and not isinstance(point, str) else []


def _size(holder: Any) -> tuple[float, float] | None:
    if not isinstance(holder, Mapping):
        return None
    found = [holder.get("width"), holder.get("height")]
    for name in _SIZES:
        said = holder.get(name)
        if isinstance(said, str) and said.lower().count("x") == 1:
            said = said.lower().split("x")
        if isinstance(said, list | tuple) and len(said) == 2:
            found = list(said)
    try:
        width, height = float(found[0]), float(found[1])  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return (width, height) if width > 1 and height > 1 else None
