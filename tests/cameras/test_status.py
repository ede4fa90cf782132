import redis

from cameras.status import (
    NO_ROOM,
    NOT_RUNNING,
    REPORTED_KEY,
    CameraStatus,
    clear_status,
    read_status,
    read_statuses,
    write_status,
)


def client(redis_server) -> redis.Redis:
    return redis.Redis.from_url(redis_server.url)


RUNNING = CameraStatus(
    "degraded", "slow", "4.0 pictures a second.", since=990.5, fps=4.0, target_fps=10.0, analysed_fps=3.9, drops=7,
    reconnects=1, backend="ffmpeg", engine="openvino", model="yolov8n", width=640, height=360, frame_at=999.9,
    node="gpu@one", updated_at=1000.0, delay_ms=41.5, note="",
)  # fmt: skip


def test_a_report_is_read_as_it_was_written_and_expires(redis_server):
    link = client(redis_server)
    write_status(link, 3, RUNNING)
    assert read_status(link, 3, now=1001.0) == RUNNING
    assert 0 < link.ttl("cameras:status:3") <= 30


def test_what_was_never_known_stays_unknown(redis_server):
    link = client(redis_server)
    write_status(link, 3, RUNNING)
    write_status(link, 3, CameraStatus("offline", "refused", "Nothing answers.", updated_at=1000.0))
    status = read_status(link, 3, now=1000.0)
    assert status.frame_at is None and status.delay_ms is None and status.since is None


def test_all_cameras_are_read_in_one_round_trip(redis_server, monkeypatch):
    link = client(redis_server)
    for camera_id in (1, 2):
        write_status(link, camera_id, RUNNING)
    trips = []
    send = redis.connection.Connection.send_packed_command
    monkeypatch.setattr(
        redis.connection.Connection, "send_packed_command", lambda *a, **k: (trips.append(1), send(*a, **k))[1]
    )
    found = read_statuses(link, range(1, 30), now=1000.0)
    assert len(trips) == 1
    assert found[1] == found[2] == RUNNING
    assert found[3] is NO_ROOM


def test_a_camera_without_a_node_says_whether_any_node_is_at_work(redis_server):
    link = client(redis_server)
    assert read_status(link, 3) is NOT_RUNNING
    assert (NOT_RUNNING.state, NOT_RUNNING.code) == ("offline", "no_node")
    write_status(link, 1, RUNNING)
    alone = read_status(link, 3)
    assert (alone.state, alone.code) == ("offline", "no_room")
    assert "CAMERAS_PER_NODE" in alone.reason
    assert 0 < link.pttl(REPORTED_KEY) <= 6000
    link.delete(REPORTED_KEY)  # no node has reported for six seconds
    assert read_status(link, 3) is NOT_RUNNING
    assert read_status(link, 1, now=1000.0) == RUNNING


def test_a_report_that_is_not_renewed_is_not_believed(redis_server):
    link = client(redis_server)
    write_status(link, 3, RUNNING)
    silent = read_status(link, 3, now=1007.0)
    assert (silent.state, silent.code, silent.since) == ("stale", "node_silent", 1000.0)
    assert read_status(link, 3, now=1031.0).state == "offline"


def test_an_offline_camera_keeps_its_reason_when_its_node_falls_silent(redis_server):
    link = client(redis_server)
    write_status(link, 3, CameraStatus("offline", "unauthorized", "The camera refused the password.", updated_at=1.0))
    assert read_status(link, 3, now=20.0).code == "unauthorized"


def test_a_report_of_another_version_is_read(redis_server):
    link = client(redis_server)
    link.hset("cameras:status:3", mapping={"state": "live", "updated_at": "1000.0", "invented_later": "x"})
    assert read_status(link, 3, now=1000.0) == CameraStatus("live", updated_at=1000.0)


def test_a_cleared_status_waits_for_the_next_node(redis_server):
    link = client(redis_server)
    write_status(link, 3, RUNNING)
    clear_status(link, 3)
    assert read_status(link, 3) is NO_ROOM
