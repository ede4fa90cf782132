"""`/settings/activity`: who changed what."""

from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cameras.selectors import default_site
from operations.access import needs_tab
from operations.history import KEPT_DAYS, SYSTEM, Filters, actors, kinds, page_of_entries


@require_safe
@needs_tab
def activity(request: HttpRequest, slug: str) -> HttpResponse:
    """One page of the trail; filters and page are part of the address."""
    said = {name: request.GET.get(name, "").strip()[:100] for name in ("who", "kind", "since", "until", "q")}
    filters = Filters(said["who"], said["kind"], _date(said["since"]), _date(said["until"]), said["q"])
    zone = ZoneInfo(default_site().timezone)
    entries, page = page_of_entries(filters, request.GET.get("page", "1"), zone)
    context = {
        "entries": entries,
        "page": page,
        "said": said,
        "filters": filters,
        "query": urlencode({name: value for name, value in said.items() if value}),
        "actors": actors(),
        "kinds": kinds(),
        "system": SYSTEM,
        "zone": zone.key,
        "kept_days": KEPT_DAYS,
    }
    return render(request, "settings/activity.html", context)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
