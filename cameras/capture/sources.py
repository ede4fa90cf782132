"""Which backend opens which camera."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cameras.address import Address, parse
from cameras.capture.announced import open_gstreamer, open_opencv
from cameras.capture.errors import CaptureError
from cameras.capture.ffmpeg import FfmpegSource
from cameras.capture.settings import CaptureSettings
from cameras.capture.source import Source
from crowdsite.errors import CrowdsiteError

Opener = Callable[[Address, CaptureSettings, threading.Event], Source]

BACKENDS: dict[str, Opener] = {"ffmpeg": FfmpegSource, "gstreamer": open_gstreamer, "opencv": open_opencv}
NAMES = {"ffmpeg": "FFmpeg", "gstreamer": "GStreamer", "opencv": "OpenCV"}

# Another program may do better with these; a camera that refuses the password refuses every program.
_TRY_NEXT = frozenset({"ffmpeg_missing", "backend_missing", "backend_unsuitable", "unsupported_codec", "failed"})
# And with these, where the stream was opened and yet no picture came.
_TRY_NEXT_OPENED = _TRY_NEXT | {"timeout", "closed", "no_picture", "no_answer"}


def open_source(settings: CaptureSettings, stop: threading.Event) -> Source:
    """Open the camera with the first backend of `backend_priority` that gives a picture. Raises CaptureError.

    Call it from the thread that will read the source. Backends that are not installed or not known are passed over.
    """
    address = _address(settings)
    if address.kind == "demo":
        # Its scene loads pictures that only a machine with a demo camera needs.
        from cameras.capture.demo import DemoSource

        return DemoSource(address, settings, stop)
    errors: list[tuple[str, CaptureError]] = []
    for name in [name for name in settings.backend_priority if name in BACKENDS] or ["ffmpeg"]:
        try:
            source = _Proven(BACKENDS[name](address, settings, stop))
        except CaptureError as error:
            if error.code not in _TRY_NEXT or stop.is_set():
                raise
            errors.append((name, error))
            continue
        except OSError as error:
            raise _no_room(error) from error
        try:
            source.prove()
        except CaptureError as error:
            source.close()
            if error.code not in _TRY_NEXT_OPENED or stop.is_set():
                raise
            errors.append((name, error))
            continue
        except BaseException:
            source.close()
            raise
        if errors:
            source.note = _instead(name, errors, source.note)
        return source
    raise _worst(errors)


class _Proven:
    """A source that has shown its first picture, which is given out again."""

    def __init__(self, source: Source):
        self._source = source
        self._first: NDArray[np.uint8] | None = None
        self.backend, self.note, self.tap = source.backend, source.note, source.tap
        self.width, self.height, self.nominal_fps = source.width, source.height, source.nominal_fps

    @property
    def pid(self) -> int:
        """Of the program at work."""
        return self._source.pid  # type: ignore[attr-defined]

    def prove(self) -> None:
        self._first = self._source.read()

    def read(self) -> NDArray[np.uint8] | None:
        first, self._first = self._first, None
        return self._source.read() if first is None else first

    def close(self) -> None:
        self._source.close()


def _instead(name: str, errors: list[tuple[str, CaptureError]], note: str) -> str:
    """Which program is at work and why not the one before it; what everybody lacks is no news."""
    told = [(tried, error) for tried, error in errors if error.code != "backend_unsuitable"]
    if not told:
        return note
    reasons = " ".join(f"{NAMES[tried]}: {error.message}" for tried, error in told)
    return f"Opened with {NAMES[name]}. {reasons} {note}".rstrip()


def _worst(errors: list[tuple[str, CaptureError]]) -> CaptureError:
    """The error that says most; of several, the one of the program that was tried first."""
    vague = {"failed": 1, "backend_missing": 2, "backend_unsuitable": 3}
    return min((error for _name, error in errors), key=lambda error: vague.get(error.code, 0))


def _address(settings: CaptureSettings) -> Address:
    try:
        return parse(settings.url, folders=settings.folders, allow_loopback=settings.allow_loopback)
    except CrowdsiteError as error:
        raise CaptureError(error.code, error.message, permanent=True) from error


def _no_room(error: OSError) -> CaptureError:
    return CaptureError(
        "no_room",
        "This machine could not start the video program. It is short of memory, processes or open files.",
        detail=str(error),
    )
