"""Which backend opens which camera."""

import threading
from collections.abc import Callable

from cameras.address import Address, parse
from cameras.capture.errors import CaptureError
from cameras.capture.ffmpeg import FfmpegSource
from cameras.capture.settings import CaptureSettings
from cameras.capture.source import Source
from crowdsite.errors import CrowdsiteError
from crowdsite.masking import register_address

Opener = Callable[[Address, CaptureSettings, threading.Event], Source]

BACKENDS: dict[str, Opener] = {"ffmpeg": FfmpegSource}

# Another program may do better with these; a camera that refuses the password refuses every program.
_TRY_NEXT = frozenset({"ffmpeg_missing", "unsupported_codec", "failed"})


def open_source(settings: CaptureSettings, stop: threading.Event) -> Source:
    """Open the camera with the first backend of `backend_priority` that can. Raises CaptureError.

    Call it from the thread that will read the source. Backends that are not installed or not known are passed over.
    """
    # Whatever prints it from now on, a program, a library or an error: it is hidden.
    register_address(settings.url)
    address = _address(settings)
    if address.kind == "demo":
        # Its scene loads pictures that only a machine with a demo camera needs.
        from cameras.capture.demo import DemoSource

        return DemoSource(address, settings, stop)
    chosen = [BACKENDS[name] for name in settings.backend_priority if name in BACKENDS] or [FfmpegSource]
    errors: list[CaptureError] = []
    for opener in chosen:
        try:
            return opener(address, settings, stop)
        except CaptureError as error:
            if error.code not in _TRY_NEXT:
                raise
            errors.append(error)
        except OSError as error:
            raise _no_room(error) from error
    raise errors[0]


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
