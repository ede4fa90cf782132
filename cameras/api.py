"""`/api/cameras/` and `/api/sites/`."""

from django_filters import rest_framework as filters
from rest_framework import viewsets
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.parsers import FormParser, MultiPartParser

from cameras import services
from cameras.models import Camera, Site
from cameras.serializers import CameraSerializer, SiteSerializer
from crowdsite.api_pagination import Pages
from crowdsite.api_parsers import BoundedJSONParser
from crowdsite.api_permissions import ModelPermissions


class CameraFilter(filters.FilterSet):
    """`url` is absent on purpose: filtering by it would let a viewer guess passwords."""

    site_id = filters.NumberFilter(field_name="site_id", label="Number of the site")

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

    def perform_destroy(self, instance: Camera) -> None:
        services.delete_camera(camera_id=instance.pk)


class SiteViewSet(_RecordViewSet):
    """Sites: places with a time zone and a limit of people."""

    queryset = Site.objects.all()
    serializer_class = SiteSerializer
    filterset_fields = ["name"]
    ordering_fields = ["id", "name"]

    def perform_destroy(self, instance: Site) -> None:
        services.delete_site(site_id=instance.pk)
