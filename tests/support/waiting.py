"""Waiting for something that another thread or process will do."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], timeout_secs: float = 15.0, step_secs: float = 0.02) -> None:
    """Return once `condition()` is true. The limit is generous: it only ends a test that would otherwise hang."""
    deadline = time.monotonic() + timeout_secs
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {timeout_secs} s")
        time.sleep(step_secs)
