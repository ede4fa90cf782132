import pytest

from crowdsite.store.connection import client


@pytest.fixture
def redis_client(settings):
    return client()
