"""What follows from a camera's deletion, however it was deleted. Other apps clean up their own keys the same way."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from cameras.models import Camera
from cameras.status import clear_status
from crowdsite.store.connection import client


@receiver(post_delete, sender=Camera, dispatch_uid="cameras.forget_live_state")
def forget_live_state(instance: Camera, **_: Any) -> None:
    """A camera brought back must not begin with an old status."""
    clear_status(client(), instance.pk)
