"""What a stranger may send: bodies without end, encodings nobody reads, addresses that fill the log."""

import asyncio
import json

import pytest
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve

from crowdsite.body_limit import limited
from crowdsite.request_ids import LONGEST_CHARS, shown_path
from crowdsite.roles import ADMINISTRATOR, VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def send_in_pieces(pieces: list[bytes], *, headers: tuple = (), path: str = "/login") -> tuple[list[dict], list[int]]:
    """What is answered, and what the application behind the limit got to see, piece by piece."""
    answers: list[dict] = []
    seen: list[int] = []
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return waiting.pop(0)

    async def send(message):
        answers.append(message)

    async def application(scope, receive, send):
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            seen.append(len(message["body"]))
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    scope = {"type": "http", "path": path, "headers": list(headers)}
    asyncio.run(limited(application, most=100)(scope, receive, send))
    return answers, seen


def test_a_body_without_a_length_is_counted_while_it_comes():
    answers, seen = send_in_pieces([b"x" * 40] * 10)
    assert answers[0]["status"] == 413
    assert sum(seen) == 80
    assert b"larger" in answers[1]["body"]


def test_a_length_that_says_too_much_is_refused_before_anything_is_read():
    answers, seen = send_in_pieces([b"x" * 40], headers=((b"content-length", b"101"),), path="/api/cameras")
    assert (answers[0]["status"], seen) == (413, [])
    assert json.loads(answers[1]["body"])["error"]["code"] == "too_large"


def test_a_body_of_the_most_passes():
    answers, seen = send_in_pieces([b"x" * 50, b"x" * 50], headers=((b"content-length", b"100"),))
    assert (answers[0]["status"], sum(seen)) == (200, 100)


def test_the_server_runs_behind_the_limit(monkeypatch):
    monkeypatch.setattr("operations.heartbeat.start", lambda _kind: None)  # no web process is alive here
    from crowdsite.asgi import application

    answers = []

    async def send(message):
        answers.append(message)

    scope = {"type": "http", "path": "/login", "method": "POST", "headers": [(b"content-length", b"99999999999")]}
    asyncio.run(application(scope, None, send))
    assert answers[0]["status"] == 413


@pytest.mark.parametrize("path", ["/login", "/no-such-page", "/logout", "/settings/capture", "/admin/", "/cameras/1"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data"])
@pytest.mark.parametrize("role", [None, VIEWER])
def test_a_form_that_cannot_be_read_is_no_fault_of_ours(path, kind, role):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=True)
    if role:
        browser.force_login(person(role))
    assert browser.post(path, b"a=1", content_type=kind).status_code in (302, 400, 403, 404)


def test_a_whole_address_in_the_request_line_is_no_fault():
    with pytest.raises(Resolver404):
        resolve("http://evil.example/login")
    assert Client().get("/login", PATH_INFO="http://evil.example/login").status_code == 404


@pytest.mark.parametrize("path", ["/", "/cameras", "/settings/people", "/api/cameras", "/api/tokens", "/metrics"])
def test_what_is_made_for_one_person_is_kept_by_nobody(path):
    browser = Client()
    browser.force_login(person(ADMINISTRATOR))
    said = browser.get(path)["Cache-Control"]
    assert "no-store" in said


def test_static_files_may_be_kept():
    assert "max-age" in Client().get("/static/css/app.css")["Cache-Control"]


def test_a_line_break_in_an_address_begins_no_line_of_the_log():
    assert shown_path(RequestFactory().get("/a%0aINFO%1b[31m")) == "/a%0AINFO%1B[31m"


def test_a_long_address_does_not_fill_the_log():
    shown = shown_path(RequestFactory().get("/" + "x" * 60_000 + "?token=cs_abcdefghijklmnop"))
    assert len(shown) < LONGEST_CHARS + 100
    assert "cs_abcdefghijklmnop" not in shown
