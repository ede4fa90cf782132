import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework.test import APIClient

from cameras import services
from cameras.models import Camera, Site
from crowdsite import api_errors
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.support.people import api_token, person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://admin:s3cret-pass@10.0.0.5/stream"


def api_of(role: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(person(role))
    return client


@pytest.fixture
def operator() -> APIClient:
    return api_of(OPERATOR)


def make(**values) -> Camera:
    return services.create_camera(**{"name": "Gate", "url": URL, **values})


def error_of(response, status: int) -> dict:
    assert response.status_code == status, response.content
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["message"].rstrip(")").endswith((".", "!", "?"))
    assert "Traceback" not in error["message"]
    return error


def test_the_v81_example_adds_a_camera(operator):
    body = {
        "name": "Gate", "url": "rtsp://cam/stream", "orientation": "normal", "transport": "tcp",
        "resolution": "original", "enabled": True,
    }  # fmt: skip
    response = operator.post("/cameras", body, format="json")
    assert response.status_code == 201
    assert response.json()["id"] == Camera.objects.get().pk
    assert response.json()["tasks"] == ["in_count", "out_count"]


def test_loose_spellings_of_v81_are_understood(operator):
    site = Site.objects.create(name="North")
    body = {
        "name": "Gate", "url": URL, "site_id": str(site.pk), "line": [0.1, 0.5, "0.9", 0.5], "ppe": "true",
        "reverse": 1, "show": "off", "profile": None, "transport": "UDP",
    }  # fmt: skip
    answer = operator.post("/api/cameras/", body, format="json").json()
    assert (answer["site_id"], answer["line"]) == (site.pk, [[0.1, 0.5], [0.9, 0.5]])
    assert (answer["ppe"], answer["reverse"], answer["show"], answer["profile"]) == (True, True, False, "")
    assert answer["transport"] == "udp"


def test_no_answer_contains_a_password(operator):
    created = operator.post("/cameras", {"name": "Gate", "url": URL}, format="json")
    number = created.json()["id"]
    answers = [
        created,
        operator.get("/api/cameras/"),
        operator.get(f"/api/cameras/{number}/"),
        operator.patch(f"/api/cameras/{number}/", {"url": URL.replace("10.0.0.5", "10.0.0.6")}, format="json"),
        operator.patch(f"/api/cameras/{number}/", {"url": URL.replace("rtsp", "xyz")}, format="json"),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 400]
    assert all(b"s3cret" not in answer.content for answer in answers)
    assert Camera.objects.get().url == URL.replace("10.0.0.5", "10.0.0.6")


def test_an_answer_sent_back_unchanged_changes_nothing(operator):
    camera = make(line=[0, 0.5, 1, 0.5])
    shown = operator.get(f"/api/cameras/{camera.pk}/").json()
    assert operator.patch(f"/api/cameras/{camera.pk}/", shown, format="json").status_code == 200
    assert Camera.objects.get().url == URL
    assert Camera.objects.get().line_version == 1


def test_the_password_does_not_follow_to_another_host(operator):
    camera = make()
    url = camera.masked_url.replace("10.0.0.5", "evil.example")
    error = error_of(operator.patch(f"/api/cameras/{camera.pk}/", {"url": url}, format="json"), 400)
    assert "again" in error["fields"]["url"][0]


def test_two_cameras_of_one_name(operator):
    make()
    error = error_of(operator.post("/cameras", {"name": "Gate", "url": URL}, format="json"), 400)
    assert error["fields"]["name"] == ["There is already a camera called “Gate”. Choose another name."]


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
def test_of_two_posts_of_one_name_at_once_one_is_created():
    token = api_token(person(OPERATOR))
    barrier = threading.Barrier(4)

    def post(number: int) -> int:
        from django.db import connections

        try:
            barrier.wait(10)
            client = APIClient(HTTP_AUTHORIZATION=f"Token {token}", raise_request_exception=False)
            return client.post("/cameras", {"name": "Gate", "url": URL}, format="json").status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [201, 400, 400, 400]
    assert Camera.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "A", "url": URL, "colour": "red", "size": 3}, "colour"),
        ({"name": ["A"], "url": URL}, "name"),
        ({"name": {"a": 1}, "url": URL}, "name"),
        ({"name": None, "url": URL}, "name"),
        ({"url": URL}, "name"),
        ({"name": "A"}, "url"),
        ({"name": "A", "url": 5}, "url"),
        ({"name": "A", "url": ["rtsp://x"]}, "url"),
        ({"name": "A", "url": "file:///etc/passwd"}, "url"),
        ({"name": "A", "url": "http://169.254.169.254/latest"}, "url"),
        ({"name": "A", "url": URL, "line": [0, 0, 1, 2]}, "line"),
        ({"name": "A", "url": URL, "line": {"a": 1}}, "line"),
        ({"name": "A", "url": URL, "line": "left to right"}, "line"),
        ({"name": "A", "url": URL, "tasks": "fly"}, "tasks"),
        ({"name": "A", "url": URL, "tasks": {"fly": 1}}, "tasks"),
        ({"name": "A", "url": URL, "enabled": "maybe"}, "enabled"),
        ({"name": "A", "url": URL, "enabled": None}, "enabled"),
        ({"name": "A", "url": URL, "enabled": [True]}, "enabled"),
        ({"name": "A", "url": URL, "site_id": "north"}, "site_id"),
        ({"name": "A", "url": URL, "site_id": True}, "site_id"),
        ({"name": "A", "url": URL, "site_id": -1}, "site_id"),
        ({"name": "A", "url": URL, "site_id": 10**30}, "site_id"),
        ({"name": "A", "url": URL, "orientation": 90}, "orientation"),
        ({"name": "A", "url": URL, "resolution": "8K"}, "resolution"),
        ({"name": "A", "url": URL, "ffmpeg_flags": "-y /etc/passwd"}, "ffmpeg_flags"),
        ({"name": "A", "url": URL, "ffmpeg_flags": "-user_agent 'a\nfile /etc/passwd'"}, "ffmpeg_flags"),
        ({"name": "A", "url": URL, "ffmpeg_flags": "-user_agent 'a\rX-Header: b'"}, "ffmpeg_flags"),
        ({"name": "x" * 101, "url": URL}, "name"),
    ],
)
def test_wrong_input_is_answered_with_a_sentence_beside_its_field(operator, body, field):
    error = error_of(operator.post("/api/cameras/", json.dumps(body), content_type="application/json"), 400)
    assert error["fields"][field][0].endswith(".")
    assert Camera.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"\xff\xfe", b"[1, 2]", b'"text"', b"null", b"NaN", b'{"name": NaN}', b"[" * 100_000, b"1" * 5000,
     rb'{"name": "\ud800", "url": "rtsp://a/b"}', rb'{"\ud800": 1}', rb'{"name": "A", "url": "rtsp://\udfff/"}'],
)  # fmt: skip
def test_malformed_json_is_answered_with_a_sentence(operator, body):
    for path in ("/cameras", "/api/cameras/"):
        error_of(operator.post(path, body, content_type="application/json"), 400)


