"""One idempotent call records an event: log, counters, day totals, occupancy, stream."""

import json
from datetime import date
from threading import Thread

import pytest

from tests.conftest import _server
from tests.support.totals import live_totals
from tracking.counters import correct_occupancy, day_counts, occupancy
from tracking.events import EVENTS_CHANNEL, PERSON_LOGS, STATS_STREAM, Event, prune_events, record_event

NOON = 1_763_809_200.0  # 2025-11-22 12:00 in Berlin
DAY = date(2025, 11, 22)
ZONE = "Europe/Berlin"


@pytest.fixture
def client():
    import redis

    return redis.Redis.from_url(_server.url)


def event(direction="in", *, ts=NOON, label="person", camera_id=1):
    return Event.new(
        direction=direction, ts=ts, score=0.8123, camera_id=camera_id, site_id=1, label=label, track_id=7, line_version=2,
        model="yolov8n.onnx",
    )  # fmt: skip


def test_an_event_is_logged_counted_streamed_and_published_together(client):
    subscription = client.pubsub()
    subscription.subscribe(EVENTS_CHANNEL)
    subscription.get_message(timeout=2)
    entry = event()

    assert record_event(client, entry, timezone=ZONE)

    [(member, score)] = client.zrange(PERSON_LOGS, 0, -1, withscores=True)
    assert Event.from_member(member) == entry and score == NOON
    assert json.loads(member).keys() >= {"id", "ts", "camera_id", "site_id", "event", "label", "track_id", "score", "line_version", "model"}  # fmt: skip
    assert live_totals(client, 1) == (1, 0)
    assert day_counts(client, 1, DAY) == {1: {"person": (1, 0)}}
    assert occupancy(client, 1, DAY).inside == 1
    assert client.xlen(STATS_STREAM) == 1
    assert subscription.get_message(timeout=2)["data"] == member


def test_an_event_delivered_again_and_again_counts_once(client):
    entry = event()
    results = [record_event(client, entry, timezone=ZONE) for _ in range(5)]
    assert results == [True, False, False, False, False]
    assert live_totals(client, 1) == (1, 0)
    assert client.zcard(PERSON_LOGS) == 1
    assert client.xlen(STATS_STREAM) == 1


def test_writers_at_the_same_time_keep_log_and_totals_equal(client):
    events = [event("in" if n % 3 else "out", ts=NOON + n) for n in range(60)]
    threads = [Thread(target=lambda: [record_event(client, one, timezone=ZONE) for one in events]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.zcard(PERSON_LOGS) == 60
    assert live_totals(client, 1) == (40, 20)
    assert day_counts(client, 1, DAY) == {1: {"person": (40, 20)}}


def test_someone_who_leaves_without_an_entry_is_a_missed_entry_not_a_negative_number(client):
    for one in (event("out"), event("out", ts=NOON + 1), event("in", ts=NOON + 2)):
        record_event(client, one, timezone=ZONE)
    now = occupancy(client, 1, DAY)
    assert (now.inside, now.missed_entries) == (1, 2)


def test_a_head_count_settles_what_was_missed(client):
    record_event(client, event("out"), timezone=ZONE)
    correct_occupancy(client, 1, DAY, 12)
    record_event(client, event("in", ts=NOON + 5), timezone=ZONE)
    now = occupancy(client, 1, DAY)
    assert (now.inside, now.missed_entries) == (13, 0)


def test_vehicles_are_counted_by_label_and_are_nobody_inside(client):
    record_event(client, event(label="car"), timezone=ZONE)
    assert day_counts(client, 1, DAY) == {1: {"car": (1, 0)}}
    assert occupancy(client, 1, DAY).inside == 0


def test_the_site_decides_which_day_an_event_belongs_to(client):
    late = 1_763_850_600.0  # 23:30 in Berlin, 22:30 UTC; 07:30 on the 23rd in Tokyo
    record_event(client, event(ts=late), timezone=ZONE)
    record_event(client, event(ts=late + 3600), timezone=ZONE)
    assert day_counts(client, 1, DAY) == {1: {"person": (1, 0)}}
    assert day_counts(client, 1, date(2025, 11, 23)) == {1: {"person": (1, 0)}}


def test_a_new_day_starts_from_nobody_and_a_late_delivery_does_not_disturb_it(client):
    tomorrow = NOON + 24 * 3600
    record_event(client, event(), timezone=ZONE)
    record_event(client, event(ts=tomorrow), timezone=ZONE)
    record_event(client, event(ts=NOON + 60), timezone=ZONE)  # was waiting on a node's disk
    assert occupancy(client, 1, date(2025, 11, 23)).inside == 1
    assert day_counts(client, 1, DAY) == {1: {"person": (2, 0)}}
    assert occupancy(client, 1, DAY).inside == 0


def test_entries_older_than_the_retention_go_and_the_totals_stay(client):
    for one in (event(ts=NOON), event(ts=NOON + 10)):
        record_event(client, one, timezone=ZONE)
    assert prune_events(client, before=NOON + 10) == 1
    assert [score for _, score in client.zrange(PERSON_LOGS, 0, -1, withscores=True)] == [NOON + 10]
    assert live_totals(client, 1) == (2, 0)
