import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from accounts import services, tasks
from accounts.models import Session
from crowdsite.roles import VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
PASSWORD = "a-long-password-1"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.fixture
def user() -> User:
    found = person(VIEWER)
    found.set_password(PASSWORD)
    found.save()
    return found


def log_in(user: User, **headers: str) -> Client:
    client = Client(**headers)
    answer = client.post("/login", {"username": user.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/account").status_code == 200


def test_a_login_is_a_row_with_owner_and_origin(user):
    client = log_in(user, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT=FIREFOX)
    row = Session.objects.get()
    assert (row.user_id, row.ip, row.user_agent) == (user.pk, "192.0.2.7", FIREFOX)
    page = client.get("/account").content.decode()
    assert "Firefox on Windows" in page
    assert row.session_key not in page


def test_use_is_written_at_most_once_a_minute(user):
    client = log_in(user)
    first = Session.objects.get().last_seen
    client.get("/account")
    assert Session.objects.get().last_seen == first
    Session.objects.update(last_seen=first - timedelta(minutes=2))
    client.get("/account")
    assert Session.objects.get().last_seen >= first


def test_saving_a_session_keeps_what_is_known_of_it(user):
    client = log_in(user, REMOTE_ADDR="192.0.2.7")
    before = Session.objects.get()
    session = client.session
    session["x"] = 1
    session.save()
    after = Session.objects.get()
    assert (after.ip, after.reference, after.created_at) == (before.ip, before.reference, before.created_at)
    assert after.session_data != before.session_data


def test_one_session_is_ended_from_another(user):
    here, there = log_in(user), log_in(user, HTTP_USER_AGENT=FIREFOX)
    reference = Session.objects.get(user_agent=FIREFOX).reference
    assert here.post(f"/account/sessions/{reference}/end").status_code == 302
    assert is_in(here)
    assert not is_in(there)


def test_all_others_end_at_once(user):
    here, *others = (log_in(user) for _ in range(3))
    here.post("/account/sessions/end")
    assert is_in(here)
    assert not any(is_in(other) for other in others)


def test_ending_the_own_session_is_logging_out(user):
    client = log_in(user)
    answer = client.post(f"/account/sessions/{Session.objects.get().reference}/end")
    assert answer["Location"] == "/login"
    assert not is_in(client)


def test_nobody_ends_sessions_of_others(user):
    theirs = log_in(user)
    other = Client()
    other.force_login(person(VIEWER, "other"))
    other.post(f"/account/sessions/{Session.objects.get(user=user).reference}/end")
    other.post(f"/account/sessions/{uuid.uuid4()}/end")
    assert is_in(theirs)


def test_a_running_request_does_not_bring_an_ended_session_back(user):
    client = log_in(user)
    session = client.session
    session["x"] = 1
    services.end_sessions(user=user)
    with pytest.raises(UpdateError):
        session.save()
    assert not Session.objects.exists()


def test_a_session_ends_when_nobody_uses_it(user, settings):
    client = log_in(user)
    Session.objects.update(last_seen=timezone.now() - timedelta(seconds=settings.SESSION_IDLE_SECS + 1))
    assert not is_in(client)


def test_a_session_ends_at_its_age_however_much_it_is_used(user, settings):
    client = log_in(user)
    Session.objects.update(created_at=timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE - 5))
    session = client.session
    session["x"] = 1
    session.save()
    assert Session.objects.get().expire_date <= timezone.now() + timedelta(seconds=5)


def test_a_new_password_ends_the_other_sessions(user):
    here, there = log_in(user), log_in(user)
    data = {"password-current_password": PASSWORD, "password-password": "another-long-one-2"}
    assert here.post("/account/password", data).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert Session.objects.filter(user=user).count() == 1


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("wrong", "another-long-one-2", "not your current password"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "password123", "too common"),
        (PASSWORD, "", "required"),
    ],
)
def test_a_password_is_not_changed_without_the_old_one_or_to_a_weak_one(user, current, new, words):
    client = log_in(user)
    answer = client.post("/account/password", {"password-current_password": current, "password-password": new})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert User.objects.get().check_password(PASSWORD)
    assert is_in(client)


def test_the_mail_address_asks_for_the_password(user):
    client = log_in(user)
    data = {"email-email": "me@example.org", "email-current_password": "wrong"}
    assert client.post("/account/email", data).status_code == 422
    assert client.post("/account/email", data | {"email-current_password": PASSWORD}).status_code == 302
    assert User.objects.get().email == "me@example.org"


def test_deactivation_logs_out_at_once(user):
    client = log_in(user)
    services.set_active(user=user, active=False)
    assert not is_in(client)
    assert not Session.objects.exists()


def test_a_deleted_user_leaves_no_session(user):
    log_in(user)
    user.delete()
    assert not Session.objects.exists()


def test_ended_sessions_are_tidied_away(user, settings):
    log_in(user)
    log_in(user)
    oldest = Session.objects.first()
    Session.objects.filter(pk=oldest.pk).update(last_seen=timezone.now() - timedelta(days=400))
    tasks.forget_ended_sessions()
    assert Session.objects.count() == 1


def test_a_token_made_on_the_page_is_shown_once(user):
    client = log_in(user)
    page = client.post("/account/tokens", {"token-name": "Gate", "token-lifetime": "90"})
    token = user.auth_token_set.get()
    assert re.search(rf">{token.shown}[0-9a-f]+<", page.content.decode())
    assert page["Cache-Control"].startswith("max-age=0")
    again = client.get("/account").content.decode()
    assert "Gate" in again
    assert 'id="token-text"' not in again
    client.post(f"/account/tokens/{token.reference}/revoke")
    assert not user.auth_token_set.exists()
