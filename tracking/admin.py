"""The counting settings in the admin: one record, always there."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin

from tracking.models import TrackingSettings


@admin.register(TrackingSettings)
class TrackingSettingsAdmin(ModelAdmin):
    """Opens straight on the form."""

    fieldsets = [
        ("Detection", {"fields": ["person_model", "device", "imgsz", "confidence", "track_objects"]}),
        ("Rate", {"fields": ["detector_fps", "frame_skip"]}),
        ("History", {"fields": ["person_log_retention_days"]}),
        ("Drawn on live pictures", {"fields": ["show_line", "show_ids", "show_counts"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:tracking_trackingsettings_change", args=[1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> TrackingSettings:
        return TrackingSettings.load()
