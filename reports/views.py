"""The dashboard and the wall: `selectors.live_stats` rendered on the server; scripts keep the figures current."""

import redis
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cameras.models import Site
from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from reports.api import site_number
from reports.live_words import live_words
from reports.selectors import live_stats

TILES_SHOWN = 12
DOORS_SHOWN = 6


def dashboard(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "dashboard/index.html")


def wall(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "wall.html")


def _live_page(request: HttpRequest, template: str) -> HttpResponse:
    """`template` with the figures, or a page that says what is missing while Redis is away."""
    try:
        site_id = site_number(request.GET.get("site", ""))
        stats = live_stats(site_id, clock.now())
        sites = list(Site.objects.all())
    except (Site.DoesNotExist, CrowdsiteError) as error:
        raise Http404(_("There is no such site.")) from error
    except (redis.RedisError, Error):
        return render(request, "dashboard/unavailable.html", {"words": live_words()}, status=503)
    context = {
        "stats": stats,
        "sites": sites if len(sites) > 1 else [],
        "stats_url": "/api/stats" if site_id is None else f"/api/stats?site={site_id}",
        "words": live_words(),
        "show_all": request.GET.get("all") == "1",
        "tiles_shown": TILES_SHOWN,
        "density": density(len(stats.cameras)),
        "rest": max(0, len(stats.cameras) - TILES_SHOWN),
        "more_doors": max(0, len(stats.cameras) - DOORS_SHOWN),
    }
    return render(request, template, context)


def density(count: int) -> str:
    """How large tiles are: up to 6 large, up to 12 medium, more compact."""
    if count <= 6:
        return "large"
    return "medium" if count <= TILES_SHOWN else "compact"
