"""The settings and the trail in the admin."""

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from operations.models import MailSettings
from operations.pages import PAGES
from operations.services import change_settings
from tracking.models import TrackingSettings

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def fields_of(answer) -> dict:
    form = answer.context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value not in (None, False) or value == 0
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.slug)
def test_every_settings_record_opens_on_its_form_and_saves(admin, page):
    meta = page.model._meta
    path = f"/admin/{meta.app_label}/{meta.model_name}/"
    assert admin.get(path)["Location"].endswith("/1/change/")
    answer = admin.get(f"{path}1/change/")
    assert answer.status_code == 200
    assert admin.post(f"{path}1/change/", fields_of(answer)).status_code == 302
    assert admin.get(f"{path}add/").status_code == 403


def test_a_change_goes_through_the_service_and_into_the_trail(admin):
    path = "/admin/tracking/trackingsettings/1/change/"
    data = fields_of(admin.get(path))
    change_settings(TrackingSettings, {"confidence": 0.5})
    admin.post(path, fields_of(admin.get(path)) | {"imgsz": "416"})
    stored = TrackingSettings.load()
    assert (stored.imgsz, stored.confidence) == (416, 0.5)
    assert LogEntry.objects.latest("pk").changes == {"imgsz": ["640", "416"]}
    assert admin.post(path, data | {"imgsz": "7"}).status_code == 200
    assert TrackingSettings.load().imgsz == 416


def test_the_mail_password_is_not_sent_to_the_browser(admin):
    change_settings(MailSettings, {"smtp_pass": "mail-word"})
    path = "/admin/operations/mailsettings/1/change/"
    answer = admin.get(path)
    assert "mail-word" not in answer.content.decode()
    admin.post(path, fields_of(answer) | {"smtp_host": "mail.example"})
    assert (MailSettings.load().smtp_pass, MailSettings.load().smtp_host) == ("mail-word", "mail.example")
    admin.post(path, fields_of(answer) | {"smtp_pass": "new-word"})
    assert MailSettings.load().smtp_pass == "new-word"


def test_the_trail_is_read_only(admin):
    change_settings(TrackingSettings, {"imgsz": 416})
    entry = LogEntry.objects.latest("pk")
    assert admin.get("/admin/auditlog/logentry/").status_code == 200
    page = admin.get(f"/admin/auditlog/logentry/{entry.pk}/change/")
    assert "416" in page.content.decode()
    assert admin.post(f"/admin/auditlog/logentry/{entry.pk}/change/", {}).status_code == 403
    assert admin.post(f"/admin/auditlog/logentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
