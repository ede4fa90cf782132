"""Who sends an API request: `Authorization: Token <token>`."""

from datetime import timedelta
from hmac import compare_digest

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken

# The last use is written at most this often, so that a program that polls costs no write each time.
LAST_USE_EVERY = timedelta(minutes=1)


class TokenAuthentication(KnoxAuthentication):
    """As knox's, with a sentence for each reason to refuse. Expired tokens stay in their owner's list."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractUser, ApiToken]:
        try:
            text = token.decode("ascii")
        except UnicodeDecodeError:
            raise AuthenticationFailed("The token is not valid.") from None
        found = self._find(text)
        if found is None:
            raise AuthenticationFailed("The token is not valid. It may have been revoked.")
        now = timezone.now()
        if found.expired(now):
            raise AuthenticationFailed(
                "The token has expired. Make a new one on your account page.", code="token_expired"
            )
        if not found.user.is_active:
            raise AuthenticationFailed("The token's owner was deactivated. Ask an administrator.")
        due = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_EVERY)
        if found.last_used_at is None or found.last_used_at < now - LAST_USE_EVERY:
            ApiToken.objects.filter(due, pk=found.pk).update(last_used_at=now)
        return found.user, found

    def _find(self, text: str) -> ApiToken | None:
        digest = hash_token(text)
        candidates = ApiToken.objects.filter(token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH]).select_related("user")
        return next((token for token in candidates if compare_digest(digest, token.digest)), None)


class TokenScheme(OpenApiAuthenticationExtension):
    """How the API's description speaks of it."""

    target_class = TokenAuthentication
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Token <token>`. Make tokens on your account page.",
        }
