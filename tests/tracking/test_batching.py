"""The batching detector: fair, fresh, and never stuck on one camera."""

import threading
import time

import numpy as np
import pytest

from cameras.frames import Frame
from tracking.batching import BatchingDetector, DetectorError
from tracking.detections import Detections

NOW = 1_800_000_000.0


class FakeEngine:
    """Answers with a box per picture whose x is the picture's first byte. Waits for `gate` in every call."""

    name, model, labels, max_batch = "fake", "", ("person",), 4

    def __init__(self):
        self.calls: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.secs = 0.0
        self.inside = threading.Event()
        self.fail: Exception | None = None
        self.closed = False

    def detect(self, images):
        self.inside.set()
        assert self.gate.wait(10)
        time.sleep(self.secs)
        self.calls.append([int(image.flat[0]) for image in images])
        if self.fail:
            raise self.fail
        return [
            Detections(np.array([[image.flat[0], 0, 1, 1]], np.float32), np.ones(1, np.float32), np.zeros(1, np.int16))
            for image in images
        ]

    def close(self):
        self.closed = True


def picture(value: int, captured_at: float = NOW) -> Frame:
    return Frame(np.full((2, 2, 3), value, np.uint8), captured_at, value)


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def detector(engine):
    made = BatchingDetector(engine, clock=lambda: NOW)
    yield made
    engine.gate.set()
    made.close()


class Camera(threading.Thread):
    """Asks once, from a thread of its own."""

    def __init__(self, detector, key, take):
        super().__init__(daemon=True)
        self.detector, self.key, self.take = detector, key, take
        self.answer, self.error = None, None
        self.start()

    def run(self):
        try:
            self.answer = self.detector.detect(self.key, self.take)
        except DetectorError as error:
            self.error = error


def wait_for_queue(detector, length):
    for _ in range(1000):
        if detector.load.waiting == length:
            return
        time.sleep(0.005)
    pytest.fail(f"the queue never had {length} cameras")


def test_each_camera_gets_the_answer_to_its_own_picture(detector):
    frame, found = detector.detect("door", lambda: picture(7))
    assert (frame.index, found.xyxy[0, 0]) == (7, 7)


def test_cameras_that_wait_share_a_call_and_the_oldest_goes_first(detector, engine):
    engine.gate.clear()
    cameras = [Camera(detector, 0, lambda: picture(0))]
    assert engine.inside.wait(5)
    for key in range(1, 7):
        cameras.append(Camera(detector, key, lambda key=key: picture(key)))
        wait_for_queue(detector, key)
    engine.gate.set()
    for camera in cameras:
        camera.join(5)
    assert engine.calls == [[0], [1, 2, 3, 4], [5, 6]]
    assert [camera.answer[0].index for camera in cameras] == list(range(7))


def test_the_picture_is_taken_when_the_batch_forms_not_when_the_camera_asked(detector, engine):
    engine.gate.clear()
    first = Camera(detector, "busy", lambda: picture(0))
    assert engine.inside.wait(5)
    newest = picture(1)
    second = Camera(detector, "door", lambda: newest)
    wait_for_queue(detector, 1)
    newest = picture(2)
    engine.gate.set()
    first.join(5)
    second.join(5)
    assert second.answer[0].index == 2


def test_eight_cameras_get_equal_shares_of_a_slow_detector(engine):
    engine.secs = 0.005  # longer than a camera takes to come back with its next picture
    detector = BatchingDetector(engine, max_batch=3, clock=lambda: NOW)
    stop, analysed = threading.Event(), [0] * 8

    def loop(key):
        while not stop.is_set():
            if detector.detect(key, lambda: picture(key)):
                analysed[key] += 1
            if sum(analysed) >= 800:
                stop.set()

    threads = [threading.Thread(target=loop, args=[key], daemon=True) for key in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert min(analysed) / max(analysed) >= 0.9
    assert [detector.share(key).analysed for key in range(8)] == analysed
    detector.close()


def test_an_old_picture_is_dropped_and_counted(detector, engine):
    assert detector.detect("door", lambda: picture(1, NOW - 2.5)) is None
    assert engine.calls == []
    assert (detector.share("door").too_old, detector.share("door").analysed) == (1, 0)


def test_a_camera_without_a_picture_is_not_kept_waiting(detector):
    assert detector.detect("door", lambda: None) is None
    assert detector.share("door").empty == 1


def test_a_camera_whose_picture_cannot_be_taken_does_not_hurt_the_others(detector, engine):
    def broken():
        raise OSError("pipe closed")

    engine.gate.clear()
    first = Camera(detector, 0, lambda: picture(0))
    assert engine.inside.wait(5)
    bad = Camera(detector, "bad", broken)
    wait_for_queue(detector, 1)
    good = Camera(detector, "good", lambda: picture(5))
    wait_for_queue(detector, 2)
    engine.gate.set()
    for camera in (first, bad, good):
        camera.join(5)
    assert "pipe closed" in bad.error.message
    assert good.answer[0].index == 5
    assert detector.share("bad").failed == 1


def test_a_failing_engine_reaches_the_caller_as_a_sentence_and_the_next_call_works(detector, engine):
    engine.fail = RuntimeError("out of memory")
    with pytest.raises(DetectorError, match="The detector fake failed: out of memory"):
        detector.detect("door", lambda: picture(1))
    engine.fail = None
    assert detector.detect("door", lambda: picture(2))[0].index == 2


def test_an_engine_that_answers_too_little_is_a_failure_of_that_call_alone(detector, engine):
    engine.detect, whole = lambda images: [], engine.detect
    with pytest.raises(DetectorError):
        detector.detect("door", lambda: picture(1))
    engine.detect = whole
    assert detector.detect("door", lambda: picture(2))[0].index == 2


def test_a_camera_asks_for_one_picture_at_a_time(detector, engine):
    engine.gate.clear()
    first = Camera(detector, "door", lambda: picture(1))
    assert engine.inside.wait(5)
    with pytest.raises(ValueError, match="waiting for the detector already"):
        detector.detect("door", lambda: picture(2))
    engine.gate.set()
    first.join(5)
    assert first.answer[0].index == 1


def test_closing_wakes_everybody_and_frees_the_engine(detector, engine):
    engine.gate.clear()
    at_work = Camera(detector, 0, lambda: picture(0))
    assert engine.inside.wait(5)
    waiting = Camera(detector, 1, lambda: picture(1))
    wait_for_queue(detector, 1)
    closing = threading.Thread(target=detector.close)
    closing.start()
    engine.gate.set()
    for thread in (closing, at_work, waiting):
        thread.join(5)
        assert not thread.is_alive()
    assert at_work.answer[0].index == 0
    assert "closed" in waiting.error.message
    assert engine.closed
    with pytest.raises(DetectorError, match="closed"):
        detector.detect(2, lambda: picture(2))


def test_load_and_waits_are_measured(detector):
    detector.detect("door", lambda: picture(1))
    assert detector.load.inference_ms > 0
    assert detector.load.batch == 1
    assert detector.share("door").wait_ms > 0
    detector.forget("door")
    assert detector.share("door").analysed == 0
