"""Requests in the log, and what they start."""

import json

import pytest
from auditlog.models import LogEntry
from django.db import transaction
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import ResolverMatch
from loguru import logger

from crowdsite.celery import app
from crowdsite.log_context import request_id
from crowdsite.request_ids import request_ids, shown_path
from crowdsite.store.connection import client
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def requests_of(log) -> list[dict]:
    return [line for line in log.lines if line["source"] == "crowdsite.requests"]


def test_an_answer_names_its_request_and_so_do_its_lines(log):
    answer = Client().get("/healthz")
    assert requests_of(log)[-1]["request_id"] == answer["X-Request-ID"]
    assert len(answer["X-Request-ID"]) == 16
    assert answer["X-Request-ID"] != Client().get("/healthz")["X-Request-ID"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-123_DEF.4", True), ("short", False), ("x" * 65, False), ("a b c d e f g", False), ("é" * 10, False),
     ("abcdefgh<script>", False), ("../../etc", False)],
)  # fmt: skip
def test_an_id_from_outside_is_taken_when_it_is_a_harmless_word(log, given, kept):
    answer = Client().get("/healthz", headers={"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) is kept
    assert (given in log.file) is kept


async def test_coroutines_carry_it_too(log):
    answer = await AsyncClient().get("/healthz", headers={"X-Request-ID": "from-the-proxy"})
    assert answer["X-Request-ID"] == "from-the-proxy"
    assert request_id() is None


def test_reads_are_for_debugging_writes_and_refusals_are_news(log, settings):
    browser = Client()
    user = person("viewer")
    browser.force_login(user)
    browser.get("/healthz")
    browser.get("/no-such-page")
    browser.post("/api/cameras", {}, content_type="application/json")
    levels = {line["message"].split(" in ")[0]: line["level"] for line in requests_of(log)}
    assert levels["GET /healthz 200"] == "DEBUG"
    assert levels["GET /no-such-page 404"] == "INFO"
    [post] = [name for name in levels if name.startswith("POST")]
    assert levels[post] == "INFO"
    assert any(line["message"].endswith(f", user {user.pk}") for line in requests_of(log))


def test_links_that_open_doors_are_not_shown(log):
    request = RequestFactory().get("/reset/MQ/c8x-deadbeef/?token=abc&page=2")
    request.resolver_match = ResolverMatch(lambda: None, (), {"uidb64": "MQ", "token": "c8x-deadbeef"})
    request_ids(lambda request: HttpResponse())(request)
    assert "c8x-deadbeef" not in shown_path(request)
    line = requests_of(log)[-1]["message"]
    assert "deadbeef" not in line and "abc" not in line and "page=2" in line


def test_a_task_carries_the_id_of_the_request_that_started_it(log):
    def view(request):
        app.send_task("tests.nothing", args=[1], queue="celery")
        return HttpResponse()

    request_ids(view)(RequestFactory().get("/x", headers={"X-Request-ID": "started-it"}))
    message = json.loads(client().lpop("celery"))
    assert message["headers"]["crowdsite_request_id"] == "started-it"


def test_within_the_task_its_lines_carry_it(log):
    @app.task(name="tests.logs.speaking")
    def speaking() -> None:
        logger.info("from the task")

    speaking.apply(headers={"crowdsite_request_id": "started-it"}, task_id="task-7")
    [line] = [line for line in log.lines if line["message"] == "from the task"]
    assert line["request_id"] == "started-it" and line["task_id"] == "task-7"
    assert request_id() is None
    stored = {name.decode(): value for name, value in client().hgetall("operations:tasks").items()}
    assert stored["tests.logs.speaking|SUCCESS"] == b"1"


def test_signing_in_and_failing_to_are_lines(log):
    user = person("viewer", "vera")
    user.set_password("right-horse-9")
    user.save()
    browser = Client()
    browser.post("/login", {"username": "vera", "password": "wrong-horse-8"})
    browser.post("/login", {"username": "vera", "password": "right-horse-9"})
    said = [line["message"] for line in log.lines if line["source"] == "crowdsite.people"]
    assert "'vera' could not sign in from 127.0.0.1" in said and "vera signed in from 127.0.0.1" in said
    assert "horse" not in log.text and "horse" not in log.file


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_is_no_line(log):
    vera, deleted = person("viewer", "vera"), {"action": LogEntry.Action.DELETE, "actor_email": "adam"}
    with pytest.raises(RuntimeError), transaction.atomic():
        LogEntry.objects.log_create(vera, force_log=True, **deleted)
        raise RuntimeError
    assert [line for line in log.lines if "adam deleted" in line["message"]] == []
    LogEntry.objects.log_create(vera, force_log=True, **deleted)
    assert [line["message"] for line in log.lines if "adam deleted" in line["message"]] == ["adam deleted user 'vera'"]


@pytest.mark.parametrize("tail", ["/", ".", "/x", "%0a"])
def test_a_link_to_set_a_password_is_hidden_where_something_was_added_to_it(log, tail):
    Client().get(f"/password-reset/MQ/abc123-0123456789abcdef{tail}")
    assert requests_of(log)
    assert "0123456789abcdef" not in log.file
