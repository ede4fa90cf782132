"""The demo scene: what it draws is what it says, for any start, and both kinds of engine count it right."""

import itertools
import math

import numpy as np
import pytest

from cameras import demo
from cameras.demo import ROUND_SECS, SETTLE_SECS, DemoScene
from cameras.frames import Frame
from crowdsite.errors import NotAvailable
from tracking.engines import create_engine
from tracking.line_counter import LineCounter
from tracking.pipeline import Pipeline
from tracking.tracker import Tracker

ROUND = math.floor(1_800_000_000 / ROUND_SECS) * ROUND_SECS  # the beginning of a round


def test_a_picture_is_the_same_whoever_draws_it_and_fresh_each_time():
    one, other = DemoScene(ROUND), DemoScene(ROUND)
    image = one.frame_at(ROUND + 13)
    assert image.shape == (DemoScene.SIZE[1], DemoScene.SIZE[0], 3)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, other.frame_at(ROUND + 13))
    image[:] = 0
    assert one.frame_at(ROUND + 13).any()


def test_somebody_is_to_be_seen_most_of_the_time_and_walks():
    scene = DemoScene(ROUND)
    empty = scene.frame_at(ROUND)
    seen = [not np.array_equal(scene.frame_at(ROUND + second), empty) for second in range(2, 24)]
    assert np.mean(seen) > 0.9
    assert not np.array_equal(scene.frame_at(ROUND + 3.0), scene.frame_at(ROUND + 3.1))


def test_whoever_entered_before_the_start_is_not_drawn_nor_expected():
    start = ROUND + 2.0  # somebody is in the middle of the picture in a scene that began earlier
    empty = DemoScene(ROUND).frame_at(ROUND)
    assert not np.array_equal(DemoScene(ROUND).frame_at(start), empty)
    np.testing.assert_array_equal(DemoScene(start).frame_at(start), empty)
    assert DemoScene.crossings(start, start + 3) == []


@pytest.mark.parametrize("offset", [0, 3.7, 8, 12.5, 17.3, 23.9])
def test_numbers_rise_soon_and_nobody_leaves_who_never_came(offset):
    start = ROUND + offset
    crossings = DemoScene.crossings(start, start + 120)
    assert crossings[0][0] - start < 12
    inside = list(itertools.accumulate(1 if direction == "in" else -1 for _, direction in crossings))
    assert min(inside) >= 0
    assert max(inside) <= 5
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(crossings)]
    assert max(gaps) < 10


def test_expected_numbers_are_the_crossings_up_to_then():
    crossings = DemoScene.crossings(ROUND + 5, ROUND + 100)
    for until in (ROUND + 5, ROUND + 20, ROUND + 60.5, ROUND + 100):
        so_far = [direction for moment, direction in crossings if moment <= until]
        assert DemoScene.expected(ROUND + 5, until) == (so_far.count("in"), so_far.count("out"))


def test_as_many_leave_as_come_in_every_round_and_nobody_is_at_the_line_at_its_end():
    assert DemoScene.expected(ROUND, ROUND + 10 * ROUND_SECS) == (40, 40)
    for moment, _ in DemoScene.crossings(ROUND, ROUND + ROUND_SECS):
        assert SETTLE_SECS < moment - ROUND < ROUND_SECS - SETTLE_SECS


def test_without_the_picture_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(demo.importlib.util, "find_spec", lambda name: None)
    demo._people.cache_clear()
    with pytest.raises(NotAvailable, match="Install ultralytics"):
        DemoScene(ROUND)
    demo._people.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(("model", "fps"), [("yolov8n.onnx", 5.0), (None, 5.0)])
def test_every_engine_counts_what_truly_happens(request, model, fps):
    path = None if model is None else request.getfixturevalue("assets") / "weights" / model
    engine = create_engine(path, labels=frozenset({"person"}))
    start, seconds = ROUND, ROUND_SECS
    scene, pipeline = DemoScene(start), Pipeline(None, Tracker(), [LineCounter(DemoScene.LINE)], labels=engine.labels)
    crossings = []
    for index in range(int(seconds * fps)):
        at = start + index / fps
        image = scene.frame_at(at)
        crossings += pipeline.update(Frame(image, at, index), engine.detect([image])[0]).crossings
    crossings += pipeline.finish()
    assert len(crossings) == 8
    counted = [crossing.direction for crossing in crossings]
    assert (counted.count("in"), counted.count("out")) == DemoScene.expected(start, start + seconds)
    for crossing, (moment, direction) in zip(crossings, DemoScene.crossings(start, start + seconds), strict=True):
        assert crossing.direction == direction
        assert crossing.captured_at == pytest.approx(moment, abs=0.5)
