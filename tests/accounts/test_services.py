import threading
import time

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection

from accounts import services
from accounts.selectors import role_of
from accounts.services import Access
from accounts.visibility import visible_site_ids
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER, assign_role, ensure_roles
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

PASSWORD = "a-long-password-1"


@pytest.fixture(autouse=True)
def _roles(db):
    ensure_roles()


def administrator(name: str = "boss") -> User:
    """One who can log in."""
    user = person(ADMINISTRATOR, name)
    user.set_password(PASSWORD)
    user.save()
    return user


def test_a_new_person_has_role_sites_and_password():
    user = services.create_person(
        username="guard", email="g@example.org", access=Access(VIEWER, [3, 1, 3]), password=PASSWORD
    )
    found = User.objects.get(pk=user.pk)
    assert found.check_password(PASSWORD)
    assert (role_of(found), found.is_staff, visible_site_ids(found)) == (VIEWER, False, {1, 3})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"username": ""}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": "x" * 151}, "username"),
        ({"email": "no address"}, "email"),
        ({"password": "12345678"}, "password"),
        ({"password": "guard-name"}, "password"),
        ({"access": Access("king")}, "role"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(values, field):
    wanted = {"username": "guard-name", "email": "", "access": Access(VIEWER), "password": PASSWORD} | values
    with pytest.raises(CrowdsiteError) as refusal:
        services.create_person(**wanted)
    assert field in refusal.value.fields
    assert not User.objects.exists()


def test_a_name_is_given_once():
    services.create_person(username="guard", email="", access=Access(VIEWER), password=PASSWORD)
    with pytest.raises(CrowdsiteError) as refusal:
        services.create_person(username="guard", email="", access=Access(VIEWER), password=PASSWORD)
    assert "username" in refusal.value.fields


def test_demotion_takes_superuser_and_admin_away():
    root = User.objects.create_superuser("root", "", PASSWORD)
    administrator()
    services.change_person(user=root, email="", access=Access(VIEWER), active=True)
    found = User.objects.get(pk=root.pk)
    assert (found.is_superuser, found.is_staff, role_of(found)) == (False, False, VIEWER)
    assert not found.has_perm("auth.view_user")


def until_free(write) -> None:
    for _ in range(500):
        try:
            return write()
        except OperationalError:
            time.sleep(0.01)
    raise AssertionError("the database stayed locked")


def lose(how: str, user: User) -> None:
    if how == "delete":
        services.delete_people(users=[user])
    elif how == "deactivate":
        services.set_active(user=user, active=False)
    elif how == "deactivate in the form":
        services.change_person(user=user, email="", access=Access(ADMINISTRATOR), active=False)
    else:
        services.change_person(user=user, email="", access=Access(OPERATOR), active=True)


WAYS = ["delete", "deactivate", "deactivate in the form", "demote"]


@pytest.mark.parametrize("how", WAYS)
def test_the_last_administrator_stays(how):
    boss = administrator()
    person(OPERATOR)
    with pytest.raises(CrowdsiteError, match="last administrator"):
        lose(how, boss)
    found = User.objects.get(pk=boss.pk)
    assert found.is_active
    assert role_of(found) == ADMINISTRATOR


@pytest.mark.parametrize("how", WAYS)
def test_whoever_cannot_log_in_is_no_second_administrator(how):
    boss = administrator()
    person(ADMINISTRATOR, "invited")
    gone = administrator("gone")
    services.set_active(user=gone, active=False)
    with pytest.raises(CrowdsiteError, match="last administrator"):
        lose(how, boss)


@pytest.mark.parametrize("how", WAYS)
def test_one_of_two_administrators_may_go(how):
    boss = administrator()
    administrator("second")
    lose(how, boss)
    assert not User.objects.filter(pk=boss.pk, is_active=True, groups__name=ADMINISTRATOR).exists()


def test_all_administrators_at_once_cannot_be_deleted():
    both = [administrator("a"), administrator("b")]
    with pytest.raises(CrowdsiteError, match="last administrator"):
        services.delete_people(users=both)
    assert User.objects.count() == 2


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
def test_two_administrators_who_demote_each_other_at_once_leave_one():
    both = [administrator("a"), administrator("b")]
    barrier, refused = threading.Barrier(2), []

    def demote(user: User) -> None:
        barrier.wait(10)
        try:
            # A database in memory does not queue writers as a file does, so they ask again.
            until_free(lambda: services.change_person(user=user, email="", access=Access(VIEWER), active=True))
        except CrowdsiteError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=(user,)) for user in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused == ["last_administrator"]
    assert User.objects.filter(groups__name=ADMINISTRATOR).count() == 1


def test_superusers_from_before_there_were_roles_get_one():
    root = User.objects.create_superuser("root", "", PASSWORD)
    ensure_roles()
    assert root.groups.filter(name=ADMINISTRATOR).exists()


def test_a_role_is_one_role():
    user = person(OPERATOR)
    assign_role(user, VIEWER)
    assert [group.name for group in user.groups.all()] == [VIEWER]
