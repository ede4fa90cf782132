"""Celery's side of the licence."""

from celery import shared_task

from licensing.services import watch_licence


@shared_task
def watch() -> None:
    """A licence that ends is said once in the log (beat, each minute)."""
    watch_licence()
