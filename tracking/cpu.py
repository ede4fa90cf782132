"""How many of the machine's processor cores this process may use, changed while it runs (Linux)."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
from loguru import logger

_ALL = frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset(range(os.cpu_count() or 1))
# Read by the number libraries of programs that are started later, such as the one that converts models.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def allowed_cores(percent: int, cores: frozenset[int] = _ALL) -> frozenset[int]:
    """`percent` of `cores`, rounded up to whole ones; always the same ones, so that several workers share them."""
    count = max(1, math.ceil(len(cores) * percent / 100))
    return frozenset(sorted(cores)[:count])


class CpuLimit:
    """Keeps this process, its threads and its capture programs on its share of the cores."""

    def __init__(self, proc: Path = Path("/proc")):
        self._proc = proc
        self._applied: frozenset[int] | None = None

    def apply(self, percent: int) -> int:
        """Make `percent` the share at work, and return its number of cores. Cheap when nothing has changed.

        Threads and programs inherit the cores of the thread that starts them. Libraries that bind threads of their own
        may have chosen others, so everybody is looked at each time.
        """
        cores = allowed_cores(percent)
        changed = cores != self._applied
        unlimited = self._applied is None and cores == _ALL
        if changed:
            self._set_library_threads(len(cores))
            if not unlimited:
                logger.info("This node uses {} of {} processor cores", len(cores), len(_ALL))
            self._applied = cores
        if sys.platform == "linux" and not unlimited and (changed or cores != _ALL):
            for thread in self._threads():
                _keep_on(thread, cores, widen=changed)
        return len(cores)

    def _set_library_threads(self, count: int) -> None:
        cv2.setNumThreads(count)
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(count)))
        if (torch := sys.modules.get("torch")) is not None:
            torch.set_num_threads(count)

    def _threads(self) -> Iterator[int]:
        """Every thread of this process and of the programs below it."""
        waiting = [os.getpid()]
        while waiting:
            process = waiting.pop()
            with suppress(OSError):
                for task in (self._proc / str(process) / "task").iterdir():
                    yield int(task.name)
                    with suppress(OSError):
                        waiting += map(int, (task / "children").read_text().split())


def _keep_on(thread: int, cores: frozenset[int], *, widen: bool) -> None:
    """widen: also a thread that has fewer cores than it may."""
    with suppress(OSError):  # it has ended
        now = os.sched_getaffinity(thread)
        if now != cores and (widen or not now <= cores):
            os.sched_setaffinity(thread, cores)
