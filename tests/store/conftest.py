import contextlib

import pytest
from redis.connection import AbstractConnection

from crowdsite.store.connection import client


@pytest.fixture
def redis_client():
    return client()


@pytest.fixture
def round_trips(monkeypatch):
    """A context manager that counts what is sent to Redis; a pipeline is one round trip."""

    @contextlib.contextmanager
    def counting():
        sent: list[int] = []
        send = AbstractConnection.send_packed_command

        def counted(self, command, *args, **kwargs):
            sent.append(1)
            return send(self, command, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(AbstractConnection, "send_packed_command", counted)
            yield sent

    return counting
