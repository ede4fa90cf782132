"""A camera that is kept open: one thread opens, reads and opens again; everybody else takes the newest pictures."""

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from loguru import logger
from numpy.typing import NDArray

from cameras.address import mask, mask_text
from cameras.capture.backoff import Backoff
from cameras.capture.errors import CaptureError
from cameras.capture.health import Health, HealthMeter
from cameras.capture.ring import Clip
from cameras.capture.settings import CaptureSettings
from cameras.capture.source import Source
from cameras.capture.sources import NAMES, open_source
from cameras.capture.tap import Kept
from cameras.frames import Frame
from crowdsite.log_context import inherited

__all__ = ["CaptureSettings", "Feed"]

CLOSE_SECS = 2.0
# Pictures for this long and the camera counts as well again; one that dies at once each time does not.
WELL_AFTER_SECS = 10.0
_FINGERPRINT_STEP = 16

NO_VIDEO = "Webcams and the demo scene send no video of their own, so nothing of it is kept."
NO_FFMPEG = "Only FFmpeg keeps a camera's video, and it is not among the capture programs."


class Feed:
    """Starts at once and goes on until `close`. A camera that fails is opened again and again, ever less often.

    `settings.buffer` pictures are kept: while nobody takes them, the oldest is dropped for each that comes, and
    counted. open_source and clock (unix seconds) are replaced by tests.
    """

    def __init__(
        self,
        settings: CaptureSettings,
        *,
        open_source: Callable[[CaptureSettings, threading.Event], Source] = open_source,
        clock: Callable[[], float] = time.time,
        backoff: Backoff | None = None,
    ):
        self.settings = settings
        self._open_source, self._clock = open_source, clock
        self._backoff = backoff or Backoff()
        self._meter = HealthMeter(target_fps=settings.fps, now=clock())
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._waiting: deque[Frame] = deque(maxlen=settings.buffer)
        self._index = 0
        self._is_up = False
        self._source: Source | None = None
        self._thread = threading.Thread(
            target=inherited(self._run), name=f"feed {mask(settings.url)[:40]}", daemon=True
        )
        self._thread.start()

    def take(self) -> Frame | None:
        """The oldest of the pictures that are kept, at once; None when all are taken. The caller owns it."""
        with self._news:
            return self._waiting.popleft() if self._waiting else None

    def wait(self, timeout_secs: float) -> bool:
        """Whether a picture lies ready to be taken, waiting up to `timeout_secs` for one."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._stop.is_set(), timeout_secs)
            return bool(self._waiting)

    def health(self) -> Health:
        return self._meter.health(self._clock())

    def kept(self) -> Kept | None:
        """What is kept of the camera's own video; None while that is switched off."""
        settings, source = self.settings, self._source
        if not settings.kept_secs:
            return None
        if not settings.keeps_video:
            return Kept(problem=NO_VIDEO if "ffmpeg" in settings.backend_priority else NO_FFMPEG)
        if source is None:
            return Kept()
        return source.tap.kept() if source.tap else Kept(problem=_other_program(source.backend))

    def keep(self, secs: int) -> None:
        """From now on keep `secs` seconds of the camera's own video, where it is kept at all."""
        self.settings = replace(self.settings, kept_secs=secs)
        source = self._source
        if source is not None and source.tap:
            source.tap.keep(secs)

    def clip(self) -> Clip | None:
        """The last seconds of the camera's own video; None while there are none."""
        source = self._source
        return source.tap.clip() if source is not None and source.tap else None

    def close(self) -> None:
        """End the capture and its process. Waits for that at most two seconds; may be called twice."""
        self._stop.set()
        with self._news:
            self._waiting.clear()
            self._news.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_SECS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch_once()
            except CaptureError as error:
                if self._stop.is_set():
                    return
                self._stop.wait(self._note_failure(error))
            except Exception as error:  # noqa: BLE001 - the camera must outlive a fault of the program
                if self._stop.is_set():
                    return
                logger.exception("{}: the capture failed unexpectedly", mask(self.settings.url))
                self._stop.wait(self._note_failure(_unexpected(error)))

    def _watch_once(self) -> None:
        """Open the camera and read it until it fails or the feed is closed."""
        source = self._source = self._open_source(self.settings, self._stop)
        try:
            opened_at = self._clock()
            self._meter.opened(
                backend=source.backend, size=(source.width, source.height), nominal_fps=source.nominal_fps,
                note=source.note, now=opened_at,
            )  # fmt: skip
            is_well = False
            while (image := source.read()) is not None:
                now = self._clock()
                self._offer(image, now)
                if not is_well and now - opened_at > WELL_AFTER_SECS:
                    is_well = True
                    self._backoff.reset()
        finally:
            self._source = None
            source.close()

    def _offer(self, image: NDArray[np.uint8], now: float) -> None:
        if not self._is_up:
            self._is_up = True
            logger.info("{} gives pictures, {} x {}", mask(self.settings.url), image.shape[1], image.shape[0])
        self._meter.arrived(now, _fingerprint(image))
        frame = Frame(image, now, self._index)
        self._index += 1
        with self._news:
            if len(self._waiting) == self._waiting.maxlen:
                self._meter.dropped += 1
            self._waiting.append(frame)
            self._news.notify()

    def _note_failure(self, error: CaptureError) -> float:
        """Remember and log it. Returns how long to wait."""
        now = self._clock()
        self._meter.failed(error, now)
        self._is_up = False
        wait_secs = self._backoff.next_secs(time.monotonic())
        if error.permanent:
            wait_secs = max(wait_secs, error.retry_secs)
        # The first failure is news, the hundredth is not.
        level = "WARNING" if self._backoff.tries == 1 else "DEBUG"
        url = self.settings.url
        logger.log(
            level, "{}: {} Next try in {:.0f} s. ({})",
            mask(url), error.message, wait_secs, mask_text(error.detail, url),
        )  # fmt: skip
        return wait_secs


def _unexpected(error: Exception) -> CaptureError:
    return CaptureError(
        "unexpected",
        "Reading the camera failed because of a fault in this program. Trying again; the log says more.",
        detail=f"{type(error).__name__}: {error}",
    )


def _other_program(backend: str) -> str:
    return f"Only FFmpeg keeps a camera's video; this one is opened with {NAMES.get(backend, backend)}."


def _fingerprint(image: NDArray[np.uint8]) -> int:
    """Equal for equal pictures; looks at a sample, so that it costs nothing beside the picture itself."""
    return zlib.crc32(image[::_FINGERPRINT_STEP, ::_FINGERPRINT_STEP].tobytes())
