"""Every page at every width, the frame around them, and the line editor."""

import json

import pytest

from cameras.models import Camera
from tests.browser.conftest import log_in
from tests.browser.test_dashboard import expect

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "redis"])]

LONG = "Donaudampfschifffahrtsgesellschaftskapitän, Tür 14 – North-East Contractor Entrance"


@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_no_page_scrolls_sideways(open_page, doors, width):
    camera = doors.add(LONG)
    doors.add(f"{LONG} 2", state="offline", reason="The camera refused the password (401). Trying again every 5 min.")
    for number in range(12):
        doors.add(f"Door {number}")
    doors.limit(125_000, 90_000)
    page = open_page("/", width=width)
    for path in ("/", "/?all=1", "/wall", "/cameras", "/cameras/add", f"/cameras/{camera.pk}", "/nothing-here"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_theme_is_kept(open_page, doors):
    page = open_page("/", color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click(".top [data-theme-toggle]")
    assert page.evaluate(ground) != light
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark


def test_keys_go_to_pages_and_can_be_switched_off(open_page, doors):
    page = open_page()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/cameras")
    page.keyboard.press("?")
    assert page.locator("[data-keys-dialog]").is_visible()
    page.keyboard.press("Escape")
    page.click(".top .menu summary")
    page.uncheck(".top [data-keys-toggle]")
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("?")
    assert not page.locator("[data-keys-dialog]").is_visible()


def test_one_can_log_out_on_a_phone(open_page, doors):
    page = open_page("/login", width=390)
    page.context.clear_cookies()  # a session of its own: logging out ends it for all that share it
    log_in(page)
    page.click(".tabbar summary")
    page.click(".tabbar form button")
    page.wait_for_url("**/login")


def test_a_line_is_drawn_with_the_pointer_and_saved(open_page, doors):
    camera = doors.add("Gate", line=None)
    page = open_page(f"/cameras/{camera.pk}")
    expect(page.locator("#stage img").first).to_be_visible()
    box = page.locator("#stage").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    page.mouse.move(*at(0.2, 0.5))
    page.mouse.down()
    page.mouse.move(*at(0.5, 0.5), steps=5)
    page.mouse.move(*at(0.8, 0.5), steps=5)
    page.mouse.up()
    expect(page.locator("#line-words")).to_contain_text("Towards the top of the picture counts as in.")
    page.click("#camera-form button.primary")
    expect(page.locator("main")).to_contain_text("was saved")
    (ax, ay), (bx, by) = Camera.objects.get(pk=camera.pk).line
    assert (ax, ay, bx, by) == pytest.approx((0.2, 0.5, 0.8, 0.5), abs=0.01)


def test_the_line_is_moved_swapped_and_undone_with_the_keyboard(open_page, doors):
    camera = doors.add("Gate", line=[[0.2, 0.5], [0.8, 0.5]])
    page = open_page(f"/cameras/{camera.pk}")
    page.click('[data-mode="draw"]')
    page.locator('[data-handle="a"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    line = lambda: json.loads(page.input_value("#id_line"))  # noqa: E731
    assert line() == [[0.205, 0.55], [0.8, 0.5]]
    page.keyboard.press("r")
    expect(page.locator("#line-words")).to_contain_text("Towards the bottom of the picture counts as in.")
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert line() == [[0.2, 0.5], [0.8, 0.5]]
    expect(page.locator("#unsaved")).to_be_hidden()
    page.fill("#ax", "50,5")
    page.locator("#ay").focus()
    assert line()[0] == [0.505, 0.5]
    expect(page.locator("#ax")).to_have_value("50.5")
    expect(page.locator("#unsaved")).to_be_visible()


@pytest.mark.parametrize(
    ("typed", "sentence"), [("150", "150 lies outside"), ("-1", "-1 lies"), ("abc", "“abc” is no number")]
)
def test_a_number_that_cannot_be_used_stays_with_a_sentence_and_moves_nothing(open_page, doors, typed, sentence):
    camera = doors.add("Gate", line=[[0.2, 0.5], [0.8, 0.5]])
    page = open_page(f"/cameras/{camera.pk}")
    page.click('[data-mode="draw"]')
    before = page.input_value("#id_line")
    page.fill("#ax", typed)
    page.locator("#bx").focus()
    expect(page.locator("#ax")).to_have_value(typed)
    expect(page.locator("#ax")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#a-note")).to_contain_text(sentence)
    expect(page.locator("#xy-hint")).to_be_hidden()
    assert page.input_value("#id_line") == before
    page.click("#camera-form button.primary")
    expect(page.locator("#ax")).to_be_focused()
    page.fill("#ax", "52")
    page.locator("#bx").focus()
    expect(page.locator("#a-note")).to_be_hidden()
    expect(page.locator("#ax")).to_have_value("52.0")
    assert json.loads(page.input_value("#id_line"))[0] == [0.52, 0.5]


def test_a_refused_line_comes_back_ready_to_be_mended(open_page, doors):
    camera = doors.add("Gate", line=[[0.2, 0.5], [0.8, 0.5]])
    page = open_page(f"/cameras/{camera.pk}")
    page.click('[data-mode="draw"]')
    page.fill("#bx", "20")
    page.click("#camera-form button.primary")
    expect(page.locator("#line-refusal")).to_contain_text("at the same place")
    expect(page.locator("#bx")).to_have_value("20.0")
    expect(page.locator("#bx")).to_have_attribute("aria-invalid", "true")
    expect(page.locator('[data-mode="draw"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#unsaved")).to_be_visible()
    page.click('main [role="alert"] a[href="#ax"]')
    expect(page.locator("#ax")).to_be_focused()
    page.fill("#bx", "70")
    page.click("#camera-form button.primary")
    expect(page.locator("main")).to_contain_text("was saved")
    assert Camera.objects.get(pk=camera.pk).line == [[0.2, 0.5], [0.7, 0.5]]


def test_leaving_with_an_unsaved_line_is_asked_about(open_page, doors):
    camera = doors.add("Gate", line=[[0.2, 0.5], [0.8, 0.5]])
    page = open_page(f"/cameras/{camera.pk}")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == []
    page.click('[data-mode="draw"]')
    page.fill("#ax", "30")
    page.locator("#bx").focus()
    page.reload()
    assert asked == ["beforeunload"]


def test_a_deleted_camera_can_be_brought_back(open_page, doors):
    camera = doors.add("Gate")
    page = open_page(f"/cameras/{camera.pk}")
    page.click("button.danger")
    expect(page.locator("main")).to_contain_text("was deleted")
    page.click('form[action="/cameras/restore"] button')
    expect(page.locator("#rows")).to_contain_text("Gate")


def test_the_wall_shows_the_number_and_the_trouble(open_page, doors):
    gate = doors.add("Gate")
    page = open_page("/wall", width=1920, height=1080)
    doors.cross(gate, "in", 4)
    expect(page.locator("#inside")).to_have_text("4")
    expect(page.locator("#updated")).to_contain_text("Updated")
    doors.report(gate, state="offline", reason="The camera refused the password.")
    expect(page.locator("#first-trouble")).to_contain_text("Gate is offline. The camera refused the password.")
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_the_list_of_cameras_keeps_itself_current(open_page, doors):
    gate = doors.add("Gate")
    page = open_page("/cameras")
    expect(page.locator("#rows .state")).to_have_text("Live")
    doors.report(gate, state="offline", reason="The camera refused the password.")
    expect(page.locator("#rows")).to_contain_text("The camera refused the password.")
    expect(page.locator("#rows .pic")).to_have_attribute("data-state", "offline")
