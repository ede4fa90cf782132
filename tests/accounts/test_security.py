"""Headers of every kind of answer, and the security code on everything that writes."""

import re
import uuid

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from crowdsite.roles import ADMINISTRATOR
from tests.support.people import api_token, person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

SAMPLES = {"int": "1", "uuid": str(uuid.UUID(int=1)), "drf_format_suffix": ".json"}


def directives(answer) -> dict[str, list[str]]:
    policy = answer["Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/cameras", "/wall", "/account", "/settings/people", "/nothing", "/healthz", "/api/cameras/"],
)
def test_our_pages_run_nothing_inline_and_load_nothing_from_elsewhere(path):
    client = Client()
    client.force_login(person(ADMINISTRATOR))
    answer = client.get(path)
    rules = directives(answer)
    assert rules["default-src"] == ["'self'"]
    assert "script-src" not in rules
    assert "style-src" not in rules
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert rules["frame-ancestors"] == rules["object-src"] == rules["base-uri"] == ["'none'"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=(self)" in answer["Permissions-Policy"]


def test_only_the_admin_may_evaluate():
    client = Client()
    client.force_login(person(ADMINISTRATOR))
    assert "'unsafe-eval'" in directives(client.get("/admin/"))["script-src"]
    assert "'unsafe-eval'" not in client.get("/api/docs/")["Content-Security-Policy"]
    for path in ("/administration", "/admin", "/api/", "//admin/"):
        assert "unsafe" not in client.get(path)["Content-Security-Policy"], path


def test_our_templates_have_nothing_inline():
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


def test_sessions_are_unreadable_for_scripts():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> list[str]:
    """Every address of the project, with samples for what varies."""
    found = []
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            found += addresses(one.url_patterns, route)
        else:
            found.append(concrete(route))
    return sorted(set(found))


def concrete(route: str) -> str:
    """A path that fits a route: of `path()` or, from routers and the admin, of a regular expression."""
    route = re.sub(r"<(?:(\w+):)?\w+>(?![^(]*\))", lambda match: SAMPLES.get(match[1], "x"), route)
    route = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)", _group, route)
    return "/" + route.replace("^", "").replace("$", "").replace("\\Z", "").replace("/?", "/").replace("\\.", ".")


def _group(match: re.Match[str]) -> str:
    if match[1] == "format":
        return "json"
    return SAMPLES["uuid"] if "0-9a-f" in match[0] else "1"


def test_nothing_that_writes_works_without_the_security_code():
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(person(ADMINISTRATOR))
    paths = addresses(get_resolver().url_patterns)
    assert len(paths) > 50
    tried = []
    for path in paths:
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(client, method)(path, content_type="application/json")
            # 405: this address takes no such method. A 404 would be a view that looked for its record first.
            assert answer.status_code in (403, 405), (method, path, answer.status_code)
            if answer.status_code == 403:
                tried.append(path)
    for known in ("/login", "/logout", "/account/tokens", "/cameras", "/cameras/add", "/settings/people/add"):
        assert known in tried
    assert "/api/cameras/" in tried
    assert "/api/tokens/" in tried


def test_a_token_needs_no_security_code_and_a_session_beside_it_does_not_count():
    text = api_token(person(ADMINISTRATOR))
    client = Client(enforce_csrf_checks=True)
    made = client.post(
        "/api/tokens/", {"name": "a"}, content_type="application/json", headers={"Authorization": f"Token {text}"}
    )
    assert made.status_code == 201