def test_a_huge_body_is_refused_before_it_is_read(operator, settings):
    body = b'{"name": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    error = error_of(operator.post("/cameras", body, content_type="application/json"), 413)
    assert error["code"] == "too_large"
    form = "name=" + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    error_of(operator.post("/api/cameras/", form, content_type="application/x-www-form-urlencoded"), 413)


def test_other_mistakes_of_a_program_are_sentences_too(operator):
    make()
    assert error_of(operator.get("/api/cameras/99/"), 404)["code"] == "not_found"
    assert error_of(operator.get("/api/nothing/here"), 404)["code"] == "not_found"
    assert error_of(operator.put("/api/cameras/1/", {}, format="json"), 405)["code"] == "method_not_allowed"
    answer = operator.post("/cameras", b"name: Gate", content_type="application/x-yaml")
    assert error_of(answer, 415)["code"] == "unsupported_media_type"
    assert error_of(operator.get("/api/cameras/?page=99"), 404)["code"] == "not_found"
    assert error_of(operator.get("/api/cameras/?site_id=north"), 400)["fields"].keys() == {"site_id"}


def test_the_api_answers_with_and_without_the_slash_at_the_end(operator):
    created = operator.post("/api/cameras", {"name": "Gate", "url": URL}, format="json")
    assert created.status_code == 201
    number = created.json()["id"]
    for path in ("/api/cameras", f"/api/cameras/{number}", "/api/sites"):
        bare, slashed = operator.get(path), operator.get(path + "/")
        assert (bare.status_code, bare.json()) == (200, slashed.json())
    assert operator.patch(f"/api/cameras/{number}", {"name": "Door"}, format="json").json()["name"] == "Door"
    assert operator.post("/api/sites", {"name": "North"}, format="json").status_code == 201
    assert error_of(operator.post("/api/cameras/check", {}, format="json"), 400)["fields"].keys() == {"url"}
    assert operator.delete(f"/api/cameras/{number}").status_code == 204


