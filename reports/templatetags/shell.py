"""What every page's frame needs: icons, navigation, the site's name and clock, the chosen theme."""

from dataclasses import dataclass

import redis
from django import template
from django.db import Error
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cameras.models import Site
from cameras.selectors import default_site
from crowdsite import clock
from reports import words

register = template.Library()

STATE_ICONS = {"live": "ok", "degraded": "warn", "stale": "stale", "offline": "offline", "disabled": "offline"}
OCCUPANCY_ICONS = {"ok": "ok", "unsure": "warn", "warn": "warn", "over": "over", "unknown": "offline", "stale": "stale"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation. key: pressed after `g`."""

    label: str
    url: str
    icon: str
    key: str
    current: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """site: None while Redis is away. theme: light, dark or empty (as the system says)."""

    entries: list[Entry]
    site: Site | None
    theme: str
    now: float
    zone: str
    today: str
    time: str


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of the sprite in `_icons.html`; decoration only, so its word has to stand beside it."""
    return format_html('<svg class="ic {}" aria-hidden="true"><use href="#i-{}"/></svg>', extra, name)


@register.filter
def state_icon(state: str) -> str:
    return STATE_ICONS[state]


@register.filter
def occupancy_icon(state: str) -> str:
    return OCCUPANCY_ICONS[state]


@register.filter
def occupancy_class(state: str) -> str:
    return {"unknown": "offline", "unsure": "warn"}.get(state, state)


@register.filter
def message_level(tag: str) -> str:
    """The note that shows a message of Django's level `tag`."""
    return {"error": "over", "warning": "warn", "info": "info"}.get(tag, "ok")


@register.filter
def grouped(value: int | None) -> str:
    """A count with thousands separated; a dash where there is none."""
    return "–" if value is None else words.number(value)


@register.filter
def duration(secs: float | None) -> str:
    return "" if secs is None else words.duration(secs)


@register.simple_tag(takes_context=True)
def shell(context: template.Context) -> Shell:
    request: HttpRequest | None = context.get("request")
    path = request.path if request else ""
    stats = context.get("stats")
    site = _site(request)
    now = clock.now()
    zone = stats.site.timezone if stats else site.timezone if site else "UTC"
    at = words.site_time(now, zone)
    theme = request.COOKIES.get("theme", "") if request else ""
    return Shell(
        entries=[
            Entry(_("Dashboard"), "/", "dash", "d", path == "/"),
            Entry(_("Cameras"), "/cameras", "cam", "c", path.startswith("/cameras")),
        ],
        site=site,
        theme=theme if theme in ("light", "dark") else "",
        now=now,
        zone=zone,
        today=words.formats.date_format(at, "D j M"),
        time=words.formats.date_format(at, "H:i:s"),
    )


def _site(request: HttpRequest | None) -> Site | None:
    """The site of `?site=`, else the default one. The frame has to stand while Redis is away: None then."""
    wanted = request.GET.get("site", "") if request else ""
    try:
        if wanted.isascii() and wanted.isdigit():
            return Site.objects.filter(pk=int(wanted)).first()
        return default_site()
    except (redis.RedisError, Error):
        return None
