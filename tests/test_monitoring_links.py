"""Flower: linked where the link works, and told nothing secret."""

import pytest
from django.test import Client

from crowdsite.celery import app
from crowdsite.monitoring_links import flower_url
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


@pytest.mark.parametrize(
    ("host", "url", "certificate", "asked", "expected"),
    [
        ("127.0.0.1", "", "", "127.0.0.1:8000", "http://127.0.0.1:5555/"),
        ("127.0.0.1", "", "", "localhost:8000", "http://localhost:5555/"),
        ("127.0.0.1", "", "", "crowdsite.example", ""),
        ("0.0.0.0", "", "", "crowdsite.example:8000", "http://crowdsite.example:5555/"),
        ("0.0.0.0", "", "/c.pem", "crowdsite.example", "https://crowdsite.example:5555/"),
        ("::", "", "", "[fd00::5]:8000", "http://[fd00::5]:5555/"),
        ("127.0.0.1", "https://crowdsite.example/flower/", "", "other.example", "https://crowdsite.example/flower/"),
    ],
)
def test_flower_is_linked_where_the_link_works(rf, settings, host, url, certificate, asked, expected):
    settings.FLOWER_HOST, settings.FLOWER_URL, settings.SSL_CERTFILE = host, url, certificate
    settings.ALLOWED_HOSTS = ["*"]
    assert flower_url(rf.get("/admin/", headers={"host": asked})) == expected


def test_the_admin_links_flower_for_those_who_may_see_the_system(settings):
    settings.FLOWER_URL = "https://flower.example/"
    browser = Client()
    browser.force_login(person("administrator"))
    assert "https://flower.example/" in browser.get("/admin/").content.decode()


def test_what_workers_tell_flower_holds_no_secret(settings):
    told = str(app.conf.table(with_defaults=True, censored=True))
    assert "broker_url" in told
    for secret in (settings.SECRET_KEY, "SECRET_KEY", "DATABASES"):
        assert secret not in told
    app_conf = dict(app.conf.table(with_defaults=False, censored=True))
    assert not [name for name in app_conf if name.isupper()]
