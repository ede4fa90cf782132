"""`/settings/people`: who may log in, as what, and which sites they see. Rules: `accounts.services`."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from accounts import lockout, mail, selectors, services, tasks
from accounts.forms import NewPasswordForm, NewPersonForm, PersonForm, add_refusal, values_of
from crowdsite.errors import CrowdsiteError

View = Callable[..., HttpResponse]


def _explains(view: View) -> View:
    """What a service refuses is said on the page one came from; a person who is not there is a 404."""

    @wraps(view)
    def explained(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except CrowdsiteError as error:
            if error.status == 404:
                raise Http404(error.message) from error
            messages.error(request, error.message)
            return redirect("people")

    return explained


@require_safe
@permission_required("auth.view_user", raise_exception=True)
def people(request: HttpRequest) -> HttpResponse:
    """The list. `?deactivated=` offers the way back."""
    found = selectors.people()
    gone = request.GET.get("deactivated", "")
    undo = next((one for one in found if str(one.user.pk) == gone and one.state == "inactive"), None)
    return render(request, "settings/people.html", {"people": found, "undo": undo})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["auth.view_user", "auth.add_user", "auth.change_user"], raise_exception=True)
@sensitive_post_parameters()
def add(request: HttpRequest) -> HttpResponse:
    """Somebody new."""
    form = NewPersonForm(request.POST or None, may_invite=mail.mail_is_configured())
    if form.is_valid():
        try:
            user = services.create_person(
                username=form.cleaned_data["username"],
                email=form.cleaned_data["email"],
                access=form.access,
                password=None if form.invites else form.cleaned_data["password"],
            )
        except CrowdsiteError as error:
            add_refusal(form, error)
        else:
            if form.invites:
                _invite(request, user.pk, user.email)
            else:
                messages.success(request, _("%(name)s was added.") % {"name": user.get_username()})
            return redirect("people")
    return render(request, "settings/people_add.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["auth.view_user", "auth.change_user"], raise_exception=True)
@_explains
def edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """Role, sites and mail address."""
    person = selectors.person(user_id)
    form = PersonForm(request.POST or None, initial=values_of(person))
    if form.is_valid():
        user = person.user
        try:
            services.change_person(
                user=user, email=form.cleaned_data["email"], access=form.access, active=user.is_active
            )
        except CrowdsiteError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("%(name)s was saved.") % {"name": user.get_username()})
            return redirect("people")
    return _edit_page(request, person, form=form, status=422 if form.is_bound else 200)


def _edit_page(request: HttpRequest, person: selectors.Person, *, status: int, **context: object) -> HttpResponse:
    found = {
        "person": person,
        "form": PersonForm(initial=values_of(person)),
        "password_form": NewPasswordForm(prefix="new"),
        "session_count": selectors.sessions_of(person.user).count(),
        "token_count": selectors.tokens_of(person.user).count(),
        "may_mail": bool(person.user.email) and mail.mail_is_configured(),
    }
    return render(request, "settings/people_edit.html", {**found, **context}, status=status)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@sensitive_post_parameters()
@_explains
def set_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new password for somebody."""
    person = selectors.person(user_id)
    form = NewPasswordForm(request.POST, prefix="new")
    if form.is_valid():
        try:
            services.set_password(user=person.user, password=form.cleaned_data["password"])
        except CrowdsiteError as error:
            add_refusal(form, error)
        else:
            name = {"name": person.user.get_username()}
            messages.success(request, _("%(name)s has a new password and is logged out everywhere.") % name)
            return redirect("person", user_id)
    return _edit_page(request, person, password_form=form, status=422)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@_explains
def invite(request: HttpRequest, user_id: int) -> HttpResponse:
    """Mail a link to set a password."""
    user = selectors.person(user_id).user
    if not (user.email and user.is_active and mail.mail_is_configured()):
        raise CrowdsiteError(_("No mail was sent: it needs an active account with an address, and a mail server."))
    _invite(request, user.pk, user.email)
    return redirect("person", user_id)


def _invite(request: HttpRequest, user_id: int, email: str) -> None:
    # The Host header is an administrator's own, whose form carried a CSRF token.
    address = mail.public_address(request) or f"{request.scheme}://{request.get_host()}"
    try:
        tasks.queue_invitation(user_id, address)
    except OperationalError:
        messages.error(request, _("The account is there, but no mail can be sent now. Send the link again later."))
    else:
        messages.success(request, _("A link to set a password goes to %(email)s.") % {"email": email})


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@_explains
def switch(request: HttpRequest, user_id: int, active: bool) -> HttpResponse:
    """Deactivate, or undo that."""
    user = selectors.person(user_id).user
    services.set_active(user=user, active=active)
    if not active:
        return redirect(f"/settings/people?deactivated={user_id}")
    messages.success(request, _("%(name)s can log in again.") % {"name": user.get_username()})
    return redirect("people")


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@_explains
def end_sessions(request: HttpRequest, user_id: int) -> HttpResponse:
    """Log somebody out everywhere; an administrator's own session here stays."""
    user = selectors.person(user_id).user
    ended = services.end_sessions(user=user, keep=request.session.session_key)
    said = ngettext("%(count)d session has ended.", "%(count)d sessions have ended.", ended) % {"count": ended}
    messages.success(request, said if ended else _("There was no session to end."))
    return redirect("person", user_id)


@require_POST
@permission_required("auth.change_user", raise_exception=True)
@_explains
def unlock(request: HttpRequest, user_id: int) -> HttpResponse:
    """Let somebody who failed too often try again."""
    user = selectors.person(user_id).user
    lockout.unlock(user)
    messages.success(request, _("%(name)s can try to log in again.") % {"name": user.get_username()})
    return redirect("person", user_id)
