"""One camera's loop: newest picture, detector, tracker, lines, events. Runs for hours; touches no network itself.

What the loop needs from outside (its configuration, whether it may go on) is brought to it by `tracking.keeper`, and
what it produces is taken by `tracking.delivery` and `tracking.pictures`, so that a slow Redis never costs a picture.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from loguru import logger

from cameras.capture.feed import CaptureSettings, Feed
from cameras.frames import Frame
from cameras.selectors import CameraConfig
from tracking.batching import DetectorError
from tracking.delivery import EventDelivery
from tracking.detector_source import DetectorSource, LoadedDetector
from tracking.events import Event
from tracking.gates import SkipGate
from tracking.line_counter import Crossing, LineCounter
from tracking.pictures import PictureDesk
from tracking.pipeline import Pipeline, StepResult
from tracking.tracker import Tracker

IDLE_WAIT_SECS = 0.2


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """The installation-wide settings a loop follows."""

    detector_fps: float
    frame_skip: int
    show_line: bool
    show_ids: bool
    show_counts: bool


class CameraLoop:
    """`run` until `stop` is set. `reconfigure` from any thread."""

    def __init__(
        self,
        config: CameraConfig,
        settings: LoopSettings,
        *,
        detectors: DetectorSource,
        delivery: EventDelivery,
        pictures: PictureDesk,
        open_feed: Callable[[CaptureSettings], Feed] = Feed,
    ):
        self.stop = threading.Event()
        self.analysed = 0
        self.problem: str | None = None
        self._detectors = detectors
        self._delivery = delivery
        self._pictures = pictures
        self._open_feed = open_feed
        self._config = config
        self._settings = settings
        self._wanted: tuple[CameraConfig, LoopSettings] | None = None
        self._skip = SkipGate(settings.frame_skip)
        self._pipeline: Pipeline | None = None
        self._pipeline_detector: LoadedDetector | None = None
        self.feed = self._open(config, settings)

    @property
    def config(self) -> CameraConfig:
        """The configuration at work."""
        return self._config

    def reconfigure(self, config: CameraConfig, settings: LoopSettings) -> None:
        """Takes effect at the loop's next step, within a fraction of a second."""
        self._wanted = (config, settings)

    def run(self) -> None:
        """Step until stopped, then free the camera."""
        try:
            while not self.stop.is_set():
                self.step()
        finally:
            self.feed.close()
            self._pictures.forget(self._config.id)

    def step(self) -> bool:
        """Analyse one picture. False when there was none to analyse yet."""
        self._apply_changes()
        detector = self._detectors.current
        if detector is None or not self.feed.wait(IDLE_WAIT_SECS):
            self.stop.wait(0 if detector else IDLE_WAIT_SECS)
            return False
        try:
            found = detector.batching.detect(self._config.id, self._take)
        except DetectorError as error:
            self.problem = str(error)
            self.stop.wait(IDLE_WAIT_SECS)
            return False
        self.problem = None
        if found is None:
            return False
        frame, detections = found
        result = self._pipeline_for(detector).update(frame, detections)
        self.analysed += 1
        for crossing in result.crossings:
            self._deliver(crossing, detector)
        self._show(frame, result)
        return True

    def _take(self) -> Frame | None:
        """The newest picture the gates let through; called when a batch forms."""
        frame = self.feed.take()
        return frame if frame is not None and self._skip.admits() else None

    def _pipeline_for(self, detector: LoadedDetector) -> Pipeline:
        # Another model means other labels, so tracks start afresh.
        if self._pipeline is None or self._pipeline_detector is not detector:
            # The engine gives only what is to be counted, so every track is followed.
            self._pipeline = Pipeline(None, Tracker(), self._lines(), labels=detector.choice.engine.labels)
            self._pipeline_detector = detector
        return self._pipeline

    def _lines(self) -> list[LineCounter]:
        config = self._config
        if config.line is None or not config.inout_count:
            return []
        return [LineCounter(config.line, config.reverse)]

    def _deliver(self, crossing: Crossing, detector: LoadedDetector) -> None:
        config = self._config
        engine = detector.choice.engine
        event = Event.new(
            direction=crossing.direction,
            ts=crossing.captured_at,
            score=crossing.score,
            camera_id=config.id,
            site_id=config.site_id,
            label=engine.labels[crossing.label],
            track_id=crossing.track_id,
            line_version=config.line_version,
            model=engine.model or engine.name,
        )
        self._delivery.put(event, config.site_timezone)
        logger.bind(camera_id=config.id).info(
            "{}: {} {} (track {})", config.name, event.label, event.event, event.track_id
        )

    def _show(self, frame: Frame, result: StepResult) -> None:
        self._pictures.offer(self._config, self._settings, frame, result)

    def _apply_changes(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        old = capture_settings(self._config, self._settings)
        if wanted[1].frame_skip != self._settings.frame_skip:
            self._skip = SkipGate(wanted[1].frame_skip)
        self._config, self._settings = wanted
        if self._pipeline is not None:
            self._pipeline.set_lines(self._lines())
        if capture_settings(*wanted) != old:
            self.feed.close()
            self.feed = self._open(*wanted)
            self._pipeline = None

    def _open(self, config: CameraConfig, settings: LoopSettings) -> Feed:
        return self._open_feed(capture_settings(config, settings))
