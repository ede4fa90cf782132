"""Sites and cameras as JSON. The rules are in `cameras.cleaning`; these classes describe and show."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cameras import services, validation
from cameras.cleaning import clean_camera, clean_site_values
from cameras.models import Camera, Site
from cameras.selectors import site_for, sites_for
from crowdsite.errors import CrowdsiteError


@extend_schema_field(
    {
        "type": "array",
        "items": {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 1},
            "minItems": 2,
            "maxItems": 2,
        },
        "minItems": 2,
        "maxItems": 2,
        "nullable": True,
        "example": [[0.1, 0.6], [0.9, 0.6]],
        "description": "Points A and B, 0-1 from the top left corner; `[ax, ay, bx, by]` is understood too.",
    }
)
class LineField(serializers.JSONField):
    """A line or null."""


class _RecordSerializer(serializers.ModelSerializer):
    """Takes what the cleaning function takes, and refuses names it does not know."""

    def run_validation(self, data: Any = serializers.empty) -> dict[str, Any]:
        if isinstance(data, QueryDict):
            data = {name: data.getlist(name) if name == "tasks" else data[name] for name in data}
            data.pop("csrfmiddlewaretoken", None)
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({"non_field_errors": ["Send one JSON object with the record's fields."]})
        shown_only = {name for name, field in self.fields.items() if field.read_only}
        self._refuse_number(data)
        values = {name: value for name, value in data.items() if name not in shown_only}
        try:
            self.clean(values)
        except CrowdsiteError as error:
            raise serializers.ValidationError(error.fields or {"non_field_errors": [error.message]}) from error
        return values

    def _refuse_number(self, data: Mapping[str, Any]) -> None:
        """A record may be sent back whole, its own number included; no other one can be asked for."""
        if self.instance is None and data.get("id") not in (None, ""):
            raise serializers.ValidationError({"id": ["A new record gets its number by itself. Leave “id” out."]})
        if self.instance is not None and str(data.get("id", self.instance.pk)) != str(self.instance.pk):
            raise serializers.ValidationError({"id": [f"This is number {self.instance.pk}, and numbers never change."]})

    def clean(self, values: Mapping[str, Any]) -> None:
        """Raise CrowdsiteError for what a service would refuse."""
        raise NotImplementedError


class SiteSerializer(_RecordSerializer):
    class Meta:
        model = Site
        fields = ["id", "name", "timezone", "max_capacity", "warn_threshold"]

    def clean(self, values: Mapping[str, Any]) -> None:
        clean_site_values(values, site=self.instance)

    def create(self, validated_data: dict[str, Any]) -> Site:
        return services.create_site(**validated_data)

    def update(self, instance: Site, validated_data: dict[str, Any]) -> Site:
        return services.update_site(site_id=instance.pk, **validated_data)


class ConnectionCheckRequest(serializers.Serializer):
    """What is in the form, saved or not."""

    camera_id = serializers.IntegerField(required=False, help_text="The camera that is being changed.")
    url = serializers.CharField(required=False)
    transport = serializers.ChoiceField(choices=Camera.Transport.choices, required=False)
    orientation = serializers.ChoiceField(choices=Camera.Orientation.choices, required=False)
    resolution = serializers.ChoiceField(choices=Camera.Resolution.choices, required=False)
    profile = serializers.CharField(required=False, allow_blank=True, help_text="Name of a capture profile.")
    ffmpeg_flags = serializers.CharField(required=False, allow_blank=True)


class ConnectionCheckAnswer(serializers.Serializer):
    """The picture that came."""

    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")
    fps = serializers.FloatField(allow_null=True, help_text="What the camera says it sends.")
    backend = serializers.CharField()
    note = serializers.CharField(help_text="What an operator should know about this source, or nothing.")
    picture = serializers.CharField(help_text="A JPEG as a data: address.")


class CameraSerializer(_RecordSerializer):
    """The address is shown without its password, and only to those who may change the camera."""

    url = serializers.CharField(
        required=False,
        help_text="A new camera needs it. Answers have it without its password, and only for those who may change the "
        "camera; a masked address that is sent back keeps the password.",
    )
    site_id = serializers.IntegerField(required=False, help_text="The first site you may see when left out.")
    line = LineField(required=False, allow_null=True)
    tasks = serializers.ListField(child=serializers.ChoiceField(choices=validation.TASKS), required=False)
    inout_count = serializers.BooleanField(required=False, help_text="Switches the tasks in_count and out_count.")
    ppe = serializers.BooleanField(required=False, help_text="Switches the tasks for protective equipment.")

    class Meta:
        model = Camera
        fields = [
            "id", "name", "url", "site_id", "enabled", "show", "transport", "orientation", "resolution", "profile",
            "ffmpeg_flags", "line", "reverse", "line_version", "tasks", "inout_count", "ppe", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["line_version", "created_at", "updated_at"]

    def clean(self, values: Mapping[str, Any]) -> None:
        clean_camera(values, camera=self.instance, sites=sites_for(self.context["request"].user))

    def create(self, validated_data: dict[str, Any]) -> Camera:
        if not {"site", "site_id"} & set(validated_data):
            validated_data = {**validated_data, "site": site_for(self.context["request"].user)}
        return services.create_camera(**validated_data)

    def update(self, instance: Camera, validated_data: dict[str, Any]) -> Camera:
        return services.update_camera(camera_id=instance.pk, **validated_data)

    def to_representation(self, instance: Camera) -> dict[str, Any]:
        shown = super().to_representation(instance)
        request = self.context.get("request")
        if request is not None and request.user.has_perm("cameras.change_camera"):
            shown["url"] = instance.masked_url
        else:
            del shown["url"]
        return shown
