"""One detector shared by all cameras of the process.

Cameras are queued, not pictures: each camera's thread waits for its turn, and its newest picture is taken at the moment
a batch forms. So nothing grows old in a queue, a slow camera costs the others nothing, and first come, first served
gives every camera the same share of a detector that cannot keep up.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from loguru import logger

from cameras.frames import Frame
from crowdsite.errors import CrowdsiteError
from tracking.detections import Detections
from tracking.engines.base import Engine

Take = Callable[[], Frame | None]

_SMOOTHING = 0.1  # share of the newest value in the running averages


class DetectorError(CrowdsiteError):
    """The detector could not look at a picture; the next one may go through."""

    code = "detector_failed"
    status = 503


@dataclass(frozen=True, slots=True)
class CameraShare:
    """What one camera got of the detector. wait_ms: running average from asking to the start of its batch."""

    analysed: int = 0
    too_old: int = 0
    empty: int = 0
    failed: int = 0
    wait_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class DetectorLoad:
    """How busy the detector is. inference_ms: running average for one picture. batch: running average of pictures a
    call. waiting: cameras in the queue now."""

    inference_ms: float
    batch: float
    waiting: int


@dataclass(slots=True)
class _Request:
    key: Hashable
    take: Take
    asked_at: float
    done: threading.Event = field(default_factory=threading.Event)
    result: tuple[Frame, Detections] | None = None
    error: DetectorError | None = None


class BatchingDetector:
    """Owns `engine` and the thread that works it; closing it closes the engine.

    max_batch: most pictures a call, the engine's own figure when None. max_age_secs: older pictures are dropped.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_batch: int | None = None,
        max_age_secs: float = 2.0,
        clock: Callable[[], float] = time.time,
    ):
        self._engine = engine
        self._max_batch = max_batch or engine.max_batch
        self._max_age_secs = max_age_secs
        self._clock = clock
        self._changed = threading.Condition()
        self._queue: deque[_Request] = deque()
        self._asking: set[Hashable] = set()
        self._shares: dict[Hashable, CameraShare] = {}
        self._inference_ms = 0.0
        self._batch = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="detector", daemon=True)
        self._thread.start()

    def detect(self, key: Hashable, take: Take) -> tuple[Frame, Detections] | None:
        """Wait for a turn; the picture `take` gave and what was found in it, None where it gave none or an old one.

        `take` is called on the detector's thread, at the moment a batch forms: it has to return at once, with the
        newest picture or None. Raises DetectorError when `take` or the engine failed or the detector was closed, and
        ValueError when the camera `key` is waiting already.
        """
        request = _Request(key, take, time.monotonic())
        with self._changed:
            if self._closed:
                raise _closed()
            if key in self._asking:
                raise ValueError(f"camera {key} is waiting for the detector already")
            self._asking.add(key)
            self._queue.append(request)
            self._changed.notify()
        request.done.wait()
        if request.error:
            raise request.error
        return request.result

    def share(self, key: Hashable) -> CameraShare:
        """What the camera `key` got so far."""
        with self._changed:
            return self._shares.get(key, CameraShare())

    def forget(self, key: Hashable) -> None:
        """Drop the counters of a camera that has gone."""
        with self._changed:
            self._shares.pop(key, None)

    @property
    def load(self) -> DetectorLoad:
        """How busy the detector is now."""
        with self._changed:
            return DetectorLoad(self._inference_ms, self._batch, len(self._queue))

    def close(self) -> None:
        """Everybody who waits gets DetectorError; returns when the engine is freed. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            self._work(batch)
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
        for request in left:
            self._finish(request, error=_closed())
        self._engine.close()

    def _next_batch(self) -> list[_Request]:
        """The cameras that have waited longest, at most `max_batch`; none once the detector is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return []
            return [self._queue.popleft() for _ in range(min(self._max_batch, len(self._queue)))]

    def _work(self, batch: list[_Request]) -> None:
        """Look at one picture of each camera in `batch` and wake all of them, whatever happens."""
        started = time.monotonic()
        looked_at = [(request, frame) for request in batch if (frame := self._take(request, started)) is not None]
        if not looked_at:
            return
        try:
            found = self._engine.detect([frame.image for _, frame in looked_at])
            answered = list(zip(looked_at, found, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever the library raised, every camera has to be woken
            logger.exception("The detector {} failed", self._engine.name)
            for request, _ in looked_at:
                self._finish(
                    request, error=DetectorError(f"The detector {self._engine.name} failed: {error}"), failed=1
                )
            return
        self._measure((time.monotonic() - started) * 1000 / len(looked_at), len(looked_at))
        for (request, frame), detections in answered:
            self._finish(request, result=(frame, detections), analysed=1)

    def _take(self, request: _Request, started: float) -> Frame | None:
        """The camera's newest picture; where there is none to look at, the camera is woken here."""
        try:
            frame = request.take()
        except Exception as error:  # noqa: BLE001 - one camera's fault must not reach the others
            logger.exception("Camera {}: taking a picture failed", request.key)
            self._finish(request, error=DetectorError(f"The camera's picture could not be taken: {error}"), failed=1)
            return None
        if frame is None:
            self._finish(request, empty=1)
        elif self._clock() - frame.captured_at > self._max_age_secs:
            self._finish(request, too_old=1)
            frame = None
        if frame is not None:
            self._note_wait(request.key, (started - request.asked_at) * 1000)
        return frame

    def _finish(
        self,
        request: _Request,
        *,
        result: tuple[Frame, Detections] | None = None,
        error: DetectorError | None = None,
        **counts: int,
    ) -> None:
        request.result, request.error = result, error
        with self._changed:
            self._asking.discard(request.key)
            if counts:
                share = self._shares.get(request.key, CameraShare())
                self._shares[request.key] = replace(
                    share, **{name: getattr(share, name) + more for name, more in counts.items()}
                )
        request.done.set()

    def _note_wait(self, key: Hashable, wait_ms: float) -> None:
        with self._changed:
            share = self._shares.get(key, CameraShare())
            self._shares[key] = replace(share, wait_ms=_smoothed(share.wait_ms, wait_ms))

    def _measure(self, inference_ms: float, pictures: int) -> None:
        with self._changed:
            self._inference_ms = _smoothed(self._inference_ms, inference_ms)
            self._batch = _smoothed(self._batch, pictures)


def _smoothed(old: float, new: float) -> float:
    return new if not old else old + _SMOOTHING * (new - old)


def _closed() -> DetectorError:
    return DetectorError("The detector was closed: another model is being loaded or the process is ending.")
