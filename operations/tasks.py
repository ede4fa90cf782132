"""What beat starts for the installation itself."""

from celery import shared_task

from operations.history import prune


@shared_task
def prune_audit_trail() -> int:
    """Forget who changed what over 400 days ago."""
    return prune()
