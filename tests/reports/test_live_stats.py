import time
from datetime import UTC, datetime

import pytest

from cameras.models import Site
from crowdsite.clock import day_bounds, site_day
from reports import camera_facts
from reports.selectors import facts_of, live_stats
from tests.support.doors import Doors
from tracking.demo_tally import DemoTally

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


def test_totals_add_up_and_people_are_told_from_cars(doors):
    gate, yard = doors.add("Gate"), doors.add("Yard")
    doors.cross(gate, "in", 3)
    doors.cross(gate, "out")
    doors.cross(yard, "in", 2, label="car")
    stats = live_stats(None, doors.now)
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
    stats = live_stats(None, doors.now)
    assert [camera.name[0] for camera in stats.cameras] == ["C", "D", "B", "A", "E"]
    assert [item.title for item in stats.attention] == [
        "C blind is offline", "D late stopped sending", "B slow is degraded"
    ]  # fmt: skip
    assert stats.attention[0].sentence == "The camera refused the password."
    assert (stats.counting.counting, stats.counting.of) == (2, 4)
    assert stats.counting.problems == {"offline": "1 offline", "stale": "1 stale"}
    assert stats.today.lower_bound
    assert stats.today.entered_text == "≥ 0"


def test_a_loop_that_hangs_is_not_believed_when_it_says_live(doors):
    doors.add("Gate", age_secs=3.5)
    assert live_stats(None, doors.now).cameras[0].state == "stale"
    assert live_stats(None, doors.now + 27).cameras[0].state == "offline"


def test_a_slow_camera_is_not_stale_between_two_of_its_pictures(doors):
    gate = doors.add("Gate")
    doors.report(gate, age_secs=5, target_fps=0.5)
    assert live_stats(None, doors.now).cameras[0].state == "live"
    doors.report(gate, age_secs=7, target_fps=0.5)
    assert live_stats(None, doors.now).cameras[0].state == "stale"


def test_a_camera_nobody_reports_is_offline(doors):
    doors.add("Gate", state=None)
    camera = live_stats(None, doors.now).cameras[0]
    assert (camera.state, camera.since) == ("offline", None)
    assert "No node is running this camera" in camera.reason


def test_a_camera_without_a_line_is_said_not_to_count(doors):
    doors.add("Gate", line=None)
    stats = live_stats(None, doors.now)
    assert stats.counting.problems == {"no_line": "1 without a line"}
    assert stats.attention[0].title == "Gate has no counting line"


def test_a_hidden_camera_counts_but_has_no_tile(doors):
    doors.cross(doors.add("Back door", show=False, state="offline"), "in")
    stats = live_stats(None, doors.now)
    assert stats.cameras == []
    assert stats.today.entered == 1
    assert stats.counting.of == 1
    assert stats.attention[0].title == "Back door is offline"


def test_inside_is_not_known_before_anything_was_counted_and_old_afterwards(doors):
    gate = doors.add("Gate", state="offline")
    assert live_stats(None, doors.now).occupancy.inside is None
    doors.cross(gate, "in", 2)
    occupancy = live_stats(None, doors.now).occupancy
    assert (occupancy.inside, occupancy.state) == (2, "stale")
    doors.report(gate)
    assert live_stats(None, doors.now).occupancy.state == "ok"


def test_without_cameras_nothing_is_known(doors):
    stats = live_stats(None, doors.now)
    assert (stats.occupancy.state, stats.counting.of, stats.cameras) == ("unknown", 0, [])


def test_the_day_is_the_sites(doors):
    """23:30 in London is tomorrow in Auckland: what was counted before its midnight is not of today."""
    doors.site.timezone = "Pacific/Auckland"
    doors.site.save()
    gate = doors.add("Gate")
    _start, midnight = day_bounds(site_day(doors.now, "Pacific/Auckland"), "Pacific/Auckland")
    doors.now = midnight - 60
    doors.cross(gate, "in", 4)
    assert live_stats(None, midnight - 1).today.entered == 4
    assert live_stats(None, midnight + 1).today.entered == 0
    assert live_stats(None, midnight + 1).site.timezone == "Pacific/Auckland"


def test_times_are_shown_in_the_sites_zone(doors):
    doors.site.timezone = "Asia/Tokyo"
    doors.site.save()
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp()
    gate = doors.add("Gate")
    doors.now = noon
    doors.report(gate, state="offline", since=noon - 7200, age_secs=7200)
    assert live_stats(None, noon).cameras[0].state_text == "Offline since 19:00"


def test_sites_are_kept_apart(doors):
    doors.cross(doors.add("Gate"), "in")
    annex = Doors(doors.client, Site.objects.create(name="Annex", timezone="UTC", max_capacity=1), time.time())
    annex.cross(annex.add("Annex door"), "in", 2)
    assert live_stats(None, doors.now).today.entered == 1
    stats = live_stats(annex.site.pk, annex.now)
    assert [camera.name for camera in stats.cameras] == ["Annex door"]
    assert stats.occupancy.state == "over"
    everywhere = facts_of([*doors.site.cameras.all(), *annex.site.cameras.all()], doors.now)
    assert sorted((camera.name, camera.entered) for camera in everywhere) == [("Annex door", 2), ("Gate", 1)]


def test_the_weightless_engine_is_announced(doors):
    assert live_stats(None, doors.now).notices == []
    doors.report(doors.add("Gate"), engine="hog")
    notice = live_stats(None, doors.now).notices[0]
    assert (notice.code, notice.level) == ("no_model", "warn")
    assert "models" in notice.sentence


def test_the_demo_says_that_its_people_are_drawn(doors, monkeypatch):
    tally = DemoTally(expected_in=12, expected_out=9, counted_in=12, counted_out=8)
    monkeypatch.setattr(camera_facts, "demo_tally", lambda client, camera_id, now: tally)
    doors.add("Demo", url="demo:walk")
    stats = live_stats(None, doors.now)
    assert stats.cameras[0].demo.text == "Demo, last 10 min: 12 in, 12 expected; 8 out, 9 expected"
    assert (stats.notices[0].code, stats.notices[0].level) == ("demo", "info")
    doors.add("Gate")
    assert live_stats(None, doors.now).notices[0].level == "warn"
