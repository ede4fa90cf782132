import pytest

from cameras import validation
from crowdsite.errors import CrowdsiteError


def refusal(function, *args, **kwargs) -> str:
    with pytest.raises(CrowdsiteError) as caught:
        function(*args, **kwargs)
    assert caught.value.message.endswith((".", "."))
    return caught.value.message


@pytest.mark.parametrize(
    "given",
    [
        [[0.1, 0.2], [0.9, 0.8]],
        ((0.1, 0.2), (0.9, 0.8)),
        [0.1, 0.2, 0.9, 0.8],
        ["0.1", "0.2", "0.9", "0.8"],
        "[[0.1, 0.2], [0.9, 0.8]]",
        "[0.1,0.2,0.9,0.8]",
    ],
)
def test_a_line_is_understood_in_every_spelling(given):
    assert validation.clean_line(given) == ((0.1, 0.2), (0.9, 0.8))


@pytest.mark.parametrize("nothing", [None, "", []])
def test_no_line_is_none(nothing):
    assert validation.clean_line(nothing) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([0, 0.5, 1.2, 0.5], "Point B of the line (1.2, 0.5) lies outside the picture"),
        ([-0.1, 0.5, 1, 0.5], "Point A"),
        ([10, 300, 600, 300], "pixels"),
        ([0.5, 0.5, 0.5, 0.5], "same place"),
        ([0.5, 0.5, 0.505, 0.5], "same place"),
        ([0.1, 0.2, 0.3], "two points"),
        ([[0.1, 0.2], [0.3]], "two points"),
        ([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], "two points"),
        ({"a": 1}, "two points"),
        ("not a line", "two points"),
        ("null", "two points"),
        ("[" * 600, "two points"),
        (7, "two points"),
        (True, "two points"),
        ([True, 0.2, 0.3, 0.4], "no number"),
        ([None, 0.2, 0.3, 0.4], "no number"),
        ([float("nan"), 0.2, 0.3, 0.4], "no number"),
        ([float("inf"), 0.2, 0.3, 0.4], "no number"),
        (["1e999", 0.2, 0.3, 0.4], "no number"),
        ([10**400, 0.2, 0.3, 0.4], "no number"),
        ([{"x": 1}, 0.2, 0.3, 0.4], "no number"),
    ],
)
def test_a_line_that_cannot_be_drawn_is_refused_with_a_sentence(line, words):
    assert words in refusal(validation.clean_line, line)


@pytest.mark.parametrize("line", [((0, 0.6), (1, 0.6)), ((0.2, 0.9), (0.6, 0.3)), ((0.5, 0.1), (0.5, 0.9))])
def test_a_line_with_room_on_both_sides_brings_no_warning(line):
    assert validation.line_warnings(line) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (((0, 0.98), (1, 0.98)), "below"),
        (((1, 0.98), (0, 0.98)), "below"),
        (((0.2, 0.01), (0.8, 0.01)), "above"),
        (((0.02, 0.1), (0.02, 0.9)), "to the left of"),
        (((0.99, 0.9), (0.99, 0.1)), "to the right of"),
        (((0.2, 0.1), (0.8, 0.1)), "at the top"),
        (((0.5, 0.5), (0.55, 0.5)), "very short"),
    ],
)
def test_a_line_with_too_little_room_is_warned_about(line, words):
    (warning,) = validation.line_warnings(line)
    assert words in warning


def test_names_are_trimmed_and_made_one_line():
    assert validation.clean_name("  North \t gate\n7 ", of="camera") == "North gate 7"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\u202eb", "a\x00b", 7, None, ["a"], {"a": 1}])
def test_a_name_that_cannot_be_read_is_refused(name):
    assert "name" in refusal(validation.clean_name, name, of="camera")


def test_a_hostile_name_is_a_name_like_any_other():
    assert validation.clean_name("<script>alert(1)</script>", of="camera") == "<script>alert(1)</script>"


def test_tasks_come_back_in_their_order_and_once():
    assert validation.clean_tasks(["no_helmet", "in_count", "no_helmet"]) == ["in_count", "no_helmet"]
    assert validation.clean_tasks("helmet, out_count") == ["out_count", "helmet"]
    assert validation.clean_tasks(None) == []


@pytest.mark.parametrize("tasks", [["fly"], "fly", [1], {"in_count": True}, 5, [["in_count"]]])
def test_unknown_tasks_are_refused(tasks):
    assert "task" in refusal(validation.clean_tasks, tasks).lower()


@pytest.mark.parametrize(
    ("tasks", "switches", "result"),
    [
        (["in_count", "out_count"], {"ppe": True}, ["in_count", "out_count", "helmet", "no_helmet"]),
        (["in_count", "vest"], {"ppe": True}, ["in_count", "vest"]),
        (["in_count", "vest"], {"ppe": False}, ["in_count"]),
        (["in_count"], {"inout_count": True}, ["in_count"]),
        (["in_count", "vest"], {"inout_count": False}, ["vest"]),
        (["in_count"], {}, ["in_count"]),
    ],
)
def test_the_two_switches_turn_groups_of_tasks_on_and_off(tasks, switches, result):
    assert validation.switch_tasks(tasks, **switches) == result


@pytest.mark.parametrize(
    "flags", ["", "-rtsp_transport udp", "-flags low_delay -fflags nobuffer", "-hwaccel cuda -c:v h264_cuvid -an"]
)
def test_options_that_tune_reading_are_kept(flags):
    assert validation.clean_ffmpeg_flags(flags) == flags


@pytest.mark.parametrize(
    "flags",
    [
        "/etc/cron.d/x",
        "-y /tmp/out.mp4",
        "-i file:///etc/passwd",
        "-f tee",
        "-filter_complex movie=/etc/passwd",
        "-fflags nobuffer /tmp/out.mp4",
        "-rtsp_transport",
        "-fflags 'open",
        7,
        "-an " * 300,
    ],
)
def test_options_that_could_read_or_write_files_are_refused(flags):
    assert "FFmpeg option" in refusal(validation.clean_ffmpeg_flags, flags)


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("", None), (0, None), ("0", None), ("12", 12), (300, 300)])
def test_limits_of_zero_and_nothing_mean_not_set(given, kept):
    assert validation.clean_limit(given, called="limit") == kept


@pytest.mark.parametrize("given", [-1, "many", 1.5, [3], True, 10**9])
def test_limits_that_are_no_count_are_refused(given):
    assert "whole number" in refusal(validation.clean_limit, given, called="limit")


def test_a_warning_level_above_the_limit_is_refused():
    validation.check_limits(100, 100)
    validation.check_limits(None, 100)
    assert "above the limit" in refusal(validation.check_limits, 100, 101)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", None, 5, "europe/berlin"])
def test_a_time_zone_that_does_not_exist_is_refused(zone):
    assert "time zone" in refusal(validation.clean_timezone, zone)
