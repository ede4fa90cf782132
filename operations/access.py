"""A page of `/settings` opens for whoever its tab is shown to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from operations.tabs import TABS


def needs_tab(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's `slug` argument names the tab; 403 for those without its permission."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, slug: str, **kwargs: Any) -> HttpResponse:
        tab = next(tab for tab in TABS if tab.slug == slug)
        if not request.user.has_perm(tab.permission):
            raise PermissionDenied
        return view(request, *args, slug=slug, **kwargs)

    return guarded
