"""Celery's side of the camera loops: which task runs what. The rules are elsewhere."""

from celery import Task, shared_task

from cameras.selectors import enabled_camera_ids
from crowdsite.clock import now
from crowdsite.store.connection import client
from tracking.events import prune_events
from tracking.models import TrackingSettings
from tracking.reconcile import DISPATCH_SECS, GPU_QUEUE, reconcile


@shared_task(bind=True, queue=GPU_QUEUE, acks_late=False)
def track_camera(self: Task, camera_id: int) -> None:
    """Run a camera until it is stopped. Returns at once when another loop has it."""
    from tracking import node  # loads OpenCV and the rest, which only workers of the gpu queue need

    node.current().run_loop(camera_id, task_id=self.request.id)


@shared_task
def reconcile_cameras() -> None:
    """Every enabled camera has a loop (beat, each second)."""
    reconcile(
        client(),
        enabled_camera_ids(),
        lambda camera_id: track_camera.apply_async([camera_id], expires=DISPATCH_SECS),
    )


@shared_task
def prune_person_logs() -> None:
    """Forget entries and exits older than the settings say (beat, each hour)."""
    days = TrackingSettings.load().person_log_retention_days
    prune_events(client(), before=now() - days * 24 * 3600)
