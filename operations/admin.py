"""Every settings singleton and the audit trail in the admin. All writes go through `operations.services`."""

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import CharField, ModelForm, PasswordInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget

from cameras.models import CaptureDefaults
from crowdsite.errors import CrowdsiteError
from crowdsite.store.models import SingletonModel
from operations.models import MailSettings, SystemSettings
from operations.pages import PAGES
from operations.services import SECRET_FIELDS, change_settings
from ppe.models import PpeSettings
from tracking.models import TrackingSettings


class SettingsAdmin(ModelAdmin):
    """One record, always there: opens straight on its form, grouped as on its page of `/settings`."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        page = next((page for page in PAGES if page.model is self.model), None)
        if page is None:
            return super().get_fieldsets(request, obj)
        return [(group.title, {"fields": list(group.fields)}) for group in page.all_groups()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        meta = self.model._meta
        return HttpResponseRedirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> SingletonModel:
        return self.model.load()

    def save_model(self, request: HttpRequest, obj: SingletonModel, form: ModelForm, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
        try:
            stored = change_settings(self.model, changes)
        except CrowdsiteError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            obj.__dict__.update(stored.__dict__)


class MailSettingsForm(ModelForm):
    """The password is never sent to a browser: empty keeps what is stored."""

    smtp_pass = CharField(
        label=gettext_lazy("password"),
        required=False,
        strip=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Empty keeps the stored one. To remove it, use the settings page."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.pop("smtp_pass", None)
        widget = self.fields["smtp_pass"].widget
        if isinstance(widget, PasswordInput):
            widget.render_value = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in SECRET_FIELDS & set(cleaned):
            if not cleaned[name]:
                del cleaned[name]
        return cleaned


admin.site.register([TrackingSettings, CaptureDefaults, PpeSettings, SystemSettings], SettingsAdmin)


@admin.register(MailSettings)
class MailSettingsAdmin(SettingsAdmin):
    form = MailSettingsForm


admin.site.unregister(LogEntry)


@admin.register(LogEntry)
class TrailAdmin(ModelAdmin):
    """To look at, never to change."""

    list_display = ["timestamp", "actor", "object_repr", "content_type", "action"]
    list_filter = ["action", "content_type"]
    search_fields = ["object_repr"]
    list_per_page = 50
    show_full_result_count = False
    list_select_related = ["actor", "content_type"]
    fields = ["timestamp", "actor", "remote_addr", "content_type", "object_repr", "action", "changes_in_words"]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("changes"))
    def changes_in_words(self, entry: LogEntry) -> str:
        return (
            entry.changes_str if entry.changes and "m2m" not in str(entry.changes) else str(entry.changes or _("none"))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
