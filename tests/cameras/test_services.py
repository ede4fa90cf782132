import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from auditlog.context import disable_auditlog

from cameras import selectors, services
from cameras.models import Camera, CaptureDefaults, Site
from cameras.selectors import camera_config, cameras_of_site, default_site, enabled_camera_ids
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://admin:s3cret-pass@10.0.0.5:554/stream?channel=1"


def make(**values) -> Camera:
    return services.create_camera(**{"name": "Gate", "url": URL, **values})


def refusal(function, **kwargs) -> CrowdsiteError:
    with pytest.raises(CrowdsiteError) as caught:
        function(**kwargs)
    return caught.value


def at_once(count: int, work) -> list:
    """Run `work` in `count` threads that start together; results or the errors raised."""
    barrier = threading.Barrier(count)

    def run(number: int):
        from django.db import connections

        barrier.wait(10)
        try:
            # The test holds a transaction of the SQL database: entries of the trail would wait for its end.
            with disable_auditlog():
                return work(number)
        except CrowdsiteError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_a_new_camera_counts_in_the_default_site_until_told_otherwise():
    camera = make()
    assert camera.site == default_site()
    assert camera.tasks == ["in_count", "out_count"]
    assert (camera.enabled, camera.show, camera.inout_count, camera.ppe) == (True, True, True, False)
    assert camera.line is None


def test_everything_a_camera_accepts_is_kept():
    CaptureDefaults(pipeline_profiles={"gate": {"transport": "udp"}}).save()
    site = services.create_site(name="North", timezone="Europe/Berlin", max_capacity=100, warn_threshold=80)
    given = {
        "orientation": "rotate_90",
        "transport": "udp",
        "resolution": "720p",
        "reverse": True,
        "show": False,
        "enabled": False,
        "profile": "gate",
        "ffmpeg_flags": "-fflags nobuffer",
        "tasks": ["in_count", "helmet"],
    }
    camera = make(line=[0.1, 0.2, 0.3, 0.4], site_id=site.pk, **given)
    stored = Camera.objects.get(pk=camera.pk)
    assert {name: getattr(stored, name) for name in given} == given
    assert stored.line == [[0.1, 0.2], [0.3, 0.4]]
    assert stored.site == site


def test_every_wrong_field_gets_a_sentence_of_its_own():
    error = refusal(
        services.create_camera,
        name=" ",
        url="ftp://cam/1",
        line=[0, 0, 2, 2],
        orientation="sideways",
        transport="carrier pigeon",
        resolution="8K",
        enabled="perhaps",
        site_id=77,
        colour="red",
    )
    assert set(error.fields) == {
        "name", "url", "line", "orientation", "transport", "resolution", "enabled", "site_id", "colour",
    }  # fmt: skip
    assert all(sentence.endswith(".") for sentences in error.fields.values() for sentence in sentences)
    assert "no field “colour”" in error.fields["colour"][0]
    assert Camera.objects.count() == 0


def test_two_cameras_of_one_name_are_refused():
    make()
    assert "already a camera called “Gate”" in refusal(make, name=" Gate ").message
    other = make(name="Door")
    assert refusal(services.update_camera, camera_id=other.pk, name="Gate").fields.keys() == {"name"}
    assert services.update_camera(camera_id=other.pk, name="Door").name == "Door"


def test_names_that_differ_in_capitals_only_are_one_name():
    gate = make()
    error = refusal(make, name="gate")
    assert "already a camera called “Gate”" in error.message
    other = make(name="Door")
    assert refusal(services.update_camera, camera_id=other.pk, name="GATE").fields.keys() == {"name"}
    assert services.update_camera(camera_id=gate.pk, name="gate").name == "gate"
    services.create_site(name="Straße")
    assert "already a site called “Straße”" in refusal(services.create_site, name="STRASSE").message


def test_two_names_of_older_days_that_differ_in_capitals_can_still_be_saved():
    make()
    older = Camera.objects.create(name="gate", url=URL, site=default_site())
    assert services.update_camera(camera_id=older.pk, name="gate", enabled=False).enabled is False


def test_of_creators_of_one_name_at_the_same_moment_one_wins():
    default_site()
    results = at_once(8, lambda number: make())
    assert sum(isinstance(result, Camera) for result in results) == 1
    assert all(result.fields.keys() == {"name"} for result in results if not isinstance(result, Camera))
    assert Camera.objects.count() == 1


