"""Export and import of config.json: nothing lost, nothing half done, nothing silently dropped."""

import json
import random
from io import StringIO
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError, call_command

from cameras import services
from cameras.models import Camera, CaptureDefaults, Site
from cameras.selectors import default_site
from cameras.validation import PPE_ITEMS, TASKS
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from operations.models import MailSettings, SystemSettings
from operations.services import change_settings
from operations.transfer import applying
from operations.transfer.applying import apply_plan
from operations.transfer.exporting import export, export_text
from operations.transfer.planning import plan_import, untouched
from operations.transfer.reading import read
from operations.transfer.table import lines
from ppe.models import PpeSettings
from tracking.models import TrackingSettings

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

V81 = {
    "stream_url": "rtsp://demo:demo@10.0.0.9/main",
    "person_model": "yolov8s.pt",
    "ppe_model": "ppe8.pt",
    "device": "cpu",
    "headless": True,
    "stream_mode": "ffmpeg",
    "redis_url": "redis://:hidden-word@localhost:6379/0",
    "max_capacity": 120,
    "warn_threshold": 100,
    "frame_skip": 3,
    "detector_fps": 10,
    "capture_buffer_seconds": 15,
    "adaptive_skip": True,
    "backend_priority": ["gstreamer", "ffmpeg"],
    "enable_gstreamer": True,
    "ffmpeg_flags": "-flags low_delay -fflags nobuffer",
    "cpu_limit_percent": 50,
    "show_counts": True,
    "duplicate_bypass_seconds": 2,
    "ppe_log_retention_secs": 604800,
    "track_objects": ["person", "vehicle"],
    "track_ppe": ["helmet", "no_vest", "cape"],
    "log_level": "debug",
    "license_key": "not-a-key",
    "party_mode": 7,
    "features": {"in_out_counting": True, "ppe_detection": True, "visitor_mgmt": True},
    "email": {"smtp_host": "mail.example", "smtp_port": 465, "smtp_user": "u", "smtp_pass": "mail-word", "use_ssl": True, "from_addr": "Site <site@example.com>"},
    "pipeline_profiles": {"default": {"backend": "ffmpeg", "ffmpeg_flags": "-rtsp_transport tcp", "pipeline": "rtspsrc"}},
    "cameras": [
        {"id": "gate1", "url": "rtsp://user:pass@cam/stream", "tasks": ["in_count", "out_count", "helmet", "no_helmet"]},
        {"id": "dock", "url": "rtsp://user:pass@cam2/stream", "ffmpeg_flags": "-rtsp_transport udp", "ppe": True, "inout_count": True, "line": [0.1, 0.5, 0.9, 0.5], "colour": "red"},
        {"id": 3, "name": "Yard", "url": 0, "count": False, "ppe": False, "line": {"x1": 0, "y1": 360, "x2": 1280, "y2": 360, "width": 1280, "height": 720}, "resolution": "1280x720", "type": "local"},
        {"id": "shed", "url": "http://10.0.0.3/v", "line": [[10, 10], [600, 300]], "enabled": False, "show": False, "reverse": True},
    ],
}  # fmt: skip


def do_import(config: dict) -> None:
    apply_plan(plan_import(read(json.dumps(config).encode())))


def notes(config: dict) -> dict[str, str]:
    return {note.path: note.sentence for note in plan_import(config).notes}


def refused(config: dict) -> dict[str, list[str]]:
    with pytest.raises(CrowdsiteError) as error:
        plan_import(config)
    return error.value.fields


