"""The line counter alone, fed with tracks made by hand. The line stands at x = 500; left of it is *in*."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.trajectories import SIZE, directions, tracks, walk
from tracking.line_counter import LineCounter, LineRules

DOWN_THE_MIDDLE = ((0.5, 1.0), (0.5, 0.0))
DOOR = ((0.5, 0.6), (0.5, 0.4))

FAR_LEFT, LEFT, RIGHT, FAR_RIGHT = 300.0, 440.0, 560.0, 700.0

TRAJECTORIES = [
    # walks through, right to left
    ([600, 560, 520, 480, 440, 400], ["in"]),
    # the other way
    ([400, 440, 480, 520, 560, 600], ["out"]),
    # turns back before the line
    ([600, 560, 520, 510, 520, 560, 600], []),
    # gets a toe over it (2 % of the height) and turns back
    ([600, 540, 498, 498, 498, 540, 600], []),
    # one stray box on the far side: A, A, A, B, A, A, A
    ([600, 600, 600, 300, 600, 600, 600], []),
    # the same in a person's first moments
    ([600, 300, 600, 600, 600, 600, 600], []),
    # two stray boxes in a row, over before anybody could have walked there and back
    ([600, 600, 600, 440, 440, 600, 600, 600], []),
    # goes in, looks round, comes out
    ([600, 550, 500, 450, 400, 350, 350, 400, 450, 500, 550, 600, 650], ["in", "out"]),
    # hidden behind a post while crossing
    ([600, 560, None, None, None, None, 440, 400, 360, 320], ["in"]),
    # away for so long that it may be anybody
    ([600, 560, *[None] * 30, 440, 400, 360, 320], []),
    # a single huge step, as at one picture a second
    ([700, 700, 300, 300, 300, 300], ["in"]),
    # seen on the far side only once, then out of the picture: nobody came back
    ([600, 580, 560, 540, 520, 470], ["in"]),
    # creeps over the line, 2 pixels a picture
    (list(range(540, 460, -2)), ["in"]),
    # first seen close to the line
    ([502, 490, 470, 450, 430, 410], ["in"]),
    # stands there
    ([600] * 20, []),
]


@pytest.mark.parametrize(("xs", "expected"), TRAJECTORIES)
def test_a_walk_is_counted_as_a_person_watching_would(xs, expected):
    assert directions(walk(LineCounter(DOWN_THE_MIDDLE), xs)) == expected


@pytest.mark.parametrize(("xs", "expected"), TRAJECTORIES)
def test_reverse_swaps_in_and_out(xs, expected):
    swapped = [{"in": "out", "out": "in"}[direction] for direction in expected]
    assert directions(walk(LineCounter(DOWN_THE_MIDDLE, reverse=True), xs)) == swapped


@pytest.mark.parametrize(("xs", "expected"), TRAJECTORIES)
def test_drawing_the_line_the_other_way_swaps_in_and_out(xs, expected):
    a, b = DOWN_THE_MIDDLE
    swapped = [{"in": "out", "out": "in"}[direction] for direction in expected]
    assert directions(walk(LineCounter((b, a)), xs)) == swapped


@given(steps=st.lists(st.floats(-60, 60, allow_nan=False), min_size=2, max_size=80))
@settings(max_examples=150, deadline=None)
def test_ins_and_outs_alternate_and_agree_with_where_the_walk_ended(steps):
    xs = np.clip(600 + np.cumsum(steps), 0, 1000).tolist()
    counted = directions(walk(LineCounter(DOWN_THE_MIDDLE), [600.0, *xs]))
    assert all(first != second for first, second in itertools.pairwise(counted))
    assert abs(counted.count("in") - counted.count("out")) <= 1
    if xs[-1] < 400 and len(xs) > 3 and max(xs[-4:]) < 400:
        assert counted.count("in") - counted.count("out") == 1


def test_a_crossing_carries_the_moment_and_place_of_the_step_over_the_line():
    (crossing,) = walk(LineCounter(DOWN_THE_MIDDLE, index=3), [560, 540, 520, 490, 460, 430, 400], y=250)
    assert crossing.captured_at == pytest.approx(0.2 + 0.1 * 2 / 3)
    assert crossing.anchor == pytest.approx((0.5, 0.5))
    assert (crossing.line, crossing.track_id, crossing.label) == (3, 1, 0)
    assert crossing.score == pytest.approx(0.9)


def test_who_steps_past_the_end_of_a_short_line_is_not_counted():
    assert walk(LineCounter(DOOR), [600, 550, 450, 400, 350, 300], y=400) == []
    assert directions(walk(LineCounter(DOOR), [600, 550, 450, 400, 350, 300], y=250)) == ["in"]


def test_who_walks_round_the_end_and_comes_back_through_the_door_counts_once():
    counter = LineCounter(DOOR)
    path = [(600, 250), (600, 400), (500, 420), (400, 400), (400, 250), (450, 250), (550, 250), (600, 250), (650, 250)]
    crossings = [c for i, point in enumerate(path) for c in counter.update(tracks({1: point}, i * 0.2))]
    assert directions(crossings + counter.finish()) == ["out"]


def test_a_line_shorter_than_a_body_and_close_to_the_edge_counts():
    line = ((0.985, 1.0), (0.985, 0.9))
    assert directions(walk(LineCounter(line), [999, 998, 995, 975, 960, 945, 930], y=480)) == ["in"]


def test_feet_below_the_picture_cross_a_line_that_ends_at_its_edge():
    line = ((0.5, 499 / 500), (0.5, 0.0))
    assert directions(walk(LineCounter(line), [600, 550, 520, 480, 450, 400], y=520)) == ["in"]


def test_five_minutes_on_the_line_count_at_most_once():
    rng = np.random.default_rng(4)
    for fps in (25, 10, 3):
        sway = 500 + rng.normal(0, 4, 300 * fps)
        assert len(walk(LineCounter(DOWN_THE_MIDDLE), [560, 540, 520, *sway], fps=fps)) <= 1


def test_who_stood_on_the_line_and_walks_on_is_counted_once_in_the_end():
    rng = np.random.default_rng(5)
    sway = 500 + rng.normal(0, 4, 600)
    xs = [600, 570, 540, 515, *sway, 480, 455, 430, 400, 370, 340]
    assert directions(walk(LineCounter(DOWN_THE_MIDDLE), xs)) == ["in"]


def test_unconfirmed_tracks_never_count():
    counter = LineCounter(DOWN_THE_MIDDLE)
    for i, x in enumerate([600, 550, 450, 400, 350, 300, 250]):
        assert counter.update(tracks({1: (x, 250)}, i * 0.1, confirmed=False)) == []
    assert counter.finish() == []


def test_a_crossing_before_a_track_was_confirmed_counts_once_it_is():
    counter = LineCounter(DOWN_THE_MIDDLE)
    for i, x in enumerate([560, 530, 470, 440]):
        assert counter.update(tracks({1: (x, 250)}, i * 0.1, confirmed=False)) == []
    (crossing,) = counter.update(tracks({1: (410, 250)}, 0.5))
    assert crossing.direction == "in"
    assert 0.1 < crossing.captured_at < 0.2


def test_unconfirmed_tracks_share_no_state():
    """Two false alarms, one each side of the line, are not somebody who crossed it."""
    counter = LineCounter(DOWN_THE_MIDDLE)
    for i in range(10):
        assert counter.update(tracks({10 + i: ((600, 400)[i % 2], 250)}, i * 0.1, confirmed=False)) == []


def test_a_new_id_at_the_same_place_inherits_the_side():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, (track_id, x) in enumerate([(1, 560), (1, 540), (1, 515), (2, 490), (2, 465), (2, 440), (2, 415), (2, 390)]):
        crossings += counter.update(tracks({track_id: (x, 250)}, i * 0.1))
    assert [(c.direction, c.track_id) for c in crossings] == [("in", 2)]


def test_a_new_id_elsewhere_inherits_nothing():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, (track_id, x) in enumerate([(1, 600), (1, 590), (1, 580), (2, 400), (2, 395), (2, 390), (2, 385), (2, 380)]):
        crossings += counter.update(tracks({track_id: (x, 250)}, i * 0.1))
    assert crossings + counter.finish() == []


def test_nobody_inherits_from_a_track_that_is_still_there():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i in range(8):
        crossings += counter.update(tracks({1: (520, 250)} | ({2: (480, 250)} if i > 2 else {}), i * 0.1))
    assert crossings + counter.finish() == []


def test_a_car_inherits_nothing_from_a_person():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, x in enumerate([530, 520, 510]):
        crossings += counter.update(tracks({1: (x, 250)}, i * 0.1))
    for i, x in enumerate([490, 480, 470, 460, 450, 440], start=3):
        crossings += counter.update(tracks({2: (x, 250)}, i * 0.1, label=2))
    assert crossings + counter.finish() == []


def test_two_people_abreast_are_two():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, x in enumerate([600, 560, 520, 480, 440, 400, 360]):
        crossings += counter.update(tracks({1: (x, 250), 2: (x + 5, 262)}, i * 0.1))
    assert sorted((c.track_id, c.direction) for c in crossings) == [(1, "in"), (2, "in")]


@pytest.mark.parametrize("fps", [1, 2, 3, 5, 10, 30])
def test_a_walk_counts_once_at_every_rate(fps):
    xs = np.arange(900.0, 100.0, -80.0 / fps).tolist()
    assert directions(walk(LineCounter(DOWN_THE_MIDDLE), xs, fps=fps)) == ["in"]


def test_the_line_stays_where_it_is_when_the_camera_changes_its_resolution():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, x in enumerate([600, 560, 520]):
        crossings += counter.update(tracks({1: (x, 250)}, i * 0.1))
    for i, x in enumerate([1120, 1040, 960, 880, 800, 720], start=3):
        large = tracks({1: (x, 500)}, i * 0.1, size=(SIZE[0] * 2, SIZE[1] * 2), height=200)
        crossings += counter.update(large)
    assert directions(crossings) == ["in"]


def test_a_walk_counts_when_the_clock_of_the_source_is_set_back_meanwhile():
    counter = LineCounter(DOWN_THE_MIDDLE)
    crossings = []
    for i, x in enumerate([600, 560, 520, 480, 440, 400, 360, 320, 280]):
        crossings += counter.update(tracks({1: (x, 250)}, i * 0.1 + (5000 if i < 4 else 1000)))
    assert directions(crossings) == ["in"]


def test_a_line_that_is_none_is_refused():
    with pytest.raises(ValueError, match="apart"):
        LineCounter(((0.5, 0.5), (0.5, 0.5)))


def test_a_side_is_forgotten_with_its_track():
    counter = LineCounter(DOWN_THE_MIDDLE, rules=LineRules(forget_secs=1.0))
    for i in range(1000):
        counter.update(tracks({i: (100 + i % 300, 250)}, i * 0.1))
        assert len(counter) <= 12
