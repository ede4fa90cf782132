"""The licence on the dashboard: said in time to those who run the place, and never on the wall."""

import time

import pytest

from cameras.selectors import default_site
from licensing import services
from reports.selectors import live_stats
from tests.licensing.issued import DAY, token
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def notices(days: float) -> list:
    """Those shown so many days before the end of a licence for 100 days."""
    return live_stats(default_site(), time.time() + (100 - days) * DAY).notices


def test_nothing_is_said_without_a_licence_or_long_before_its_end(vendor):
    assert notices(90) == []
    services.activate_licence(license_key=token(vendor))
    assert notices(90) == []


@pytest.mark.parametrize(
    ("days", "level", "title"), [(29, "info", "ends soon"), (6, "warn", "ends soon"), (-1, "over", "has ended")]
)
def test_the_dashboard_says_when_the_licence_ends(vendor, days, level, title):
    services.activate_licence(license_key=token(vendor))
    (notice,) = notices(days)
    assert (notice.code, notice.level) == ("licence", level)
    assert title in notice.title
    assert notice.action.url == "/settings/licence"


def test_the_wall_keeps_it_to_itself(vendor, client):
    services.activate_licence(license_key=token(vendor, expires_at=int(time.time()) + 5 * DAY))
    client.force_login(person("operator"))
    assert "The licence ends soon." in client.get("/").content.decode()
    assert "The licence ends" not in client.get("/wall").content.decode()


def test_viewers_are_not_troubled_with_it(vendor, client):
    services.activate_licence(license_key=token(vendor, expires_at=int(time.time()) + 5 * DAY))
    client.force_login(person("viewer"))
    assert "The licence ends" not in client.get("/").content.decode()
    assert client.get("/api/stats").json()["notices"] == []