def a_site_with_32_cameras() -> None:
    change_settings(
        CaptureDefaults,
        {
            "capture_buffer": 5,
            "backend_priority": ["opencv", "ffmpeg"],
            "pipeline_profiles": {"gate": {"transport": "udp", "fps": 5}},
        },
    )
    main = default_site()
    services.update_site(site_id=main.pk, name="Work ünit", max_capacity=250, warn_threshold=200)
    sites = [main, services.create_site(name="Depot", timezone="Asia/Tokyo", max_capacity=30)]
    sites.append(services.create_site(name="Lager", timezone="Europe/Berlin"))
    services.create_site(name="gone soon")
    services.delete_site(site_id=Site.objects.get(name="gone soon").pk)
    orientations, transports = Camera.Orientation.values, Camera.Transport.values
    for n in range(33):
        services.create_camera(
            name=f"Camera {n:02} “quoted”", url=f"rtsp://user{n}:p%40ss{n}@10.0.0.{n + 1}/stream?a={n}" if n % 3 else str(n % 5),
            site=sites[n % 3], enabled=n % 4 != 0, show=n % 5 != 0, transport=transports[n % len(transports)],
            orientation=orientations[n % len(orientations)], resolution=Camera.Resolution.values[n % 4], profile=["", "gate"][n % 2],
            ffmpeg_flags=["", "-fflags nobuffer"][n % 2], line=[[0.1 + n / 100, 0.2], [0.9, 1 / 3]] if n % 6 else None,
            reverse=n % 2 == 0, tasks=[TASKS[n % len(TASKS)], TASKS[(n * 3) % len(TASKS)]],
        )  # fmt: skip
    services.delete_camera(camera_id=Camera.objects.order_by("pk")[7].pk)
    change_settings(CaptureDefaults, {"pipeline_profiles": {"other": {"fps": 5}}})
    moved = Camera.objects.order_by("pk")[3]
    services.update_camera(camera_id=moved.pk, line=[[0, 0], [1, 1]])
    change_settings(
        TrackingSettings,
        {
            "imgsz": 416,
            "confidence": 0.31,
            "track_objects": ["person", "vehicle"],
            "show_ids": True,
            "in_out_counting": False,
        },
    )
    change_settings(PpeSettings, {"track_ppe": ["helmet"], "ppe_detection": False})
    change_settings(
        MailSettings,
        {"smtp_host": "mail.example", "smtp_pass": "mail-word", "security": "tls", "from_addr": "a@b.example"},
    )
    change_settings(SystemSettings, {"log_level": "WARNING"})


def test_32_cameras_exported_wiped_and_imported_are_the_same_byte_for_byte():
    a_site_with_32_cameras()
    full, without = export_text(with_secrets=True), export_text()
    assert len(json.loads(full)["cameras"]) == 32
    client().flushall()
    do_import(json.loads(full))
    assert export_text(with_secrets=True) == full
    assert export_text() == without


def test_without_secrets_only_the_secrets_are_missing_afterwards():
    a_site_with_32_cameras()
    text = export_text()
    assert "p%40ss" not in text
    assert "mail-word" not in text
    client().flushall()
    do_import(json.loads(text))
    again = json.loads(export_text())
    wanted = json.loads(text)
    left_out = wanted.pop("secrets_left_out")
    assert "email.smtp_pass" in left_out
    assert sum(path.startswith("cameras[") for path in left_out) == sum(
        c["url"].startswith("rtsp") for c in wanted["cameras"]
    )
    assert again == wanted


def test_a_file_without_secrets_leaves_those_that_are_there():
    a_site_with_32_cameras()
    before = export_text(with_secrets=True)
    do_import(export())
    assert export_text(with_secrets=True) == before


def test_importing_twice_changes_nothing_the_second_time():
    do_import(V81)
    before = export_text(with_secrets=True)
    assert plan_import(V81).changes == []
    do_import(V81)
    assert export_text(with_secrets=True) == before


def test_an_export_is_always_the_same_text():
    a_site_with_32_cameras()
    assert export_text() == export_text()


def test_saving_defaults_does_not_change_the_export():
    before = export()
    change_settings(TrackingSettings, {"detector_fps": 5.0})
    change_settings(TrackingSettings, {"detector_fps": 10.0})
    assert json.dumps(export(), sort_keys=True) == json.dumps(before | export(), sort_keys=True)
    assert json.dumps(export()["detector_fps"]) == json.dumps(before["detector_fps"])


