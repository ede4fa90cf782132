"""The tracker alone, fed with boxes made by hand."""

import resource
from pathlib import Path

import numpy as np
import pytest

from tests.support.trajectories import SIZE, boxes, detections, follow
from tracking.detections import Detections
from tracking.line_counter import LineCounter
from tracking.tracker import Tracker, TrackerSettings


def ids(tracks):
    return set(tracks.id.tolist())


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_a_walker_keeps_one_id_and_is_confirmed_after_half_a_second():
    seen = follow(Tracker(), [[(100 + 10 * i, 300)] for i in range(30)])
    assert set().union(*(ids(t) for t in seen)) == {1}
    assert [bool(t.confirmed[0]) for t in seen[:7]] == [False] * 5 + [True] * 2


@pytest.mark.parametrize("fps", [1, 2, 3, 5, 10, 15, 30])
def test_a_walker_keeps_one_id_at_every_rate(fps):
    """At one picture a second a walker's boxes do not overlap at all."""
    xs = np.arange(100.0, 900.0, 80.0 / fps)
    seen = follow(Tracker(), [[(x, 300)] for x in xs], fps=fps)
    assert set().union(*(ids(t) for t in seen)) == {1}
    assert seen[-1].confirmed.all()


def test_irregular_intervals_and_skipped_pictures_do_not_matter():
    rng = np.random.default_rng(1)
    tracker, at, seen = Tracker(), 50.0, set()
    while at < 60:
        seen |= ids(tracker.update(detections([(100 + 80 * (at - 50), 300)]), at, SIZE))
        at += rng.choice([0.03, 0.1, 0.4, 0.9])
    assert seen == {1}


def test_two_people_who_meet_and_pass_keep_their_ids():
    pictures = [[(200 + 15 * i, 300), (800 - 15 * i, 330)] for i in range(40)]
    seen = follow(Tracker(), pictures)
    at_start, at_end = seen[0], seen[-1]
    assert dict(zip(at_start.id.tolist(), at_start.anchor[:, 1].round(2).tolist(), strict=True)) == {1: 0.6, 2: 0.66}
    assert dict(zip(at_end.id.tolist(), at_end.anchor[:, 1].round(2).tolist(), strict=True)) == {1: 0.6, 2: 0.66}


def test_two_people_abreast_are_two_tracks():
    seen = follow(Tracker(), [[(100 + 10 * i, 300), (125 + 10 * i, 306)] for i in range(30)])
    assert all(ids(t) == {1, 2} for t in seen)


def test_two_boxes_of_one_person_are_one_track():
    tracker = Tracker()
    for i in range(20):
        x = 100 + 10 * i
        double = boxes([(x, 300), (x + 4, 304)])
        tracks = tracker.update(
            Detections(double, np.array([0.8, 0.5], np.float32), np.zeros(2, np.int16)), i / 10, SIZE
        )
        assert ids(tracks) == {1}


def test_a_torso_or_a_face_of_somebody_is_nobody_else():
    tracker = Tracker()
    for i in range(20):
        x = 100 + 10 * i
        whole_and_part = np.concatenate([boxes([(x, 300)]), boxes([(x, 240)], 35)])
        tracks = tracker.update(
            Detections(whole_and_part, np.array([0.8, 0.7], np.float32), np.zeros(2, np.int16)), i / 10, SIZE
        )
        assert ids(tracks) == {1}


def test_a_person_behind_a_post_for_a_second_keeps_the_id():
    pictures = [[(100 + 10 * i, 300)] if not 20 <= i < 30 else [] for i in range(50)]
    seen = follow(Tracker(), pictures)
    assert set().union(*(ids(t) for t in seen)) == {1}
    assert not any(len(t) for t in seen[20:30])


def test_who_comes_back_after_a_long_time_is_somebody_new():
    seen = follow(Tracker(), [*[[(100, 300)]] * 10, *[[]] * 40, *[[(100, 300)]] * 10])
    assert ids(seen[0]) == {1}
    assert ids(seen[-1]) == {2}


def test_an_outage_of_the_camera_ends_all_tracks():
    tracker = Tracker()
    follow(tracker, [[(100, 300)]] * 10)
    assert ids(tracker.update(detections([(100, 300)]), 60.0, SIZE)) == {2}


def test_a_false_alarm_of_one_picture_is_never_confirmed():
    seen = follow(Tracker(), [[(700, 200)] if i == 5 else [] for i in range(40)])
    assert not any(t.confirmed.any() for t in seen)


def test_weak_boxes_start_no_track_and_continue_one():
    tracker = Tracker()
    assert len(tracker.update(detections([(100, 300)], score=0.26), 0.0, SIZE)) == 0
    tracker.update(detections([(100, 300)], score=0.9), 0.1, SIZE)
    assert ids(tracker.update(detections([(102, 300)], score=0.26), 0.2, SIZE)) == {1}


