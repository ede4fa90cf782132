"""People in the admin: the same rules as on `/settings/people` (`accounts.services`).

Groups are not here: the three roles are the program's, and their permissions are set anew at each start.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm, RadioSelect
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminEmailInputWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts import services
from accounts.forms import NewPersonForm, PersonForm, values_of
from accounts.selectors import ROLE_WORDS, person, role_of
from crowdsite.admin_refusals import ExplainsRefusals

admin.site.unregister(Group)
admin.site.unregister(User)


def _dress(form: PersonForm) -> None:
    """The same fields in the admin's look."""
    for field in form.fields.values():
        # A group of checkboxes is a radio select too, to Django.
        if isinstance(field.widget, CheckboxSelectMultiple):
            field.widget = UnfoldAdminCheckboxSelectMultipleWidget(choices=field.choices)
        elif isinstance(field.widget, RadioSelect):
            field.widget = UnfoldAdminRadioSelectWidget(choices=field.choices)
    form.fields["email"].widget = UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"})


class PersonAdminForm(PersonForm, ModelForm):
    """Somebody who exists."""

    class Meta:
        model = User
        fields = ("email", "is_active")

    def __init__(self, *args: Any, instance: User, initial: dict[str, Any] | None = None, **kwargs: Any):
        values = values_of(person(instance.pk)) | (initial or {})
        super().__init__(*args, instance=instance, initial=values, **kwargs)
        _dress(self)


class NewPersonAdminForm(NewPersonForm, ModelForm):
    """Somebody new, with a first password; invitations are sent from `/settings/people`."""

    class Meta:
        model = User
        fields = ("username", "email")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, may_invite=False, **kwargs)
        del self.fields["start"]
        _dress(self)
        self.fields["username"].widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
        self.fields["password"].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})


class PasswordForm(AdminPasswordChangeForm):
    """A new password; taking it away altogether would be a way around the rules for the last administrator."""

    def __init__(self, user: User, *args: Any, **kwargs: Any):
        super().__init__(user, *args, **kwargs)
        self.fields.pop("usable_password", None)
        for name in ("password1", "password2"):
            self.fields[name].required = True


@admin.register(User)
class PersonAdmin(ExplainsRefusals, UserAdmin, ModelAdmin):
    """Role and sites instead of groups, permissions and superuser."""

    form = PersonAdminForm
    add_form = NewPersonAdminForm
    change_password_form = PasswordForm
    list_display = ["username", "role", "email", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "email"]
    ordering = ["username"]
    filter_horizontal = []
    readonly_fields = ["username", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "email", "is_active"]}),
        (_("Rights"), {"fields": ["role", "reach", "sites"]}),
        (_("Record"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"fields": ["username", "email", "role", "reach", "sites", "password"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return list(self.readonly_fields) if obj else []

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs: Any) -> type[ModelForm]:
        # The forms are whole: Django would look for model fields named like ours.
        form = self.form if obj else self.add_form
        if obj and not self.has_change_permission(request, obj):
            return super(UserAdmin, self).get_form(request, obj, **{"form": ModelForm, "fields": ["email"], **kwargs})
        return form

    def save_form(self, request: HttpRequest, form: ModelForm, change: bool) -> User:
        return form.instance

    def save_model(self, request: HttpRequest, obj: User, form: PersonForm, change: bool) -> None:
        cleaned = form.cleaned_data
        if change:
            services.change_person(user=obj, email=cleaned["email"], access=form.access, active=cleaned["is_active"])
        else:
            user = services.create_person(
                username=cleaned["username"], email=cleaned["email"], access=form.access, password=cleaned["password"]
            )
            obj.__dict__.update(user.__dict__)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool) -> None:
        """Role and sites are saved with the rest."""

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        services.delete_people(users=[obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        services.delete_people(users=queryset)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            user = self.get_object(request, id)
            services.end_sessions(user=user, keep=request.session.session_key)
        return response

    @admin.display(description=_("role"))
    def role(self, user: User) -> str:
        return str(ROLE_WORDS.get(role_of(user), _("No role")))
