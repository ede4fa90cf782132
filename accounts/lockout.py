"""Throttling of the login (django-axes): who fails too often waits.

Two limits: LOGIN_FAILURES_PER_NAME for one name from one address, LOGIN_FAILURES_PER_ADDRESS for one address whatever
names it tries. Nobody can lock somebody else out: failures elsewhere do not count against one's own address. Attempts
are rows of the SQL database, so that all web processes count together and a restart forgives nothing.
"""

import math

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils import timezone

from accounts.clients import throttled_address


class LockoutHandler(AxesDatabaseHandler):
    """Adds the limit for one address to axes' limit for a name and an address."""

    def is_locked(self, request: HttpRequest, credentials: dict[str, str] | None = None) -> bool:
        if super().is_locked(request, credentials):
            return True
        attempts = _recent().filter(ip_address=request.axes_ip_address)
        return _failures(attempts) >= settings.LOGIN_FAILURES_PER_ADDRESS


def locked_names() -> frozenset[str]:
    """User names that somebody cannot log in with at the moment, from at least one address."""
    found = (
        _recent()
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"))
        .filter(failures__gte=settings.LOGIN_FAILURES_PER_NAME)
    )
    return frozenset(row["username"] for row in found if row["username"])


def minutes_left(request: HttpRequest) -> int:
    """How long the client of `request` has to wait, in whole minutes, at least one."""
    last = (
        _recent()
        .filter(ip_address=throttled_address(request))
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    left = settings.AXES_COOLOFF_TIME if last is None else last + settings.AXES_COOLOFF_TIME - timezone.now()
    return max(1, math.ceil(left.total_seconds() / 60))


def forget_failures(user: AbstractUser) -> None:
    """Forget failed attempts with this user's name, and no others: who changes the own password again and again must
    not get as many attempts with the names of others."""
    AccessAttempt.objects.filter(username=user.get_username()).delete()


def unlock(user: AbstractUser) -> int:
    """Forget failed attempts with this user's name, and those of the addresses they came from. Returns how many.

    For administrators: it lets whoever shares those addresses try any name again.
    """
    addresses = AccessAttempt.objects.filter(username=user.get_username()).values_list("ip_address", flat=True)
    count, _ = AccessAttempt.objects.filter(
        Q(username=user.get_username()) | Q(ip_address__in=[address for address in addresses if address])
    ).delete()
    return count


def _recent() -> QuerySet[AccessAttempt]:
    return AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME)


def _failures(attempts: QuerySet[AccessAttempt]) -> int:
    return int(attempts.aggregate(total=Coalesce(Sum("failures_since_start"), 0))["total"])
