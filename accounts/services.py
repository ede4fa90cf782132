"""Writing people: accounts, roles, visible sites, sessions and tokens. Each rule stands here once."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AbstractUser, Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import lockout
from accounts.models import TOKEN_NAME_LENGTH, ApiToken, Profile, Session
from accounts.selectors import administrators, role_of
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, ROLES, assign_role

LAST_ADMINISTRATOR = "This is the last administrator who can log in. Make somebody else administrator first."
TOKENS_PER_USER = 50
LIFETIME_DAYS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do and see. `sites` None = all, also those made later; administrators see all anyway."""

    role: str
    sites: Sequence[int] | None = None


def create_person(*, username: str, email: str, access: Access, password: str | None = None) -> User:
    """A new account. Without a password it waits for its owner to set one. Raises CrowdsiteError."""
    user = User(username=username, email=email)
    _check_access(access)
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    try:
        with transaction.atomic():
            user.full_clean(exclude=["password"])
            user.save()
            _give(user, access)
    except ValidationError as error:
        raise CrowdsiteError(" ".join(error.messages), fields=error.message_dict) from error
    except IntegrityError:
        sentence = "Somebody with this user name already exists."
        raise CrowdsiteError(sentence, fields={"username": [sentence]}) from None
    return user


@transaction.atomic
def change_person(*, user: User, email: str, access: Access, active: bool) -> User:
    """Change an account. Raises CrowdsiteError where the last administrator would be lost."""
    _check_access(access)
    if not active or access.role != ADMINISTRATOR:
        _keep_an_administrator(user)
    was_active = User.objects.filter(pk=user.pk, is_active=True).exists()
    user.email = email
    user.is_active = active
    user.save(update_fields=["email", "is_active"])
    _give(user, access)
    if was_active and not active:
        end_sessions(user=user)
    return user


@transaction.atomic
def set_active(*, user: User, active: bool) -> None:
    """Deactivate: logged out at once, tokens refused, everything kept. Or undo that."""
    if not active:
        _keep_an_administrator(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        end_sessions(user=user)


@transaction.atomic
def delete_people(*, users: Iterable[User]) -> int:
    """Delete accounts with their sessions and tokens. All or none. Returns how many."""
    wanted = list(users)
    _keep_an_administrator(*wanted)
    for user in wanted:
        user.delete()
    return len(wanted)


def set_password(*, user: User, password: str, keep_session: str | None = None) -> None:
    """A new password: every other session ends, failed attempts with this name are forgotten. Raises CrowdsiteError."""
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user=user, keep=keep_session)
    lockout.forget_failures(user)


def set_email(*, user: User, email: str) -> None:
    """A new mail address."""
    user.email = email
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise CrowdsiteError(" ".join(error.messages), fields=error.message_dict) from error
    user.save(update_fields=["email"])


def end_session(*, user: AbstractUser, reference: uuid.UUID) -> bool:
    """End one session of `user`; False when it had ended already."""
    count, _ = Session.objects.filter(user_id=user.pk, reference=reference).delete()
    return count > 0


def end_sessions(*, user: AbstractUser, keep: str | None = None) -> int:
    """End all sessions of `user` but the one with the key `keep`. Returns how many."""
    count, _ = Session.objects.filter(user_id=user.pk).exclude(session_key=keep or "").delete()
    return count


def create_token(
    *, user: AbstractUser, name: str, days: int | None, made_with: ApiToken | None = None
) -> tuple[ApiToken, str]:
    """A new token and its text, which is not kept. `days` None = it does not expire.

    A token made with another token ends no later than that one: a stolen key must not prolong itself.
    """
    name = name.strip()
    if not name or len(name) > TOKEN_NAME_LENGTH:
        sentence = f"Give the token a name of 1 to {TOKEN_NAME_LENGTH} characters."
        raise CrowdsiteError(sentence, fields={"name": [sentence]})
    if days is not None and days not in LIFETIME_DAYS:
        choices = ", ".join(str(choice) for choice in LIFETIME_DAYS)
        sentence = f"A token lasts {choices} days, or does not expire."
        raise CrowdsiteError(sentence, fields={"days": [sentence]})
    if ApiToken.objects.filter(user_id=user.pk).count() >= TOKENS_PER_USER:
        raise CrowdsiteError(f"There are {TOKENS_PER_USER} tokens already. Revoke some that nobody uses.", status=409)
    lifetime = timedelta(days=days) if days is not None else None
    if made_with is not None and made_with.expiry is not None:
        left = made_with.expiry - timezone.now()
        lifetime = left if lifetime is None else min(left, lifetime)
    token, text = ApiToken.objects.create(user, expiry=lifetime, name=name)
    return token, text


def revoke_token(*, user: AbstractUser, reference: uuid.UUID) -> bool:
    """Revoke one token of `user`; False when there is none."""
    count, _ = ApiToken.objects.filter(user_id=user.pk, reference=reference).delete()
    return count > 0


def _give(user: User, access: Access) -> None:
    if role_of(user) != access.role or not user.groups.filter(name=access.role).exists():
        assign_role(user, access.role)
    values = {"all_sites": access.sites is None, "site_ids": sorted(set(access.sites or ()))}
    Profile.objects.update_or_create(user=user, defaults=values)


def _check_access(access: Access) -> None:
    if access.role not in ROLES:
        sentence = "Choose a role."
        raise CrowdsiteError(sentence, fields={"role": [sentence]})


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CrowdsiteError(" ".join(error.messages), fields={"password": error.messages}) from error


def _keep_an_administrator(*leaving: User) -> None:
    """Refuse when nobody else could administer. Call it in a transaction: the group's row serialises the callers."""
    Group.objects.select_for_update().filter(name=ADMINISTRATOR).first()
    left = administrators().exclude(pk__in=[user.pk for user in leaving])
    if not left.exists() and any(role_of(user) == ADMINISTRATOR for user in leaving):
        raise CrowdsiteError(LAST_ADMINISTRATOR, code="last_administrator", status=409)
