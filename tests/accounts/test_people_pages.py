import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from accounts.models import Profile, Session
from accounts.selectors import role_of
from accounts.visibility import visible_site_ids
from cameras.models import Site
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
PASSWORD = "a-long-password-1"
NEW = {"username": "guard", "email": "", "role": VIEWER, "reach": "all", "start": "password", "password": PASSWORD}


class NoMail(EmailBackend):
    """A backend that knows it has no server."""

    is_configured = False


@pytest.fixture(autouse=True)
def _tasks_at_once(settings):
    """Tasks run where they are asked for, instead of in a worker."""
    from crowdsite.celery import app

    before = app.conf.task_always_eager
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = before


@pytest.fixture
def no_mail(settings):
    settings.EMAIL_BACKEND = f"{__name__}.NoMail"


@pytest.fixture
def boss() -> User:
    user = person(ADMINISTRATOR, "boss")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def page(boss) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def link_in(message) -> str:
    return re.search(r"https?://[^/\s]+(/password-reset/\S+)", message.body)[1]


def set_password(link: str, password: str) -> int:
    """Through the link, as a browser does. The status of the answer."""
    client = Client()
    opened = client.get(link, follow=True)
    path = opened.redirect_chain[-1][0] if opened.redirect_chain else link
    return client.post(path, {"new_password1": password, "new_password2": password}).status_code


def test_the_list_says_who_may_what(page):
    site = Site.objects.create(name="North")
    guard = person(VIEWER, "guard<script>")
    Profile.objects.create(user=guard, all_sites=False, site_ids=[site.pk, 999])
    text = page.get("/settings/people").content.decode()
    assert "guard&lt;script&gt;" in text
    assert "guard<script>" not in text
    assert "North" in text
    assert "999" not in text


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_only_administrators_see_and_change_people(role, boss):
    user = person(role)
    client = Client()
    client.force_login(user)
    for path in ("", "/add", f"/{boss.pk}"):
        assert client.get(f"/settings/people{path}").status_code == 403
        assert client.post(f"/settings/people{path}", NEW | {"role": ADMINISTRATOR}).status_code in (403, 405)
    for action in ("password", "invite", "activate", "deactivate", "end-sessions", "unlock"):
        assert client.post(f"/settings/people/{boss.pk}/{action}", {"new-password": PASSWORD}).status_code == 403
    assert client.post(f"/settings/people/{user.pk}", NEW | {"role": ADMINISTRATOR}).status_code == 403
    assert role_of(User.objects.get(pk=user.pk)) == role
    assert User.objects.count() == 2


