from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.lockout import locked_names
from crowdsite.roles import ADMINISTRATOR, VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
PASSWORD = "a-long-password-1"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.9"


@pytest.fixture
def user() -> User:
    found = person(VIEWER, "guard")
    found.set_password(PASSWORD)
    found.save()
    return found


def attempt(name: str, password: str = "wrong", address: str = HERE, **headers: str):
    return Client(REMOTE_ADDR=address, **headers).post("/login", {"username": name, "password": password})


def fail(times: int, name: str = "guard", address: str = HERE, **headers: str) -> None:
    for _ in range(times):
        attempt(name, address=address, **headers)


def test_after_five_failures_the_right_password_has_to_wait(user):
    fail(4)
    assert attempt("guard").status_code == 429
    answer = attempt("guard", PASSWORD)
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "Too many failed attempts." in page
    assert "Wait 15 minutes" in page
    assert 'value="guard"' in page
    assert int(answer["Retry-After"]) <= 900
    assert PASSWORD not in page


def test_four_failures_are_forgiven_by_a_login(user):
    for _ in range(2):
        fail(4)
        assert attempt("guard", PASSWORD).status_code == 302


def test_nobody_locks_somebody_out_from_elsewhere(user):
    fail(10, address=ELSEWHERE)
    assert attempt("guard", PASSWORD).status_code == 302
    assert attempt("guard", PASSWORD, address=ELSEWHERE).status_code == 429


def test_one_address_that_tries_many_names_waits_with_each(user, settings):
    settings.LOGIN_FAILURES_PER_ADDRESS = 8
    for number in range(8):
        attempt(f"name-{number}")
    assert attempt("guard", PASSWORD).status_code == 429
    assert attempt("guard", PASSWORD, address=ELSEWHERE).status_code == 302


def test_a_network_of_ipv6_counts_as_one_address(user):
    for number in range(5):
        attempt("guard", address=f"2001:db8::{number:x}")
    assert attempt("guard", PASSWORD, address="2001:db8::ffff").status_code == 429
    assert attempt("guard", PASSWORD, address="2001:db8:0:1::1").status_code == 302


def test_what_a_client_says_of_itself_changes_nothing(user):
    for number in range(5):
        fail(1, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}", HTTP_USER_AGENT=f"browser {number}")
    assert attempt("guard", PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.99").status_code == 429


def test_waiting_is_not_prolonged_by_trying(user):
    fail(5)
    since = AccessAttempt.objects.get().attempt_time
    fail(3)
    assert AccessAttempt.objects.get().attempt_time == since
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert attempt("guard", PASSWORD).status_code == 302


def test_names_that_do_not_exist_are_answered_alike(user):
    known, unknown = attempt("guard"), attempt("nobody")
    assert known.status_code == unknown.status_code == 200
    for page in (known, unknown):
        assert "Name or password is wrong." in page.content.decode()
    fail(5, "nobody")
    assert attempt("nobody").status_code == 429


def test_no_password_is_kept(user):
    attempt("guard", "my-secret-password")
    assert "my-secret-password" not in str(AccessAttempt.objects.values().get())


def test_a_new_password_of_ones_own_forgives_no_attempts_with_other_names(user):
    mine = Client(REMOTE_ADDR=HERE)
    mine.force_login(user)
    fail(1)
    fail(4, name="boss")
    data = {"password-current_password": PASSWORD, "password-password": "another-long-password-2"}
    assert mine.post("/account/password", data).status_code == 302
    assert not AccessAttempt.objects.filter(username="guard").exists()
    assert attempt("boss").status_code == 429


def test_an_administrator_unlocks_on_the_page(user):
    fail(5)
    assert locked_names() == {"guard"}
    boss = Client()
    boss.force_login(person(ADMINISTRATOR))
    assert "Locked out" in boss.get("/settings/people").content.decode()
    boss.post(f"/settings/people/{user.pk}/unlock")
    assert attempt("guard", PASSWORD).status_code == 302


def test_the_command_unlocks(user):
    fail(5)
    out = StringIO()
    call_command("unlock", "guard", stdout=out)
    assert "can try again" in out.getvalue()
    assert attempt("guard", PASSWORD).status_code == 302
    with pytest.raises(CommandError, match="no user"):
        call_command("unlock", "nobody")


def test_the_admin_has_no_login_of_its_own(user):
    answer = Client().get("/admin/login/?next=/admin/cameras/camera/")
    assert answer["Location"] == "/login?next=/admin/cameras/camera/"
    assert Client().post("/admin/login/", {"username": "guard", "password": PASSWORD}).status_code == 302
    viewer = Client()
    viewer.force_login(user)
    assert viewer.get("/admin/", follow=True).status_code == 403


def test_a_name_with_control_characters_is_a_wrong_name():
    for name in ("a\x00b", "x" * 5000, "‮", " "):
        assert attempt(name).status_code == 200


def test_an_unlocked_screen_is_no_place_to_guess_the_password(user):
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(user)

    def change(password: str) -> str:
        data = {"password-current_password": password, "password-password": "another-long-password-2"}
        return client.post("/account/password", data).content.decode()

    for _ in range(4):
        assert "This is not your current password." in change("wrong")
    assert "Too many wrong passwords. Try again in 15 minutes." in change("wrong")
    assert "Too many wrong passwords." in change(PASSWORD)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    unlocked = Client(REMOTE_ADDR=ELSEWHERE)
    unlocked.force_login(user)
    data = {"password-current_password": PASSWORD, "password-password": "another-long-password-2"}
    assert unlocked.post("/account/password", data).status_code == 302
