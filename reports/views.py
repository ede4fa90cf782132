"""The dashboard and the wall: `selectors.live_stats` rendered on the server; scripts keep the figures current."""

import redis
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cameras.models import Site
from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from reports.api import site_number
from reports.live_words import live_words
from reports.selectors import live_stats
from tracking.counters import correct_occupancy

TILES_SHOWN = 12
MOST_DIGITS = 6


@permission_required("cameras.view_camera", raise_exception=True)
def dashboard(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "dashboard/index.html")


@permission_required("cameras.view_camera", raise_exception=True)
def wall(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "wall.html")


@permission_required("cameras.change_site", raise_exception=True)
@require_POST
def correct_inside(request: HttpRequest) -> HttpResponse:
    """Somebody has counted heads: that many are inside now, and what was missed before is settled."""
    site = get_object_or_404(Site, pk=site_number(request.POST.get("site", "")) or 0)
    counted = request.POST.get("inside", "")
    if not (counted.isdecimal() and len(counted) <= MOST_DIGITS):
        messages.error(request, _("Enter the number of people inside as a whole number, 0 or more."))
    else:
        correct_occupancy(client(), site.pk, clock.site_day(clock.now(), site.timezone), int(counted))
        messages.success(
            request, _("%(count)s people are inside now. Counting goes on from there.") % {"count": counted}
        )
    return redirect(f"/?site={site.pk}")


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
    by_id = {camera.id: camera for camera in stats.cameras}
    context = {
        "stats": stats,
        "sites": sites if len(sites) > 1 else [],
        "stats_url": "/api/stats" if site_id is None else f"/api/stats?site={site_id}",
        "words": live_words(),
        "show_all": request.GET.get("all") == "1",
        "tiles_shown": TILES_SHOWN,
        "density": density(len(stats.cameras)),
        "rest": max(0, len(stats.cameras) - TILES_SHOWN),
        "doors": [by_id[camera_id] for camera_id in stats.doors.ids],
    }
    return render(request, template, context)


def density(count: int) -> str:
    """How large tiles are: up to 6 large, up to 12 medium, more compact."""
    if count <= 6:
        return "large"
    return "medium" if count <= TILES_SHOWN else "compact"
