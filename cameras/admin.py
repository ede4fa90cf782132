"""Sites and cameras in the admin, each with those its user may see. Every write goes through `cameras.services`."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from cameras import services
from cameras.forms import CameraForm, CameraRowForm, RecordForm, SiteForm
from cameras.models import Camera, Site
from cameras.selectors import cameras_for, may_add_sites, site_for, sites_for
from cameras.status import read_status, read_statuses
from crowdsite.admin_refusals import ExplainsRefusals
from crowdsite.store.connection import client

STATE_WORDS = {
    "live": _("Live"),
    "degraded": _("Degraded"),
    "stale": _("Stale"),
    "offline": _("Offline"),
    "disabled": _("Disabled"),
}
STATE_COLOURS = {"live": "success", "degraded": "warning", "stale": "warning", "offline": "danger", "disabled": "info"}


class CameraAdminForm(CameraForm):
    """As on the camera's page, in the admin's look."""

    class Meta(CameraForm.Meta):
        pass

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["url"].widget = UnfoldAdminTextInputWidget(attrs=self.fields["url"].widget.attrs)
        self.fields["line"].widget = UnfoldAdminTextInputWidget()
        self.fields["line"].help_text = _("[[ax, ay], [bx, by]] from 0 to 1. Easier to draw on the camera's page.")
        tasks = UnfoldAdminCheckboxSelectMultipleWidget()
        tasks.choices = self.fields["tasks"].choices
        self.fields["tasks"].widget = tasks


class RecordAdmin(ExplainsRefusals, ModelAdmin):
    """Saves and deletes through services; what they refuse is shown as a sentence instead of a fault."""

    list_per_page = 50
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Model, form: RecordForm, change: bool) -> None:
        obj.__dict__.update(form.write().__dict__)


class VisibleSiteFilter(RelatedFieldListFilter):
    """Offers the sites the user may see."""

    def field_choices(self, field: Field, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[int, str]]:
        return [(site.pk, site.name) for site in sites_for(request.user)]


@admin.register(Site)
class SiteAdmin(RecordAdmin):
    form = SiteForm
    list_display = ["name", "timezone", "max_capacity", "warn_threshold"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        return sites_for(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_add_sites(request.user)


@admin.register(Camera)
class CameraAdmin(RecordAdmin):
    form = CameraAdminForm
    list_display = ["name", "live_status", "site", "address", "show", "enabled", "edit_line"]
    list_editable = ["show", "enabled"]
    list_filter = ["enabled", "show", "inout_count", "ppe", ("site", VisibleSiteFilter)]
    search_fields = ["name"]
    ordering = ["name"]
    actions = ["enable", "disable"]
    readonly_fields = ["status_now", "edit_line", "line_version", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["name", "url", "site", "status_now"]}),
        (_("Use"), {"fields": ["enabled", "show", "tasks"]}),
        (_("Counting line"), {"fields": ["edit_line", "line", "reverse", "line_version"]}),
        (
            _("Picture and connection"),
            {"fields": ["transport", "orientation", "resolution", "profile", "ffmpeg_flags"], "classes": ["collapse"]},
        ),
        (_("Record"), {"fields": ["created_at", "updated_at"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Camera]:
        return cameras_for(request.user)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by address: `?url__startswith=` would tell a camera's password letter by letter."""
        return not lookup.startswith("url") and super().lookup_allowed(lookup, value, request)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        if db_field.name == "site":
            kwargs["queryset"] = sites_for(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and sites_for(request.user).exists()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"site": site_for(request.user).pk} | super().get_changeform_initial_data(request)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[ModelForm]:
        return super().get_changelist_form(request, **{"form": CameraRowForm, **kwargs})

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The page's statuses come with one question to Redis."""
        page = super().get_changelist_instance(request)
        statuses = read_statuses(client(), [camera.pk for camera in page.result_list])
        for camera in page.result_list:
            camera.status = statuses[camera.pk]
        return page

    def delete_model(self, request: HttpRequest, obj: Camera) -> None:
        services.delete_camera(camera_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        for camera in queryset:
            services.delete_camera(camera_id=camera.pk)

    @display(description=_("status"), label=STATE_COLOURS)
    def live_status(self, camera: Camera) -> tuple[str, str]:
        state = camera.status.state if camera.enabled else "disabled"
        return state, STATE_WORDS[state]

    @admin.display(description=_("status"))
    def status_now(self, camera: Camera) -> str:
        if camera.pk is None:
            return "–"
        if not camera.enabled:
            return STATE_WORDS["disabled"]
        status = read_status(client(), camera.pk)
        return f"{STATE_WORDS[status.state]}. {status.reason}".rstrip()

    @admin.display(description=_("address"))
    def address(self, camera: Camera) -> str:
        return camera.masked_url

    @admin.display(description=_("line"))
    def edit_line(self, camera: Camera) -> str:
        if camera.pk is None:
            return _("Save the camera first, then draw the line.")
        words = _("Change the line") if camera.line else _("Draw the line")
        return format_html(
            '<a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>',
            reverse("camera-edit", args=[camera.pk]),
            words,
        )

    @action(description=_("Switch on"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        self._switch(request, queryset, enabled=True)

    @action(description=_("Switch off"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Camera]) -> None:
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Camera], *, enabled: bool) -> None:
        changed = services.set_enabled(camera_ids=[camera.pk for camera in queryset], enabled=enabled)
        for camera in changed:
            self.log_change(request, camera, [{"changed": {"fields": ["enabled"]}}])
        if enabled:
            sentence = ngettext("%(n)s camera was switched on.", "%(n)s cameras were switched on.", len(changed))
        else:
            sentence = ngettext("%(n)s camera was switched off.", "%(n)s cameras were switched off.", len(changed))
        self.message_user(request, sentence % {"n": len(changed)}, messages.SUCCESS)
