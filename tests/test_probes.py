"""Probes answer machines, whatever is wrong."""

import time

import pytest
import redis
from django.test import Client

from crowdsite import probes
from crowdsite.api_errors import as_error
from crowdsite.store.connection import client
from crowdsite.store.migrations import APPLIED_KEY, apply_migrations
from operations.heartbeat import Process, say_alive
from tests.support.doors import Doors

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
STARTED = 1.0


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(probes, "_migrated", False)
    apply_migrations()


def everybody_alive(but: str = "") -> None:
    for kind, queues in (("beat", ()), ("worker", ("gpu",)), ("worker", ("celery", "exports"))):
        if but not in (kind, *queues):
            say_alive(client(), Process(kind, kind, "host", 1, "0.1.0", STARTED, queues), at=time.time())


def camera() -> None:
    from cameras.selectors import default_site

    Doors(client(), default_site(), time.time()).add("Gate")


def test_a_process_that_is_up_and_can_work_says_so():
    everybody_alive()
    camera()
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"status": "ok", "failed": [], "missing": [], "messages": []}


@pytest.mark.parametrize(("but", "word"), [("gpu", "gpu worker"), ("celery", "task worker"), ("beat", "beat")])
def test_a_missing_worker_is_said_but_the_pages_stay(but, word):
    camera()
    everybody_alive(but)
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded" and answer.json()["missing"] == [word]
    assert len(answer.json()["messages"]) == 1 and answer.json()["messages"][0].endswith(".")


def test_a_worker_that_fell_silent_is_missing():
    camera()
    everybody_alive("beat")
    say_alive(client(), Process("beat", "beat", "host", 1, "0.1.0", STARTED), at=time.time() - 30)
    assert Client().get("/readyz").json()["missing"] == ["beat"]


def test_an_installation_without_cameras_needs_no_inference_node():
    everybody_alive("gpu")
    assert Client().get("/readyz").json()["status"] == "ok"


def test_what_does_not_answer_is_named_without_a_login_and_without_its_address(redis_server):
    redis_server.stop()
    try:
        answer = Client().get("/readyz")
    finally:
        redis_server.start()
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready" and answer.json()["failed"] == ["redis"]
    assert str(redis_server.port) not in answer.content.decode() and "Error" not in answer.content.decode()
    assert Client().get("/healthz").status_code == 200


def test_records_older_than_the_program_are_not_ready(monkeypatch):
    everybody_alive()
    client().delete(APPLIED_KEY, "store:layout")
    answer = Client().get("/readyz")
    assert answer.status_code == 503 and answer.json()["failed"] == ["migrations"]
    apply_migrations()
    assert Client().get("/readyz").status_code == 200


def test_the_api_is_documented_without_the_internet(admin_client):
    page = admin_client.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "http://" not in page.replace("http://testserver", "") and "https://" not in page


def test_a_redis_that_takes_no_changes_is_said_in_place_of_the_silence_that_follows_from_it():
    everybody_alive(but="beat")
    try:
        client().config_set("min-replicas-to-write", "1")
        answer = Client().get("/readyz")
    finally:
        client().config_set("min-replicas-to-write", "0")
    assert (answer.status_code, answer.json()["missing"]) == (200, ["redis writes"])
    assert "takes no changes" in answer.json()["messages"][0]
    assert Client().get("/readyz").json()["missing"] == ["beat"]


@pytest.mark.parametrize(
    "error",
    [
        redis.ReadOnlyError("You can't write against a read only replica."),
        redis.exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
        redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
        redis.ResponseError("NOREPLICAS Not enough good replicas to write."),
    ],
    ids=["replica", "memory", "disk", "replicas"],
)
def test_a_redis_that_takes_no_changes_is_no_fault_of_the_program(error):
    assert as_error(error).status == 503
    assert as_error(redis.ResponseError("WRONGTYPE Operation against a key")) is None
