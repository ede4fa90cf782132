"""Whose sites a person sees. The one rule that pages, API, streams and admin ask."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from accounts.models import Profile
from crowdsite.roles import ADMINISTRATOR


def visible_site_ids(user: AbstractBaseUser | AnonymousUser) -> frozenset[int] | None:
    """The numbers of the sites `user` may see; None = all of them, also those made later.

    Administrators and superusers see all. Nobody, and whoever was deactivated, sees none. Asks the SQL database each
    time (once for those who see all), so a change holds from the next request on.
    """
    if not (user.is_authenticated and user.is_active):
        return frozenset()
    if user.is_superuser:
        return None
    limits = Profile.objects.filter(user_id=user.pk, all_sites=False).values_list("site_ids", flat=True).first()
    if limits is None or user.groups.filter(name=ADMINISTRATOR).exists():
        return None
    return frozenset(limits)
