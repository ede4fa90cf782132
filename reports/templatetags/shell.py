"""What every page's frame needs: icons, navigation, the site's name and clock, the chosen theme."""

from dataclasses import dataclass

import redis
from django import template
from django.db import Error
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cameras.models import Camera, Site
from cameras.selectors import NoSiteError, default_site, sites_for
from crowdsite import clock
from reports import words
from reports.site_choice import chosen_site

register = template.Library()

# Named, not imported: the settings pages stand above this app.
SETTINGS_PERMISSION = "operations.view_systemsettings"

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
    """entries: the daily work. tools: below the line. site: None while Redis is away, or where no site may be seen.
    sites: to choose from, empty where there is no choice. theme: light, dark or empty (as the system says)."""

    entries: list[Entry]
    tools: list[Entry]
    site: Site | None
    sites: list[Site]
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
    site, sites = _sites(context, request)
    stats = context.get("stats")
    now = clock.now()
    zone = stats.site.timezone if stats else site.timezone if site else "UTC"
    at = words.site_time(now, zone)
    theme = request.COOKIES.get("theme", "") if request else ""
    return Shell(
        entries=[
            Entry(_("Dashboard"), "/", "dash", "d", path == "/"),
            Entry(_("Cameras"), "/cameras", "cam", "c", path.startswith("/cameras")),
        ],
        tools=_tools(request, path),
        site=site,
        sites=sites if len(sites) > 1 else [],
        theme=theme if theme in ("light", "dark") else "",
        now=now,
        zone=zone,
        today=words.formats.date_format(at, "D j M"),
        time=words.formats.date_format(at, "H:i:s"),
    )


def _tools(request: HttpRequest | None, path: str) -> list[Entry]:
    """What the user may open to set things up."""
    user = getattr(request, "user", None)
    found = []
    if user is not None and user.has_perm(SETTINGS_PERMISSION):
        found.append(Entry(_("Settings"), "/settings", "set", "s", path.startswith("/settings")))
    if user is not None and user.is_staff:
        found.append(Entry(_("Admin"), "/admin/", "admin", "", False))
    return found


def _sites(context: template.Context, request: HttpRequest | None) -> tuple[Site | None, list[Site]]:
    """The site the page is about, and those the user may see. The frame has to stand while Redis is away."""
    try:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return default_site(), []
        sites = list(sites_for(user))
        camera, stats = context.get("camera"), context.get("stats")
        shown = stats.site.id if stats else camera.site_id if isinstance(camera, Camera) else None
        site = next((site for site in sites if site.pk == shown), None) or chosen_site(request)
        return site, sites
    except (NoSiteError, redis.RedisError, Error):
        return None, []
