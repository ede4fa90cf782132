"""What Prometheus reads."""

import re
import time
from pathlib import Path

import pytest
import redis
import yaml
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from cameras.models import Site
from cameras.selectors import default_site
from crowdsite import web_tally
from crowdsite.store.connection import client
from operations.heartbeat import Process, say_alive, say_gone
from operations.metrics_view import exposition
from operations.task_tally import note_task
from tests.support.doors import Doors
from tests.support.people import person
from tracking.node_status import NodeStatus, write_node

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
RULES = Path(__file__).parents[2] / "docs" / "deploy" / "prometheus-rules.yml"


@pytest.fixture
def doors() -> Doors:
    return Doors(client(), default_site(), time.time())


def samples(text: str | None = None) -> dict[tuple[str, ...], float]:
    """(name, label values in the order of the labels' names) -> value, of a text that has to be valid."""
    text = exposition().decode() if text is None else text
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_camera_shows_how_it_is_and_what_it_counted(doors):
    gate = doors.add("Gate")
    doors.report(gate, age_secs=1.5, drops=7, outdated=2, reconnects=3, delay_ms=80.0)
    doors.cross(gate, "in", 5)
    doors.cross(gate, "out", 2)
    found = samples()
    labels = (str(gate.pk), "Gate")
    assert found["crowdsite_camera_fps", *labels] == 25
    assert found["crowdsite_camera_analysed_fps", *labels] == 5
    assert 1.4 < found["crowdsite_camera_frame_age_seconds", *labels] < 60
    assert found["crowdsite_camera_delay_seconds", *labels] == 0.08
    assert found["crowdsite_camera_frames_dropped_total", *labels] == 5
    assert found["crowdsite_camera_frames_outdated_total", *labels] == 2
    assert found["crowdsite_camera_reconnects_total", *labels] == 3
    assert found["crowdsite_camera_state", *labels, "live"] == 1
    assert found["crowdsite_camera_state", *labels, "offline"] == 0
    assert found["crowdsite_camera_crossings_total", *labels, "in"] == 5
    assert found["crowdsite_camera_crossings_total", *labels, "out"] == 2
    assert found["crowdsite_camera_leased", *labels] == 0


@pytest.mark.parametrize(("code", "figure"), [("overloaded", 1), ("", 0), ("slow", 0)])
def test_the_alarm_for_too_much_work_follows_what_the_camera_page_says(doors, code, figure):
    gate = doors.add("Gate")
    # Half a picture a second is what the settings ask for here, so few analysed pictures alone say nothing.
    doors.report(gate, state="degraded" if code else "live", code=code, fps=5.0, target_fps=5.0, analysed_fps=0.5)
    assert samples()["crowdsite_camera_overloaded", str(gate.pk), "Gate"] == figure


def test_a_camera_that_is_switched_off_alarms_nobody(doors):
    camera = doors.add("Off", enabled=False, state=None)
    found = samples()
    assert found["crowdsite_camera_enabled", str(camera.pk), "Off"] == 0
    assert ("crowdsite_camera_state", str(camera.pk), "Off", "offline") not in found


def test_a_name_cannot_break_the_format(doors):
    name = 'Gate "north"\\ {x="1"} # é'
    camera = doors.add(name)
    assert samples()["crowdsite_camera_fps", str(camera.pk), name] == 25


def test_no_address_and_no_password_is_shown(doors):
    doors.add("Gate")
    text = exposition().decode()
    assert "s3cret" not in text and "rtsp" not in text and "10.0.0.9" not in text


