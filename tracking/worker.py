"""Ends the camera loops when their Celery worker ends, however it is asked to: SIGTERM, SIGQUIT, remote shutdown.

Threads cannot be interrupted from outside: without this, a worker would wait for its loops for ever. Every worker loads
this module, so it knows nothing of cameras; the node registers itself when it is made.
"""

from typing import Any, Protocol

from celery import bootsteps
from celery.signals import worker_shutdown, worker_shutting_down


class Stoppable(Protocol):
    def stop_loops(self) -> None:
        """Ask the loops to end; return at once. Called more than once."""

    def close(self) -> None:
        """The loops have ended: free what they shared."""


_nodes: list[Stoppable] = []


def register(node: Stoppable) -> None:
    """`node` is stopped with this worker."""
    _nodes.append(node)


def _stop(**_: Any) -> None:
    for node in _nodes:
        node.stop_loops()


class CameraLoops(bootsteps.StartStopStep):
    """Stands above the pool, so it is stopped first and the pool finds its threads at their end."""

    requires = {"celery.worker.components:Pool"}

    def stop(self, worker: Any) -> None:
        _stop()

    def terminate(self, worker: Any) -> None:
        _stop()


# A warm shutdown waits for running tasks before it stops any step; the loops have to end for that wait to end.
worker_shutting_down.connect(_stop, weak=False)


@worker_shutdown.connect
def _close(**_: Any) -> None:
    for node in _nodes:
        node.close()
