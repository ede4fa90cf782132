"""The settings pages: what is shown, what is saved, and what is not lost."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from crowdsite.roles import ADMINISTRATOR, VIEWER
from operations.models import MailSettings
from operations.pages import PAGES
from tests.support.people import person
from tracking.models import TrackingSettings

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def browser_of(role: str) -> Client:
    client = Client()
    client.force_login(person(role))
    return client


@pytest.fixture
def admin() -> Client:
    return browser_of(ADMINISTRATOR)


def typed(client: Client, slug: str, **changes: object) -> dict:
    """What a browser would send after `changes` were made on the page as it is now."""
    form = client.get(f"/settings/{slug}").context["form"]
    data = {"seen": form.seen_json}
    for field in form:
        value = field.value()
        if value is not False and value is not None:
            data[field.html_name] = "on" if value is True else value
    data |= changes
    return {name: value for name, value in data.items() if value is not None}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_every_page_opens_and_saving_it_unchanged_changes_nothing(admin, page):
    before = {name: getattr(page.model.load(), name) for name in [field.name for field in page.model._meta.fields]}
    assert admin.get(f"/settings/{page.slug}").status_code == 200
    answer = admin.post(f"/settings/{page.slug}", typed(admin, page.slug))
    assert answer.status_code == 302
    assert {name: getattr(page.model.load(), name) for name in before} == before


def test_a_change_is_saved_and_marked_as_changed(admin):
    answer = admin.post("/settings/counting", typed(admin, "counting", imgsz="416", show_ids="on"), follow=True)
    stored = TrackingSettings.load()
    assert (stored.imgsz, stored.show_ids) == (416, True)
    page = answer.content.decode()
    assert page.count("Changed from the default") == 2
    assert "within two seconds" in page


def test_the_hint_of_seconds_of_video_leaves_out_what_is_refused(admin):
    page = admin.get("/settings/capture").content.decode()
    assert "0, or from 5 to 60. Default: 0." in page and "From 0 to 60." not in page


def test_the_capture_page_says_which_programs_read_video_files(admin):
    assert "Video files are read by FFmpeg alone" in admin.get("/settings/capture").content.decode()


def test_a_wrong_value_is_refused_with_its_range_and_everything_typed_is_kept(admin):
    answer = admin.post("/settings/counting", typed(admin, "counting", imgsz="99999", device="cuda:1"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "99999" in page
    assert "cuda:1" in page
    assert "Use 1920 or less" in page
    assert TrackingSettings.load().device == "auto"


def test_two_people_do_not_undo_each_other(admin):
    mine, hers = typed(admin, "counting", imgsz="320"), typed(admin, "counting", confidence="0.4")
    admin.post("/settings/counting", mine)
    admin.post("/settings/counting", hers)
    stored = TrackingSettings.load()
    assert (stored.imgsz, stored.confidence) == (320, 0.4)


def test_the_second_change_of_one_setting_is_asked_about_and_then_wins(admin):
    mine, hers = typed(admin, "counting", imgsz="320"), typed(admin, "counting", imgsz="480")
    admin.post("/settings/counting", mine)
    refused = admin.post("/settings/counting", hers)
    assert refused.status_code == 422
    assert "set this to “320”" in refused.content.decode()
    assert TrackingSettings.load().imgsz == 320
    again = hers | {"seen": refused.context["form"].seen_json}
    assert admin.post("/settings/counting", again).status_code == 302
    assert TrackingSettings.load().imgsz == 480


def test_a_default_is_filled_in_without_saving(admin):
    admin.post("/settings/counting", typed(admin, "counting", imgsz="320", confidence="0.5"))
    answer = admin.post("/settings/counting", typed(admin, "counting", reset="imgsz", device="cpu"))
    form = answer.context["form"]
    assert (form["imgsz"].value(), form["device"].value()) == ("640", "cpu")
    assert TrackingSettings.load().imgsz == 320


def test_a_password_is_never_shown_kept_when_empty_and_removed_on_request(admin):
    admin.post("/settings/mail", typed(admin, "mail", smtp_host="mail.example", smtp_pass="s3cret-mail"))
    page = admin.get("/settings/mail").content.decode()
    assert "s3cret-mail" not in page
    assert "A password is set" in page
    admin.post("/settings/mail", typed(admin, "mail", smtp_user="me"))
    assert MailSettings.load().smtp_pass == "s3cret-mail"
    refused = admin.post("/settings/mail", typed(admin, "mail", smtp_port="0", smtp_pass="typed-again"))
    assert "typed-again" not in refused.content.decode()
    admin.post("/settings/mail", typed(admin, "mail", remove_smtp_pass="on"))
    assert MailSettings.load().smtp_pass == ""


def test_lists_are_typed_with_commas(admin):
    admin.post("/settings/counting", typed(admin, "counting", track_objects=" person , vehicle,"))
    assert TrackingSettings.load().track_objects == ["person", "vehicle"]
    refused = admin.post("/settings/counting", typed(admin, "counting", track_objects=" , "))
    assert refused.status_code == 422


def test_who_may_only_look_changes_nothing():
    assert browser_of(VIEWER).get("/settings/counting").status_code == 403
    looker = person(VIEWER, "looker")
    looker.user_permissions.add(Permission.objects.get(codename="view_trackingsettings"))
    viewer = Client()
    viewer.force_login(looker)
    page = viewer.get("/settings/counting")
    assert page.status_code == 200
    assert "Save settings" not in page.content.decode()
    assert page.content.decode().count(" disabled") > 10
    answer = viewer.post("/settings/counting", {"imgsz": "320", "seen": json.dumps({})})
    assert answer.status_code == 403
    assert TrackingSettings.load().imgsz == 640


def test_a_garbled_form_is_no_fault(admin):
    for seen in ("", "[1]", "{", "[" * 100_000):
        assert admin.post("/settings/counting", typed(admin, "counting", seen=seen)).status_code in (302, 422)


@pytest.mark.parametrize(
    "profiles",
    [r'{"\ud800": {}}', r'{"a": {"ffmpeg_flags": "\ud800"}}', '{"a": {"fps": 1' + "0" * 400 + "}}", "[" * 100_000],
)
def test_a_garbled_profile_is_no_fault(admin, profiles):
    answer = admin.post("/settings/capture", typed(admin, "capture", pipeline_profiles=profiles))
    assert answer.status_code == 422


def test_settings_leads_to_the_first_page_one_may_open(admin):
    assert admin.get("/settings")["Location"] == "/settings/sites"
    assert Client().get("/settings")["Location"].startswith("/login")


def test_the_equipment_page_promises_no_checks_that_are_not_there(admin):
    page = admin.get("/settings/equipment").content.decode()
    assert "does not check protective equipment" in page
    assert "does not check" not in admin.get("/settings/counting").content.decode()


@pytest.mark.parametrize(("device", "status"), [("cuda", 302), ("cuda:1", 302), ("banana", 422), ("cuda:1 ; x", 422)])
def test_a_device_that_does_not_exist_is_refused(admin, device, status):
    assert admin.post("/settings/counting", typed(admin, "counting", device=device)).status_code == status
