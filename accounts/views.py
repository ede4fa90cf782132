"""`/account`: what everybody may do with the own account."""

import uuid

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import selectors, services
from accounts.forms import OwnEmailForm, OwnPasswordForm, TokenForm, add_refusal
from crowdsite.errors import CrowdsiteError


@require_safe
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    user = request.user
    now = timezone.now()
    forms = {
        "password_form": OwnPasswordForm(request=request, prefix="password"),
        "email_form": OwnEmailForm(request=request, prefix="email", initial={"email": user.email}),
        "token_form": TokenForm(prefix="token"),
    }
    return render(
        request,
        "accounts/account.html",
        {
            **forms,
            "person": selectors.person(user.pk),
            "logins": selectors.logins(user, request.session.session_key),
            "tokens": [(token, token.expired(now)) for token in selectors.tokens_of(user)],
            **context,
        },
        status=status,
    )


@require_POST
@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password; every other session ends."""
    form = OwnPasswordForm(request.POST, request=request, prefix="password")
    if form.is_valid():
        try:
            services.set_password(
                user=request.user,
                password=form.cleaned_data["password"],
                keep_session=request.session.session_key,
            )
        except CrowdsiteError as error:
            add_refusal(form, error)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, _("Your password was changed. Everywhere else you are logged out."))
            return redirect("account")
    return _page(request, status=422, password_form=form)


@require_POST
@sensitive_post_parameters()
def change_email(request: HttpRequest) -> HttpResponse:
    """A new mail address."""
    form = OwnEmailForm(request.POST, request=request, prefix="email")
    if form.is_valid():
        services.set_email(user=request.user, email=form.cleaned_data["email"])
        messages.success(request, _("Your mail address was changed."))
        return redirect("account")
    return _page(request, status=422, email_form=form)


@require_POST
def end_session(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """Log out elsewhere; or here, which is logging out."""
    current = getattr(request.session, "record", None)
    if current is not None and current.reference == reference:
        request.session.flush()
        return redirect("login")
    if services.end_session(user=request.user, reference=reference):
        messages.success(request, _("That session has ended."))
    else:
        messages.info(request, _("That session had ended already."))
    return redirect("account")


@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Log out everywhere else."""
    ended = services.end_sessions(user=request.user, keep=request.session.session_key)
    said = ngettext("%(count)d other session has ended.", "%(count)d other sessions have ended.", ended)
    messages.success(request, said % {"count": ended} if ended else _("There was no other session."))
    return redirect("account")


@require_POST
@never_cache
def create_token(request: HttpRequest) -> HttpResponse:
    """A new API token, shown this once."""
    form = TokenForm(request.POST, prefix="token")
    if form.is_valid():
        try:
            token, text = services.create_token(user=request.user, name=form.cleaned_data["name"], days=form.days)
        except CrowdsiteError as error:
            add_refusal(form, error)
        else:
            return _page(request, new_token=token, new_token_text=text)
    return _page(request, status=422, token_form=form)


@require_POST
def revoke_token(request: HttpRequest, reference: uuid.UUID) -> HttpResponse:
    """A token is refused from now on."""
    if services.revoke_token(user=request.user, reference=reference):
        messages.success(request, _("The token was revoked. Programs that use it are refused from now on."))
    else:
        messages.info(request, _("That token had been revoked already."))
    return redirect("account")
