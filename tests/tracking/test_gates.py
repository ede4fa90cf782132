"""Which pictures reach the detector."""

from tracking.gates import SkipGate


def test_frame_skip_lets_every_fourth_picture_through_at_three():
    gate = SkipGate(3)
    assert [gate.admits() for _ in range(9)] == [True, False, False, False, True, False, False, False, True]


def test_no_skip_lets_all_through():
    gate = SkipGate(0)
    assert all(gate.admits() for _ in range(5))
