"""A Redis that hangs: whoever answers a request waits for it once."""

import socket
from contextlib import contextmanager

import pytest
import redis

from crowdsite.store import connection
from crowdsite.store.connection import client, one_wait


@pytest.fixture
def hanging(monkeypatch):
    """A server that takes connections and says nothing; the waits it was given are counted."""
    monkeypatch.setitem(connection._OPTIONS, "socket_timeout", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        connection._client.cache_clear()


@contextmanager
def reading_counted(monkeypatch):
    reads = []
    whole = redis.Connection.read_response
    monkeypatch.setattr(
        redis.Connection, "read_response", lambda self, *a, **k: reads.append(1) or whole(self, *a, **k)
    )
    yield reads


def test_within_one_wait_only_the_first_command_waits(hanging, monkeypatch):
    with reading_counted(monkeypatch) as reads, one_wait():
        for _ in range(3):
            with pytest.raises(redis.TimeoutError):
                client(hanging).get("key")
        with pytest.raises(redis.TimeoutError), client(hanging).pipeline() as pipeline:
            pipeline.get("key").get("key").execute()
        assert len(reads) <= 1


def test_elsewhere_each_command_waits_for_itself(hanging, monkeypatch):
    with reading_counted(monkeypatch) as reads:
        for _ in range(3):
            with pytest.raises(redis.TimeoutError):
                client(hanging).get("key")
        assert len(reads) >= 3


def test_the_next_request_tries_again(redis_server, hanging):
    with one_wait(), pytest.raises(redis.TimeoutError):
        client(hanging).ping()
    with one_wait():
        assert client(redis_server.url).ping()


def test_an_answer_that_is_an_error_is_no_wait(redis_server):
    with one_wait():
        client(redis_server.url).set("word", "x")
        with pytest.raises(redis.ResponseError):
            client(redis_server.url).incr("word")
        assert client(redis_server.url).get("word") == b"x"
