"""One camera's loop: newest picture, detector, tracker, lines, events. Runs for hours; touches no network itself.

What the loop needs from outside (its configuration, whether it may go on) is brought to it by `tracking.keeper`, and
what it produces is taken by `tracking.delivery` and `tracking.pictures`, so that a slow Redis never costs a picture.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from loguru import logger

from cameras.capture.feed import Feed
from cameras.capture.rules import CaptureRules
from cameras.capture.rules import capture_settings as resolved
from cameras.capture.settings import CaptureSettings
from cameras.frames import Frame
from cameras.selectors import CameraConfig
from crowdsite.clock import now
from tracking.batching import DetectorError
from tracking.delivery import EventDelivery
from tracking.detector_source import DetectorSource, LoadedDetector
from tracking.engines import Engine
from tracking.events import Event
from tracking.gates import SceneGate, SceneRules, SkipGate
from tracking.line_counter import Crossing, LineCounter
from tracking.meter import LoopMeter
from tracking.overlay import Overlay
from tracking.pictures import Offer, PictureDesk
from tracking.pipeline import Pipeline, StepResult
from tracking.tracker import Tracker

IDLE_WAIT_SECS = 0.2
COUNTING_OFF = "Counting entries and exits is switched off in the settings, so nothing is recorded."


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """The installation-wide settings a loop follows. counting: whether crossings are recorded at all."""

    detector_fps: float
    frame_skip: int
    show_line: bool
    show_ids: bool
    show_counts: bool
    file_roots: tuple[Path, ...]
    scene: SceneRules = field(default_factory=SceneRules)
    counting: bool = True
    capture: CaptureRules = field(default_factory=CaptureRules)


def capture_settings(config: CameraConfig, settings: LoopSettings) -> CaptureSettings:
    """How the camera is opened. Pictures that `frame_skip` will drop have to be captured first."""
    fps = settings.detector_fps * (settings.frame_skip + 1)
    return resolved(config, settings.capture, fps=fps, folders=settings.file_roots)


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
        self.meter = LoopMeter(now())
        self.day_totals = (0, 0)
        self.opened_at = 0.0
        self.first_analysed_at: float | None = None
        self._detectors = detectors
        self._delivery = delivery
        self._pictures = pictures
        self._open_feed = open_feed
        self._config = config
        self._settings = settings
        self._wanted: tuple[CameraConfig, LoopSettings] | None = None
        self._skip = SkipGate(settings.frame_skip)
        self._scene = SceneGate(settings.scene)
        self._pipeline: Pipeline | None = None
        self._pipeline_detector: LoadedDetector | None = None
        self._detector_error = ""
        self.feed = self._open(config, settings)

    @property
    def config(self) -> CameraConfig:
        """The configuration at work."""
        return self._config

    @property
    def engine(self) -> Engine | None:
        """The engine at work; None while it is loading."""
        current = self._detectors.current
        return current.choice.engine if current else None

    @property
    def outdated(self) -> int:
        """Pictures that were too old when the detector had time for them."""
        current = self._detectors.current
        return current.batching.share(self._config.id).too_old if current else 0

    @property
    def problem(self) -> str:
        """Why nothing is being counted although pictures arrive, in a sentence; "" when all is well."""
        if self._detectors.current is None:
            return self._detectors.problem or "The detection model is being loaded."
        return self._detector_error

    @property
    def is_counting(self) -> bool:
        """Whether crossings of this camera are to be recorded."""
        return self._settings.counting and self._config.inout_count

    @property
    def analysed_share(self) -> float:
        """The share of the captured pictures that `frame_skip` lets through."""
        return 1 / (self._settings.frame_skip + 1)

    @property
    def note(self) -> str:
        """What an operator should know about how this camera is counted, "" for nothing."""
        current = self._detectors.current
        if not self._settings.counting and self._config.inout_count:
            return COUNTING_OFF
        return (
            self._detectors.problem
            or (current.choice.reason or current.choice.notice if current else "")
            or self._settings.capture.note_for(self._config)
        )

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
            self._finish()

    def step(self) -> bool:
        """Analyse one picture. False when there was none to analyse yet."""
        self._apply_changes()
        detector = self._detectors.current
        if detector is None or not self.feed.wait(IDLE_WAIT_SECS):
            self.stop.wait(0 if detector else IDLE_WAIT_SECS)
            return False
        take = self._take
        if not self._settings.scene.is_open:
            frame = self._take()
            if frame is None or self._spared(frame, detector):
                return frame is not None
            take = partial(self._take_later, frame)
        try:
            found = detector.batching.detect(self._config.id, take)
        except DetectorError as error:
            self._detector_error = str(error)
            self._scene.forget()
            self.stop.wait(IDLE_WAIT_SECS)
            return False
        self._detector_error = ""
        if found is None:
            self._scene.forget()
            return False
        frame, detections = found
        self._scene.follow(frame.image, frame.captured_at)
        result = self._pipeline_for(detector).update(frame, detections)
        self.first_analysed_at = self.first_analysed_at or frame.captured_at
        self.meter.analysed(now(), frame.captured_at)
        self._publish(frame, result, detector)
        return True

    def _spared(self, frame: Frame, detector: LoadedDetector) -> bool:
        """Whether the picture shows nothing new; the boxes of the last analysed one then hold for it too."""
        pipeline = self._pipeline_for(detector)
        if self._scene.admits(frame.image, frame.captured_at, occupied=len(pipeline.tracker) > 0):
            return False
        self.meter.spared(now())
        self._publish(frame, pipeline.repeat(frame), detector)
        return True

    def _take_later(self, frame: Frame) -> Frame:
        """The picture that comes to the detector in place of `frame`: a newer one, unless pictures wait in line."""
        newer = self.feed.take() if self.feed.settings.buffer == 1 and not self._settings.frame_skip else None
        return newer or frame

    def _publish(self, frame: Frame, result: StepResult, detector: LoadedDetector) -> None:
        for crossing in result.crossings:
            self._deliver(crossing, detector)
        self._show(frame, result, detector)

    def _take(self) -> Frame | None:
        """The next picture that `frame_skip` lets through; called when a batch forms."""
        frame = self.feed.take()
        return frame if frame is not None and self._skip.admits() else None

    def _pipeline_for(self, detector: LoadedDetector) -> Pipeline:
        # Another model means other labels, so tracks start afresh.
        if self._pipeline is None or self._pipeline_detector is not detector:
            # The engine gives only what is to be counted, so every track is followed.
            self._pipeline = Pipeline(None, Tracker(), self._lines(), labels=detector.choice.engine.labels)
            self._pipeline_detector = detector
            self._scene = SceneGate(self._settings.scene)
        return self._pipeline

    def _lines(self) -> list[LineCounter]:
        config = self._config
        if config.line is None or not self.is_counting:
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

    def _show(self, frame: Frame, result: StepResult, detector: LoadedDetector) -> None:
        config, settings = self._config, self._settings
        overlay = Overlay(
            tracks=result.tracks,
            lines=[config.line] if config.line is not None and self.is_counting else [],
            reverse=config.reverse,
            counts=self.day_totals,
            labels=detector.choice.engine.labels,
            show_line=settings.show_line,
            show_ids=settings.show_ids,
            show_counts=settings.show_counts and self.is_counting,
        )
        self._pictures.offer(config.id, Offer(frame, overlay))

    def _finish(self) -> None:
        """Who was over the line in the last second is counted; the detector forgets the camera."""
        if (detector := self._detectors.current) is None:
            return
        if self._pipeline is not None and self._pipeline_detector is detector:
            for crossing in self._pipeline.finish():
                self._deliver(crossing, detector)
        detector.batching.forget(self._config.id)

    def _apply_changes(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        old = capture_settings(self._config, self._settings)
        if wanted[1].frame_skip != self._settings.frame_skip:
            self._skip = SkipGate(wanted[1].frame_skip)
        if wanted[1].scene != self._settings.scene:
            self._scene = SceneGate(wanted[1].scene)
        self._config, self._settings = wanted
        if self._pipeline is not None:
            self._pipeline.set_lines(self._lines())
        if capture_settings(*wanted) != old:
            self.feed.close()
            self.feed = self._open(*wanted)
            self._pipeline, self.first_analysed_at = None, None
        elif (kept_secs := capture_settings(*wanted).kept_secs) != self.feed.settings.kept_secs:
            self.feed.keep(kept_secs)

    def _open(self, config: CameraConfig, settings: LoopSettings) -> Feed:
        self.opened_at = now()
        return self._open_feed(capture_settings(config, settings))
