"""A camera loop with a scripted camera and a detector that finds what was put into the pictures."""

import time
from pathlib import Path

import numpy as np
import pytest

from cameras.capture.rules import CaptureRules
from cameras.capture.settings import CaptureSettings
from cameras.frames import Frame
from cameras.selectors import CameraConfig
from tests.support.waiting import until
from tracking.detections import Detections
from tracking.detector_source import DetectorSource, ModelSettings
from tracking.gates import SceneRules
from tracking.loop import CameraLoop, LoopSettings
from tracking.registry import EngineChoice

CONFIG = CameraConfig(
    id=1, site_id=1, site_timezone="UTC", name="Gate", url="rtsp://10.0.0.5/x", transport="auto", orientation="normal",
    resolution="auto", profile="", ffmpeg_flags="", line=((0.5, 1.0), (0.5, 0.0)), reverse=False, line_version=1,
    enabled=True, inout_count=True, ppe=False, tasks=("in_count", "out_count"),
)  # fmt: skip
SETTINGS = LoopSettings(
    detector_fps=10, frame_skip=0, show_line=True, show_ids=False, show_counts=True, file_roots=(Path("/v"),)
)


class Brightest:
    """Finds the one bright box; remembers how many pictures it was shown."""

    name, model, labels, max_batch = "brightest", "", ("person",), 1

    def __init__(self):
        self.shown = 0

    def detect(self, images):
        self.shown += len(images)
        return [self._box(image) for image in images]

    def _box(self, image):
        rows, columns = np.nonzero(image[:, :, 0] > 200)
        if not len(rows):
            return Detections.empty()
        box = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
        return Detections(np.array(box, np.float32), np.array([0.9], np.float32), np.array([0], np.int16))

    def close(self):
        pass


class ScriptedFeed:
    def __init__(self, settings: CaptureSettings):
        self.settings, self.frames, self.closed = settings, [], False

    def wait(self, timeout_secs):
        return bool(self.frames)

    def take(self):
        return self.frames.pop(0) if self.frames else None

    def keep(self, secs):
        self.kept_secs = secs

    def close(self):
        self.closed = True


class Taken(list):
    """Events delivered, or pictures offered."""

    def put(self, event, timezone):
        self.append(event)

    def offer(self, camera_id, offer):
        self.append(offer)

    def forget(self, camera_id):
        pass


class Bench:
    def __init__(self, settings: LoopSettings):
        self.engine, self.events, self.pictures, self.feeds = Brightest(), Taken(), Taken(), []
        self.detectors = DetectorSource(lambda wanted: EngineChoice(self.engine, None))
        self.detectors.want(ModelSettings("m", None, "cpu", 640, 0.25, ("person",)))
        until(lambda: self.detectors.current)
        self.loop = CameraLoop(
            CONFIG, settings, detectors=self.detectors, delivery=self.events, pictures=self.pictures,
            open_feed=self._open,
        )  # fmt: skip
        # Pictures older than two seconds are dropped; a walk takes longer.
        self.started = time.time() - 0.5
        self.detectors.current.batching._max_age_secs = 1e9

    def _open(self, settings):
        self.feeds.append(ScriptedFeed(settings))
        return self.feeds[-1]

    def show(self, *places: int | None) -> None:
        """A picture each, a tenth of a second apart, with somebody's left edge at that x."""
        for place in places:
            image = np.full((360, 640, 3), 90, np.uint8)
            if place is not None:
                image[100:220, place : place + 40] = 255
            index = len(self.pictures)
            self.feeds[-1].frames.append(Frame(image, self.started + index / 10, index))
            assert self.loop.step()


@pytest.fixture
def bench():
    made = []

    def make(**changes) -> Bench:
        from dataclasses import replace

        made.append(Bench(replace(SETTINGS, **changes)))
        return made[-1]

    yield make
    for each in made:
        each.detectors.close()


WALK = [200 + 10 * n for n in range(25)]
PAUSE = [*[200 + 10 * n for n in range(9)], *[290] * 60, *[300 + 10 * n for n in range(15)]]


@pytest.mark.parametrize(
    "rules", [SceneRules(), SceneRules(adaptive=True), SceneRules(duplicate_levels=1.0), SceneRules(True, 1.0)]
)
def test_a_walk_after_a_calm_while_with_a_long_pause_before_the_line_is_counted_once(bench, rules):
    at_work = bench(scene=rules)
    at_work.show(*[None] * 60, *PAUSE, *[None] * 30)
    at_work.loop._finish()
    assert [event.event for event in at_work.events] == ["exit"]
    assert {event.track_id for event in at_work.events} == {1}


@pytest.mark.parametrize(("rules", "most"), [(SceneRules(adaptive=True), 45), (SceneRules(duplicate_levels=1.0), 2)])
def test_a_still_scene_spares_the_detector_and_stays_live(bench, rules, most):
    at_work = bench(scene=rules)
    at_work.show(*[None] * 200)
    assert at_work.engine.shown <= most
    # Every picture is offered to viewers, and none of them counts as missed.
    assert len(at_work.pictures) == 200
    assert at_work.loop.meter.handled_fps(time.time()) > at_work.loop.meter.fps(time.time())


def test_counting_switched_off_records_nothing_and_says_so_and_pictures_go_on(bench):
    at_work = bench(counting=False)
    at_work.show(*WALK)
    at_work.loop._finish()
    assert not at_work.events and len(at_work.pictures) == len(WALK)
    assert "switched off" in at_work.loop.note
    assert at_work.pictures[-1].overlay.lines == [] and not at_work.pictures[-1].overlay.show_counts


def test_counting_can_be_switched_while_running(bench):
    from dataclasses import replace

    at_work = bench(counting=False)
    at_work.show(None)
    at_work.loop.reconfigure(CONFIG, replace(SETTINGS, counting=True))
    at_work.show(*WALK)
    at_work.loop._finish()
    assert len(at_work.events) == 1 and len(at_work.feeds) == 1


def test_only_what_concerns_the_camera_opens_it_again(bench):
    from dataclasses import replace

    at_work = bench()
    other = CaptureRules(profiles={"yard": {"fps": 3.0}})
    at_work.loop.reconfigure(CONFIG, replace(SETTINGS, capture=other, scene=SceneRules(adaptive=True)))
    at_work.show(None)
    assert len(at_work.feeds) == 1
    at_work.loop.reconfigure(CONFIG, replace(SETTINGS, capture=CaptureRules(buffer=3)))
    at_work.loop.step()
    assert [feed.closed for feed in at_work.feeds] == [True, False]
    assert at_work.feeds[-1].settings.buffer == 3


def test_other_seconds_of_kept_video_open_nothing_again(bench):
    from dataclasses import replace

    at_work = bench(capture=CaptureRules(kept_secs=10))
    at_work.loop.reconfigure(CONFIG, replace(SETTINGS, capture=CaptureRules(kept_secs=20)))
    at_work.loop.step()
    assert ([feed.closed for feed in at_work.feeds], at_work.feeds[0].kept_secs) == ([False], 20)
    at_work.loop.reconfigure(CONFIG, replace(SETTINGS, capture=CaptureRules()))
    at_work.loop.step()
    assert [feed.closed for feed in at_work.feeds] == [True, False]
