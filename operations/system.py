"""The system page: versions, where things lie, and how much room they take."""

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import django
import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crowdsite.monitoring_links import flower_url
from crowdsite.store.connection import client
from operations.sizes import Sizes, sizes


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the page."""

    title: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """sizes: None while Redis does not answer. flower_url: empty where its address is not certain."""

    versions: list[Fact]
    room: list[Fact]
    sizes: Sizes | None
    flower_url: str


def overview(request: HttpRequest) -> Overview:
    """What the system page shows besides its settings."""
    try:
        server = client()
        info = server.info()
        found: Sizes | None = sizes(server)
    except redis.RedisError:
        info, found = {}, None
    return Overview(_versions(info), _room(info), found, flower_url(request))


def _versions(info: dict) -> list[Fact]:
    return [
        Fact("Crowdsite", _version("crowdsite") or settings.SPECTACULAR_SETTINGS["VERSION"]),
        Fact("Python", platform.python_version()),
        Fact("Django", django.get_version()),
        Fact("Celery", _version("celery")),
        Fact("Redis", str(info.get("redis_version", "–"))),
        Fact(_("Machine"), f"{platform.node()}, {platform.system()} {platform.machine()}"),
    ]


def _room(info: dict) -> list[Fact]:
    used, limit = info.get("used_memory"), info.get("maxmemory") or 0
    said = _("no limit is set") if not limit else _("of %(limit)s") % {"limit": words_for_bytes(limit)}
    facts = [Fact(_("Redis memory"), words_for_bytes(used), said if used else "")]
    database = settings.DATABASES["default"]
    if "sqlite3" in database["ENGINE"]:
        facts.append(_file(_("Users, sessions and this trail (SQLite)"), Path(str(database["NAME"]))))
    logs = sorted(Path(settings.LOGGING["dir"]).glob("app.log*"))
    if logs:
        total = sum(_bytes(path) for path in logs)
        facts.append(
            Fact(
                _("Log files"),
                words_for_bytes(total),
                ngettext("%(n)s file", "%(n)s files", len(logs)) % {"n": len(logs)},
            )
        )
    return facts


def _file(title: str, path: Path) -> Fact:
    # SQLite's newest writes lie beside it until they are moved over.
    total = sum(_bytes(path.with_name(path.name + ending)) for ending in ("", "-wal"))
    return Fact(title, words_for_bytes(total), path.name)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def words_for_bytes(count: int | None) -> str:
    """1.5 MB, 20 kB; a dash for what is not known."""
    if count is None:
        return "–"
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
