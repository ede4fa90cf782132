"""The demo says what it counted and what truly crossed."""

import redis
from pytest import fixture

from cameras.demo import ROUND_SECS, DemoScene
from tracking.demo_tally import demo_tally, note_demo, quiet
from tracking.events import Event, record_event

START = 1_763_809_200.0 // ROUND_SECS * ROUND_SECS


@fixture
def client(redis_server):
    return redis.Redis.from_url(redis_server.url)


def log(client, moment, direction, camera_id=1):
    event = Event.new(
        direction=direction, ts=moment + 0.1, score=0.9, camera_id=camera_id, site_id=1, label="person", track_id=1,
        line_version=1, model="hog",
    )  # fmt: skip
    record_event(client, event, timezone="UTC")


def test_there_is_no_tally_before_the_demo_counts(client):
    assert demo_tally(client, 1, now=START) is None


def test_everything_counted_agrees_with_what_crossed(client):
    note_demo(client, 1, opened_at=START, analysed_at=START + 2)
    now = START + 120
    for moment, direction in DemoScene.crossings(START, now):
        log(client, moment, direction)
        log(client, moment, direction, camera_id=2)
    tally = demo_tally(client, 1, now=now)
    assert tally.expected_in > 10 and tally.expected_out > 10
    assert (tally.counted_in, tally.counted_out) == (tally.expected_in, tally.expected_out)


def test_a_missed_crossing_shows(client):
    note_demo(client, 1, opened_at=START, analysed_at=START + 2)
    now = START + 120
    crossings = DemoScene.crossings(START, now)
    missed = next(
        index for index, (moment, direction) in enumerate(crossings) if direction == "in" and moment > START + 40
    )
    for moment, direction in crossings[:missed] + crossings[missed + 1 :]:
        log(client, moment, direction)
    tally = demo_tally(client, 1, now=now)
    assert tally.counted_in == tally.expected_in - 1
    assert tally.counted_out == tally.expected_out


def test_agreement_does_not_depend_on_the_moment_one_looks(client):
    note_demo(client, 1, opened_at=START, analysed_at=START + 2)
    for moment, direction in DemoScene.crossings(START, START + 1500):
        log(client, moment, direction)
    for tenth in range(0, 12_000, 7):
        tally = demo_tally(client, 1, now=START + 100 + tenth / 10)
        assert (tally.counted_in, tally.counted_out) == (tally.expected_in, tally.expected_out), tenth


def test_the_edge_of_a_stretch_moves_away_from_crossings():
    assert quiet(10.0, [2.0, 9.9, 10.2], forwards=True) == 11.0
    assert quiet(10.0, [2.0, 9.5, 10.2], forwards=False) == 8.7
    assert quiet(10.0, [2.0], forwards=False) == 10.0
