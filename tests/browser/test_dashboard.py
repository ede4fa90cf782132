"""The dashboard in a browser: it keeps itself current, and says so when it cannot."""

import re

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "redis"])]


def expect(target):
    from playwright.sync_api import expect as expecting

    expecting.set_options(timeout=20_000)
    return expecting(target)


def test_a_crossing_shows_by_itself(open_page, doors):
    gate = doors.add("Gate")
    page = open_page()
    expect(page.locator("#in-today")).to_have_text("0")
    doors.cross(gate, "in", 3)
    expect(page.locator("#in-today")).to_have_text("3")
    expect(page.locator("#inside")).to_have_text("3")
    expect(page.locator("[data-in]").first).to_have_text("3")


def test_cameras_come_and_go_without_a_reload(open_page, doors):
    page = open_page()
    expect(page.locator("#first")).to_have_text("Connect the first camera")
    gate = doors.add("Gate")
    expect(page.locator("#tiles [data-name]")).to_have_text(["Gate"])
    doors.add("Annex")
    expect(page.locator("#tiles [data-name]")).to_have_text(["Annex", "Gate"])
    doors.fall_silent(gate)
    gate.delete()
    expect(page.locator("#tiles [data-name]")).to_have_text(["Annex"])


def test_pictures_are_live_with_their_age_and_marked_when_they_stop(open_page, doors):
    gate = doors.add("Gate")
    page = open_page()
    tile = page.locator("#tiles .pic")
    expect(tile).to_have_attribute("data-state", "live")
    expect(tile.locator(".tag")).to_have_text(re.compile(r"^\d+(\.\d)? s$"))
    assert tile.locator("img").first.evaluate("image => image.naturalWidth") == 640
    doors.fall_silent(gate)
    expect(tile).to_have_attribute("data-state", "stale")
    expect(tile.locator("[data-title]")).to_have_text("Not live")
    doors.report(gate, state="offline", reason="The camera refused the password.")
    expect(tile).to_have_attribute("data-state", "offline")
    expect(tile).to_contain_text("The camera refused the password.")
    assert not tile.locator("img").first.is_visible()
    doors.report(gate)
    expect(tile).to_have_attribute("data-state", "live")


def test_a_lost_server_is_said_and_forgotten_when_it_returns(open_page, doors, web):
    gate = doors.add("Gate")
    page = open_page()
    doors.cross(gate, "in", 2)
    expect(page.locator("#inside")).to_have_text("2")
    web.kill()
    try:
        expect(page.locator("#trouble")).to_contain_text("The server has not answered for")
        expect(page.locator("#verdict")).to_contain_text("Not current")
        expect(page.locator("#live")).to_have_attribute("data-current", "no")
        expect(page.locator("#inside")).to_have_text("2")
    finally:
        web.start()
    doors.cross(gate, "in")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#inside")).to_have_text("3")
    expect(page.locator("#verdict")).not_to_contain_text("Not current")


def test_a_lost_data_store_is_an_alert_and_forgotten_when_it_returns(open_page, doors, redis_server):
    gate = doors.add("Gate")
    doors.cross(gate, "in", 2)
    page = open_page()
    expect(page.locator("#inside")).to_have_text("2")
    redis_server.stop()
    try:
        expect(page.locator("#trouble")).to_contain_text("The data store has not answered for")
        expect(page.locator("#trouble")).to_have_attribute("role", "alert")
        other = open_page()
        expect(other.locator("#unavailable")).to_contain_text("The data store does not answer.")
    finally:
        redis_server.start()
    expect(page.locator("#trouble")).to_be_hidden()
    expect(other.locator("#inside")).to_have_text("2")


def test_focus_stays_and_nothing_moves_under_it(open_page, doors):
    first, _second = doors.add("A door"), doors.add("B door")
    page = open_page()
    names = page.locator("#tiles [data-name]")
    expect(names).to_have_text(["A door", "B door"])
    held = page.locator('#tiles .tile:has-text("A door") .pic')
    held.focus()
    doors.report(_second, state="offline", reason="Gone.")
    expect(page.locator('#tiles .tile:has-text("B door") .pic')).to_have_attribute("data-state", "offline")
    assert names.all_text_contents() == ["A door", "B door"]
    assert held.evaluate("element => element === document.activeElement")
    doors.cross(first, "in")
    expect(page.locator('#tiles .tile:has-text("A door") [data-in]')).to_have_text("1")
    page.locator("#main").focus()
    expect(names).to_have_text(["B door", "A door"])


def test_there_is_one_poll_at_a_time_and_none_while_hidden(open_page, doors):
    doors.add("Gate")
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/api/stats" in request.url else None)
    for _ in range(5):
        page.evaluate("dispatchEvent(new Event('online')); document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(500)
    asked.clear()
    page.wait_for_timeout(6300)
    assert 2 <= len(asked) <= 4
    hide = "Object.defineProperty(document, 'hidden', {{get: () => {}, configurable: true}})"
    page.evaluate(hide.format("true") + "; document.dispatchEvent(new Event('visibilitychange'))")
    asked.clear()
    page.wait_for_timeout(5000)
    assert asked == []
    page.evaluate(hide.format("false") + "; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#live")).not_to_have_attribute("data-current", "no")
    assert asked


def test_pictures_can_be_paused(open_page, doors):
    doors.add("Gate")
    page = open_page()
    tile = page.locator("#tiles .pic")
    expect(tile.locator(".tag")).to_be_visible()
    page.click("#pause")
    page.wait_for_timeout(500)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/still/" in request.url else None)
    expect(tile).to_have_attribute("data-state", "paused")
    expect(tile).to_contain_text("Paused")
    assert asked == []
    page.click("#pause")
    expect(tile).to_have_attribute("data-state", "live")


def test_old_pictures_are_given_back(open_page, doors):
    """A tab left open for a day must not keep a day of pictures."""
    doors.add("Gate")
    page = open_page("/login")
    page.context.add_init_script(
        "let open = 0; const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];"
        "URL.createObjectURL = (blob) => (open++, make.call(URL, blob));"
        "URL.revokeObjectURL = (url) => (open--, drop.call(URL, url)); window.openPictures = () => open;"
    )
    page.goto("/")
    expect(page.locator("#tiles .pic")).to_have_attribute("data-state", "live")
    page.wait_for_timeout(4000)
    assert page.evaluate("openPictures()") <= 2


def test_somebody_who_was_logged_out_is_told(open_page, doors):
    doors.add("Gate")
    page = open_page()
    expect(page.locator("#inside")).to_have_text("0")
    page.context.clear_cookies()
    expect(page.locator("#trouble")).to_contain_text("You are no longer logged in.")
    assert page.locator("[data-login]").is_visible()


def test_over_the_limit_is_an_alert(open_page, doors):
    doors.limit(2, 1)
    gate = doors.add("Gate")
    page = open_page()
    expect(page.locator("#verdict")).to_have_text("Below the warning level")
    doors.cross(gate, "in", 3)
    expect(page.locator("#verdict")).to_have_text("Over the limit by 1")
    expect(page.locator("#alarm")).to_have_text("Over the limit by 1. Let nobody in until 1 has left.")