def test_a_file_of_v81_is_taken_over_completely():
    do_import(V81)
    gate, dock, yard, shed = (Camera.objects.get(name=name) for name in ("gate1", "dock", "Yard", "shed"))
    assert (gate.url, gate.tasks) == ("rtsp://user:pass@cam/stream", ["in_count", "out_count", "helmet", "no_helmet"])
    assert (dock.transport, dock.ffmpeg_flags, dock.ppe, dock.inout_count) == ("udp", "", True, True)
    assert dock.line == [[0.1, 0.5], [0.9, 0.5]]
    assert (yard.url, yard.tasks, yard.line, yard.resolution) == ("0", [], [[0, 0.5], [1, 0.5]], "720p")
    assert (shed.enabled, shed.show, shed.reverse, shed.line) == (False, False, True, None)
    assert Camera.objects.get(name="Stream").url == "rtsp://demo:demo@10.0.0.9/main"
    tracking, mail = TrackingSettings.load(), MailSettings.load()
    assert (tracking.person_model, tracking.frame_skip, tracking.adaptive_skip) == ("yolov8s.pt", 3, True)
    assert (mail.security, mail.smtp_pass, mail.from_addr) == ("tls", "mail-word", "site@example.com")
    assert PpeSettings.load().track_ppe == ["helmet", "vest"]
    assert SystemSettings.load().log_level == "DEBUG"
    assert CaptureDefaults.load().pipeline_profiles == {"default": {"backend": "ffmpeg", "transport": "tcp"}}
    assert CaptureDefaults.load().capture_buffer_seconds == 15
    assert (default_site().max_capacity, default_site().warn_threshold) == (120, 100)


def test_what_was_not_understood_is_named():
    said = notes(V81)
    assert set(said) == {
        "stream_url", "headless", "stream_mode", "redis_url", "license_key", "party_mode", "features.visitor_mgmt",
        "track_ppe", "email.from_addr", "pipeline_profiles.default.pipeline", "cameras[1].colour",
        "cameras[2].resolution", "cameras[3].line",
    }  # fmt: skip
    assert "REDIS_URL" in said["redis_url"]
    assert not any("hidden-word" in sentence for sentence in said.values())
    assert "pixels" in said["cameras[3].line"]


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"cameras": [{"name": "A", "url": "rtsp://h/1"}, {"name": "a", "url": "rtsp://h/2"}]}, "cameras[1].name"),
        ({"cameras": [{"name": "A", "url": "rtsp://h/1", "tasks": ["fly"]}]}, "cameras[0].tasks"),
        ({"cameras": [{"name": "A", "url": "file:///etc/passwd"}]}, "cameras[0].url"),
        ({"cameras": [{"name": "A", "url": ["rtsp://h"]}]}, "cameras[0].url"),
        ({"cameras": [{"name": "A"}]}, "cameras[0].url"),
        ({"cameras": [{"url": "rtsp://h/1"}]}, "cameras[0].name"),
        ({"cameras": [{"name": {"x": 1}, "url": "rtsp://h/1"}]}, "cameras[0].name"),
        ({"cameras": ["rtsp://h/1"]}, "cameras[0]"),
        ({"cameras": {"a": 1}}, "cameras"),
        ({"cameras": [{"name": "A", "url": "rtsp://h/1", "enabled": "maybe"}]}, "cameras[0].enabled"),
        ({"cameras": [{"name": "A", "url": "rtsp://h/1", "orientation": "sideways"}]}, "cameras[0].orientation"),
        ({"cameras": [{"name": "A", "url": "rtsp://h/1", "ffmpeg_flags": "-i /etc/passwd"}]}, "cameras[0].ffmpeg_flags"),
        ({"frame_skip": "many"}, "frame_skip"),
        ({"frame_skip": 1.5}, "frame_skip"),
        ({"frame_skip": True}, "frame_skip"),
        ({"imgsz": 99999}, "imgsz"),
        ({"device": 7}, "device"),
        ({"track_objects": [1]}, "track_objects"),
        ({"track_objects": []}, "track_objects"),
        ({"log_level": "LOUD"}, "log_level"),
        ({"email": "smtp://x"}, "email"),
        ({"email": {"smtp_port": 0}}, "email.smtp_port"),
        ({"email": {"use_tls": "perhaps"}}, "email.use_tls"),
        ({"features": {"ppe_detection": "perhaps"}}, "features.ppe_detection"),
        ({"pipeline_profiles": []}, "pipeline_profiles"),
        ({"pipeline_profiles": {"a": {"fps": 1000}}}, "pipeline_profiles.a.fps"),
        ({"max_capacity": 10, "warn_threshold": 20}, "warn_threshold"),
        ({"max_capacity": -1}, "max_capacity"),
        ({"sites": [{"id": 1, "name": "A", "timezone": "Mars/Base"}]}, "sites[0].timezone"),
        ({"version": 1, "cameras": [{"id": 1, "name": "A", "url": "0", "site_id": 9}]}, "cameras[0].site_id"),
        ({"version": 99}, "version"),
        ({"license_key": 5}, "license_key"),
        ({"stream_url": {}}, "stream_url"),
        ({"users": [5]}, "users[0]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_its_path_and_nothing_is_written(config, path):
    good = {"name": "Good", "url": "rtsp://h/9"}
    if isinstance(config.get("cameras", []), list):
        config = config | {"cameras": [*config.get("cameras", []), good]}
    before = client().dbsize()
    assert path in refused(config)
    assert client().dbsize() == before


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"<html>", "line 1"),
        (b'{"cameras": [{"name": "A", "url": "rts', "breaks off"),
        (b'{"detector_fps": NaN}', "NaN"),
        (b'{"detector_fps": 1e999}', "too large"),
        (b'{"cameras": [{"name": "A", "line": [1' + b"0" * 400 + b", 1, 2, 3]}]}", "too long"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too long"),
        (b"[1]", "one JSON object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\ud800"}', "no text has"),
        (b'{"a": "\\u0000"}', "no text has"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "nested"),
        (b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}", "nested"),
        (b'{"a": "' + b"x" * 6_000_000 + b'"}', "larger than"),
    ],
)
def test_what_is_no_configuration_is_refused_with_a_sentence(content, word):
    with pytest.raises(CrowdsiteError) as error:
        read(content)
    assert word in error.value.message


