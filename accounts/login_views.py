"""Log in, and the way back in for whoever forgot the password."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm, SetPasswordForm
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from kombu.exceptions import OperationalError

from accounts import lockout, mail, reset_limits, services, tasks
from accounts.clients import throttled_address

LOCKED_STATUS = 429


class LoginView(views.LoginView):
    """`/login`."""

    template_name = "login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(offers_reset=mail.offers_reset(self.request), **kwargs)


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """Axes' answer to whoever failed too often: the login page with a sentence that says how long."""
    context = {
        "form": AuthenticationForm(request, initial={"username": request.POST.get("username", "")[:150]}),
        "minutes": lockout.minutes_left(request),
        "next": request.POST.get(REDIRECT_FIELD_NAME, ""),
        "offers_reset": mail.offers_reset(request),
    }
    answer = render(request, "login.html", context, status=LOCKED_STATUS)
    answer["Retry-After"] = str(context["minutes"] * 60)
    return answer


@login_not_required
@never_cache
def admin_login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """`/admin/login/`: the one login page serves the admin too. Who is logged in and was sent here may not enter."""
    if request.user.is_authenticated:
        raise PermissionDenied
    query = QueryDict(mutable=True)
    query[REDIRECT_FIELD_NAME] = request.GET.get(REDIRECT_FIELD_NAME, "/admin/")
    return redirect(f"/login?{query.urlencode(safe='/')}")


@method_decorator(login_not_required, name="dispatch")
class ResetView(views.FormView):
    """`/password-reset`. Absent where no mail leaves. The answer is the same whether an address is known or not."""

    template_name = "accounts/reset.html"
    form_class = PasswordResetForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not mail.offers_reset(request):
            raise Http404("No mail is sent from here.")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        if not reset_limits.allows_client(throttled_address(self.request)):
            form.add_error(None, _("Too many links were asked for from here. Try again in an hour."))
            return self.render_to_response(self.get_context_data(form=form), status=LOCKED_STATUS)
        email = form.cleaned_data["email"]
        try:
            if reset_limits.allows_email(email):
                tasks.queue_reset(email, mail.public_address(self.request))
        except OperationalError:
            form.add_error(None, _("The server cannot send mail at the moment. Try again in a few minutes."))
            return self.render_to_response(self.get_context_data(form=form), status=503)
        return render(self.request, self.template_name, {"sent": True})


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class SetPasswordView(views.PasswordResetConfirmView):
    """`/password-reset/<user>/<token>`: what the links of invitations and resets open."""

    template_name = "accounts/set_password.html"
    form_class = SetPasswordForm

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        services.set_password(user=form.user, password=form.cleaned_data["new_password1"])
        del self.request.session[views.INTERNAL_RESET_SESSION_TOKEN]
        messages.success(self.request, _("Your password is set. Log in with it."))
        return redirect("login")
