"""The dashboard and the wall: `selectors.live_stats` rendered on the server; scripts keep the figures current.

The dashboard shows the site of `?site=` and remembers it for the session, so that the way back leads to the same one.
"""

import redis
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from loguru import logger

from cameras.selectors import NoSiteError, site_for
from crowdsite import clock
from crowdsite.api_errors import as_error
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from reports.api import site_number
from reports.live_words import live_words
from reports.notices import for_reader
from reports.selectors import live_stats
from reports.site_choice import chosen_site, remember_site
from tracking.counters import correct_occupancy

TILES_SHOWN = 12
MOST_DIGITS = 6


@require_safe
@permission_required("cameras.view_camera", raise_exception=True)
def dashboard(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "dashboard/index.html", is_wall=False)


@require_safe
@permission_required("cameras.view_camera", raise_exception=True)
def wall(request: HttpRequest) -> HttpResponse:
    return _live_page(request, "wall.html", is_wall=True)


@permission_required("cameras.change_site", raise_exception=True)
@require_POST
def correct_inside(request: HttpRequest) -> HttpResponse:
    """Somebody has counted heads: that many are inside now, and what was missed before is settled."""
    try:
        site = site_for(request.user, site_number(request.POST.get("site", "")) or 0)
    except CrowdsiteError as error:
        raise Http404(error.message) from error
    counted = request.POST.get("inside", "")
    if not (counted.isdecimal() and len(counted) <= MOST_DIGITS):
        messages.error(request, _("Enter the number of people inside as a whole number, 0 or more."))
    else:
        correct_occupancy(client(), site.pk, clock.site_day(clock.now(), site.timezone), int(counted))
        logger.info("{} set the number inside site {} to {}", request.user.get_username(), site.pk, int(counted))
        messages.success(
            request, _("%(count)s people are inside now. Counting goes on from there.") % {"count": counted}
        )
    return redirect(f"/?site={site.pk}")


def _live_page(request: HttpRequest, template: str, *, is_wall: bool) -> HttpResponse:
    """`template` with the figures, or a page that says what is missing: Redis, or a site to see."""
    try:
        wanted = site_number(request.GET.get("site", ""))
        # A wall shows its own site, whatever the same person looks at elsewhere.
        site = site_for(request.user, wanted) if is_wall or wanted is not None else chosen_site(request)
        stats = for_reader(live_stats(site, clock.now()), request.user)
    except NoSiteError:
        return render(request, "no_site.html", {"heading": _("Dashboard")})
    except CrowdsiteError as error:
        raise Http404(error.message) from error
    except (redis.RedisError, Error) as error:
        known = as_error(error)
        if known is not None and known.code == "database_unreachable":
            raise  # it has a page of its own
        return render(request, "dashboard/unavailable.html", {"words": live_words()}, status=503)
    if not is_wall:
        remember_site(request, site)
    by_id = {camera.id: camera for camera in stats.cameras}
    context = {
        "stats": stats,
        "stats_url": f"/api/stats?site={site.pk}",
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