def test_a_file_of_100_mb_is_not_even_read(tmp_path):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(CommandError, match="larger than 5 MB"):
        call_command("import_config", str(path))


def test_names_may_be_exchanged():
    one = services.create_camera(name="A", url="rtsp://h/1")
    two = services.create_camera(name="B", url="rtsp://h/2")
    config = export()
    config["cameras"][0]["name"], config["cameras"][1]["name"] = "B", "A"
    do_import(config)
    assert [Camera.objects.get(pk=camera.pk).name for camera in (one, two)] == ["B", "A"]


def test_what_the_file_does_not_mention_stays():
    services.create_camera(name="Mine", url="rtsp://h/1")
    plan = plan_import({"cameras": [{"name": "New", "url": "rtsp://h/2"}]})
    apply_plan(plan)
    assert untouched(plan)[1] == ["Mine", "New"]
    assert Camera.objects.count() == 2


def test_a_number_of_v81_does_not_take_another_camera(capsys):
    services.create_camera(name="Demo", url="demo:")
    do_import({"cameras": [{"id": 1, "name": "Gate", "url": "rtsp://h/1"}]})
    assert sorted(Camera.objects.values_list("name", flat=True)) == ["Demo", "Gate"]


def test_the_command_tells_a_dry_run_from_an_import(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(V81))
    out = StringIO()
    call_command("import_config", str(path), "--dry-run", "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["applied"], Camera.objects.count()) == (False, 0)
    assert {"path": "party_mode", "sentence": "Not understood, and left out."} in said["notes"]
    assert "mail-word" not in out.getvalue()
    assert "user:pass" not in out.getvalue()
    call_command("import_config", str(path), stdout=out)
    assert Camera.objects.count() == 5


def test_the_command_refuses_with_the_paths(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"cameras": [{"name": "A"}]}))
    err = StringIO()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_config", str(path), stderr=err)
    assert "cameras[0].url" in err.getvalue()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_config", str(tmp_path / "none.json"))


def test_an_exported_file_is_its_owners_alone(tmp_path):
    path: Path = tmp_path / "out.json"
    call_command("export_config", str(path), stderr=StringIO())
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["version"] == 1


def test_every_item_of_equipment_can_be_checked():
    do_import({"track_ppe": list(PPE_ITEMS)})
    assert PpeSettings.load().track_ppe == list(PPE_ITEMS)


def licence_for(max_cameras: int) -> str:
    from uuid import uuid4

    from crowdsite import clock
    from licensing import keys, tokens
    from licensing.services import publish_key

    signing, at = keys.ensure_signing_key(), int(clock.now())
    publish_key(signing.public_key())
    licence = tokens.Licence(
        client="Test", id=str(uuid4()), issued_at=at, not_before=at, expires_at=at + 86400, max_cameras=max_cameras, features=frozenset()
    )  # fmt: skip
    return tokens.issue(licence, signing)


