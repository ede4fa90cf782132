"""No event is lost and none counts twice, whatever Redis does."""

import sqlite3
import time
from datetime import date

import pytest
import redis

from tests.support.totals import live_totals
from tracking.counters import day_counts
from tracking.delivery import EventDelivery
from tracking.events import PERSON_LOGS, Event, record_event
from tracking.spool import Spool, SpoolFull

NOON = 1_763_809_200.0
ZONE = "Europe/Berlin"


@pytest.fixture
def client(redis_server):
    return redis.Redis.from_url(redis_server.url, socket_connect_timeout=2, socket_timeout=2)


def event(number: int) -> Event:
    return Event.new(
        direction="in" if number % 2 else "out", ts=NOON + number, score=0.9, camera_id=1, site_id=1, label="person",
        track_id=number, line_version=1, model="m.onnx",
    )  # fmt: skip


def wait_until(condition, secs=15):
    deadline = time.monotonic() + secs
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_events_reach_redis(client, tmp_path):
    delivery = EventDelivery(client, tmp_path / "events.sqlite3")
    for number in range(10):
        delivery.put(event(number), ZONE)
    delivery.close()
    assert client.zcard(PERSON_LOGS) == 10
    assert live_totals(client, 1) == (5, 5)


def test_what_happens_while_redis_is_away_arrives_exactly_once_when_it_is_back(client, redis_server, tmp_path):
    delivery = EventDelivery(client, tmp_path / "events.sqlite3")
    delivery.put(event(0), ZONE)
    wait_until(lambda: delivery.waiting == 0)
    redis_server.stop()
    try:
        for number in range(1, 30):
            delivery.put(event(number), ZONE)
            time.sleep(0.01)
        wait_until(lambda: delivery.waiting == 29)
    finally:
        redis_server.start()
    wait_until(lambda: delivery.waiting == 0)
    delivery.put(event(30), ZONE)
    delivery.close()
    assert client.zcard(PERSON_LOGS) == 31
    assert live_totals(client, 1) == (15, 16)
    assert day_counts(client, 1, date(2025, 11, 22)) == {1: {"person": (15, 16)}}
    assert delivery.given_up == 0


def test_events_left_on_disk_by_a_killed_process_are_delivered_by_the_next(client, tmp_path):
    spool = Spool(tmp_path / "events.sqlite3")
    left = [event(number) for number in range(5)]
    for one in left:
        spool.add(one.member(), ZONE)
    record_event(client, left[0], timezone=ZONE)  # it was killed between recording and removing
    delivery = EventDelivery(client, tmp_path / "events.sqlite3")
    wait_until(lambda: delivery.waiting == 0)
    delivery.close()
    assert client.zcard(PERSON_LOGS) == 5
    assert sum(live_totals(client, 1)) == 5


def test_order_is_kept_while_older_events_wait(client, redis_server, tmp_path):
    delivery = EventDelivery(client, tmp_path / "events.sqlite3")
    redis_server.stop()
    try:
        delivery.put(event(1), ZONE)
        wait_until(lambda: delivery.waiting == 1)
    finally:
        redis_server.start()
    delivery.put(event(2), ZONE)
    wait_until(lambda: delivery.waiting == 0)
    delivery.close()
    stream = [Event.from_member(fields[b"event"]).track_id for _, fields in client.xrange("stats_stream")]
    assert stream == [1, 2]


def test_a_full_spool_refuses_and_the_loss_is_counted(client, redis_server, tmp_path):
    spool = Spool(tmp_path / "full.sqlite3", limit=1)
    spool.add("{}", ZONE)
    with pytest.raises(SpoolFull):
        spool.add("{}", ZONE)


def test_two_processes_share_a_spool(tmp_path):
    one, two = Spool(tmp_path / "s.sqlite3"), Spool(tmp_path / "s.sqlite3")
    one.add("a", ZONE)
    two.add("b", ZONE)
    assert [row[1] for row in one.first(10)] == ["a", "b"]
    two.remove(one.first(1)[0][0])
    assert len(one) == 1


def test_a_disk_that_refuses_loses_the_event_loudly_and_the_next_is_delivered(
    client, redis_server, tmp_path, monkeypatch
):
    delivery = EventDelivery(client, tmp_path / "events.sqlite3")

    def full(self, member, timezone):
        raise sqlite3.OperationalError("database or disk is full")

    redis_server.stop()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(Spool, "add", full)
            delivery.put(event(1), ZONE)
            wait_until(lambda: delivery.given_up == 1)
    finally:
        redis_server.start()
    delivery.put(event(2), ZONE)
    wait_until(lambda: client.zcard(PERSON_LOGS) == 1)
    delivery.close()
