import numpy as np
import pytest

from cameras.frames import Frame
from tests.support.trajectories import SIZE, detections, directions
from tracking.detections import Detections
from tracking.line_counter import LineCounter
from tracking.pipeline import Pipeline
from tracking.tracker import Tracker

LABELS = ("person", "bicycle", "car")
MIDDLE = ((0.5, 1.0), (0.5, 0.0))
PICTURE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def frame(index, fps=10.0):
    return Frame(PICTURE, 1000.0 + index / fps, index)


def walker(x_at, label=0):
    """A detector that finds one object whose feet are at x_at(index)."""
    return lambda picture: detections([(x_at(picture.index), 250)], label=label)


def run(pipeline, indices):
    crossings = [c for index in indices for c in pipeline.step(frame(index)).crossings]
    return crossings + list(pipeline.finish())


def test_a_walk_through_the_line_is_one_crossing_with_the_time_of_the_picture():
    pipeline = Pipeline(walker(lambda i: 800 - 20 * i), Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    (crossing,) = run(pipeline, range(40))
    assert crossing.direction == "in"
    assert crossing.captured_at == pytest.approx(1001.5, abs=0.15)


def test_skipped_pictures_change_the_time_and_not_the_count():
    pipeline = Pipeline(walker(lambda i: 800 - 20 * i), Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    (crossing,) = run(pipeline, [0, 1, 2, 5, 6, 11, 13, 16, 19, 25, 26, 31, 36])
    assert crossing.captured_at == pytest.approx(1001.5, abs=0.3)


def test_detections_found_elsewhere_give_the_same_result():
    detect = walker(lambda i: 800 - 20 * i)
    stepped = Pipeline(detect, Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    updated = Pipeline(None, Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    for index in range(40):
        one, other = stepped.step(frame(index)), updated.update(frame(index), detect(frame(index)))
        assert one.crossings == other.crossings
        assert np.array_equal(one.tracks.xyxy, other.tracks.xyxy)
    with pytest.raises(TypeError, match="update"):
        updated.step(frame(41))


def test_only_the_wanted_classes_are_followed():
    for label, expected in ((0, ["in"]), (2, [])):
        pipeline = Pipeline(
            walker(lambda i: 800 - 20 * i, label), Tracker(), [LineCounter(MIDDLE)], labels=LABELS, track={"person"}
        )
        assert directions(run(pipeline, range(40))) == expected


def test_a_class_the_model_does_not_know_is_refused():
    with pytest.raises(ValueError, match="dragon"):
        Pipeline(None, Tracker(), labels=LABELS, track={"dragon"})


def test_every_line_counts_for_itself():
    lines = [LineCounter(((x, 1.0), (x, 0.0)), index=i) for i, x in enumerate((0.6, 0.5, 0.1))]
    pipeline = Pipeline(walker(lambda i: 800 - 20 * i), Tracker(), lines, labels=LABELS)
    crossings = run(pipeline, range(30))
    assert [(c.line, c.direction) for c in crossings] == [(0, "in"), (1, "in")]
    assert crossings[0].track_id == crossings[1].track_id


def test_a_new_line_keeps_the_tracks():
    pipeline = Pipeline(
        walker(lambda i: 800 - 20 * i), Tracker(), [LineCounter(((0.9, 1.0), (0.9, 0.0)))], labels=LABELS
    )
    before = pipeline.step(frame(0)).tracks.id.tolist()
    pipeline.set_lines([LineCounter(MIDDLE, reverse=True)])
    assert directions(run(pipeline, range(1, 40))) == ["out"]
    assert pipeline.counters[0].line == MIDDLE
    assert before == [1]
    assert pipeline.step(frame(40)).tracks.id.tolist() == [1]


def test_setting_the_same_line_again_forgets_nobody():
    pipeline = Pipeline(walker(lambda i: 800 - 20 * i), Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    crossings = []
    for index in range(40):
        pipeline.set_lines([LineCounter(MIDDLE)])
        crossings += pipeline.step(frame(index)).crossings
    assert directions(crossings) == ["in"]


def test_empty_pictures_pass():
    pipeline = Pipeline(lambda picture: Detections.empty(), Tracker(), [LineCounter(MIDDLE)], labels=LABELS)
    assert run(pipeline, range(5)) == []
