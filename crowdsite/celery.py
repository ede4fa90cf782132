"""The Celery application: `celery -A crowdsite ...`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init, worker_ready, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crowdsite.settings")

app = Celery("crowdsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("tracking.worker:CameraLoops")


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Django has set logging up already; a receiver here keeps Celery from doing it again."""


@worker_init.connect
@beat_init.connect
def require_redis(**_: Any) -> None:
    """A process that cannot reach Redis says so in one sentence and ends."""
    import django

    django.setup()
    from crowdsite.startup import prepare  # Django has to be set up first

    prepare()


# Heartbeats begin once the pool's children are there, so that none of them inherits half a thread.
@worker_ready.connect
def worker_is_up(sender: Any, **_: Any) -> None:
    from operations import heartbeat

    heartbeat.start("worker", queues=sorted(sender.app.amqp.queues.consume_from))


@worker_process_init.connect
def child_is_up(**_: Any) -> None:
    """A child of the pool follows the log level too; it is not counted as a worker."""
    from operations import heartbeat

    heartbeat.start()


@beat_init.connect
def beat_is_up(**_: Any) -> None:
    from operations import heartbeat

    heartbeat.start("beat")


@worker_shutdown.connect
def worker_ends(**_: Any) -> None:
    from operations import heartbeat

    heartbeat.stop()
