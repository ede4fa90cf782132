"""Capture settings: what is accepted, and which of camera, profile and installation wins."""

import pytest
from django.core.exceptions import ValidationError

from cameras import profiles
from cameras.capture.rules import CaptureRules, capture_settings
from cameras.models import Camera, CaptureDefaults
from cameras.services import create_camera, update_camera
from crowdsite.errors import CrowdsiteError

pytestmark = pytest.mark.django_db(databases=["default", "redis"])
URL = "rtsp://10.0.0.5/live"


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(CrowdsiteError) as refused:
        call(*args, **kwargs)
    return refused.value.message


def opened(rules: CaptureRules, **fields):
    return capture_settings(Camera(url=fields.pop("url", URL), **fields), rules, fps=10.0)


@pytest.mark.parametrize("given", [["gstreamer", "FFmpeg", "gstreamer"], "gstreamer, ffmpeg", '["gstreamer","ffmpeg"]'])
def test_programs_are_kept_in_order_and_once(given):
    assert profiles.clean_backend_priority(given) == ["gstreamer", "ffmpeg"]


@pytest.mark.parametrize("given", [[], "", None, 7, [7], {"ffmpeg": 1}, "[", ["vlc"]])
def test_a_list_of_programs_that_makes_no_sense_gets_a_sentence(given):
    assert refusal(profiles.clean_backend_priority, given).endswith(".")


def test_a_profile_is_kept_as_it_was_meant():
    given = {
        "gate.1": {"backend": "GStreamer", "fps": "5", "resolution": "480p", "ffmpeg_flags": "", "transport": None}
    }
    assert profiles.clean_profiles(given) == {"gate.1": {"backend": "gstreamer", "fps": 5.0, "resolution": "480p"}}


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"colour": 1}, "colour"), ({"backend": "vlc"}, "backend"), ({"fps": 0}, "fps"), ({"fps": "nan"}, "fps"),
        ({"fps": True}, "fps"), ({"resolution": "8K"}, "resolution"), ({"capture_buffer": 2.5}, "capture_buffer"),
        ({"capture_buffer": 31}, "capture_buffer"), ({"transport": ["tcp"]}, "transport"),
        ({"ffmpeg_flags": "-i /etc/passwd"}, "ffmpeg_flags"), ({"fps": 10**400}, "fps"),
        ({"capture_buffer_seconds": 3}, "capture_buffer_seconds"),
        ({"capture_buffer_seconds": 61}, "capture_buffer_seconds"),
        ({"capture_buffer_seconds": 7.5}, "capture_buffer_seconds"),
    ],
)  # fmt: skip
def test_a_wrong_key_of_a_profile_is_named_with_its_profile(values, key):
    sentence = refusal(profiles.clean_profiles, {"gate": values})
    assert "“gate”" in sentence and f"“{key}”" in sentence


@pytest.mark.parametrize("given", [[1], "text", 7, {"two words": {}}, {"": {}}, {"gate": []}, {"gate": "tcp"}, "{"])
def test_profiles_that_are_none_get_a_sentence(given):
    assert refusal(profiles.clean_profiles, given).endswith(".")


@pytest.mark.parametrize("given", [0, 5, "60"])
def test_seconds_of_kept_video_are_none_or_five_to_sixty(given):
    assert profiles.clean_profiles({"gate": {"capture_buffer_seconds": given}}) == {
        "gate": {"capture_buffer_seconds": int(given)}
    }


@pytest.mark.parametrize(("given", "is_fine"), [(0, True), (5, True), (60, True), (1, False), (4, False), (61, False)])
def test_the_installations_seconds_of_kept_video_too(given, is_fine):
    record = CaptureDefaults(pk=1, capture_buffer_seconds=given)
    if is_fine:
        record.full_clean()
        return
    with pytest.raises(ValidationError) as refused:
        record.full_clean()
    assert list(refused.value.message_dict) == ["capture_buffer_seconds"]


def test_too_many_profiles_are_refused():
    assert "50" in refusal(profiles.clean_profiles, {f"p{n}": {} for n in range(51)})


