"""The Content-Security-Policy against a real browser: nothing a page needs is refused, and what it forbids is."""

import pytest

from cameras import services
from cameras.selectors import default_site

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "redis"])]


@pytest.fixture
def camera():
    line = [[0.2, 0.5], [0.8, 0.5]]
    return services.create_camera(name="Gate", url="rtsp://cam/stream", site=default_site(), line=line)


def refusals(browser, web, login, *paths: str) -> list[str]:
    """What the browser writes to its console about the policy, and faults of scripts."""
    context = browser.new_context(base_url=web.url, storage_state=login)
    page = context.new_page()
    found: list[str] = []
    page.on(
        "console", lambda said: found.append(f"{page.url}: {said.text}") if "Content Security" in said.text else None
    )
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    for path in paths:
        page.goto(path)
        page.wait_for_timeout(700)
    context.close()
    return found


def test_pages_are_refused_nothing(browser, web, login, camera, doors):
    doors.report(camera)
    paths = [
        "/",
        "/wall",
        "/cameras",
        "/cameras/add",
        f"/cameras/{camera.pk}",
        "/account",
        "/settings/people",
        "/login",
    ]
    assert refusals(browser, web, login, *paths) == []


def test_the_admin_and_the_description_of_the_api_are_refused_nothing(browser, web, login, camera):
    paths = ["/admin/", "/admin/cameras/camera/", f"/admin/cameras/camera/{camera.pk}/change/", "/admin/auth/user/"]
    assert refusals(browser, web, login, *paths, "/admin/auth/user/1/change/", "/api/docs/") == []


def test_an_inline_script_does_not_run(browser, web, login):
    context = browser.new_context(base_url=web.url, storage_state=login)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("/account")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
    }""")
    assert page.evaluate("window.ran") is None
    assert any("Content Security" in text for text in said)
    context.close()
