"""Where Flower is, for the one who looks."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crowdsite.checks import is_loopback


def flower_url(request: HttpRequest) -> str:
    """Flower's address as this person's browser reaches it; "" when it does not.

    FLOWER_URL says it (a reverse proxy). Else Flower is beside the web process: reachable from everywhere when
    FLOWER_HOST is, from this machine's own browser when it listens for the machine alone.
    """
    if settings.FLOWER_URL:
        return settings.FLOWER_URL
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    if is_loopback(settings.FLOWER_HOST) and not is_loopback(host):
        return ""
    scheme = "https" if settings.SSL_CERTFILE else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.FLOWER_PORT}/"


def site_links(request: HttpRequest) -> list[dict[str, object]]:
    """The admin's menu of other pages."""
    links: list[dict[str, object]] = [
        {"icon": "dashboard", "title": _("Dashboard"), "link": "/"},
        {"icon": "settings", "title": _("Settings"), "link": reverse("settings")},
    ]
    if request.user.has_perm("operations.view_systemsettings"):
        if url := flower_url(request):
            links.append({"icon": "task", "title": _("Tasks and workers (Flower)"), "link": url})
        links.append({"icon": "monitoring", "title": _("Figures for Prometheus"), "link": reverse("metrics")})
    return links