@pytest.mark.parametrize("path", ["/cameras", "/api/cameras/", "/api/sites/"])
def test_a_number_cannot_be_chosen(operator, path):
    error = error_of(operator.post(path, {"id": 7, "name": "Gate", "url": URL}, format="json"), 400)
    assert error["fields"]["id"] == ["A new record gets its number by itself. Leave “id” out."]
    assert Camera.objects.count() == 0


def test_a_number_cannot_be_changed(operator):
    camera = make()
    path = f"/api/cameras/{camera.pk}/"
    assert error_of(operator.patch(path, {"id": camera.pk + 1}, format="json"), 400)["fields"].keys() == {"id"}
    assert operator.patch(path, {"id": camera.pk, "name": "Door"}, format="json").status_code == 200


@pytest.mark.parametrize("name", ["enabled", "show", "inout_count", "ppe"])
def test_a_filter_that_is_neither_true_nor_false_is_refused(operator, name):
    make()
    error = error_of(operator.get(f"/api/cameras/?{name}=xx"), 400)
    assert error["fields"] == {name: ["“xx” is neither true nor false."]}
    for word, count in (("true", 1), ("True", 1), ("1", 1), ("", 1), ("false", 0)):
        found = operator.get(f"/api/cameras/?{name}={word}").json()["count"]
        assert found == (count if name != "ppe" or not word else 1 - count), word


def test_addresses_outside_the_api_are_answered_with_pages(rf):
    assert b'"error"' in api_errors.page_not_found(rf.get("/api/x"), Http404()).content
    assert b"<html" in api_errors.page_not_found(rf.get("/x"), Http404()).content
    for answer, status in (
        (api_errors.bad_request(rf.post("/api/x"), RequestDataTooBig()), 413),
        (api_errors.bad_request(rf.post("/x"), RequestDataTooBig()), 413),
        (api_errors.bad_request(rf.post("/api/x"), SuspiciousOperation()), 400),
        (api_errors.permission_denied(rf.post("/api/x"), PermissionDenied()), 403),
        (api_errors.server_error(rf.get("/api/x")), 500),
        (api_errors.server_error(rf.get("/x")), 500),
    ):
        assert answer.status_code == status
        assert answer.content


def test_strangers_are_asked_to_sign_in():
    client = APIClient()
    for answer in (client.post("/cameras", {}, format="json"), client.get("/api/cameras/"), client.get("/api/sites/")):
        assert error_of(answer, 401)["code"] == "not_authenticated"
    answer = client.get("/api/cameras/", HTTP_AUTHORIZATION="Token wrong")
    assert error_of(answer, 401)["message"] == "The token is not valid. It may have been revoked."
    assert answer["WWW-Authenticate"] == "Token"


def test_a_session_needs_the_security_code_and_a_token_does_not(client):
    user = person(OPERATOR)
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(user)
    error = error_of(browser.post("/cameras", {"name": "A", "url": URL}, format="json"), 403)
    assert error["code"] == "csrf_failed"
    program = APIClient(enforce_csrf_checks=True, HTTP_AUTHORIZATION=f"Token {api_token(user)}")
    assert program.post("/cameras", {"name": "A", "url": URL}, format="json").status_code == 201


def test_viewers_look_and_see_no_address():
    camera = make()
    viewer = api_of(VIEWER)
    shown = viewer.get("/api/cameras/").json()["results"]
    assert [row["name"] for row in shown] == ["Gate"]
    assert "url" not in shown[0]
    assert "url" not in viewer.get(f"/api/cameras/{camera.pk}/").json()
    for answer in (
        viewer.post("/cameras", {"name": "B", "url": URL}, format="json"),
        viewer.patch(f"/api/cameras/{camera.pk}/", {"enabled": False}, format="json"),
        viewer.delete(f"/api/cameras/{camera.pk}/"),
        viewer.post("/api/sites/", {"name": "B"}, format="json"),
    ):
        assert error_of(answer, 403)["code"] == "forbidden"


