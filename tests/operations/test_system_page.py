"""The system page: what Redis holds, what it costs, how long it is kept."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cameras import services
from crowdsite.store.connection import client
from operations import sizes
from operations.sizes import FAMILIES, family_of, measure
from operations.system import words_for_bytes

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def sizes_by_name() -> dict:
    return {size.name: size for size in measure(client()).families}


def test_every_kind_of_key_has_its_family():
    expected = {
        "person_logs": "person_logs", "ppe_logs": "ppe_logs", "stats_stream": "stats_stream",
        "person_tracker:cam:1:in": "person_tracker:*", "person_tracker:day:1:2026-11-22": "person_tracker:day:*",
        "cameras:camera:12": "<module>:<entity>:<number>", "cameras:camera#ix:name": "*#*", "gpu": "gpu, celery, ppe_queue, …",
        "cameras:deleted:3": "cameras:deleted*", "cameras:status:3": "cameras:status:*, cameras:still:*",
        "tracking:lease:1": "tracking:*", "something else\n": "*",
    }  # fmt: skip
    assert {key: family_of(key).name for key in expected} == expected


def test_logs_are_counted_by_entry_and_weigh_what_redis_says():
    client().zadd("person_logs", {f"event {n}": n for n in range(500)})
    found = sizes_by_name()["person_logs"]
    assert (found.keys, found.entries) == (1, 500)
    assert found.bytes == pytest.approx(client().memory_usage("person_logs", samples=0), rel=0.3)
    assert "400 days" in found.kept


def test_a_large_store_is_not_walked_to_its_end(monkeypatch):
    monkeypatch.setattr(sizes, "WALKED", 200)
    with client().pipeline() as pipe:
        for n in range(5000):
            pipe.set(f"person_tracker:cam:{n}:in", n)
        pipe.execute()
    found = measure(client())
    assert (found.complete, found.keys) == (False, 5000)
    assert found.families[0].entries == pytest.approx(5000, rel=0.2)


def test_the_page_names_every_family_that_is_there_and_hides_nothing_in_other():
    services.create_camera(name="Gate", url="rtsp://u:pw-word@h/1")
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    sizes._last = None
    page = browser.get("/settings/system").content.decode()
    for words in ("Records", "Indexes of records", "Redis memory", "SQLite", "/admin/", "/api/docs/"):
        assert words in page
    assert "pw-word" not in page
    assert all(family.kept() for family in FAMILIES)


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (250_000_000, "250 MB"), (3e12, "3.0 TB")],
)
def test_sizes_are_said_in_words(count, words):
    assert words_for_bytes(count) == words
