"""Sites and the transfer page, in a browser's words."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cameras import services
from cameras.models import Camera, Site
from cameras.selectors import default_site
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from crowdsite.store.connection import client as redis
from tests.support.people import person

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def browser_of(role: str) -> Client:
    client = Client()
    client.force_login(person(role))
    return client


@pytest.fixture
def admin() -> Client:
    return browser_of(ADMINISTRATOR)


def sent(client: Client, config: object) -> object:
    content = config if isinstance(config, bytes) else json.dumps(config).encode()
    return client.post("/settings/transfer", {"file": SimpleUploadedFile("config.json", content)})


def test_a_site_is_added_changed_and_deleted_when_it_is_empty(admin):
    data = {"name": "Depot", "timezone": "Asia/Tokyo", "max_capacity": "40", "warn_threshold": "30"}
    assert admin.post("/settings/sites/add", data).status_code == 302
    site = Site.objects.get(name="Depot")
    assert (site.timezone, site.max_capacity) == ("Asia/Tokyo", 40)
    camera = services.create_camera(name="Gate", url="rtsp://h/1", site=site)
    assert "has 1 camera" in admin.get(f"/settings/sites/{site.pk}").content.decode()
    answer = admin.post(f"/settings/sites/{site.pk}/delete", follow=True)
    assert "Move or delete them first" in answer.content.decode()
    services.delete_camera(camera_id=camera.pk)
    assert "Delete “Depot”" in admin.get(f"/settings/sites/{site.pk}").content.decode()
    admin.post(f"/settings/sites/{site.pk}/delete")
    assert not Site.objects.filter(name="Depot").exists()


def test_a_wrong_site_is_refused_and_what_was_typed_is_kept(admin):
    data = {"name": "Depot", "timezone": "Mars/Base", "max_capacity": "10", "warn_threshold": "20"}
    answer = admin.post("/settings/sites/add", data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Mars/Base" in page
    assert "is no time zone" in page


def test_viewers_see_sites_and_change_none():
    viewer, site = browser_of(VIEWER), default_site()
    assert "Save site" not in viewer.get(f"/settings/sites/{site.pk}").content.decode()
    for path in (f"/settings/sites/{site.pk}", "/settings/sites/add", f"/settings/sites/{site.pk}/delete"):
        assert viewer.post(path, {"name": "X"}).status_code == 403
    assert viewer.get("/settings/sites/99").status_code == 404


def test_a_file_is_shown_before_it_is_imported(admin):
    answer = sent(admin, {"frame_skip": 4, "colour": 1, "cameras": [{"id": "gate1", "url": "rtsp://u:pw-word@h/1"}]})
    page = answer.content.decode()
    assert "Camera “gate1”" in page
    assert "Not understood" in page
    assert "pw-word" not in page
    assert Camera.objects.count() == 0
    form = {"token": answer.context["token"], "mark": answer.context["mark"], "file_name": "config.json"}
    done = admin.post("/settings/transfer/apply", form, follow=True)
    assert "Imported: 2 changes" in done.content.decode()
    assert Camera.objects.get().url == "rtsp://u:pw-word@h/1"
    assert not list(redis().scan_iter("operations:import:*"))


def test_what_changed_since_the_preview_is_shown_again(admin):
    answer = sent(admin, {"frame_skip": 4, "imgsz": 320})
    form = {"token": answer.context["token"], "mark": "other", "file_name": "x"}
    assert "Look at what the import would do now" in admin.post("/settings/transfer/apply", form).content.decode()


def test_anothers_waiting_file_cannot_be_taken(admin):
    token = sent(admin, {"frame_skip": 4}).context["token"]
    other = Client()
    other.force_login(person(ADMINISTRATOR, "other"))
    assert other.post("/settings/transfer/apply", {"token": token, "mark": "x"}).status_code == 422
    assert admin.post("/settings/transfer/apply", {"token": "no", "mark": "x"}).status_code == 422


def test_a_bad_file_is_answered_with_its_places(admin):
    page = sent(admin, {"cameras": [{"name": "A", "tasks": ["fly"], "url": "0"}]})
    assert page.status_code == 422
    assert "cameras[0].tasks" in page.content.decode()
    assert sent(admin, b"\xff").status_code == 422
    assert sent(admin, b'{"a":"' + b"x" * 6_000_000 + b'"}').status_code == 422
    assert admin.post("/settings/transfer").status_code == 422


def test_the_export_leaves_secrets_out_unless_asked(admin):
    services.create_camera(name="Gate", url="rtsp://u:pw-word@h/1")
    plain = admin.post("/settings/transfer/export")
    assert plain["Content-Disposition"] == 'attachment; filename="config.json"'
    assert "pw-word" not in plain.content.decode()
    assert "pw-word" in admin.post("/settings/transfer/export", {"with_secrets": "on"}).content.decode()
    assert admin.get("/settings/transfer/export").status_code == 405


@pytest.mark.parametrize("role", [OPERATOR, VIEWER])
def test_only_administrators_import_and_export(role):
    client = browser_of(role)
    assert client.get("/settings/transfer").status_code == 403
    assert client.post("/settings/transfer/export").status_code == 403
    assert client.post("/settings/transfer/apply").status_code == 403
    assert sent(client, {"frame_skip": 4}).status_code == 403
    assert client.get("/settings/activity").status_code == 403
