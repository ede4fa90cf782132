"""Probes answer machines, whatever is wrong."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def test_a_process_that_is_up_and_can_work_says_so():
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"status": "ok", "failed": []}


def test_what_does_not_answer_is_named_without_a_login(redis_server):
    redis_server.stop()
    try:
        answer = Client().get("/readyz")
    finally:
        redis_server.start()
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "failed": ["redis"]}
    assert Client().get("/healthz").status_code == 200


def test_the_api_is_documented_without_the_internet(admin_client):
    page = admin_client.get("/api/docs/").content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert "http://" not in page.replace("http://testserver", "") and "https://" not in page
