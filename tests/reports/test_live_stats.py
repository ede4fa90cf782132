import time
from datetime import UTC, datetime

import pytest

from cameras.demo import DemoScene
from cameras.models import Site
from crowdsite.clock import day_bounds, site_day
from reports import camera_facts
from reports.selectors import facts_of, live_stats
from tests.support.doors import Doors
from tracking.demo_tally import DemoTally
from tracking.models import TrackingSettings

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def test_totals_add_up_and_people_are_told_from_cars(doors):
    gate, yard = doors.add("Gate"), doors.add("Yard")
    doors.cross(gate, "in", 3)
    doors.cross(gate, "out")
    doors.cross(yard, "in", 2, label="car")
    stats = live_stats(doors.site, doors.now)
    assert (stats.today.entered, stats.today.left, stats.occupancy.inside) == (3, 1, 2)
    assert stats.today.others_text == "Cars 2 in, 0 out"
    tiles = {camera.name: (camera.entered, camera.left) for camera in stats.cameras}
    assert tiles == {"Gate": (3, 1), "Yard": (2, 0)}
    assert not stats.today.lower_bound


def test_trouble_comes_first_and_says_what_happened(doors):
    doors.add("A live")
    doors.add("B slow", state="degraded", reason="2 pictures a second instead of 5.")
    doors.add("C blind", state="offline", reason="The camera refused the password.")
    doors.add("D late", age_secs=9)
    doors.add("E switched off", enabled=False)
    stats = live_stats(doors.site, doors.now)
    assert [camera.name[0] for camera in stats.cameras] == ["C", "D", "B", "A", "E"]
    assert [item.title for item in stats.attention.items] == [
        "C blind is offline", "D late stopped sending", "B slow is degraded"
    ]  # fmt: skip
    assert stats.attention.items[0].sentence == "The camera refused the password."
    assert (stats.counting.counting, stats.counting.of) == (2, 4)
    assert stats.counting.problems == {"offline": "1 offline", "stale": "1 stale"}
    assert stats.today.lower_bound
    assert stats.today.entered_text == "≥ 0"


def test_cameras_with_the_same_trouble_are_one_entry_and_the_list_stays_short(doors):
    for number in range(23):
        doors.add(f"Full {number:02}", state="offline", reason="No node has room for this camera.")
    for number in range(7):
        doors.add(f"Odd {number}", state="offline", reason=f"Fault {number}.")
    attention = live_stats(doors.site, doors.now).attention
    first = attention.items[0]
    assert (first.title, first.sentence) == ("23 cameras are offline", "No node has room for this camera.")
    assert (first.camera_id, first.url) == (None, "/cameras")
    assert first.names.startswith("Full 00, Full 01, ")
    assert [item.title for item in attention.items[1:]] == [f"Odd {number} is offline" for number in range(4)]
    assert (attention.rest, attention.rest_text) == (3, "and 3 more cameras")


def test_one_cause_said_in_two_ways_is_one_entry(doors):
    for name, reason in (("A", "2 pictures a second instead of 5."), ("B", "3 pictures a second instead of 5.")):
        doors.report(doors.add(name), state="degraded", code="slow", reason=reason)
    (item,) = live_stats(doors.site, doors.now).attention.items
    assert (item.title, item.names) == ("2 cameras are degraded", "A, B")
    assert item.sentence == "For example: 2 pictures a second instead of 5."


def test_the_number_inside_is_not_plainly_good_while_cameras_do_not_count(doors):
    doors.cross(doors.add("Gate"), "in", 3)
    doors.add("Dock", state="offline")
    stats = live_stats(doors.site, doors.now)
    assert (stats.occupancy.caption, stats.occupancy.state) == ("Inside now, about", "unsure")
    assert (stats.occupancy.sentence, stats.occupancy.detail) == (
        "Counting, with gaps", "1 of 2 cameras is not counting"
    )  # fmt: skip
    assert stats.summary.startswith("About 3 inside. Counting, with gaps.")
    doors.limit(2, None)
    assert live_stats(doors.site, doors.now).occupancy.state == "over"


