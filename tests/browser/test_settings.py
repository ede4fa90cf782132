"""What the settings pages do in a browser: defaults come back, unsaved changes are said, a phone can use them."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "redis"], transaction=True)]


def test_a_default_comes_back_into_its_field_and_unsaved_changes_are_said(open_page):
    page = open_page("/settings/counting")
    assert page.is_hidden("#unsaved")
    page.fill("#id_imgsz", "320")
    assert page.is_visible("#unsaved")
    page.click("text=Save settings")
    page.wait_for_selector("text=Saved.")
    assert page.input_value("#id_imgsz") == "320"
    page.click("button[value=imgsz]")
    assert page.input_value("#id_imgsz") == "640"
    assert page.is_visible("#unsaved")
    page.click("text=Save settings")
    page.wait_for_selector("text=Saved.")
    assert page.locator("button[value=imgsz]").count() == 0


@pytest.mark.parametrize("tab", ["sites", "counting", "capture", "equipment", "mail", "transfer", "activity", "system"])
def test_every_page_fits_a_narrow_phone(open_page, tab):
    page = open_page(f"/settings/{tab}", width=320, height=700)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator(".tabs [aria-current]").is_visible()
