import pytest
from django.test import Client

from crowdsite.roles import VIEWER
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(person(VIEWER))
    return client


def test_the_answer_has_the_documented_shape(browser, doors):
    gate = doors.add("Gate")
    doors.cross(gate, "in", 2)
    doors.limit(600, 480)
    answer = browser.get("/api/stats")
    stats = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(stats) == {
        "now", "site", "occupancy", "today", "cameras", "counting", "doors", "attention", "notices", "summary", "calm"
    }  # fmt: skip
    assert stats["site"]["max_capacity"] == 600
    assert stats["occupancy"]["inside"] == 2
    assert (stats["today"]["in"], stats["today"]["out"]) == (2, 0)
    assert stats["today"]["labels"] == {"person": {"in": 2, "out": 0}}
    camera = stats["cameras"][0]
    assert (camera["id"], camera["state"], camera["in"], camera["out"]) == (gate.pk, "live", 2, 0)
    assert camera["line"] == [[0.1, 0.6], [0.9, 0.6]]
    assert stats["summary"] == "2 inside. Below the warning level. 1 of 1 camera counting."


def test_no_password_of_a_camera_leaves_the_server(browser, doors):
    doors.add("Gate", state="offline", reason="The camera does not answer.")
    for path in ("/api/stats", "/", "/wall", "/cameras"):
        assert "s3cret" not in browser.get(path).content.decode()


def test_strangers_get_json_and_no_page(doors):
    answer = Client().get("/api/stats")
    assert answer.status_code in (401, 403)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("site", "status"), [("999", 404), ("x", 400), ("-1", 400), ("9" * 30, 400), ("²", 400)])
def test_an_unknown_site_is_refused_with_a_sentence(browser, doors, site, status):
    answer = browser.get("/api/stats", {"site": site})
    assert answer.status_code == status
    assert answer.json()["error"]["message"].endswith(".")
    assert browser.get("/", {"site": site}).status_code == 404


def test_without_redis_the_answer_is_a_503_and_the_page_still_stands(browser, doors, redis_server):
    doors.add("Gate")
    redis_server.stop()
    try:
        answer = browser.get("/api/stats")
        page = browser.get("/")
    finally:
        redis_server.start()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unreachable")
    assert page.status_code == 503
    assert "The data store does not answer." in page.content.decode()
    assert browser.get("/api/stats").status_code == 200


def test_the_schema_describes_it(browser):
    schema = browser.get("/api/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    stats = schema["components"]["schemas"]["Stats"]["properties"]
    assert {"now", "site", "occupancy", "today", "cameras"} <= set(stats)
    camera = schema["components"]["schemas"]["CameraFacts"]["properties"]
    assert {"in", "out", "state", "frame_age_secs", "demo"} <= set(camera)
