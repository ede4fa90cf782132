import pytest
from django.contrib.auth.models import AnonymousUser, User

from accounts.models import Profile
from accounts.visibility import visible_site_ids
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db


def limit(user: User, *site_ids: int) -> User:
    Profile.objects.create(user=user, all_sites=False, site_ids=list(site_ids))
    return user


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_somebody_limited_to_sites_sees_those(role):
    assert visible_site_ids(limit(person(role), 2, 5)) == {2, 5}


def test_new_people_see_all_sites():
    assert visible_site_ids(person(VIEWER)) is None


def test_a_limit_without_sites_shows_nothing():
    assert visible_site_ids(limit(person(VIEWER))) == frozenset()


def test_an_administrator_sees_all_whatever_is_written_down():
    assert visible_site_ids(limit(person(ADMINISTRATOR), 2)) is None
    assert visible_site_ids(limit(User.objects.create_superuser("root", "", "x"), 2)) is None


def test_nobody_and_the_deactivated_see_nothing():
    user = person(VIEWER)
    user.is_active = False
    assert visible_site_ids(AnonymousUser()) == frozenset()
    assert visible_site_ids(user) == frozenset()


def test_a_change_holds_for_the_same_user_object_at_once():
    user = person(VIEWER)
    assert visible_site_ids(user) is None
    limit(user, 7)
    assert visible_site_ids(user) == {7}


def test_a_deleted_user_leaves_no_limit_behind():
    limit(person(VIEWER), 2).delete()
    assert not Profile.objects.exists()
