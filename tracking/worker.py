"""Ends the camera loops when their Celery worker ends, however it is asked to: SIGTERM, SIGQUIT, remote shutdown.

Threads cannot be interrupted from outside: without this, a worker would wait for its loops for ever.
"""

from typing import Any

from celery import Celery, bootsteps
from celery.signals import worker_shutdown, worker_shutting_down

from tracking import node


class CameraLoops(bootsteps.StartStopStep):
    """Stands above the pool, so it is stopped first and the pool finds its threads at their end."""

    requires = {"celery.worker.components:Pool"}

    def stop(self, worker: Any) -> None:
        node.stop()

    def terminate(self, worker: Any) -> None:
        node.stop()


@worker_shutting_down.connect
def stop_at_the_first_signal(**_: Any) -> None:
    """A warm shutdown waits for tasks before it stops any step; the loops have to end for that wait to end."""
    node.stop()


@worker_shutdown.connect
def free_what_loops_shared(**_: Any) -> None:
    node.close()


def install(app: Celery) -> None:
    app.steps["worker"].add(CameraLoops)
