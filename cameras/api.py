"""`/api/cameras/` and `/api/sites/`, each with the sites its caller may see."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.widgets import BooleanWidget
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cameras import services
from cameras.cleaning import clean_capture, clean_flag
from cameras.connection_check import check_connection
from cameras.models import Camera, Site
from cameras.selectors import cameras_for, may_add_sites, sites_for
from cameras.serializers import CameraSerializer, ConnectionCheckAnswer, ConnectionCheckRequest, SiteSerializer
from crowdsite.api_pagination import Pages
from crowdsite.api_parsers import BoundedJSONParser
from crowdsite.api_permissions import ModelPermissions
from crowdsite.errors import CrowdsiteError


class _AsSent(BooleanWidget):
    """Leaves what is neither true nor false to the field, which refuses it."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        return data.get(name)


class _FlagField(forms.NullBooleanField):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        try:
            return clean_flag(value, called=value)
        except CrowdsiteError:
            raise forms.ValidationError(f"“{str(value)[:40]}” is neither true nor false.") from None


class FlagFilter(filters.BooleanFilter):
    """`true` or `false`; anything else is refused, not passed over."""

    field_class = _FlagField

    def __init__(self, **kwargs: Any):
        super().__init__(widget=_AsSent, **kwargs)


class CameraFilter(filters.FilterSet):
    """`url` is absent on purpose: filtering by it would let a viewer guess passwords."""

    site_id = filters.NumberFilter(field_name="site_id", label="Number of the site")
    enabled, show, inout_count, ppe = FlagFilter(), FlagFilter(), FlagFilter(), FlagFilter()

    class Meta:
        model = Camera
        fields = ["name", "enabled", "show", "inout_count", "ppe"]


class _RecordViewSet(viewsets.ModelViewSet):
    permission_classes = [ModelPermissions]
    parser_classes = [BoundedJSONParser, FormParser, MultiPartParser]
    pagination_class = Pages
    filter_backends = [filters.DjangoFilterBackend, OrderingFilter, SearchFilter]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_value_regex = r"\d{1,15}"
    search_fields = ["name"]
    ordering = ["name"]


class CameraViewSet(_RecordViewSet):
    """Cameras: what each one is, where its line lies, what it is for."""

    queryset = Camera.objects.all()
    serializer_class = CameraSerializer
    filterset_class = CameraFilter
    ordering_fields = ["id", "name", "enabled", "show", "created_at", "updated_at"]

    def get_queryset(self) -> QuerySet[Camera]:
        return cameras_for(self.request.user)

    def perform_destroy(self, instance: Camera) -> None:
        services.delete_camera(camera_id=instance.pk)

    @extend_schema(request=ConnectionCheckRequest, responses=ConnectionCheckAnswer)
    @action(detail=False, methods=["post"])
    def check(self, request: Request) -> Response:
        """Open an address and show its picture, before anything is saved. Takes up to eight seconds."""
        values = dict(request.data.items()) if isinstance(request.data, Mapping) else {}
        values.pop("csrfmiddlewaretoken", None)
        camera_id = values.pop("camera_id", None)
        camera = None if camera_id in (None, "") else self.get_queryset().filter(pk=_number(camera_id)).first()
        found = check_connection(clean_capture(values, camera=camera))
        picture = "data:image/jpeg;base64," + b64encode(found.jpeg).decode()
        size = {"width": found.width, "height": found.height, "fps": found.fps}
        return Response({**size, "backend": found.backend, "note": found.note, "picture": picture})


def _number(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ValidationError({"camera_id": ["The number of a camera has digits only."]})
    return int(text)


class SiteViewSet(_RecordViewSet):
    """Sites: places with a time zone and a limit of people."""

    queryset = Site.objects.all()
    serializer_class = SiteSerializer
    filterset_fields = ["name"]
    ordering_fields = ["id", "name"]

    def get_queryset(self) -> QuerySet[Site]:
        return sites_for(self.request.user)

    def perform_create(self, serializer: SiteSerializer) -> None:
        if not may_add_sites(self.request.user):
            raise CrowdsiteError(
                _("You work for certain sites, so you cannot add one. Ask an administrator."),
                code="forbidden",
                status=403,
            )
        serializer.save()

    def perform_destroy(self, instance: Site) -> None:
        services.delete_site(site_id=instance.pk)