def test_somebody_without_a_role_sees_nothing():
    from django.contrib.auth.models import User

    client = APIClient()
    client.force_authenticate(User.objects.create_user("nobody"))
    assert error_of(client.get("/api/cameras/"), 403)["code"] == "forbidden"


def test_lists_are_filtered_searched_ordered_and_paged():
    client = api_of(ADMINISTRATOR)
    site = Site.objects.create(name="North")
    for number in range(5):
        make(name=f"Gate {number}", enabled=number % 2 == 0, site_id=site.pk)
    make(name="Door", ppe=True)

    def names(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/cameras/?{query}").json()["results"]]

    assert names("enabled=false") == ["Gate 1", "Gate 3"]
    assert names("ppe=true") == ["Door"]
    assert names("search=oor") == ["Door"]
    assert names(f"site_id={site.pk}&ordering=-name&page_size=2&page=2") == ["Gate 2", "Gate 1"]
    assert client.get("/api/cameras/?page_size=2").json()["count"] == 6


def test_nobody_can_search_by_address():
    make()
    answer = api_of(VIEWER).get("/api/cameras/?url=nonsense&search=s3cret&ordering=url").json()
    assert answer["count"] == 0
    assert api_of_names("?url=nonsense") == ["Gate"]


def api_of_names(query: str) -> list[str]:
    return [row["name"] for row in api_of(ADMINISTRATOR).get(f"/api/cameras/{query}").json()["results"]]


def test_deleting_a_camera_keeps_a_way_back(operator):
    camera = make()
    assert operator.delete(f"/api/cameras/{camera.pk}/").status_code == 204
    assert services.restore_camera(camera_id=camera.pk) == camera


def test_a_site_in_use_is_not_deleted(operator):
    camera = make()
    assert error_of(operator.delete(f"/api/sites/{camera.site_id}/"), 409)["code"] == "in_use"
    error = error_of(operator.patch(f"/api/sites/{camera.site_id}/", {"timezone": "Moon"}, format="json"), 400)
    assert "timezone" in error["fields"]


def test_limits_of_a_site_may_be_taken_away(operator):
    created = operator.post("/api/sites/", {"name": "Hall", "max_capacity": "90", "warn_threshold": 80}, format="json")
    assert (created.status_code, created.json()["max_capacity"]) == (201, 90)
    path = f"/api/sites/{created.json()['id']}/"
    assert error_of(operator.patch(path, {"warn_threshold": 91}, format="json"), 400)["fields"].keys() == {
        "warn_threshold"
    }
    assert operator.patch(path, {"max_capacity": 0}, format="json").json()["max_capacity"] is None


def test_the_browsable_pages_answer_and_escape(client):
    make(name="<script>alert(1)</script>")
    client.force_login(person(ADMINISTRATOR))
    for path in ("/api/cameras/", "/api/cameras/1/", "/api/sites/"):
        page = client.get(path, HTTP_ACCEPT="text/html")
        assert page.status_code == 200
        assert b"<script>alert(1)" not in page.content


def test_the_schema_is_complete(tmp_path):
    from django.core.management import call_command

    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--urlconf",
        "cameras.urls",
        "--file",
        str(tmp_path / "schema.yaml"),
    )
    text = (tmp_path / "schema.yaml").read_text()
    paths = [line.strip() for line in text.splitlines() if line.startswith("  /api/")]
    assert paths.count("/api/cameras/:") == paths.count("/api/cameras/{id}/:") == paths.count("/api/sites/:") == 1
    assert all(path.endswith("/:") for path in paths)
    assert "in_count" in text


@pytest.mark.slow
def test_a_lost_data_store_is_said_so(operator, redis_server):
    make()
    redis_server.stop()
    try:
        error = error_of(operator.get("/api/cameras/"), 503)
        assert error["message"].startswith("The data store is not reachable.")
    finally:
        redis_server.start()
    assert operator.get("/api/cameras/").json()["count"] == 1
