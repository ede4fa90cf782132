"""Redis goes away for half a minute while people walk: every crossing is recorded, once."""

import time

import pytest

from cameras.demo import DemoScene
from tests.support.installation import Installation, wait_until
from tracking.demo_tally import quiet
from tracking.events import PERSON_LOGS, STATS_STREAM, Event, counter_key, day_key

pytestmark = pytest.mark.slow

AWAY_SECS = 30
DEMO = 1


@pytest.fixture
def demo(installation: Installation) -> Installation:
    """The demo camera, counted by one worker."""
    installation.shell("from cameras.services import create_demo_camera; create_demo_camera()")
    installation.start_task_worker()
    installation.start_beat()
    installation.start_gpu_worker()
    return installation


def logged(installation: Installation, since: float, until: float) -> list[str]:
    members = installation.client.zrange(PERSON_LOGS, since, until, byscore=True)
    return sorted(Event.from_member(member).side for member in members)


def expected(opened: float, since: float, until: float) -> list[str]:
    return sorted(side for moment, side in DemoScene.crossings(opened, until) if moment >= since)


def test_every_crossing_of_a_redis_outage_is_recorded_exactly_once(demo):
    client = demo.client
    wait_until(lambda: client.zcard(PERSON_LOGS) >= 2, "people are counted", 90)
    opened = float(client.hget(f"person_tracker:demo:{DEMO}", "opened"))
    demo.redis_server.stop()
    gone_at = time.time()
    time.sleep(AWAY_SECS)
    demo.redis_server.start()
    back_at = time.time()
    wait_until(lambda: client.zrange(PERSON_LOGS, back_at, "+inf", byscore=True), "counting goes on afterwards", 60)
    crossings = [moment for moment, _ in DemoScene.crossings(opened, time.time())]
    since, until = quiet(gone_at, crossings, forwards=False), quiet(back_at, crossings, forwards=True)
    wait_until(lambda: time.time() > until + 3, "the last of them is settled")

    assert len(expected(opened, since, until)) >= 6, "nobody walked: this would prove nothing"
    assert logged(demo, since, until) == expected(opened, since, until)
    members = [Event.from_member(member) for member in client.zrange(PERSON_LOGS, 0, -1)]
    assert len({event.id for event in members}) == len(members)
    totals = {side: int(client.get(counter_key(DEMO, side)) or 0) for side in ("in", "out")}
    assert totals == {side: sum(event.side == side for event in members) for side in ("in", "out")}
    days = [client.hgetall(key) for key in client.scan_iter(day_key(1, "*"))]
    assert sum(int(value) for day in days for value in day.values()) == len(members)
    assert client.xlen(STATS_STREAM) == len(members)
    # Nobody left the scene's line unguarded: one loop, the same as before.
    assert float(client.hget(f"person_tracker:demo:{DEMO}", "opened")) == opened