def test_the_licence_of_the_file_limits_its_cameras_before_anything_is_written():
    cameras = [{"name": f"C{n}", "url": f"rtsp://h/{n}"} for n in range(3)]
    key = licence_for(2)
    assert "2 enabled cameras; there would be 3" in refused({"license_key": key, "cameras": cameras})["cameras"][0]
    assert Camera.objects.count() == 0
    do_import({"license_key": key, "cameras": [*cameras[:2], cameras[2] | {"enabled": False}]})
    assert Camera.objects.count() == 3
    assert plan_import({"cameras": cameras[:2]}).changes == []
    assert "cameras" in refused({"cameras": [camera | {"enabled": True} for camera in cameras]})


def test_a_licence_key_is_exported_only_on_request_and_comes_back():
    do_import({"license_key": (key := licence_for(5))})
    assert export(with_secrets=True)["license_key"] == key
    assert key not in export_text()
    assert export()["secrets_left_out"] == ["license_key"]


def test_users_of_v81_keep_their_passwords():
    from django.contrib.auth.models import User

    known = "$pbkdf2-sha256$29000$TqmVUgqhdC6lNGasVar13g$ZlGhIQU9Rpw5TSYnQmfMMQZXUCQ0A9a1UJ.V2LGrYO4"
    config = {
        "users": [
            {"username": "boss", "password": known, "role": "admin"},
            {"username": "clerk", "password": "plain text", "role": "viewer"},
        ]
    }
    said = notes(config)
    do_import(config)
    assert User.objects.get(username="boss").groups.get().name == "administrator"
    assert User.objects.get(username="boss").has_usable_password()
    assert "users[1].password" in said
    assert not User.objects.get(username="clerk").has_usable_password()
    assert set(notes(config)) == {"users[0]", "users[1]"}


def test_the_table_of_keys_in_the_documentation_is_true():
    page = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
    text = page.read_text()
    missing = [line for line in lines() if line not in text.split("\n")]
    assert any("`capture_buffer_seconds`" in line and "| 0, or 5 to 60 |" in line for line in lines())
    assert missing == [], "docs/settings.md: put these lines into the table"
    documented = {line for line in text.split("\n") if line.startswith("| `")}
    assert documented <= set(lines()), "docs/settings.md names keys that are not there any more"


JUNK = [None, True, -1, 1.5, 10**30, "", "x" * 300, "\u202e", [], {}, [[]], [None], {"a": {"b": 1}}, ["a", 1], {"id": 1}]  # fmt: skip


def spoilt(value, chance: random.Random):
    """`value` with some of its parts replaced by what nobody expects there, or gone."""
    if chance.random() < 0.12:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        return {
            name: spoilt(part, chance) if chance.random() < 0.25 else part
            for name, part in value.items()
            if chance.random() > 0.03
        }
    if isinstance(value, list):
        return [spoilt(part, chance) if chance.random() < 0.3 else part for part in value]
    return value


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_spoilt_files_are_taken_or_refused_with_sentences_and_never_a_fault(seed):
    chance, taken = random.Random(seed), 0
    for n in range(40):
        config = spoilt(V81 if n % 2 else export(with_secrets=True) | {"users": [{"username": "u"}]}, chance)
        if not isinstance(config, dict):
            continue
        try:
            plan = plan_import(config)
        except CrowdsiteError as error:
            assert error.fields
            assert all(isinstance(sentence, str) for sentences in error.fields.values() for sentence in sentences)
        else:
            apply_plan(plan)
            taken += 1
    assert taken


def test_an_import_that_stops_half_way_says_so_and_is_completed_by_the_next(monkeypatch, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(V81))
    whole = applying._write_camera
    calls = []

    def breaks(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise redis.ConnectionError("gone")
        whole(*arguments)

    monkeypatch.setattr(applying, "_write_camera", breaks)
    with pytest.raises(CommandError, match="Import the same file again"):
        call_command("import_config", str(path))
    assert Camera.objects.count() == 2
    call_command("import_config", str(path), stdout=StringIO())
    assert Camera.objects.count() == 5
    assert plan_import(V81).changes == []
