"""`/api/tokens/`: one's own API tokens."""

import uuid

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import TOKEN_NAME_LENGTH, ApiToken
from accounts.selectors import tokens_of
from crowdsite.errors import CrowdsiteError


class TokenSerializer(serializers.ModelSerializer):
    """A token without its text."""

    id = serializers.UUIDField(source="reference", read_only=True)
    begins = serializers.CharField(source="shown", read_only=True, help_text="Its first characters.")
    created_at = serializers.DateTimeField(source="created", read_only=True)
    expires_at = serializers.DateTimeField(source="expiry", read_only=True, allow_null=True)
    expired = serializers.SerializerMethodField()

    class Meta:
        model = ApiToken
        fields = ["id", "name", "begins", "created_at", "expires_at", "expired", "last_used_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.BooleanField())
    def get_expired(self, token: ApiToken) -> bool:
        return token.expired(timezone.now())


class NewTokenSerializer(serializers.Serializer):
    """What a new token needs."""

    name = serializers.CharField(max_length=TOKEN_NAME_LENGTH, help_text="What it is for.")
    days = serializers.ChoiceField(
        choices=services.LIFETIME_DAYS, default=365, allow_null=True, help_text="Null: it does not expire."
    )


class CreatedTokenSerializer(TokenSerializer):
    """The answer to its creation, the only one with its text."""

    token = serializers.SerializerMethodField(help_text="Keep it: it is not shown again.")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields

    def get_token(self, token: ApiToken) -> str:
        return str(self.context["text"])


class TokenViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """One's own tokens; nobody sees those of others."""

    permission_classes = [IsAuthenticated]
    serializer_class = TokenSerializer
    lookup_field = "reference"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = ApiToken.objects.none()
    filter_backends: list[type] = []

    def get_queryset(self):  # type: ignore[no-untyped-def]
        return tokens_of(self.request.user)

    @extend_schema(request=NewTokenSerializer, responses={201: CreatedTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a token. Made with another token, it ends no later than that one."""
        wanted = NewTokenSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        made_with = request.auth if isinstance(request.auth, ApiToken) else None
        token, text = services.create_token(user=request.user, made_with=made_with, **wanted.validated_data)
        answer = CreatedTokenSerializer(token, context={"text": text})
        return Response(answer.data, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: uuid.UUID) -> Response:
        """Revoke a token; also the one that asks."""
        if not services.revoke_token(user=request.user, reference=id):
            raise CrowdsiteError("There is no such token. It may have been revoked already.", status=404)
        return Response(status=status.HTTP_204_NO_CONTENT)
