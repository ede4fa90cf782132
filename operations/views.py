"""The pages of `/settings` that hold the settings themselves."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crowdsite.errors import CrowdsiteError
from operations.access import needs_tab
from operations.forms import SettingsForm
from operations.mail import send_test
from operations.models import MailSettings
from operations.pages import BY_SLUG, Page
from operations.tabs import tabs_for


@require_safe
def settings_home(request: HttpRequest) -> HttpResponse:
    """`/settings`: the first page this person may open."""
    tabs = tabs_for(request.user)
    if not tabs:
        raise PermissionDenied
    return redirect(tabs[0].url)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_tab
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One singleton: read with its view permission, saved with its change permission."""
    page = BY_SLUG[slug]
    may_change = may_change_page(request, page)
    if request.method != "POST":
        return render_page(request, SettingsForm(page, may_change=may_change))
    if not may_change:
        raise PermissionDenied
    form = SettingsForm(page, request.POST)
    back = request.POST.get("reset", "")
    if back in form.fields:
        form.put_back(back)
        return render_page(request, form, note=_("The default is filled in. Save to use it."))
    if form.is_valid() and form.save():
        messages.success(request, _("Saved. %(effect)s") % {"effect": page.effect})
        return redirect(request.path)
    return render_page(request, form, status=422)


@require_POST
@needs_tab
def mail_test(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a mail with what is stored and say how it went."""
    page = BY_SLUG["mail"]
    if not may_change_page(request, page):
        raise PermissionDenied
    to = request.POST.get("to", "").strip()
    try:
        validate_email(to)
        send_test(to)
    except ValidationError:
        problem = _("“%(to)s” is no mail address. Enter one, for example you@example.com.") % {"to": to[:100]}
    except CrowdsiteError as error:
        problem = error.message
    else:
        messages.success(request, _("The mail server took a test mail to %(to)s. Look for it there.") % {"to": to})
        return redirect("/settings/mail")
    return render_page(request, SettingsForm(page), status=422, test=TestMail(to, problem))


@dataclass(frozen=True, slots=True)
class TestMail:
    """The small form under the mail settings. problem: why the last try failed."""

    to: str
    problem: str = ""


def may_change_page(request: HttpRequest, page: Page) -> bool:
    """Whether this person may save the settings of `page`."""
    app, _dot, model = page.label.lower().partition(".")
    return request.user.has_perm(f"{app}.change_{model}")


def render_page(request: HttpRequest, form: SettingsForm, *, status: int = 200, **context: Any) -> HttpResponse:
    """A page of settings, with what stands beside them there."""
    if form.page.slug == "mail":
        stored = MailSettings.load()
        context.setdefault("test", TestMail(request.user.email or stored.from_addr))
        context["configured"] = bool(stored.smtp_host)
    if form.page.slug == "system":
        from operations.system import overview  # it asks Redis and the disk, which no other page needs

        context["system"] = overview(request)
    context |= {"form": form, "page": form.page, "may_change": may_change_page(request, form.page)}
    return render(request, f"settings/{template_of(form.page)}.html", context, status=status)


def template_of(page: Page) -> str:
    """Pages with something of their own have a template of their own."""
    return page.slug if page.slug in ("mail", "system") else "page"
