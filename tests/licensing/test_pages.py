"""The licence's page, its API and its admin, as people of each role and programs meet them."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from rest_framework.test import APIClient

from licensing import services
from licensing.models import Licence
from licensing.selectors import feature_on, licence_status
from licensing.tokens import MAX_LENGTH, Feature
from tests.licensing.issued import DAY, token
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
PATHS = ("/license", "/api/license")
PAGE = "/settings/licence"


def as_(role: str) -> Client:
    client = Client()
    client.force_login(person(role))
    return client


def answers_hold_no_key(*responses) -> None:
    record = Licence.load()
    for response in responses:
        for secret in filter(None, (record.license_key, record.previous_key)):
            assert secret not in response.content.decode()


@pytest.mark.parametrize("path", PATHS)
def test_a_program_reads_activates_and_removes(vendor, path):
    api = APIClient()
    api.force_authenticate(person("operator"))
    assert api.get(path).json()["state"] == "missing"
    done = api.post(path, {"license_key": token(vendor)}, format="json")
    assert done.status_code == 200
    answer = api.get(path)
    assert answer.json() == done.json()
    body = answer.json()
    assert (body["state"], body["client"], body["id"], body["max_cameras"]) == ("valid", "Acme Yards", "lic-1", 4)
    assert (body["cameras_in_use"], body["days_left"], body["activated_by"]) == (0, 100, "operator")
    assert body["expires_at"].endswith("Z")
    assert [feature["enabled"] for feature in body["features"]] == [True, False, False]
    assert "does not include it" in body["features"][1]["reason"]
    answers_hold_no_key(done, answer)
    gone = api.delete(path)
    assert (gone.status_code, gone.json()["state"]) == (200, "missing")
    answers_hold_no_key(gone)


def test_a_key_may_come_as_a_form_too(vendor):
    api = APIClient()
    api.force_authenticate(person("operator"))
    assert api.post("/license", {"license_key": token(vendor)}).json()["state"] == "valid"


@pytest.mark.parametrize("path", PATHS)
def test_who_may_do_what(vendor, path):
    body = json.dumps({"license_key": token(vendor)})
    stranger = Client()
    assert stranger.get(path).status_code == 401
    assert stranger.post(path, body, content_type="application/json").status_code == 401
    assert stranger.delete(path).status_code == 401
    viewer = as_("viewer")
    assert viewer.get(path).status_code == 200
    assert viewer.post(path, body, content_type="application/json").status_code == 403
    assert viewer.delete(path).status_code == 403
    assert licence_status().state == "missing"
    for role in ("operator", "administrator"):
        assert as_(role).post(path, body, content_type="application/json").status_code == 200


def test_a_browser_session_needs_its_security_code(vendor):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person("operator"))
    for path in PATHS:
        refused = browser.post(path, {"license_key": token(vendor)}, content_type="application/json")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf_failed")
    for path in (PAGE, f"{PAGE}/remove", f"{PAGE}/restore"):
        assert browser.post(path, {"license_key": token(vendor)}).status_code == 403


def test_a_refused_key_is_a_sentence_and_the_old_one_stays(vendor):
    services.activate_licence(license_key=token(vendor))
    operator = as_("operator")
    good = token(vendor)
    cases = {
        "": "licence_missing", "rubbish": "licence_malformed", good[:-9]: "licence_incomplete",
        "e" * (MAX_LENGTH + 1): "licence_too_long", "e" * 900_000: "licence_too_long",
        token(vendor, not_before=1, expires_at=DAY): "licence_expired", "\x00": "invalid",
    }  # fmt: skip
    for key, code in cases.items():
        refused = operator.post("/license", {"license_key": key}, content_type="application/json")
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (400, code)
        assert list(error["fields"]) == ["license_key"]
        answers_hold_no_key(refused)
    assert licence_status().client == "Acme Yards"


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "null",
        '"x"',
        '{"license_key": null}',
        '{"license_key": {"a": 1}}',
        '{"license_key": ["x"]}',
        "{",
        "",
    ],
)
def test_a_body_of_another_shape_is_refused(body):
    refused = as_("operator").post("/license", body, content_type="application/json")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"]


def test_a_megabyte_is_refused():
    operator = as_("operator")
    key = "e" * 2**20
    for path in PATHS:
        refused = operator.post(path, {"license_key": key}, content_type="application/json")
        assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")
    assert operator.post("/license", {"license_key": key}).status_code in (400, 413)
    assert operator.post(PAGE, {"license_key": key}).status_code in (413, 422)


def test_the_page_without_a_licence_says_what_to_do():
    page = as_("operator").get(PAGE).content.decode()
    assert "No licence is active. Counting works" in page
    assert "paste a licence key below" in page
    assert "Activate the licence" in page
    assert "Remove the licence" not in page


def test_a_key_is_pasted_on_the_page(vendor):
    operator = as_("operator")
    key = token(vendor, features=frozenset({Feature.PPE}), client="Ärger & Söhne <b>")
    page = operator.post(PAGE, {"license_key": f" {key[:50]}\r\n{key[50:]} "}, follow=True)
    assert page.redirect_chain == [(PAGE, 302)]
    text = page.content.decode()
    assert "Ärger &amp; Söhne &lt;b&gt;" in text
    assert "Valid, 100 days left" in text
    assert "0 in use of 4" in text
    assert "This licence does not include it." in text
    assert feature_on(Feature.PPE)
    answers_hold_no_key(page)


def test_what_was_typed_is_kept_when_it_is_refused(vendor):
    services.activate_licence(license_key=token(vendor))
    typed = token(vendor)[:-30] + "<x>"
    page = as_("operator").post(PAGE, {"license_key": typed})
    assert page.status_code == 422
    text = page.content.decode()
    assert typed.replace("<", "&lt;").replace(">", "&gt;") in text
    assert "This key was not activated." in text
    assert "Nothing has changed." in text
    assert 'aria-invalid="true"' in text
    answers_hold_no_key(page)


def test_removing_offers_the_way_back(vendor):
    services.activate_licence(license_key=token(vendor))
    operator = as_("operator")
    page = operator.post(f"{PAGE}/remove", follow=True).content.decode()
    assert "The licence was removed." in page and "Bring it back" in page
    page = operator.post(f"{PAGE}/restore", follow=True).content.decode()
    assert "The licence of Acme Yards is back." in page
    assert licence_status().valid
    services.remove_licence()
    Licence.load().save()
    record = Licence.load()
    record.previous_key = ""
    record.save()
    assert "no earlier licence key" in operator.post(f"{PAGE}/restore", follow=True).content.decode()


def test_a_viewer_has_no_such_page(vendor):
    services.activate_licence(license_key=token(vendor))
    viewer = as_("viewer")
    assert viewer.get(PAGE).status_code == 403
    for path in (PAGE, f"{PAGE}/remove", f"{PAGE}/restore"):
        assert viewer.post(path, {"license_key": token(vendor)}).status_code == 403
    assert licence_status().valid


def test_whoever_may_only_look_finds_nothing_to_press(vendor):
    services.activate_licence(license_key=token(vendor))
    looker = person("viewer", "looker")
    looker.user_permissions.add(Permission.objects.get(codename="view_licence"))
    client = Client()
    client.force_login(looker)
    page = client.get(PAGE).content.decode()
    assert "Acme Yards" in page
    for word in ("Activate the licence", "Remove the licence", "<textarea"):
        assert word not in page
    assert client.post(PAGE, {"license_key": token(vendor)}).status_code == 403
    assert client.get(f"{PAGE}/remove").status_code == 405


def test_nobody_gets_a_login_page():
    for path in (PAGE, f"{PAGE}/remove", f"{PAGE}/restore"):
        answer = Client().get(path)
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/login")


def test_the_page_says_when_more_cameras_run_than_are_allowed(vendor):
    from cameras import services as cameras

    for name in "ABC":
        cameras.create_camera(name=name, url="rtsp://10.0.0.5/stream")
    services.activate_licence(license_key=token(vendor, max_cameras=1))
    page = as_("operator").get(PAGE).content.decode()
    assert "2 cameras more are enabled than the licence allows." in page
    assert "All of them keep counting." in page
    assert "3 in use of 1" in page


def test_an_ended_licence_says_so_on_the_page(vendor, monkeypatch):
    from crowdsite import clock

    services.activate_licence(license_key=token(vendor))
    end = licence_status().expires_at
    operator = as_("operator")
    monkeypatch.setattr(clock, "now", lambda: float(end - 3 * DAY))
    page = operator.get(PAGE).content.decode()
    assert "The licence ends in 3 days" in page and "Valid, 3 days left" in page
    monkeypatch.setattr(clock, "now", lambda: float(end + DAY))
    page = operator.get(PAGE).content.decode()
    assert "This licence ended on" in page
    assert "The licence is not in force." in page
    assert "0 in use, no limit" in page


def test_modules_this_version_lacks_are_named(vendor):
    services.activate_licence(license_key=token(vendor, unknown_features=("Teleport <x>",)))
    assert "Teleport &lt;x&gt;" in as_("operator").get(PAGE).content.decode()


def test_the_admin_shows_the_licence_and_takes_a_key(vendor):
    administrator = as_("administrator")
    page = administrator.get("/admin/licensing/licence/", follow=True)
    assert page.redirect_chain[-1][0] == "/admin/licensing/licence/1/change/"
    assert "No licence is active" in page.content.decode()
    address = "/admin/licensing/licence/1/change/"
    refused = administrator.post(address, {"new_key": "rubbish"})
    assert "This is no licence key" in refused.content.decode() and "rubbish" in refused.content.decode()
    done = administrator.post(address, {"new_key": token(vendor)}, follow=True)
    assert "Acme Yards" in done.content.decode()
    assert Licence.load().activated_by == "administrator"
    assert licence_status().valid
    administrator.post(address, {"new_key": ""})
    assert licence_status().valid
    answers_hold_no_key(done, administrator.get(address), administrator.get(f"{address[:-7]}history/"))
    assert administrator.get("/admin/licensing/licence/2/change/").status_code == 302
    assert administrator.post("/admin/licensing/licence/1/delete/", {"post": "yes"}).status_code == 403
    assert administrator.get("/admin/licensing/licence/add/").status_code == 403


def test_keys_never_reach_the_log(vendor, capfd):
    from loguru import logger

    lines: list[str] = []
    sink = logger.add(lines.append, level="TRACE", format="{message} {extra}")
    try:
        key = token(vendor)
        operator = as_("operator")
        operator.post("/license", {"license_key": key}, content_type="application/json")
        operator.post("/license", {"license_key": key[:-4]}, content_type="application/json")
        operator.post(PAGE, {"license_key": key[:-8]})
        operator.delete("/license")
        services.ensure_local_licence()
        services.log_licence()
    finally:
        logger.remove(sink)
    output = capfd.readouterr()
    said = "".join(lines) + output.out + output.err
    assert "Acme Yards" in said, "one line says that a licence was activated"
    assert key[:40] not in said
    assert "PRIVATE" not in said


def test_the_schema_describes_it(client):
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    assert set(schema["paths"]["/api/license"]) == {"get", "post", "delete"}
    shown = schema["components"]["schemas"]["Licence"]["properties"]
    assert "license_key" not in shown
    assert "/license" not in schema["paths"]
