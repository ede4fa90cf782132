"""Which of the two databases is away is said as it is: each has another operator's remedy."""

import pytest
import redis
from django.db import OperationalError, connections
from django.test import Client

from accounts.models import Session
from accounts.sessions import SessionStore
from crowdsite.api_errors import DATABASE_DOWN, STORE_DOWN, as_error
from crowdsite.store.rows import store_errors
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def locked(*args, **kwargs):
    """What any statement raises while another program holds SQLite's lock."""
    database = connections["default"]
    with database.wrap_database_errors:
        raise database.Database.OperationalError("database is locked")


def refused_by_redis():
    with store_errors("redis://localhost:6379/0"):
        raise redis.ConnectionError("Connection refused.")


@pytest.fixture
def signed_in(monkeypatch):
    browser = Client(raise_request_exception=False)
    browser.force_login(person("administrator"))
    monkeypatch.setattr(SessionStore, "_get_session_from_db", locked)
    return browser


def test_an_error_of_the_same_class_is_told_by_who_caused_it():
    with pytest.raises(OperationalError) as of_sql:
        locked()
    with pytest.raises(OperationalError) as of_redis:
        refused_by_redis()
    assert (as_error(of_sql.value).code, as_error(of_sql.value).message) == ("database_unreachable", DATABASE_DOWN)
    assert (as_error(of_redis.value).code, as_error(of_redis.value).message) == ("store_unreachable", STORE_DOWN)


def test_programs_are_told_that_the_database_of_users_is_away(signed_in):
    answer = signed_in.get("/api/cameras/")
    assert answer.status_code == 503
    assert answer.json()["error"] == {"code": "database_unreachable", "message": DATABASE_DOWN, "fields": {}}


def test_a_page_does_not_blame_redis_for_the_database_of_users(signed_in):
    answer = signed_in.get("/cameras/")
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database of users does not answer" in page and "Redis" not in page and "data store" not in page


def test_a_session_that_cannot_be_written_is_not_taken_for_a_request_nobody_understands(monkeypatch):
    browser = Client(raise_request_exception=False)
    browser.force_login(person("administrator"))
    monkeypatch.setattr(Session, "save", locked)
    answer = browser.get("/")  # notes the site that is looked at
    assert answer.status_code == 503 and "The database of users does not answer" in answer.content.decode()


def test_a_login_while_the_database_is_locked_says_so(monkeypatch):
    monkeypatch.setattr("django.contrib.auth.forms.authenticate", locked)
    browser = Client(raise_request_exception=False)
    answer = browser.post("/login", {"username": "olga", "password": "x"}, follow=True)
    assert answer.status_code == 503 and "The database of users does not answer" in answer.content.decode()


def test_the_dashboard_does_not_blame_redis_for_the_database_of_users(monkeypatch):
    browser = Client(raise_request_exception=False)
    browser.force_login(person("administrator"))
    monkeypatch.setattr("reports.views.live_stats", locked)
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "The database of users does not answer" in answer.content.decode()
