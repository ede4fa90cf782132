"""Every run has a Redis of its own: started here on a free port before Django reads its settings, removed at the end."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer

_server = RedisServer().start()
os.environ["REDIS_URL"] = _server.url
os.environ["CROWDSITE_VAR"] = tempfile.mkdtemp(prefix="crowdsite-var-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crowdsite.settings")

ASSETS = Path(os.environ.get("CROWDSITE_ASSETS", Path(__file__).resolve().parents[2] / "shared" / "assets"))


def pytest_unconfigure() -> None:
    _server.remove()


@pytest.fixture
def redis_server() -> RedisServer:
    """The server of this run. A test that stops it starts it again."""
    return _server


@pytest.fixture(autouse=True)
def _empty_redis():
    import redis

    redis.Redis.from_url(_server.url).flushall()
    yield


@pytest.fixture
def assets() -> Path:
    """The folder of real videos and weights; tests that need it are skipped where it is absent."""
    if not ASSETS.is_dir():
        pytest.skip(f"no test assets: set CROWDSITE_ASSETS (looked in {ASSETS})")
    return ASSETS
