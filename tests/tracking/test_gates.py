"""Which pictures reach the detector."""

from itertools import pairwise

import numpy as np
import pytest

from tracking.gates import AWAKE_SECS, REST_OCCUPIED_SECS, REST_SECS, SceneGate, SceneRules, SkipGate

FPS = 10
SIZE = (360, 640)


def scene(at_x: int | None = None, *, noise: float = 0.0, seed: int = 0, person: int = 40) -> np.ndarray:
    """A grey place with somebody, 12 x 30 pixels, at `at_x`."""
    image = np.full((*SIZE, 3), 120.0)
    image += np.random.default_rng(seed).normal(0, noise, image.shape) if noise else 0
    if at_x is not None:
        image[200:230, at_x : at_x + 12] = 120 + person
    return np.clip(image, 0, 255).astype(np.uint8)


def admitted(gate: SceneGate, pictures, *, occupied=False, start=0) -> list[int]:
    return [n for n, image in enumerate(pictures, start) if gate.admits(image, 1000 + n / FPS, occupied=occupied)]


def test_frame_skip_lets_every_fourth_picture_through_at_three():
    gate = SkipGate(3)
    assert [gate.admits() for _ in range(9)] == [True, False, False, False, True, False, False, False, True]


def test_no_skip_lets_all_through():
    gate = SkipGate(0)
    assert all(gate.admits() for _ in range(5))


def test_with_nothing_switched_on_every_picture_passes():
    assert len(admitted(SceneGate(SceneRules()), [scene()] * 5)) == 5


@pytest.mark.parametrize(("occupied", "rest_secs"), [(False, REST_SECS), (True, REST_OCCUPIED_SECS)])
def test_a_still_scene_is_looked_at_less_often_and_more_often_with_somebody_in_it(occupied, rest_secs):
    gate = SceneGate(SceneRules(adaptive=True))
    awake = round(AWAKE_SECS * FPS)
    seen = admitted(gate, [scene(noise=5, seed=n) for n in range(100)], occupied=occupied)
    assert seen[:awake] == list(range(awake))
    assert {b - a for a, b in pairwise(seen[awake:])} == {round(rest_secs * FPS)}


def test_the_first_picture_with_motion_is_analysed_at_once_and_all_of_them_while_it_goes_on():
    gate = SceneGate(SceneRules(adaptive=True))
    admitted(gate, [scene()] * 55)
    walk = [scene(100 + 4 * n) for n in range(30)]
    assert admitted(gate, walk, start=55) == list(range(55, 85))


def test_somebody_slow_in_poor_contrast_adds_up_until_he_is_seen():
    gate = SceneGate(SceneRules(adaptive=True))
    admitted(gate, [scene(100, person=25)] * 40)
    walk = [scene(100 + n // 4, person=25) for n in range(80)]
    seen = admitted(gate, walk, start=40)
    # Never rests longer than on an empty scene, and is awake well before the walk is over.
    assert max(b - a for a, b in pairwise(seen)) <= REST_SECS * FPS
    assert len(seen) > 40


def test_whoever_stops_for_a_moment_is_still_followed():
    gate = SceneGate(SceneRules(adaptive=True))
    admitted(gate, [scene()] * 40)
    stop = [scene(100)] + [scene(104)] * 15
    assert admitted(gate, stop, start=40) == list(range(40, 56))


def test_duplicates_are_skipped_however_long_and_the_next_other_picture_passes():
    gate = SceneGate(SceneRules(duplicate_levels=1.0))
    assert admitted(gate, [scene(50)] * 50 + [scene(60)] * 2) == [0, 50]


def test_nought_levels_mean_exactly_the_same_to_the_eye_of_the_gate():
    gate = SceneGate(SceneRules(duplicate_levels=0))
    assert admitted(gate, [scene(50), scene(50), scene(50, person=50), scene(50, person=50)]) == [0, 2]


def test_another_size_or_a_clock_set_back_passes():
    gate = SceneGate(SceneRules(adaptive=True, duplicate_levels=5.0))
    assert admitted(gate, [scene(), scene()[:180]]) == [0, 1]
    assert gate.admits(scene()[:180], 500.0, occupied=False)


def test_a_picture_that_was_not_analysed_after_all_is_made_up_for():
    gate = SceneGate(SceneRules(duplicate_levels=1.0))
    assert gate.admits(scene(), 1000, occupied=False)
    gate.forget()
    assert gate.admits(scene(), 1000.1, occupied=False)


def test_the_picture_that_was_analysed_is_the_one_compared_with():
    gate = SceneGate(SceneRules(duplicate_levels=1.0))
    gate.admits(scene(), 1000, occupied=False)
    gate.follow(scene(60), 1000.1)
    assert not gate.admits(scene(60), 1000.2, occupied=False)
    assert gate.admits(scene(), 1000.3, occupied=False)
