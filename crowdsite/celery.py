"""The Celery application: `celery -A crowdsite ...`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init

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
