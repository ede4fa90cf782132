"""Users of the three roles, for tests of pages and of the API."""

from django.contrib.auth.models import User

from accounts.services import create_token
from crowdsite.roles import assign_role, ensure_roles


def person(role: str, name: str = "") -> User:
    """A user who has this role and no other right, and no password: tests log in with `force_login`."""
    ensure_roles()
    user = User.objects.create_user(name or role)
    assign_role(user, role)
    return user


def api_token(user: User, days: int | None = 30) -> str:
    """The text of a new API token of this user."""
    return create_token(user=user, name="test", days=days)[1]