def test_nobody_is_not_the_same_as_not_known(doors):
    doors.add("Never seen", state="offline")
    stats = live_stats(doors.site, doors.now)
    assert (stats.cameras[0].entered_text, stats.cameras[0].left_text) == ("–", "–")
    assert (stats.today.entered_text, stats.today.left_text) == ("–", "–")
    gate = doors.add("Gate")
    assert [camera.entered_text for camera in live_stats(doors.site, doors.now).cameras] == ["–", "0"]
    doors.cross(gate, "in", 2)
    doors.report(gate, state="offline")
    texts = {camera.name: camera.entered_text for camera in live_stats(doors.site, doors.now).cameras}
    assert texts == {"Gate": "2", "Never seen": "–"}


def test_the_wall_lists_the_doors_that_count_and_sums_up_the_others(doors):
    for name in ("C", "A", "B"):
        doors.add(name)
    doors.add("D", state="offline")
    stats = live_stats(doors.site, doors.now)
    names = {camera.id: camera.name for camera in stats.cameras}
    assert [names[number] for number in stats.doors.ids] == ["A", "B", "C", "D"]
    assert stats.doors.text == ""
    for number in range(5):
        doors.add(f"Dead {number}", state="offline")
    stats = live_stats(doors.site, doors.now)
    assert [names[number] for number in stats.doors.ids] == ["A", "B", "C"]
    assert stats.doors.text == "6 doors are not counting."
    for number in range(5):
        doors.add(f"Good {number}")
    stats = live_stats(doors.site, doors.now)
    assert len(stats.doors.ids) == 6
    assert stats.doors.text == "2 more doors are counting. 6 doors are not counting."


def test_a_loop_that_hangs_is_not_believed_when_it_says_live(doors):
    doors.add("Gate", age_secs=3.5)
    assert live_stats(doors.site, doors.now).cameras[0].state == "stale"
    assert live_stats(doors.site, doors.now + 27).cameras[0].state == "offline"


def test_a_slow_camera_is_not_stale_between_two_of_its_pictures(doors):
    gate = doors.add("Gate")
    doors.report(gate, age_secs=5, target_fps=0.5)
    assert live_stats(doors.site, doors.now).cameras[0].state == "live"
    doors.report(gate, age_secs=7, target_fps=0.5)
    assert live_stats(doors.site, doors.now).cameras[0].state == "stale"


def test_a_camera_nobody_reports_is_offline(doors):
    doors.add("Gate", state=None)
    camera = live_stats(doors.site, doors.now).cameras[0]
    assert (camera.state, camera.since) == ("offline", None)
    assert "No node is running this camera" in camera.reason


def test_a_camera_without_a_line_is_said_not_to_count(doors):
    doors.add("Gate", line=None)
    stats = live_stats(doors.site, doors.now)
    assert stats.counting.problems == {"no_line": "1 without a line"}
    assert stats.attention.items[0].title == "Gate has no counting line"


def test_a_hidden_camera_counts_but_has_no_tile(doors):
    doors.cross(doors.add("Back door", show=False, state="offline"), "in")
    stats = live_stats(doors.site, doors.now)
    assert stats.cameras == []
    assert stats.today.entered == 1
    assert stats.counting.of == 1
    assert stats.attention.items[0].title == "Back door is offline"


def test_inside_is_not_known_before_anything_was_counted_and_old_afterwards(doors):
    gate = doors.add("Gate", state="offline")
    assert live_stats(doors.site, doors.now).occupancy.inside is None
    doors.cross(gate, "in", 2)
    occupancy = live_stats(doors.site, doors.now).occupancy
    assert (occupancy.inside, occupancy.state) == (2, "stale")
    doors.report(gate)
    assert live_stats(doors.site, doors.now).occupancy.state == "ok"


def test_without_cameras_nothing_is_known(doors):
    stats = live_stats(doors.site, doors.now)
    assert (stats.occupancy.state, stats.counting.of, stats.cameras) == ("unknown", 0, [])


def test_the_day_is_the_sites(doors):
    """23:30 in London is tomorrow in Auckland: what was counted before its midnight is not of today."""
    doors.site.timezone = "Pacific/Auckland"
    doors.site.save()
    gate = doors.add("Gate")
    _start, midnight = day_bounds(site_day(doors.now, "Pacific/Auckland"), "Pacific/Auckland")
    doors.now = midnight - 60
    doors.cross(gate, "in", 4)
    assert live_stats(doors.site, midnight - 1).today.entered == 4
    assert live_stats(doors.site, midnight + 1).today.entered == 0
    assert live_stats(doors.site, midnight + 1).site.timezone == "Pacific/Auckland"


