"""Sites: a list, and a form for each."""

from collections import Counter

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cameras import services
from cameras.forms import SiteForm
from cameras.models import Camera, Site
from cameras.selectors import default_site, may_add_sites, site_for, sites_for
from crowdsite.errors import CrowdsiteError
from operations.access import needs_tab


@require_safe
@needs_tab
def site_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every site the user may see, with its cameras."""
    main = default_site()
    cameras = Counter(Camera.objects.values_list("site_id", flat=True))
    rows = [(site, cameras[site.pk], site.pk == main.pk) for site in sites_for(request.user)]
    return render(request, "settings/sites.html", {"rows": rows, "may_add": may_add_sites(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs_tab
def site_form(request: HttpRequest, slug: str, site_id: int | None = None) -> HttpResponse:
    """A new site, or one that is there."""
    site = None if site_id is None else _found(request, site_id)
    may_change = may_add_sites(request.user) if site is None else request.user.has_perm("cameras.change_site")
    if (site is None or request.method == "POST") and not may_change:
        raise PermissionDenied
    form = SiteForm(request.POST if request.method == "POST" else None, instance=site)
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    if form.is_valid():
        try:
            saved = form.write()
        except CrowdsiteError as error:
            form.add_error(None, error.message)
        else:
            sentence = _("“%(name)s” was saved. Dashboards and day totals follow at once.")
            messages.success(request, sentence % {"name": saved.name})
            return redirect("settings-sites")
    context = {
        "form": form,
        "site": form.stored,
        "may_change": may_change,
        "cameras": Camera.objects.filter(site_id=site_id).count() if site_id is not None else 0,
        "is_default": site_id is not None and default_site().pk == site_id,
    }
    return render(request, "settings/site.html", context, status=422 if form.is_bound else 200)


@require_POST
@needs_tab
def site_delete(request: HttpRequest, slug: str, site_id: int) -> HttpResponse:
    """Only without cameras; the page has asked before."""
    if not request.user.has_perm("cameras.delete_site"):
        raise PermissionDenied
    site = _found(request, site_id)
    try:
        services.delete_site(site_id=site_id)
    except CrowdsiteError as error:
        messages.error(request, error.message)
        return redirect("settings-site", site_id)
    messages.success(request, _("“%(name)s” was deleted.") % {"name": site.name})
    return redirect("settings-sites")


def _found(request: HttpRequest, site_id: int) -> Site:
    try:
        return site_for(request.user, site_id)
    except CrowdsiteError as error:
        raise Http404(error.message) from error
