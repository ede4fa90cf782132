"""The licence as JSON. The key itself goes in and never comes out."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from licensing.limits import cameras_in_use
from licensing.models import Licence
from licensing.selectors import reason_of, status_of
from licensing.tokens import MAX_LENGTH, Feature


class LicenceKeySerializer(serializers.Serializer):
    """A key to put to work."""

    # How long it may be is for the token's own rules to say, with their own sentence.
    license_key = serializers.CharField(
        write_only=True, trim_whitespace=False, allow_blank=True, help_text=f"At most {MAX_LENGTH} characters."
    )


class LicenceFeatureSerializer(serializers.Serializer):
    """An optional module. reason: what would switch it on, empty when it is."""

    name = serializers.CharField()
    enabled = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)


class LicenceSerializer(serializers.Serializer):
    """The licence at work. Times are null without a key whose signature is good; max_cameras null = no limit."""

    state = serializers.ChoiceField(choices=["valid", "missing", "expired", "not_yet_valid", "invalid"])
    message = serializers.CharField()
    warning = serializers.CharField(allow_blank=True)
    client = serializers.CharField(allow_blank=True)
    id = serializers.CharField(allow_blank=True)
    issued_at = serializers.DateTimeField(allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    max_cameras = serializers.IntegerField(allow_null=True)
    cameras_in_use = serializers.IntegerField()
    features = LicenceFeatureSerializer(many=True)
    unknown_features = serializers.ListField(child=serializers.CharField())
    activated_at = serializers.DateTimeField(allow_null=True)
    activated_by = serializers.CharField(allow_blank=True)


def licence_json() -> dict[str, Any]:
    """What `LicenceSerializer` describes, as things stand now."""
    record = Licence.load()
    status = status_of(record)
    features = [
        {
            "name": feature.value,
            "enabled": feature in status.features,
            "reason": "" if feature in status.features else reason_of(feature, status),
        }
        for feature in Feature
    ]
    answer = {
        "state": status.state,
        "message": status.sentence,
        "warning": status.warning,
        "client": status.client,
        "id": status.licence_id,
        "issued_at": _moment(status.issued_at),
        "not_before": _moment(status.not_before),
        "expires_at": _moment(status.expires_at),
        "days_left": status.days_left,
        "max_cameras": status.max_cameras,
        "cameras_in_use": cameras_in_use(),
        "features": features,
        "unknown_features": list(status.unknown_features),
        "activated_at": record.activated_at,
        "activated_by": record.activated_by,
    }
    return dict(LicenceSerializer(answer).data)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
