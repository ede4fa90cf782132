"""The one detector of this process: loaded when the first camera needs it, exchanged when its settings change."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from loguru import logger

from crowdsite.errors import CrowdsiteError
from tracking.batching import BatchingDetector
from tracking.registry import EngineChoice


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The part of the settings that decides which engine is loaded; another value means another engine.

    version: file and modification time of the weights, None while there are none. cores: of the processor, that the
    engine may use.
    """

    person_model: str
    version: tuple[str, float] | None
    device: str
    imgsz: int
    confidence: float
    track_objects: tuple[str, ...]
    cores: int = 0


@dataclass(frozen=True, slots=True)
class LoadedDetector:
    """A detector at work, and how it came to be chosen."""

    settings: ModelSettings
    choice: EngineChoice
    batching: BatchingDetector


class DetectorSource:
    """Hands the current detector to every loop. `load` is injected: it may take seconds (read, convert, compile)."""

    def __init__(self, load: Callable[[ModelSettings], EngineChoice]):
        self._load = load
        self._lock = threading.Lock()
        self._current: LoadedDetector | None = None
        self._error: str | None = None
        self._loading: ModelSettings | None = None

    @property
    def current(self) -> LoadedDetector | None:
        """None while the first one is loading or when loading failed: see `problem`."""
        return self._current

    @property
    def problem(self) -> str | None:
        """The sentence that says why there is no detector (or why the old one is still at work)."""
        return self._error

    def want(self, settings: ModelSettings) -> None:
        """Make `settings` the ones at work. Returns at once; the old detector serves until the new one is ready."""
        with self._lock:
            if settings == self._loading or (
                self._current and settings == self._current.settings and not self._loading
            ):
                return
            self._loading = settings
        threading.Thread(target=self._exchange, args=[settings], name="load-detector", daemon=True).start()

    def _exchange(self, settings: ModelSettings) -> None:
        try:
            choice = self._load(settings)
        except CrowdsiteError as error:
            self._fail(settings, error.message)
            return
        except Exception as error:  # noqa: BLE001 - a broken weights file raises whatever its reader likes
            self._fail(settings, f"The model {settings.person_model} could not be loaded: {error}")
            return
        fresh = LoadedDetector(settings, choice, BatchingDetector(choice.engine))
        with self._lock:
            if self._loading != settings:  # changed again while this one was loading
                obsolete: LoadedDetector | None = fresh
            else:
                obsolete, self._current = self._current, fresh
                self._loading, self._error = None, None
                logger.info("Detector ready: {} {}", choice.engine.name, choice.engine.model)
        if obsolete:
            obsolete.batching.close()

    def _fail(self, settings: ModelSettings, sentence: str) -> None:
        logger.error("{}", sentence)
        with self._lock:
            if self._loading == settings:
                self._error = sentence  # `_loading` stays, so that the same mistake is not tried every second

    def close(self) -> None:
        with self._lock:
            current, self._current = self._current, None
        if current:
            current.batching.close()
