"""The Celery application: `celery -A crowdsite ...`."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crowdsite.settings")

app = Celery("crowdsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Django has set logging up already; a receiver here keeps Celery from doing it again."""
