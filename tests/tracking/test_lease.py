"""One loop per camera: leases and the step that dispatches what is missing."""

import pytest
import redis

from tracking.lease import LEASE_MS, Lease, lease_key, leased
from tracking.reconcile import GPU_QUEUE, dispatched_key, reconcile


@pytest.fixture
def client(redis_server):
    return redis.Redis.from_url(redis_server.url)


def test_a_camera_has_one_holder(client):
    first, second = Lease(client, 1, holder="a"), Lease(client, 1, holder="b")
    assert first.acquire()
    assert not second.acquire()
    assert not second.renew()
    assert first.renew()


def test_a_lease_runs_out_unless_it_is_renewed(client):
    Lease(client, 1, holder="a").acquire()
    assert 0 < client.pttl(lease_key(1)) <= LEASE_MS
    client.delete(lease_key(1))  # its time has come
    assert Lease(client, 1, holder="b").acquire()


def test_a_holder_whose_lease_ran_out_takes_it_again_unless_somebody_was_faster(client):
    lease = Lease(client, 1, holder="a")
    lease.acquire()
    client.delete(lease_key(1))
    assert lease.renew()
    client.delete(lease_key(1))
    Lease(client, 1, holder="b").acquire()
    assert not lease.renew()


def test_releasing_frees_only_what_is_ours(client):
    first, second = Lease(client, 1, holder="a"), Lease(client, 1, holder="b")
    first.acquire()
    assert not second.release()
    assert leased(client, [1, 2]) == {1}
    assert first.release()
    assert leased(client, [1, 2]) == set()


def test_cameras_without_a_loop_are_dispatched_once_until_the_message_is_void(client):
    Lease(client, 2, holder="a").acquire()
    sent = []
    assert reconcile(client, [1, 2, 3], sent.append) == [1, 3]
    assert reconcile(client, [1, 2, 3], sent.append) == []
    client.delete(dispatched_key(1))
    assert reconcile(client, [1, 2, 3], sent.append) == [1]
    assert sent == [1, 3, 1]


def test_messages_do_not_pile_up_while_no_worker_takes_them(client):
    client.rpush(GPU_QUEUE, "one", "two")
    assert reconcile(client, [1, 2], pytest.fail) == []


def test_no_enabled_camera_needs_nothing(client):
    assert reconcile(client, [], pytest.fail) == []
