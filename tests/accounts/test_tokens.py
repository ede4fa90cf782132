from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import services
from accounts.models import ApiToken
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import OPERATOR, VIEWER
from tests.support.people import api_token, person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
URL = "/api/tokens/"


def program(text: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Token {text}", enforce_csrf_checks=True)


def refused(answer) -> str:
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Token"
    return answer.json()["error"]["message"]


def test_only_the_hash_is_kept():
    text = api_token(person(VIEWER))
    token = ApiToken.objects.get()
    assert text.startswith("cs_")
    assert text not in str(ApiToken.objects.values().get())
    assert text.startswith(token.shown)


def test_a_token_acts_as_its_owner():
    text = api_token(person(VIEWER))
    assert program(text).get("/api/cameras/").status_code == 200
    assert program(text).post("/api/cameras/", {}, format="json").status_code == 403


def test_an_expired_token_is_refused_with_a_sentence_and_stays_in_the_list():
    user = person(VIEWER)
    text = api_token(user)
    ApiToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    for _ in range(2):
        assert "expired" in refused(program(text).get(URL))
    browser = APIClient()
    browser.force_login(user)
    assert [token["expired"] for token in browser.get(URL).json()["results"]] == [True]


def test_a_token_of_a_deactivated_user_is_refused_and_comes_back_with_the_user():
    user = person(VIEWER)
    text = api_token(user)
    services.set_active(user=user, active=False)
    assert "deactivated" in refused(program(text).get(URL))
    services.set_active(user=user, active=True)
    assert program(text).get(URL).status_code == 200


@pytest.mark.parametrize("text", ["wrong", "cs_" + "0" * 61, "ü", "x" * 100_000])
def test_what_is_no_token_is_refused(text):
    api_token(person(VIEWER))
    client = APIClient()
    answer = client.get(URL, headers={"Authorization": f"Token {text}".encode().decode("latin1")})
    assert "not valid" in refused(answer)


def test_a_token_whose_beginning_is_right_is_still_wrong():
    text = api_token(person(VIEWER))
    assert "not valid" in refused(program(text[:-1] + ("0" if text[-1] != "0" else "1")).get(URL))


def test_the_last_use_is_written_once_a_minute():
    text = api_token(person(VIEWER))
    assert ApiToken.objects.get().last_used_at is None
    program(text).get(URL)
    first = ApiToken.objects.get().last_used_at
    program(text).get(URL)
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    program(text).get(URL)
    assert ApiToken.objects.get().last_used_at > first


def test_tokens_are_made_listed_and_revoked_through_the_api():
    user = person(OPERATOR)
    browser = APIClient()
    browser.force_login(user)
    made = browser.post(URL, {"name": "Gate"}, format="json")
    assert made.status_code == 201
    text = made.json()["token"]
    assert made["Cache-Control"] == "no-store"
    assert ApiToken.objects.get().expiry - timezone.now() > timedelta(days=364)
    assert text not in browser.get(URL).content.decode()
    assert program(text).get(URL).status_code == 200
    assert browser.delete(f"{URL}{made.json()['id']}/").status_code == 204
    assert "revoked" in refused(program(text).get(URL))
    assert browser.delete(f"{URL}{made.json()['id']}/").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"name": " "}, {"name": "x" * 101}, {"name": "a", "days": 31}, {"name": "a", "days": "x"}, [], "a"]
)
def test_a_senseless_token_is_not_made(body):
    browser = APIClient()
    browser.force_login(person(VIEWER))
    answer = browser.post(URL, body, format="json")
    assert answer.status_code == 400
    assert not ApiToken.objects.exists()


def test_nobody_sees_or_revokes_tokens_of_others():
    api_token(person(OPERATOR, "other"))
    theirs = ApiToken.objects.get()
    browser = APIClient()
    browser.force_login(person(VIEWER))
    assert browser.get(URL).json()["results"] == []
    assert browser.get(f"{URL}{theirs.reference}/").status_code == 404
    assert browser.delete(f"{URL}{theirs.reference}/").status_code == 404
    assert ApiToken.objects.exists()


def test_a_token_makes_none_that_outlives_it():
    text = api_token(person(VIEWER), days=30)
    for days in (365, None):
        made = program(text).post(URL, {"name": "heir", "days": days}, format="json")
        assert made.status_code == 201
    limit = timezone.now() + timedelta(days=30)
    assert all(token.expiry <= limit for token in ApiToken.objects.all())


def test_a_token_for_ever():
    text = api_token(person(VIEWER), days=None)
    assert ApiToken.objects.get().expiry is None
    assert program(text).get(URL).json()["results"][0]["expires_at"] is None


def test_there_is_a_limit_to_the_number_of_tokens(monkeypatch):
    monkeypatch.setattr(services, "TOKENS_PER_USER", 2)
    user = person(VIEWER)
    api_token(user)
    api_token(user)
    with pytest.raises(CrowdsiteError, match="Revoke"):
        api_token(user)