def test_a_car_never_becomes_a_person():
    tracker = Tracker()
    follow(tracker, [[(100, 300)]] * 10)
    tracks = tracker.update(detections([(100, 300)], label=2), 1.0, SIZE)
    assert (tracks.id.tolist(), tracks.label.tolist()) == ([2], [2])


def test_ids_belong_to_the_tracker():
    one, other = Tracker(), Tracker()
    follow(one, [[(100, 300), (500, 300)]])
    assert ids(follow(other, [[(100, 300)]])[0]) == {1}


def test_boxes_are_smoothed():
    rng = np.random.default_rng(2)
    true = np.array([[300 + 8 * i, 300] for i in range(80)], float)
    noisy = true + rng.normal(0, 4, true.shape)
    seen = follow(Tracker(), [[tuple(p)] for p in noisy])
    feet = np.array([t.anchor[0] * SIZE for t in seen])
    assert np.abs(feet - true)[20:].mean() < 0.75 * np.abs(noisy - true)[20:].mean()


def test_boxes_and_anchors_stay_inside_the_picture():
    seen = follow(Tracker(), [[(980 + 2 * i, 480 + 3 * i)] for i in range(15)])
    for tracks in seen:
        assert (tracks.xyxy >= 0).all()
        assert (tracks.xyxy <= [*SIZE, *SIZE]).all()
        assert (tracks.anchor <= 1).all()


def test_a_new_resolution_changes_neither_ids_nor_anchors():
    tracker = Tracker()
    follow(tracker, [[(100 + 10 * i, 300)] for i in range(20)])
    large = Detections(boxes([(600, 600)], 200), np.array([0.9], np.float32), np.zeros(1, np.int16))
    tracks = tracker.update(large, 2.0, (SIZE[0] * 2, SIZE[1] * 2))
    assert ids(tracks) == {1}
    assert tracks.anchor[0] == pytest.approx([0.3, 0.6], abs=0.005)


def test_tracks_go_on_when_the_clock_of_the_source_is_set_back():
    tracker = Tracker()
    before = follow(tracker, [[(100 + 10 * i, 300)] for i in range(10)], start=5000.0)
    after = follow(tracker, [[(200 + 10 * i, 300)] for i in range(10)], start=1000.0)
    assert set().union(*(ids(t) for t in [*before, *after])) == {1}


def test_no_detections_at_all_is_a_picture_too():
    tracker = Tracker()
    for i in range(3):
        assert len(tracker.update(Detections.empty(), i / 10, SIZE)) == 0


def test_three_hundred_people_are_followed_at_once():
    grid = np.array([(20 + 32 * column, 110 + 42 * row) for row in range(10) for column in range(30)], float)
    pictures = [[tuple(p) for p in grid + np.array([2 * i, 0])] for i in range(8)]
    seen = follow(Tracker(), pictures)
    assert all(len(t) == 300 for t in seen)
    assert set().union(*(ids(t) for t in seen)) == set(range(1, 301))
    assert (np.diff(seen[-1].anchor[np.argsort(seen[-1].id), 0].reshape(10, 30), axis=1) > 0).all()


def test_the_same_pictures_give_the_same_tracks():
    rng = np.random.default_rng(3)
    pictures = [[tuple(p) for p in rng.uniform([0, 100], SIZE, (12, 2))] for _ in range(30)]
    for one, other in zip(follow(Tracker(), pictures), follow(Tracker(), pictures), strict=True):
        assert np.array_equal(one.id, other.id)
        assert np.array_equal(one.xyxy, other.xyxy)


@pytest.mark.slow
def test_memory_stays_flat_over_a_million_tracks():
    """Everybody is seen for one picture, somewhere else than anybody before: a new id each, and nothing is kept."""
    # Short lives, so that a million of them take seconds and not hours.
    tracker = Tracker(TrackerSettings(lost_secs=0.05, tentative_secs=0.05, confirm_secs=0.0, lost_pictures=0.0))
    counter = LineCounter(((0.5, 0.0), (0.5, 1.0)))
    size = (40_000, 4_000)
    crowd = [
        Detections(boxes(points), np.full(100, 0.9, np.float32), np.zeros(100, np.int16))
        for points in ([(200 + 390 * i + 195 * half, 2000) for i in range(100)] for half in (0, 1))
    ]
    used = []
    for picture in range(10_000):
        last = tracker.update(crowd[picture % 2], float(picture), size)
        counter.update(last)
        if picture % 2000 == 1999:
            used.append(resident_bytes())
            assert len(tracker) <= 200
            assert len(counter) <= 300
    assert last.id.max() == 1_000_000
    assert used[-1] - used[0] < 4_000_000