def test_processes_that_need_a_default_site_at_the_same_moment_share_one():
    results = at_once(8, lambda number: default_site().pk)
    assert len(set(results)) == 1
    assert Site.objects.count() == 1


def test_the_version_grows_only_when_crossings_mean_something_else():
    camera = make(line=[0, 0.5, 1, 0.5])
    versions = []
    for change in ({"name": "Door"}, {"line": [0, 0.5, 1, 0.5]}, {"line": [0, 0.6, 1, 0.6]}, {"reverse": True}):
        versions.append(services.update_camera(camera_id=camera.pk, **change).line_version)
    assert versions == [1, 1, 2, 3]


def test_two_lines_drawn_at_the_same_moment_get_two_versions():
    camera = make()
    at_once(6, lambda number: services.update_camera(camera_id=camera.pk, line=[0, 0.1 * (number + 1), 1, 0.5]))
    assert Camera.objects.get().line_version == 7


def test_changes_to_different_fields_at_the_same_moment_all_arrive():
    camera = make()
    changes = [{"name": "Door"}, {"enabled": False}, {"show": False}, {"line": [0, 0.5, 1, 0.5]}, {"transport": "udp"}]
    at_once(5, lambda number: services.update_camera(camera_id=camera.pk, **changes[number]))
    stored = Camera.objects.get()
    assert (stored.name, stored.enabled, stored.show, stored.transport) == ("Door", False, False, "udp")
    assert stored.line == [[0, 0.5], [1, 0.5]]


def test_a_switch_or_the_tasks_may_change_but_not_against_each_other():
    camera = make()
    ppe = services.update_camera(camera_id=camera.pk, ppe=True)
    assert ppe.tasks == ["in_count", "out_count", "helmet", "no_helmet"]
    same = {"inout_count": True, "ppe": True}
    assert services.update_camera(camera_id=camera.pk, tasks=["out_count"], **same).tasks == ["out_count"]
    assert services.update_camera(camera_id=camera.pk, tasks=["out_count"], inout_count=False).tasks == []
    error = refusal(services.update_camera, camera_id=camera.pk, tasks=["helmet"], inout_count=True)
    assert "say different things" in error.fields["inout_count"][0]
    assert make(name="B", inout_count=False, ppe="on").tasks == ["helmet", "no_helmet"]


def test_the_masked_address_keeps_the_password():
    camera = make()
    kept = services.update_camera(camera_id=camera.pk, url=camera.masked_url)
    assert kept.url == URL
    moved = services.update_camera(camera_id=camera.pk, url=camera.masked_url.replace("channel=1", "channel=2"))
    assert moved.url == URL.replace("channel=1", "channel=2")


@pytest.mark.parametrize(
    ("old", "new"), [("10.0.0.5", "evil.example"), (":554", ":8554"), ("rtsp://", "http://"), ("rtsp://", "rtsps://")]
)
def test_the_password_never_goes_to_another_host(old, new):
    camera = make()
    error = refusal(services.update_camera, camera_id=camera.pk, url=camera.masked_url.replace(old, new))
    assert "again" in error.fields["url"][0]
    assert Camera.objects.get().url == URL


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "http://169.254.169.254/latest/",
        "gopher://x",
        "concat:/etc/passwd",
        7,
        None,
    ],
)
def test_addresses_that_are_no_camera_are_refused(url):
    assert "url" in refusal(make, url=url).fields


def test_a_video_file_in_an_allowed_folder_is_a_camera(settings, tmp_path):
    settings.CAMERA_FILE_ROOTS = [tmp_path]
    (tmp_path / "door.mp4").write_bytes(b"x")
    assert make(url=str(tmp_path / "door.mp4")).url.endswith("door.mp4")


def test_a_deleted_camera_comes_back_as_it_was():
    camera = make(line=[0, 0.5, 1, 0.5], tasks=["helmet"], enabled=False)
    client().hset(f"cameras:status:{camera.pk}", "state", "online")
    services.delete_camera(camera_id=camera.pk)
    assert Camera.objects.count() == 0
    assert not client().exists(f"cameras:status:{camera.pk}")
    assert 0 < client().ttl(services.deleted_key(camera.pk)) <= services.DELETED_KEPT_SECS
    back = services.restore_camera(camera_id=camera.pk)
    stored = Camera.objects.get()
    assert (back.pk, stored.url, stored.line, stored.tasks, stored.enabled) == (
        camera.pk, URL, [[0, 0.5], [1, 0.5]], ["helmet"], False,
    )  # fmt: skip
    assert stored.created_at.date() == camera.created_at.date()
    assert "cannot be brought back" in refusal(services.restore_camera, camera_id=camera.pk).message


