"""`/api/license`, and v81's `/license`: what the licence says; a new key; none any more."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crowdsite.api_permissions import ModelPermissions
from licensing import services
from licensing.models import Licence
from licensing.serializers import LicenceKeySerializer, LicenceSerializer, licence_json


class LicencePermissions(ModelPermissions):
    """Whoever is logged in may read what is licensed; a new key, or none, is a change of the one licence."""

    perms_map = {
        **ModelPermissions.perms_map,
        "GET": [],
        "HEAD": [],
        "POST": ["licensing.change_licence"],
        "DELETE": ["licensing.change_licence"],
    }


class LicenceView(APIView):
    """The licence of this installation."""

    permission_classes = [LicencePermissions]
    queryset = Licence.objects.none()  # names the model to the permission class

    @extend_schema(operation_id="license_retrieve", responses=LicenceSerializer)
    def get(self, request: Request) -> Response:
        """Who it is for, what it allows, until when. Never the key."""
        return Response(licence_json())

    @extend_schema(operation_id="license_create", request=LicenceKeySerializer, responses=LicenceSerializer)
    def post(self, request: Request) -> Response:
        """Put a new key to work, at once in every process. A key that is refused changes nothing."""
        given = LicenceKeySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        services.activate_licence(license_key=given.validated_data["license_key"], by=request.user.get_username())
        return Response(licence_json())

    @extend_schema(operation_id="license_destroy", responses={200: LicenceSerializer})
    def delete(self, request: Request) -> Response:
        """Work without a licence: the optional modules stop, counting goes on."""
        services.remove_licence(by=request.user.get_username())
        return Response(licence_json())


@extend_schema(exclude=True)
class V81LicenceView(LicenceView):
    """The same at the address v81 gave it."""
