"""What nodes say of themselves, and who takes it back when they cannot."""

import time
from contextlib import closing

import pytest

from crowdsite.store.connection import client
from tracking.keeper import Keeper
from tracking.node_status import NODES_KEY, NodeStatus, forget_gone, parse_nodes, write_node


def status(at: float) -> NodeStatus:
    return NodeStatus(at=at, cameras=2, inference_ms=30.0, waiting_events=0, lost_events=0)


@pytest.fixture(autouse=True)
def _nobody():
    client().delete(NODES_KEY)
    yield
    client().delete(NODES_KEY)


def test_reports_of_minutes_ago_go_and_those_of_nodes_that_are_only_slow_stay():
    for name, age_secs in (("dead", 301), ("slow", 200), ("alive", 1)):
        write_node(client(), name, status(1000.0 - age_secs))
    client().hset(NODES_KEY, "unreadable", "{}")
    assert forget_gone(client(), now=1000.0) == 2
    assert sorted(client().hkeys(NODES_KEY)) == [b"alive", b"slow"]
    assert forget_gone(client(), now=1000.0) == 0


def test_a_dead_node_of_another_version_does_not_spoil_the_figures():
    write_node(client(), "alive", status(999.0))
    client().hset(NODES_KEY, mapping={"old": '{"at": 1, "what": 2}', "older": "x"})
    assert parse_nodes(client().hgetall(NODES_KEY), now=1000.0) == {"alive": status(999.0)}


def test_a_node_that_writes_forgets_those_that_died():
    write_node(client(), "dead:7", status(time.time() - 3600))
    keeper = Keeper(client(), node="here:8", read_settings=lambda: None, node_status=lambda: status(time.time()))
    with closing(keeper):
        keeper.step()
        assert client().hkeys(NODES_KEY) == [b"here:8"]
        write_node(client(), "dead:9", status(time.time() - 3600))
        keeper.step()
        assert b"dead:9" in client().hkeys(NODES_KEY)  # looked for once a minute, not at every report
    assert b"here:8" not in client().hkeys(NODES_KEY)