def test_a_deleted_camera_whose_name_was_given_away_waits():
    camera = make()
    services.delete_camera(camera_id=camera.pk)
    other = make(url="rtsp://other/1")
    assert "already a camera called" in refusal(services.restore_camera, camera_id=camera.pk).message
    services.update_camera(camera_id=other.pk, name="Gate 2")
    assert services.restore_camera(camera_id=camera.pk).name == "Gate"
    assert other.pk != camera.pk


def test_a_camera_of_a_deleted_site_comes_back_into_the_default_one():
    default_site()
    site = services.create_site(name="Tent")
    camera = make(site_id=site.pk)
    services.delete_camera(camera_id=camera.pk)
    services.delete_site(site_id=site.pk)
    assert services.restore_camera(camera_id=camera.pk).site == default_site()


def test_a_missing_camera_or_site_is_said_so():
    for function, number in ((services.update_camera, "camera_id"), (services.update_site, "site_id")):
        error = refusal(function, **{number: 99})
        assert (error.status, error.code) == (404, "not_found")
        assert "99" in error.message


def test_a_site_in_use_stays():
    camera = make()
    error = refusal(services.delete_site, site_id=camera.site_id)
    assert error.status == 409
    assert error.message.startswith("1 camera belongs to the site")
    assert Site.objects.count() == 1


def test_limits_of_a_site_are_checked_against_the_stored_ones():
    site = services.create_site(name="Hall", max_capacity=100, warn_threshold=80)
    assert "above the limit" in refusal(services.update_site, site_id=site.pk, max_capacity=50).message
    changed = services.update_site(site_id=site.pk, max_capacity=0)
    assert (changed.max_capacity, changed.warn_threshold) == (None, 80)


def test_switching_returns_those_that_changed():
    on, off = make(name="On"), make(name="Off", enabled=False)
    assert services.set_enabled(camera_ids=[on.pk, off.pk, 99], enabled=True) == [off]
    assert enabled_camera_ids() == [on.pk, off.pk]


def test_the_demo_camera_is_made_once():
    first = services.create_demo_camera()
    assert first.is_demo
    assert first.line is not None
    services.update_camera(camera_id=first.pk, name="Example")
    assert services.create_demo_camera() == first


def test_a_loop_sees_everything_it_needs_in_one_value():
    site = services.create_site(name="North", timezone="Europe/Berlin")
    camera = make(site_id=site.pk, line=[0, 0.5, 1, 0.5])
    config = camera_config(camera.pk)
    assert config == camera_config(camera.pk)
    assert (config.id, config.site_timezone, config.url) == (camera.pk, "Europe/Berlin", URL)
    assert config.line == ((0, 0.5), (1, 0.5))
    assert config.tasks == ("in_count", "out_count")
    assert "s3cret" not in repr(config)
    assert camera_config(99) is None


def test_cameras_of_a_site_come_by_name():
    first, site = default_site(), services.create_site(name="North")
    for name, number in (("b", site.pk), ("a", site.pk), ("c", first.pk)):
        make(name=name, site_id=number)
    assert [camera.name for camera in cameras_of_site(site.pk)] == ["a", "b"]


def test_deleted_cameras_are_listed_while_they_can_come_back():
    gate, door = make(), make(name="Door")
    for camera in (gate, door):
        services.delete_camera(camera_id=camera.pk)
    assert [(camera.id, camera.name) for camera in selectors.deleted_cameras()] == [
        (door.pk, "Door"),
        (gate.pk, "Gate"),
    ]
    services.restore_camera(camera_id=door.pk)
    assert [camera.name for camera in selectors.deleted_cameras()] == ["Gate"]
    client().delete(services.deleted_key(gate.pk))  # its thirty days are over
    assert selectors.deleted_cameras() == []


def test_the_folder_for_videos_is_made(settings, tmp_path):
    settings.CAMERA_FILE_ROOTS = [tmp_path / "elsewhere", tmp_path / "var" / "videos"]
    services.ensure_video_folder()
    services.ensure_video_folder()
    assert [path.name for path in tmp_path.rglob("*")] == ["var", "videos"]
    (tmp_path / "file").touch()
    settings.CAMERA_FILE_ROOTS = [tmp_path / "file" / "videos"]
    services.ensure_video_folder()  # logged, and no reason not to start
    settings.CAMERA_FILE_ROOTS = []
    services.ensure_video_folder()
