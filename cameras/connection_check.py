"""Does this address give a picture? Tried before a camera is saved, with the capture that will watch it."""

import threading
from dataclasses import dataclass

from cameras.capture.errors import CaptureError
from cameras.capture.settings import CaptureSettings
from cameras.capture.sources import open_source
from cameras.live import encode
from crowdsite.errors import CrowdsiteError

TIMEOUT_SECS = 8.0
STILL_WIDTH = 960
# Each check runs a video program of its own.
MOST_AT_ONCE = 2

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """What came back. width, height: pixels. fps: what the source says it sends, None = it does not say."""

    width: int
    height: int
    fps: float | None
    backend: str
    note: str
    jpeg: bytes


def check_connection(settings: CaptureSettings, *, timeout_secs: float = TIMEOUT_SECS) -> ConnectionCheck:
    """Open the camera, take one picture and leave; blocks for `timeout_secs` at most.

    Raises CrowdsiteError: CaptureError with the camera's reason, `timeout` (504), `busy` (503).
    """
    if not _slots.acquire(blocking=False):
        raise CrowdsiteError("Other cameras are being checked. Try again in a few seconds.", code="busy", status=503)
    stop = threading.Event()
    alarm = threading.Timer(timeout_secs, stop.set)
    alarm.daemon = True
    alarm.start()
    try:
        return _look(settings, stop)
    except CaptureError:
        if stop.is_set():
            raise _no_answer(timeout_secs) from None
        raise
    finally:
        alarm.cancel()
        _slots.release()


def _look(settings: CaptureSettings, stop: threading.Event) -> ConnectionCheck:
    source = open_source(settings, stop)
    try:
        image = source.read()
        if image is None:
            raise CaptureError("stopped", "No picture came.")
        fps, note = source.nominal_fps, source.note
        return ConnectionCheck(source.width, source.height, fps, source.backend, note, encode(image, STILL_WIDTH))
    finally:
        source.close()


def _no_answer(timeout_secs: float) -> CrowdsiteError:
    return CrowdsiteError(
        f"The camera gave no picture within {timeout_secs:g} seconds. Check its address and that it is switched on.",
        code="timeout",
        status=504,
    )
