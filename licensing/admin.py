"""The licence in the admin: what it says, and the field for a new key. The page in the settings says more."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from crowdsite.errors import CrowdsiteError
from licensing import services
from licensing.limits import cameras_in_use
from licensing.models import Licence
from licensing.selectors import SETTINGS_URL, feature_title, licence_status
from licensing.tokens import Feature, day_of


class LicenceAdminForm(forms.ModelForm):
    """A key that is refused stays in the field; the one at work is never shown."""

    new_key = forms.CharField(
        label=_("New licence key"),
        required=False,
        help_text=_("Paste the whole key. Empty: nothing changes."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )

    class Meta:
        model = Licence
        fields: list[str] = []

    def clean_new_key(self) -> str:
        key: str = self.cleaned_data["new_key"]
        if key.strip():
            try:
                services.check_key(license_key=key)
            except CrowdsiteError as error:
                raise forms.ValidationError(error.message) from error
        return key


@admin.register(Licence)
class LicenceAdmin(ModelAdmin):
    """One record: the list leads straight to it."""

    form = LicenceAdminForm
    readonly_fields = ["state", "client", "valid_until", "cameras", "modules", "activated_at", "activated_by", "page"]
    fields = ["state", "client", "valid_until", "cameras", "modules", "activated_at", "activated_by", "new_key", "page"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Licence | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:licensing_licence_change", args=[1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Licence | None:
        return Licence.load() if object_id == "1" else None

    def save_model(self, request: HttpRequest, obj: Licence, form: LicenceAdminForm, change: bool) -> None:
        if form.cleaned_data["new_key"].strip():
            try:
                services.activate_licence(license_key=form.cleaned_data["new_key"], by=request.user.get_username())
            except CrowdsiteError as error:
                self.message_user(request, error.message, messages.ERROR)

    @admin.display(description=_("state"))
    def state(self, record: Licence) -> str:
        status = licence_status()
        return status.warning or status.sentence

    @admin.display(description=_("client"))
    def client(self, record: Licence) -> str:
        return licence_status().client or "–"

    @admin.display(description=_("valid until"))
    def valid_until(self, record: Licence) -> str:
        ends = licence_status().expires_at
        return "–" if ends is None else day_of(ends)

    @admin.display(description=_("cameras"))
    def cameras(self, record: Licence) -> str:
        limit, in_use = licence_status().max_cameras, cameras_in_use()
        if limit is None:
            return _("%(n)s in use, no limit") % {"n": in_use}
        return _("%(n)s in use of %(limit)s") % {"n": in_use, "limit": limit}

    @admin.display(description=_("modules"))
    def modules(self, record: Licence) -> str:
        on = licence_status().features
        return ", ".join(f"{feature_title(one)}: {_('on') if one in on else _('off')}" for one in Feature)

    @admin.display(description=_("more"))
    def page(self, record: Licence) -> str:
        return format_html(
            '<a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>',
            SETTINGS_URL,
            _("The licence in the settings"),
        )