def test_queues_processes_nodes_tasks_and_requests():
    link = client()
    link.rpush("gpu", "a", "b")
    worker = Process("gpu", "worker", "host", 7, "0.1.0", 1.0, ("gpu",))
    say_alive(link, worker, at=time.time())
    say_alive(link, Process("beat", "beat", "host", 8, "0.1.0", 1.0), at=time.time() - 60)
    write_node(link, "host:7", NodeStatus(time.time(), 4, 31.5, 12, 1))
    write_node(link, "gone:9", NodeStatus(time.time() - 60, 4, 31.5, 12, 1))
    note_task(link, "a.task", "SUCCESS", seconds=2.5, at=100.0)
    note_task(link, "a.task", "FAILURE", seconds=0.5, at=200.0)
    web_tally.flush(link)
    link.delete(web_tally.KEY)
    web_tally.note(200, 0.25)
    web_tally.note(503, None)
    web_tally.flush(link)
    found = samples()
    assert found["crowdsite_queue_length", "gpu"] == 2 and found["crowdsite_queue_length", "alerts"] == 0
    assert found["crowdsite_processes", "worker"] == 1 and found["crowdsite_processes", "beat"] == 0
    assert found["crowdsite_queue_workers", "gpu"] == 1
    assert found["crowdsite_node_inference_seconds", "host:7"] == 0.0315
    assert found["crowdsite_node_waiting_events", "host:7"] == 12
    assert ("crowdsite_node_cameras", "gone:9") not in found
    assert found["crowdsite_tasks_total", "failure", "a.task"] == 1
    assert found["crowdsite_task_seconds_total", "a.task"] == 3
    assert found["crowdsite_task_ended_timestamp_seconds", "a.task"] == 200
    assert found["crowdsite_requests_total", "2xx"] == 1 and found["crowdsite_requests_total", "5xx"] == 1
    assert found["crowdsite_request_seconds_total",] == 0.25
    assert found["crowdsite_redis_memory_bytes",] > 0 and found["crowdsite_redis_clients",] >= 1
    say_gone(link, worker)
    assert samples()["crowdsite_processes", "worker"] == 0


def test_requests_counted_while_redis_is_away_are_brought_later(redis_server):
    web_tally.flush(client())
    client().delete(web_tally.KEY)
    web_tally.note(404, 0.1)
    redis_server.stop()
    try:
        with pytest.raises(redis.RedisError):
            web_tally.flush(client())
        assert samples() == {("crowdsite_build_info", "0.1.0"): 1, ("crowdsite_redis_up",): 0}
    finally:
        redis_server.start()
    web_tally.flush(client())
    assert client().hget(web_tally.KEY, "4xx") == b"1"


def test_a_redis_that_answers_and_refuses_changes_is_a_figure_of_its_own(admin_user):
    assert samples()["crowdsite_redis_writable",] == 1
    browser = Client()
    browser.force_login(admin_user)
    try:
        client().config_set("min-replicas-to-write", "1")
        answer = browser.get("/metrics")
    finally:
        client().config_set("min-replicas-to-write", "0")
    assert answer.status_code == 200
    found = samples(answer.content.decode())
    assert (found["crowdsite_redis_up",], found["crowdsite_redis_writable",]) == (1, 0)


def test_forty_cameras_cost_as_many_round_trips_as_one(doors):
    def trips() -> int:
        sent = []
        with CaptureQueriesContext(connections["redis"]):
            pool = client().connection_pool
            connection = pool.get_connection()
            real = type(connection).send_packed_command

            def counted(self, *args, **kwargs):
                sent.append(1)
                return real(self, *args, **kwargs)

            pool.release(connection)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(type(connection), "send_packed_command", counted)
                exposition()
        return len(sent)

    doors.add("First")
    one = trips()
    for number in range(39):
        doors.add(f"Camera {number}")
    assert trips() == one < 15


def test_holders_of_the_right_and_their_tokens_read_it_nobody_else_does(doors, admin_user):
    Site.objects.filter(pk=doors.site.pk).update(name="Site")
    nobody = Client().get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert nobody.status_code == 401 and nobody.json()["error"]["code"] == "not_authenticated"
    plain = Client()
    plain.force_login(person("viewer"))
    refused = plain.get("/metrics")
    may = person("viewer", "again").has_perm("operations.view_systemsettings")
    assert refused.status_code == (200 if may else 403)
    administrator = Client()
    administrator.force_login(admin_user)
    answer = administrator.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert answer.status_code == 200 and answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(answer.content.decode())["crowdsite_redis_up",] == 1


def test_every_alarm_is_about_a_figure_that_exists(doors):
    doors.add("Gate")
    note_task(client(), "a.task", "SUCCESS", seconds=2.5, at=100.0)
    write_node(client(), "host:7", NodeStatus(time.time(), 4, 31.5, 12, 1))
    web_tally.note(200, 0.1)
    web_tally.flush(client())
    known = {name for name, *_ in samples()} | {"crowdsite_licence_days_left"}
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len(rules) > 8
    explained = (RULES.parents[1] / "alarms.md").read_text()
    for rule in rules:
        assert f"| `{rule['alert']}` |" in explained
        used = set(re.findall(r"crowdsite_\w+", rule["expr"]))
        assert used and used <= known, rule["alert"]
        assert rule["annotations"]["summary"].endswith(".") and rule["labels"]["severity"]
