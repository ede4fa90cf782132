import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.geometry import (
    anchors,
    check_line,
    covered,
    overlaps,
    position_along,
    side_distance,
    to_normalised,
    to_pixels,
)

UP = np.array([[100.0, 200.0], [100.0, 0.0]])


def test_the_left_hand_side_of_a_line_drawn_upwards_is_to_the_left_on_the_screen():
    assert side_distance(np.array([[90.0, 100.0], [110.0, 100.0]]), UP).tolist() == [10.0, -10.0]


def test_distance_grows_along_the_normal_whatever_the_length_of_the_line():
    longer = np.array([[100.0, 200.0], [100.0, -800.0]])
    point = np.array([[60.0, 100.0]])
    assert side_distance(point, UP) == side_distance(point, longer)


def test_position_runs_from_0_at_a_to_1_at_b():
    assert position_along(np.array([[5.0, 200.0], [5.0, 100.0], [5.0, -200.0]]), UP).tolist() == [0.0, 0.5, 2.0]


def test_the_anchor_is_the_bottom_centre_of_the_box_inside_the_picture():
    box = np.array([[-20, 10, 40, 60], [50, 50, 70, 130]], np.float32)
    assert anchors(box, (100, 100)).tolist() == [[20.0, 60.0], [60.0, 100.0]]


def test_overlap_is_1_for_the_same_box_and_0_for_boxes_apart():
    box = np.array([[0, 0, 10, 20], [10, 0, 20, 20], [0, 0, 10, 10]], np.float32)
    assert overlaps(box, box)[0].tolist() == [1.0, 0.0, 0.5]


def test_a_box_inside_another_is_covered_by_it():
    whole, part, half_out = np.array([[0, 0, 10, 20], [2, 2, 6, 6], [5, 0, 15, 20]], np.float32)
    assert covered(np.array([part, half_out, whole]), np.array([whole]))[:, 0].tolist() == [1.0, 0.5, 1.0]


def test_a_line_keeps_its_place_when_the_picture_changes_size():
    line = to_normalised(((302, 0), (302, 359)), (480, 360))
    assert to_pixels(line, (960, 720)).tolist() == [[604.0, 0.0], [604.0, 718.0]]


@pytest.mark.parametrize(
    "line",
    [((0.1, 0.1), (1.2, 0.5)), ((-0.1, 0), (0.5, 0.5)), ((0.3, 0.3), (0.3, 0.3)), ((0.1, math.nan), (0.5, 0.5))],
)
def test_a_line_that_cannot_be_is_refused(line):
    with pytest.raises(ValueError, match=r"line"):
        check_line(line)


unit = st.floats(0, 1, allow_nan=False)


@given(st.tuples(unit, unit), st.tuples(unit, unit), st.tuples(unit, unit))
def test_turning_a_line_round_swaps_its_sides(a, b, point):
    if math.dist(a, b) < 1e-3:
        return
    there = side_distance(np.array([point]), np.array([a, b]))
    back = side_distance(np.array([point]), np.array([b, a]))
    assert there == pytest.approx(-back, abs=1e-9)
