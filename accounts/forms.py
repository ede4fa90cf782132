"""Forms about people. What they mean is decided in `accounts.services`."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.lockout import minutes_left
from accounts.models import TOKEN_NAME_LENGTH
from accounts.selectors import ROLE_WORDS, Person, site_choices
from accounts.services import Access
from crowdsite.errors import CrowdsiteError

NEVER = "never"
LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), (NEVER, _("Does not expire"))]


def add_refusal(form: forms.Form, error: CrowdsiteError) -> None:
    """Show what a service refused, at its fields where the form has them."""
    placed = {name: sentences for name, sentences in error.fields.items() if name in form.fields}
    for name, sentences in placed.items():
        for sentence in sentences:
            form.add_error(name, sentence)
    if not placed:
        form.add_error(None, error.message)


class PersonForm(forms.Form):
    """Role, sites and mail address of somebody who exists."""

    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        help_text=_("For links to set a password."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=list(ROLE_WORDS.items()), widget=forms.RadioSelect)
    reach = forms.ChoiceField(
        label=_("Sites"),
        choices=[("all", _("All sites, also new ones")), ("some", _("Only these:"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    sites = forms.TypedMultipleChoiceField(
        label=_("These sites"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["sites"].choices = site_choices()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("reach") == "some" and not cleaned.get("sites") and "sites" not in self.errors:
            self.add_error("sites", _("Choose at least one site, or all."))
        return cleaned

    @property
    def access(self) -> Access:
        """What was chosen; for a form without errors."""
        limited = self.cleaned_data["reach"] == "some"
        return Access(role=self.cleaned_data["role"], sites=self.cleaned_data["sites"] if limited else None)


def values_of(person: Person) -> dict[str, Any]:
    """`initial` of a PersonForm."""
    profile = getattr(person.user, "profile", None)
    limited = profile is not None and not profile.all_sites
    return {
        "email": person.user.email,
        "role": person.role,
        "reach": "some" if limited else "all",
        "sites": profile.site_ids if limited else [],
    }


class NewPersonForm(PersonForm):
    """Somebody new, with a first password or an invitation by mail."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator],
        help_text=_("What they log in with. Capital letters matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    start = forms.ChoiceField(label=_("First password"), widget=forms.RadioSelect, initial="password")
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=4096,
        help_text=_("At least 8 characters, no common word. They can change it on their account page."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("username", "email", "role", "reach", "sites", "start", "password")

    def __init__(self, *args: Any, may_invite: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.may_invite = may_invite
        invite = [("invite", _("Send a link by mail to set one"))] if may_invite else []
        self.fields["start"].choices = [*invite, ("password", _("Set one here and tell it"))]
        self.fields["start"].initial = "invite" if may_invite else "password"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.invites and not cleaned.get("email") and "email" not in self.errors:
            self.add_error("email", _("Enter the address the link is sent to."))
        if not self.invites and not cleaned.get("password"):
            self.add_error("password", _("Enter a password."))
        return cleaned

    @property
    def invites(self) -> bool:
        return self.cleaned_data.get("start") == "invite"


class NewPasswordForm(forms.Form):
    """A password an administrator sets for somebody else."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=4096,
        help_text=_("All their sessions end. Tell it to them; they can change it."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class OwnForm(forms.Form):
    """A change of one's own account that asks for the password again: an unlocked screen is not enough."""

    current_password = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_current_password(self) -> str:
        """Wrong ones count as failed logins, so that an unlocked screen is no place to guess either."""
        password = self.cleaned_data["current_password"]
        name = self.request.user.get_username()
        if authenticate(self.request, username=name, password=password) is None:
            if getattr(self.request, "axes_locked_out", False):
                self.request.axes_locked_out = False  # the sentence stands in this form, not on the login page
                minutes = minutes_left(self.request)
                said = ngettext(
                    "Too many wrong passwords. Try again in %(count)d minute.",
                    "Too many wrong passwords. Try again in %(count)d minutes.",
                    minutes,
                )
                raise forms.ValidationError(said % {"count": minutes})
            raise forms.ValidationError(_("This is not your current password."))
        return str(password)


class OwnPasswordForm(OwnForm):
    """One's own new password."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=4096,
        help_text=_("At least 8 characters, no common word."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class OwnEmailForm(OwnForm):
    """One's own mail address."""

    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        help_text=_("Links to set a new password go there."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ("email", "current_password")


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"), max_length=TOKEN_NAME_LENGTH, help_text=_("What it is for, such as “Access control”.")
    )
    lifetime = forms.ChoiceField(label=_("Lasts"), choices=LIFETIMES, initial="365")

    @property
    def days(self) -> int | None:
        """For a form without errors; None = does not expire."""
        chosen = self.cleaned_data["lifetime"]
        return None if chosen == NEVER else int(chosen)
