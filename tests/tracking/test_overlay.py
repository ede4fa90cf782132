"""Overlays: drawn on a copy, on the right side, whatever the picture's size."""

import numpy as np
import pytest

from tracking import overlay
from tracking.overlay import Overlay, draw
from tracking.tracker import Tracks

UPWARDS = ((0.5, 1.0), (0.5, 0.2))  # walking up the picture, in is to the left
SIZES = [(360, 640), (1080, 1920), (640, 360), (48, 64), (1, 1)]


def blank(size=(360, 640)):
    return np.full((*size, 3), 128, np.uint8)


def tracks(*boxes, confirmed=True, labels=None):
    count = len(boxes)
    return Tracks(
        id=np.arange(1, count + 1),
        xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        anchor=np.zeros((count, 2)),
        label=np.array(labels or [0] * count, np.int16),
        score=np.ones(count, np.float32),
        confirmed=np.full(count, confirmed),
        size=(640, 360),
        at=0.0,
    )


def changed(image, before=None):
    """Where the picture was drawn on, bool (H, W)."""
    return (image != (blank(image.shape[:2]) if before is None else before)).any(axis=2)


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_given_is_left_alone(size):
    image = blank(size)
    drawn = draw(image, Overlay(tracks((2, 2, 30, 40)), [UPWARDS], counts=(3, 2), show_ids=True))
    assert drawn.shape == image.shape
    assert not changed(image).any()
    assert changed(drawn).any()


def test_nothing_asked_for_is_nothing_drawn():
    overlay = Overlay(None, [UPWARDS], counts=(3, 2), show_line=False, show_counts=False)
    assert not changed(draw(blank(), overlay)).any()


@pytest.mark.parametrize(("reverse", "left_has_more"), [(False, True), (True, False)])
def test_the_arrow_points_to_the_side_that_is_in(reverse, left_has_more):
    marks = changed(draw(blank(), Overlay(None, [UPWARDS], reverse=reverse, show_counts=False)))
    assert (marks[:, :300].sum() > marks[:, 340:].sum()) == left_has_more


@pytest.mark.parametrize("line", [((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0)), ((0.5, 0.5), (0.5, 0.5))])
def test_lines_at_the_edge_and_of_no_length_are_no_error(line):
    draw(blank(), Overlay(None, [line]))


def test_unconfirmed_tracks_are_not_shown():
    overlay = Overlay(tracks((100, 100, 200, 300), confirmed=False), show_counts=False, show_ids=True)
    assert not changed(draw(blank(), overlay)).any()


def test_ids_are_drawn_only_when_asked_for():
    boxes = tracks((100, 100, 200, 300))
    plain = draw(blank(), Overlay(boxes, show_counts=False))
    assert changed(draw(blank(), Overlay(boxes, show_counts=False, show_ids=True)), plain).any()


def test_kinds_are_named_only_where_there_are_several():
    labels = ("person", "car")
    alike, mixed = (
        tracks((50, 99, 90, 200), (150, 99, 250, 200)),
        tracks((50, 99, 90, 200), (150, 99, 250, 200), labels=[0, 1]),
    )
    plain = draw(blank(), Overlay(alike, show_counts=False))
    assert not changed(draw(blank(), Overlay(alike, labels=labels, show_counts=False)), plain).any()
    assert changed(draw(blank(), Overlay(mixed, labels=labels, show_counts=False)), plain).any()


def test_other_counts_look_different():
    five, six = (draw(blank(), Overlay(counts=(n, 0))) for n in (5, 6))
    assert changed(five, six).any()


def test_a_view_of_a_larger_picture_can_be_drawn_on():
    draw(blank((720, 1280))[::2, ::-2], Overlay(tracks((1, 1, 50, 50)), [UPWARDS]))


def test_the_counts_are_called_in_and_out(monkeypatch):
    words = []
    monkeypatch.setattr(overlay._Pen, "plate", lambda pen, text, *place: words.append(text))
    draw(blank(), Overlay(counts=(12, 7)))
    assert words == ["In 12", "Out 7"]
