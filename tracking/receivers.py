"""What follows in this room from a change in another."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from cameras.models import Camera
from crowdsite.store.connection import client
from tracking.counters import forget_camera


@receiver(post_delete, sender=Camera, dispatch_uid="tracking.forget_camera")
def forget_totals(instance: Camera, **_: Any) -> None:
    """A deleted camera's live totals go; its entries in `person_logs` are history and stay."""
    forget_camera(client(), instance.pk)
