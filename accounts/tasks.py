"""Mail about accounts, and tidying. Tokens are made here: none ever lies in a queue."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from accounts import mail
from accounts.models import Session

EXPIRES_SECS = 3600
_RETRIES = {"max_retries": 5, "retry_backoff": 10, "retry_backoff_max": 300}


@shared_task(autoretry_for=(OSError,), **_RETRIES)
def send_invitation(user_id: int, address: str) -> None:
    """To somebody who was added. Whoever was deleted meanwhile gets none."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is not None:
        mail.send_invitation(user, address)


@shared_task(autoretry_for=(OSError,), **_RETRIES)
def send_reset(email: str, address: str) -> None:
    """To everybody with this mail address, if there is anybody."""
    mail.send_reset(email, address)


def queue_reset(email: str, address: str) -> None:
    """The same work for known and unknown addresses. Monitoring tools do not show the address."""
    send_reset.apply_async((email, address), argsrepr="('…',)", kwargsrepr="{}", expires=EXPIRES_SECS)


def queue_invitation(user_id: int, address: str) -> None:
    """Expires like its link would."""
    send_invitation.apply_async((user_id, address), expires=EXPIRES_SECS)


@shared_task
def forget_ended_sessions() -> None:
    """Rows of sessions that ended by themselves."""
    idle_since = timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECS)
    Session.objects.filter(Q(expire_date__lte=timezone.now()) | Q(last_seen__lte=idle_since)).delete()