def test_somebody_is_added_for_one_site_with_a_password(page):
    site = Site.objects.create(name="North")
    assert page.post("/settings/people/add", NEW | {"reach": "some", "sites": [site.pk]}).status_code == 302
    guard = User.objects.get(username="guard")
    assert visible_site_ids(guard) == {site.pk}
    assert Client().post("/login", {"username": "guard", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "boss"},
        {"username": ""},
        {"role": "king"},
        {"role": ""},
        {"password": "12345678"},
        {"password": ""},
        {"reach": "some"},
        {"reach": "some", "sites": ["77"]},
        {"email": "nonsense"},
        {"start": "invite"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(page, wrong):
    answer = page.post("/settings/people/add", NEW | wrong)
    assert answer.status_code == 422
    assert 'class="err"' in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    assert User.objects.count() == 1


def test_an_invitation_is_a_link_that_works_once(page):
    answer = page.post("/settings/people/add", NEW | {"start": "invite", "email": "g@example.org", "password": ""})
    assert answer.status_code == 302
    assert [message.to for message in mail.outbox] == [["g@example.org"]]
    assert "No password yet" in page.get("/settings/people").content.decode()
    link = link_in(mail.outbox[0])
    assert set_password(link, PASSWORD) == 302
    assert Client().post("/login", {"username": "guard", "password": PASSWORD}).status_code == 302
    assert "no longer works" in Client().get(link, follow=True).content.decode()


def test_without_a_mail_server_nobody_is_invited(page, no_mail):
    assert "Send a link" not in page.get("/settings/people/add").content.decode()
    assert page.post("/settings/people/add", NEW | {"start": "invite", "email": "g@x.org"}).status_code == 422


def test_role_and_sites_are_changed(page):
    guard = person(VIEWER, "guard")
    page.post(f"/settings/people/{guard.pk}", {"email": "g@example.org", "role": OPERATOR, "reach": "all"})
    found = User.objects.get(pk=guard.pk)
    assert (role_of(found), found.email, found.is_staff) == (OPERATOR, "g@example.org", True)


def test_the_last_administrator_is_told_why_not(page, boss):
    answer = page.post(f"/settings/people/{boss.pk}", {"email": "", "role": VIEWER, "reach": "all"})
    assert answer.status_code == 422
    assert "last administrator" in answer.content.decode()
    answer = page.post(f"/settings/people/{boss.pk}/deactivate", follow=True)
    assert "last administrator" in answer.content.decode()
    assert User.objects.get(pk=boss.pk).is_active


def test_deactivation_can_be_undone(page):
    guard = person(VIEWER, "guard")
    listed = page.post(f"/settings/people/{guard.pk}/deactivate", follow=True).content.decode()
    assert "guard was deactivated" in listed
    assert f"/settings/people/{guard.pk}/activate" in listed
    page.post(f"/settings/people/{guard.pk}/activate")
    assert User.objects.get(pk=guard.pk).is_active


def test_a_password_set_by_an_administrator_ends_all_sessions(page):
    guard = person(VIEWER, "guard")
    theirs = Client()
    theirs.force_login(guard)
    assert page.post(f"/settings/people/{guard.pk}/password", {"new-password": "short"}).status_code == 422
    assert theirs.get("/account").status_code == 200
    assert page.post(f"/settings/people/{guard.pk}/password", {"new-password": PASSWORD}).status_code == 302
    assert theirs.get("/account").status_code == 302
    assert Client().post("/login", {"username": "guard", "password": PASSWORD}).status_code == 302


def test_all_sessions_of_somebody_end(page):
    guard = person(VIEWER, "guard")
    Client().force_login(guard)
    page.post(f"/settings/people/{guard.pk}/end-sessions")
    assert not Session.objects.filter(user=guard).exists()
    assert page.get("/settings/people").status_code == 200


def test_somebody_who_does_not_exist_is_not_found(page):
    assert page.get("/settings/people/99999").status_code == 404
    assert page.post("/settings/people/99999/deactivate").status_code == 404


# -- the way back in ------------------------------------------------------------------------------------------------


@pytest.fixture
def forgetful(settings) -> User:
    settings.PUBLIC_URL = "https://crowdsite.example"
    user = person(VIEWER, "guard")
    user.email = "guard@example.org"
    user.set_password(PASSWORD)
    user.save()
    return user


def ask(email: str, address: str = "192.0.2.1"):
    return Client(REMOTE_ADDR=address).post("/password-reset", {"email": email})


def test_a_link_sets_a_new_password_and_ends_all_sessions(forgetful):
    theirs = Client()
    theirs.force_login(forgetful)
    ask("guard@example.org")
    assert "https://crowdsite.example/password-reset/" in mail.outbox[0].body
    assert set_password(link_in(mail.outbox[0]), "another-long-one-2") == 302
    assert theirs.get("/account").status_code == 302
    assert Client().post("/login", {"username": "guard", "password": "another-long-one-2"}).status_code == 302


def test_unknown_addresses_get_the_same_answer_and_no_mail(forgetful):
    known, unknown = ask("guard@example.org"), ask("nobody@example.org")
    assert known.status_code == unknown.status_code == 200
    pages = [
        re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page.content.decode()) for page in (known, unknown)
    ]
    assert pages[0] == pages[1]
    assert len(mail.outbox) == 1


def test_an_address_is_written_to_three_times_an_hour(forgetful):
    for number in range(5):
        assert ask("Guard@example.org", f"192.0.2.{number}").status_code == 200
    assert len(mail.outbox) == 3


def test_one_client_asks_twenty_times_an_hour(forgetful):
    answers = [ask(f"{number}@example.org").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]


def test_the_deactivated_and_the_invited_get_no_link(forgetful):
    User.objects.update(is_active=False)
    ask("guard@example.org")
    forgetful.is_active = True
    forgetful.set_unusable_password()
    forgetful.save()
    ask("guard@example.org")
    assert mail.outbox == []


def test_a_link_ends_after_three_days(forgetful, monkeypatch):
    ask("guard@example.org")
    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    later = timezone.now().replace(tzinfo=None) + timedelta(days=3, minutes=1)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: later)
    assert "no longer works" in Client().get(link_in(mail.outbox[0]), follow=True).content.decode()


def test_without_a_mail_server_the_login_offers_nothing(forgetful, no_mail):
    page = Client().get("/login").content.decode()
    assert "password-reset" not in page
    assert "Ask an administrator" in page
    assert ask("guard@example.org").status_code == 404


def test_a_strange_host_gets_no_link_to_itself(forgetful, settings):
    settings.PUBLIC_URL = ""
    settings.ALLOWED_HOSTS = ["*"]
    assert ask("guard@example.org").status_code == 404
    assert "password-reset" not in Client().get("/login").content.decode()
    settings.ALLOWED_HOSTS = ["good.example"]
    Client().post("/password-reset", {"email": "guard@example.org"}, headers={"Host": "evil.example"})
    assert mail.outbox == []
    Client().post("/password-reset", {"email": "guard@example.org"}, headers={"Host": "good.example"})
    assert "http://good.example/password-reset/" in mail.outbox[0].body


def test_no_token_lies_in_a_queue(forgetful, monkeypatch):
    from accounts import tasks

    sent = []
    monkeypatch.setattr(tasks.send_reset, "apply_async", lambda args, **how: sent.append((args, how)))
    ask("guard@example.org")
    assert sent[0][0] == ("guard@example.org", "https://crowdsite.example")
    assert "guard" not in sent[0][1]["argsrepr"]
