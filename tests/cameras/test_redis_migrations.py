import pytest

from cameras import services
from cameras.models import Camera
from crowdsite.store.audit import verify
from crowdsite.store.connection import client
from crowdsite.store.migrations import apply_migrations, known_migrations

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

NAME = "cameras.0001_show_on_dashboard"


def test_cameras_from_before_the_flag_become_visible_and_hidden_ones_stay_hidden():
    old, hidden = (services.create_camera(name=name, url="demo:", show=name == "Old") for name in ("Old", "Hidden"))
    row = f"cameras:camera:{old.pk}"
    assert client().hdel(row, "show") == 1
    assert NAME in apply_migrations()
    assert {camera.name: camera.show for camera in Camera.objects.all()} == {"Old": True, "Hidden": False}
    assert client().hexists(row, "show")
    assert [camera.name for camera in Camera.objects.filter(show=True)] == ["Old"]
    assert verify([Camera]).clean
    assert hidden.show is False


def test_running_it_again_changes_nothing():
    from importlib import import_module

    services.create_camera(name="Gate", url="demo:", show=False)
    (migration,) = [migration for migration in known_migrations() if migration.name == NAME]
    for _ in range(2):
        import_module(migration.module).forwards(client())
    assert Camera.objects.get().show is False
