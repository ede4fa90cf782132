"""The publisher's side, against a real Redis."""

import time

import cv2
import numpy as np
import pytest
import redis

from cameras.live import LivePublisher, picture_channel, still_key, unpack, viewer_key
from crowdsite.store.connection import client as shared_client


@pytest.fixture
def link(redis_server) -> redis.Redis:
    return redis.Redis.from_url(redis_server.url)


class Steady:
    """A clock that moves when told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def publisher(link, steady) -> LivePublisher:
    return LivePublisher(link, 5, steady=steady, clock=lambda: 1000.0)


def wide(width=1920, height=1080) -> np.ndarray:
    return np.full((height, width, 3), (10, 200, 30), np.uint8)


def test_nothing_is_wanted_while_nobody_watches(publisher):
    assert publisher.wanted() == frozenset()


def test_a_viewer_is_noticed_within_half_a_second_and_asked_for_no_oftener(publisher, link, steady):
    publisher.wanted()
    link.set(viewer_key(5, "clean"), 1)
    link.set(viewer_key(6, "annotated"), 1)
    steady.now += 0.4
    assert publisher.wanted() == frozenset()
    steady.now += 0.11
    assert publisher.wanted() == {"clean"}


def test_a_picture_reaches_subscribers_reduced_and_with_its_time(publisher, link):
    link.set(viewer_key(5, "annotated"), 1)
    listener = link.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(picture_channel(5, "annotated"))
    listener.get_message(timeout=5)
    assert publisher.wanted() == {"annotated"}
    assert publisher.publish("annotated", wide(), 999.25)
    message = listener.get_message(timeout=5)
    captured_at, jpeg = unpack(message["data"])
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert captured_at == 999.25
    assert image.shape == (720, 1280, 3)
    assert np.abs(image.mean((0, 1)) - (10, 200, 30)).max() < 4
    listener.close()


def test_a_still_is_kept_for_ten_seconds_and_made_once_a_second(publisher, link, steady):
    link.set(viewer_key(5, "still"), 1)
    assert publisher.wanted() == {"still"}
    assert publisher.publish("still", wide(), 999.0)
    assert 8 < link.ttl(still_key(5)) <= 10
    assert unpack(link.get(still_key(5)))[0] == 999.0
    steady.now += 0.3
    assert publisher.wanted() == frozenset()
    assert not publisher.publish("still", wide(), 999.5)
    steady.now += 0.7
    assert publisher.wanted() == {"still"}


def test_at_most_ten_pictures_a_second_are_sent_and_jitter_does_not_halve_them(publisher, steady):
    sent = 0
    for number in range(250):  # 25 a second for ten seconds
        steady.now = 200 + number / 25
        sent += publisher.publish("clean", wide(32, 32), 1000.0)
    assert 95 <= sent <= 102
    sent = 0
    for number in range(100):
        steady.now = 300 + number / 10 + (0.02 if number % 2 else -0.02)
        sent += publisher.publish("clean", wide(32, 32), 1000.0)
    assert sent == 100


def test_an_old_picture_is_not_published_as_live(publisher, link):
    link.set(viewer_key(5, "still"), 1)
    assert not publisher.publish("still", wide(), 996.0)
    assert link.get(still_key(5)) is None


@pytest.mark.slow
def test_redis_away_costs_pictures_only(redis_server):
    publisher = LivePublisher(shared_client(), 5)
    redis_server.stop()
    try:
        assert publisher.wanted() == frozenset()
        assert not publisher.publish("clean", wide(64, 64), time.time())
        assert publisher.failures == 1  # left alone for a while after the first
    finally:
        redis_server.start()
    shared_client().set(viewer_key(5, "clean"), 1)
    deadline = time.monotonic() + 15
    while publisher.wanted() != {"clean"} and time.monotonic() < deadline:
        time.sleep(0.05)
    assert publisher.publish("clean", wide(64, 64), time.time())