def test_times_are_shown_in_the_sites_zone(doors):
    doors.site.timezone = "Asia/Tokyo"
    doors.site.save()
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp()
    gate = doors.add("Gate")
    doors.now = noon
    doors.report(gate, state="offline", since=noon - 7200, age_secs=7200)
    assert live_stats(doors.site, noon).cameras[0].state_text == "Offline since 19:00"


def test_sites_are_kept_apart(doors):
    doors.cross(doors.add("Gate"), "in")
    annex = Doors(doors.client, Site.objects.create(name="Annex", timezone="UTC", max_capacity=1), time.time())
    annex.cross(annex.add("Annex door"), "in", 2)
    assert live_stats(doors.site, doors.now).today.entered == 1
    stats = live_stats(annex.site, annex.now)
    assert [camera.name for camera in stats.cameras] == ["Annex door"]
    assert stats.occupancy.state == "over"
    everywhere = facts_of([*doors.site.cameras.all(), *annex.site.cameras.all()], doors.now)
    assert sorted((camera.name, camera.entered) for camera in everywhere) == [("Annex door", 2), ("Gate", 1)]


def test_the_weightless_engine_is_announced(doors):
    assert live_stats(doors.site, doors.now).notices == []
    doors.report(doors.add("Gate"), engine="hog")
    notice = live_stats(doors.site, doors.now).notices[0]
    assert (notice.code, notice.level) == ("no_model", "warn")
    assert "models" in notice.sentence


def test_the_demo_says_that_its_people_are_drawn(doors, monkeypatch):
    tally = DemoTally(expected_in=12, expected_out=9, counted_in=12, counted_out=8)
    monkeypatch.setattr(camera_facts, "demo_tally", lambda client, camera_id, now: tally)
    doors.add("Demo", url="demo:walk", line=DemoScene.LINE)
    stats = live_stats(doors.site, doors.now)
    assert stats.cameras[0].demo.text == "Demo, last 10 min: 12 in, 12 expected; 8 out, 9 expected"
    assert (stats.notices[0].code, stats.notices[0].level) == ("demo", "info")
    doors.add("Gate")
    assert live_stats(doors.site, doors.now).notices[0].level == "warn"


@pytest.mark.parametrize(
    "change", [{"line": [[0.1, 0.6], [0.9, 0.6]]}, {"line": None}, {"reverse": True}, {"orientation": "mirror"}]
)
def test_a_demo_that_was_changed_is_not_compared_with_what_its_scene_knows(doors, change):
    doors.add("Demo", url="demo:walk", **({"line": DemoScene.LINE} | change))
    stats = live_stats(doors.site, doors.now)
    assert stats.cameras[0].demo is None
    assert "was changed" in stats.cameras[0].note
    assert stats.notices[0].code == "demo"


def switch_counting_off() -> None:
    settings = TrackingSettings.load()
    settings.in_out_counting = False
    settings.save()


def test_while_counting_is_switched_off_no_figure_poses_as_current(doors):
    doors.cross(doors.add("Gate"), "in", 3)
    switch_counting_off()
    stats = live_stats(doors.site, doors.now)
    assert (stats.counting.text, stats.today.entered_text, stats.occupancy.state) == ("0 of 1", "≥ 3", "stale")
    assert stats.today.lower_bound_reason == "Counting is switched off."
    assert stats.occupancy.detail == "Counting is switched off"
    assert [(notice.code, notice.level) for notice in stats.notices] == [("counting_off", "warn")]
    assert stats.cameras[0].state == "live"  # its picture is


def test_nothing_is_known_where_counting_was_off_all_day(doors):
    doors.add("Gate")
    switch_counting_off()
    occupancy = live_stats(doors.site, doors.now).occupancy
    assert (occupancy.state, occupancy.detail) == ("unknown", "Counting is switched off")


def test_the_wanted_rate_is_that_of_the_analysed_pictures(doors):
    camera = doors.add("Gate")
    settings = TrackingSettings.load()
    settings.frame_skip = 3
    settings.save()
    doors.report(camera, target_fps=40.0, analysed_fps=9.0)
    (facts,) = live_stats(doors.site, doors.now).cameras
    assert (facts.fps, facts.target_fps) == (9.0, 10.0)
