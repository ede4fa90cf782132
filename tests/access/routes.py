"""Every address the project answers, read from its URL configuration."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    """path: readable, with `<name>` for what varies, for example `/cameras/<camera_id>/delete`."""

    path: str
    callback: Callable
    is_suffixed: bool

    @property
    def is_admin(self) -> bool:
        return self.path.startswith("/admin/")


def routes() -> list[Route]:
    """One of each path; where two patterns have the same one, the first answers."""
    found: dict[str, Route] = {}
    for pattern, callback in _walk(get_resolver().url_patterns, ""):
        route = Route(_readable(pattern), callback, "format" in pattern)
        found.setdefault(route.path, route)
    return list(found.values())


def fill(path: str, values: dict[str, object]) -> str:
    """The address with its names replaced."""
    return re.sub(r"<(\w+)>", lambda match: str(values[match[1]]), path)


def _walk(patterns: Iterable[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Callable]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield path, pattern.callback


def _readable(pattern: str) -> str:
    named = _CONVERTER.sub(r"<\1>", _GROUP.sub(r"<\1>", pattern))
    return "/" + named.replace("^", "").replace("$", "").replace("/?", "").replace("\\", "")
