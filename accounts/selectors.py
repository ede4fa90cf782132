"""Reading people: who they are, what they may see, where they are logged in."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, User
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.lockout import locked_names
from accounts.models import ApiToken, Profile, Session
from accounts.sessions import ended_at
from accounts.user_agents import in_words
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, OPERATOR, ROLES, VIEWER

ROLE_WORDS: Mapping[str, str | Promise] = {
    VIEWER: _("Viewer"),
    OPERATOR: _("Operator"),
    ADMINISTRATOR: _("Administrator"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list of people. `state` is active, invited, inactive or locked; `sites` None = all."""

    user: User
    role: str
    state: str
    sites: Sequence[str] | None

    @property
    def role_words(self) -> str | Promise:
        return ROLE_WORDS.get(self.role, _("No role"))


@dataclass(frozen=True, slots=True)
class Login:
    """A session as its owner sees it."""

    reference: uuid.UUID
    device: str
    ip: str
    last_seen: datetime
    current: bool


def site_choices() -> list[tuple[int, str]]:
    """Numbers and names of the sites, by name. The model is named by a setting: its app is built on this one."""
    sites = apps.get_model(settings.VISIBLE_SITE_MODEL)
    return [(site.pk, str(site)) for site in sites.objects.order_by("name")]


def role_of(user: AbstractUser) -> str:
    """The strongest role; empty for somebody who has none. Superusers are administrators."""
    if user.is_superuser:
        return ADMINISTRATOR
    held = {group.name for group in user.groups.all()}
    return next((role for role in reversed(ROLES) if role in held), "")


def administrators() -> QuerySet[User]:
    """Those who can log in and do everything: active, with a password."""
    found = User.objects.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR), is_active=True)
    return found.exclude(password="").exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).distinct()


def people() -> list[Person]:
    """Everybody, by name; whoever was deactivated last."""
    names = dict(site_choices())
    locked = locked_names()
    users = get_user_model().objects.select_related("profile").prefetch_related("groups")
    return [_person(user, names, locked) for user in users.order_by("-is_active", "username")]


def person(user_id: int) -> Person:
    """One of them. Raises CrowdsiteError (404)."""
    user = get_user_model().objects.select_related("profile").filter(pk=user_id).first()
    if user is None:
        raise CrowdsiteError("This person does not exist. The account may have been deleted.", status=404)
    return _person(user, dict(site_choices()), locked_names())


def _person(user: User, names: Mapping[int, str], locked: frozenset[str]) -> Person:
    if not user.is_active:
        state = "inactive"
    elif user.get_username() in locked:
        state = "locked"
    else:
        state = "active" if user.has_usable_password() else "invited"
    role = role_of(user)
    profile: Profile | None = getattr(user, "profile", None)
    limited = profile is not None and not profile.all_sites and role != ADMINISTRATOR
    sites = [names[number] for number in profile.site_ids if number in names] if limited else None
    return Person(user=user, role=role, state=state, sites=sites)


def sessions_of(user: AbstractUser) -> QuerySet[Session]:
    """Those that still count, the last used first."""
    now = timezone.now()
    idle_since = now - timedelta(seconds=settings.SESSION_IDLE_SECS)
    return Session.objects.filter(user_id=user.pk, expire_date__gt=now, last_seen__gt=idle_since).order_by("-last_seen")


def logins(user: AbstractUser, current_key: str | None) -> list[Login]:
    """The sessions of `user`, the one with `current_key` marked."""
    return [
        Login(row.reference, in_words(row.user_agent), row.ip or "", row.last_seen, row.session_key == current_key)
        for row in sessions_of(user)
        if ended_at(row) > timezone.now()
    ]


def tokens_of(user: AbstractUser) -> QuerySet[ApiToken]:
    """The newest first, expired ones included."""
    return ApiToken.objects.filter(user_id=user.pk)
