import pytest

from cameras.models import Camera, Site
from cameras.selectors import default_site

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def make(**values) -> Camera:
    return Camera.objects.create(**{"name": "Gate", "url": "rtsp://u:pa55word@cam/1", "site": default_site(), **values})


def test_a_camera_is_a_hash_of_the_promised_name():
    from crowdsite.store.connection import client

    camera = make()
    assert client().type(f"cameras:camera:{camera.pk}") == b"hash"


def test_a_camera_never_shows_its_password_in_text():
    camera = make()
    assert "pa55word" not in f"{camera} {camera!r} {camera.masked_url}"
    assert camera.masked_url.endswith("@cam/1")


def test_the_switches_follow_the_tasks():
    camera = make(tasks=["in_count", "vest"], inout_count=False, ppe=False)
    camera.refresh_from_db()
    assert (camera.inout_count, camera.ppe) == (True, True)
    camera.tasks = []
    camera.save(update_fields=["tasks"])
    assert not Camera.objects.get().inout_count
    assert list(Camera.objects.filter(ppe=True)) == []


def test_a_partial_save_leaves_other_fields_to_others():
    camera = make()
    Camera.objects.filter(pk=camera.pk).update(name="Renamed meanwhile")
    camera.enabled = False
    camera.save(update_fields=["enabled"])
    stored = Camera.objects.get()
    assert (stored.name, stored.enabled) == ("Renamed meanwhile", False)
    assert stored.updated_at > camera.created_at


def test_a_demo_camera_is_known_by_its_address():
    assert make(url="demo:").is_demo
    assert not make(name="Door", url="rtsp://cam/demo:").is_demo


def test_a_site_with_a_time_zone_that_does_not_exist_is_not_valid():
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError, match="no time zone"):
        Site(name="A", timezone="Nowhere/Land").full_clean()
