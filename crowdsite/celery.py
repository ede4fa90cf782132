"""The Celery application: `celery -A crowdsite ...`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init, worker_ready, worker_shutdown
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crowdsite.settings")
_PREFIX = "CELERY_"


class CelerySettings:
    """The settings whose names begin with CELERY_, under Celery's own names.

    Workers show their configuration to Flower and to `inspect conf`. Celery hides the password of a `broker_url`; it
    would show all of Django's settings, and a CELERY_BROKER_URL, as they are.
    """

    def __dir__(self) -> list[str]:
        return [name.removeprefix(_PREFIX).lower() for name in dir(settings) if name.startswith(_PREFIX)]

    def __getattr__(self, name: str) -> Any:
        return getattr(settings, f"{_PREFIX}{name.upper()}")


app = Celery("crowdsite")
app.config_from_object(CelerySettings())
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
