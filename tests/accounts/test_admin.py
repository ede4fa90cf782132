import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from accounts.selectors import role_of
from accounts.visibility import visible_site_ids
from cameras.models import Site
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
PASSWORD = "a-long-password-1"
URL = "/admin/auth/user/"


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


def test_somebody_is_added_with_role_and_sites(page):
    site = Site.objects.create(name="North")
    assert page.get(f"{URL}add/").status_code == 200
    values = {"username": "guard", "email": "", "role": VIEWER, "reach": "some", "sites": [site.pk]}
    answer = page.post(f"{URL}add/", values | {"password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    guard = User.objects.get(username="guard")
    assert (role_of(guard), visible_site_ids(guard)) == (VIEWER, {site.pk})
    assert guard.check_password(PASSWORD)


def test_role_and_sites_are_changed_and_nothing_else(page):
    guard = person(VIEWER, "guard")
    assert page.get(f"{URL}{guard.pk}/change/").status_code == 200
    values = {"email": "g@example.org", "is_active": "on", "role": OPERATOR, "reach": "all"}
    answer = page.post(f"{URL}{guard.pk}/change/", values | {"is_superuser": "on", "groups": [1], "username": "x"})
    assert answer.status_code == 302
    found = User.objects.get(pk=guard.pk)
    assert (role_of(found), found.is_superuser, found.username) == (OPERATOR, False, "guard")


def test_the_last_administrator_stays(page, boss):
    page.post(f"{URL}{boss.pk}/change/", {"email": "", "is_active": "on", "role": VIEWER, "reach": "all"})
    page.post(f"{URL}{boss.pk}/change/", {"email": "", "role": ADMINISTRATOR, "reach": "all"})
    page.post(f"{URL}{boss.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"}
    answer = page.post(URL, chosen, follow=True)
    assert "last administrator" in answer.content.decode()
    found = User.objects.get(pk=boss.pk)
    assert (found.is_active, role_of(found)) == (True, ADMINISTRATOR)


def test_a_password_is_set(page):
    guard = person(VIEWER, "guard")
    theirs = Client()
    theirs.force_login(guard)
    url = f"{URL}{guard.pk}/password/"
    assert page.get(url).status_code == 200
    new = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true", "set-password": "1"}
    assert page.post(url, new).status_code == 302
    assert User.objects.get(pk=guard.pk).check_password(PASSWORD)
    assert theirs.get("/account").status_code == 302


def test_a_password_is_not_taken_away(page, boss):
    for answer in ({"usable_password": "false", "unset-password": "1"}, {"usable_password": "false"}):
        page.post(f"{URL}{boss.pk}/password/", {"password1": "", "password2": "", **answer})
        assert User.objects.get(pk=boss.pk).check_password(PASSWORD)


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_others_find_no_people_and_no_groups(role, boss):
    user = person(role)
    client = Client()
    client.force_login(user)
    for path in (URL, f"{URL}{boss.pk}/change/", f"{URL}{user.pk}/change/", f"{URL}{boss.pk}/password/", f"{URL}add/"):
        assert client.get(path).status_code in (302, 403), path
        assert client.post(path, {"role": ADMINISTRATOR}, follow=True).status_code == 403, path
    assert not Group.objects.get(name=ADMINISTRATOR).user_set.filter(pk=user.pk).exists()


def test_groups_sessions_and_tokens_are_not_in_the_admin(page):
    for path in ("auth/group", "accounts/session", "accounts/apitoken", "knox/authtoken", "axes/accessattempt"):
        assert page.get(f"/admin/{path}/").status_code == 404, path


def test_an_operator_holds_no_right_over_people():
    operator = person(OPERATOR)
    held = operator.get_all_permissions()
    assert not [
        name for name in held if name.split(".")[0] in ("auth", "accounts", "knox", "axes", "admin", "sessions")
    ]
