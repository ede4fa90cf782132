"""Which site somebody looks at: the one last opened on the dashboard, as long as he may see it."""

from django.http import HttpRequest

from cameras.models import Site
from cameras.selectors import NotFoundError, site_for

SESSION_KEY = "site_id"


def remember_site(request: HttpRequest, site: Site) -> None:
    """Written only when it is another one: most pages cost no write."""
    if request.session.get(SESSION_KEY) != site.pk:
        request.session[SESSION_KEY] = site.pk


def chosen_site(request: HttpRequest) -> Site:
    """The remembered site, else the first one the user may see. Raises NoSiteError."""
    remembered = request.session.get(SESSION_KEY)
    if isinstance(remembered, int):
        try:
            return site_for(request.user, remembered)
        except NotFoundError:
            pass  # deleted, or not his any more
    return site_for(request.user)