def test_the_camera_comes_before_its_profile_and_that_before_the_installation():
    rules = CaptureRules(
        ffmpeg_flags="-threads 1",
        buffer=3,
        profiles={"gate": {"transport": "udp", "resolution": "480p", "ffmpeg_flags": "-threads 2", "fps": 5.0}},
    )
    plain = opened(rules)
    assert (plain.transport, plain.max_height, plain.ffmpeg_flags, plain.fps, plain.buffer) == (
        "tcp", 720, "-threads 1", 10.0, 3,
    )  # fmt: skip
    gate = opened(rules, profile="gate")
    assert (gate.transport, gate.max_height, gate.ffmpeg_flags, gate.fps) == ("udp", 480, "-threads 2", 5.0)
    own = opened(rules, profile="gate", transport="tcp", resolution="1080p", ffmpeg_flags="-threads 3")
    assert (own.transport, own.max_height, own.ffmpeg_flags, own.fps) == ("tcp", 1080, "-threads 3", 5.0)


def test_a_profile_cannot_raise_the_rate():
    assert opened(CaptureRules(profiles={"fast": {"fps": 30.0}}), profile="fast").fps == 10.0


def test_the_profile_called_default_holds_for_cameras_that_name_none():
    rules = CaptureRules(profiles={"default": {"transport": "udp"}})
    assert opened(rules).transport == "udp"


def test_the_program_of_a_profile_is_tried_first_unless_it_is_switched_off():
    both = {"gate": {"backend": "gstreamer"}}
    everything = CaptureDefaults(pipeline_profiles=both).rules()
    assert opened(everything, profile="gate").backend_priority == ("gstreamer", "ffmpeg", "opencv")
    without = CaptureDefaults(pipeline_profiles=both, enable_gstreamer=False).rules()
    assert opened(without, profile="gate").backend_priority == ("ffmpeg", "opencv")


def test_webcams_have_a_buffer_of_their_own():
    rules = CaptureRules(buffer=5, webcam_buffer=2)
    assert [opened(rules, url=url).buffer for url in (URL, "0", "/dev/video1")] == [5, 2, 2]


def test_a_change_concerns_only_the_cameras_of_that_profile():
    before = CaptureRules(profiles={"gate": {"fps": 5.0}, "yard": {"fps": 5.0}})
    after = CaptureRules(profiles={"gate": {"fps": 3.0}, "yard": {"fps": 5.0}})
    assert opened(before, profile="gate") != opened(after, profile="gate")
    assert opened(before, profile="yard") == opened(after, profile="yard")
    assert opened(before) == opened(after)


def test_the_record_cleans_itself_and_answers_with_sentences_by_field():
    record = CaptureDefaults(pk=1, backend_priority="opencv", pipeline_profiles='{"gate": {"fps": "4"}}')
    record.full_clean()
    assert (record.backend_priority, record.pipeline_profiles) == (["opencv"], {"gate": {"fps": 4.0}})
    record = CaptureDefaults(
        pk=1, backend_priority=["vlc"], pipeline_profiles=[1], ffmpeg_flags="-y", capture_buffer=0, local_buffer_size=31
    )
    with pytest.raises(ValidationError) as refused:
        record.full_clean()
    assert set(refused.value.message_dict) == {
        "backend_priority", "pipeline_profiles", "ffmpeg_flags", "capture_buffer", "local_buffer_size",
    }  # fmt: skip


def test_a_camera_can_only_choose_a_profile_that_exists():
    assert "empty" in refusal(create_camera, name="A", url=URL, profile="gate")
    CaptureDefaults(pipeline_profiles={"gate": {}, "yard": {}}).save()
    assert "gate, yard" in refusal(create_camera, name="A", url=URL, profile="door")
    assert create_camera(name="A", url=URL, profile="gate").profile == "gate"


def test_a_camera_whose_profile_was_deleted_falls_back_says_so_and_can_still_be_changed():
    CaptureDefaults(pipeline_profiles={"gate": {"transport": "udp"}}).save()
    camera = create_camera(name="A", url=URL, profile="gate")
    CaptureDefaults(pipeline_profiles={"default": {"fps": 4}}).save()
    rules = CaptureDefaults.load().rules()
    settings = capture_settings(camera, rules, fps=10.0)
    assert (settings.transport, settings.fps) == ("tcp", 4)
    assert "“gate” was deleted" in rules.note_for(camera)
    assert update_camera(camera_id=camera.pk, name="B", profile="gate").name == "B"
    assert rules.note_for(Camera(url=URL)) == ""
