import random

import pytest

from cameras.capture.backoff import Backoff
from cameras.capture.errors import CaptureError
from cameras.capture.health import HealthMeter

REFUSED = CaptureError("refused", "Nothing answers at the camera's address.")
WRONG_PASSWORD = CaptureError("unauthorized", "The camera refused the password. Enter it again.", permanent=True)


def running(fps=10.0, secs=12.0, start=1000.0, frozen=False):
    """A meter of a camera that has delivered `fps` pictures a second for `secs`; and the time now."""
    meter = HealthMeter(target_fps=10.0, now=start)
    meter.opened(backend="ffmpeg", size=(640, 360), nominal_fps=None, note="", now=start)
    now = start
    for number in range(int(secs * fps)):
        now = start + number / fps
        meter.arrived(now, 0 if frozen else number)
    return meter, now


def test_a_camera_is_offline_and_connecting_before_its_first_picture():
    health = HealthMeter(target_fps=10, now=1000).health(1001)
    assert (health.state, health.code, health.since, health.frame_at) == ("offline", "connecting", 1000, None)


def test_a_camera_that_delivers_is_live():
    meter, now = running()
    health = meter.health(now)
    assert (health.state, health.code, health.reason) == ("live", "", "")
    assert 9.5 <= health.fps <= 10.5
    assert (health.width, health.height, health.backend) == (640, 360, "ffmpeg")


def test_pictures_that_stop_are_stale_within_two_seconds_and_offline_after_thirty():
    meter, last = running()
    assert meter.health(last + 1.9).state == "live"
    stale = meter.health(last + 2.1)
    assert (stale.state, stale.since) == ("stale", last)
    assert meter.health(last + 29).state == "stale"
    offline = meter.health(last + 31)
    assert (offline.state, offline.since) == ("offline", last)
    assert offline.frame_age_secs == pytest.approx(31)


def test_a_slow_camera_is_not_stale_between_two_of_its_pictures():
    meter, last = running(fps=0.5, secs=120)
    assert meter.health(last + 3).state != "stale"
    assert meter.health(last + 7).state == "stale"


def test_a_broken_connection_is_told_with_its_reason_only_once_pictures_are_late():
    meter, last = running()
    meter.failed(REFUSED, last + 0.2)
    assert meter.health(last + 1).state == "live"
    late = meter.health(last + 3)
    assert (late.state, late.code, late.reason) == ("stale", "refused", REFUSED.message)
    assert late.reconnects == 1
    meter.failed(REFUSED, last + 4)
    assert meter.health(last + 4).reconnects == 1


def test_a_wrong_password_is_offline_at_once():
    meter, last = running()
    meter.failed(WRONG_PASSWORD, last + 0.1)
    health = meter.health(last + 0.2)
    assert (health.state, health.code) == ("offline", "unauthorized")
    assert "password" in health.reason


def test_a_picture_ends_the_fault():
    meter, last = running()
    meter.failed(WRONG_PASSWORD, last + 0.1)
    meter.arrived(last + 5, 99)
    assert meter.health(last + 5.1).state in ("live", "degraded")


def test_too_few_pictures_are_degraded_with_both_figures():
    meter, now = running(fps=3, secs=20)
    health = meter.health(now)
    assert (health.state, health.code) == ("degraded", "slow")
    assert "instead of 10" in health.reason


def test_a_camera_that_offers_less_than_asked_is_not_degraded_for_it():
    meter = HealthMeter(target_fps=10.0, now=0)
    meter.opened(backend="ffmpeg", size=(640, 360), nominal_fps=4.0, note="", now=0)
    for number in range(80):
        meter.arrived(number / 4, number)
    assert meter.health(79 / 4).state == "live"


def test_pictures_that_never_change_are_not_shown_as_live():
    meter, now = running(secs=59, frozen=True)
    assert meter.health(now).state == "live"
    meter, now = running(secs=62, frozen=True)
    health = meter.health(now)
    assert (health.state, health.code) == ("degraded", "frozen")
    meter.arrived(now + 0.1, 12345)
    assert meter.health(now + 0.1).state == "live"


def test_a_connection_that_keeps_breaking_is_degraded():
    meter, now = running()
    for number in range(4):
        meter.failed(REFUSED, now + number)
        meter.arrived(now + number + 0.5, 1000 + number)
    health = meter.health(now + 3.6)
    assert (health.state, health.code) == ("degraded", "unstable")


def test_since_is_when_the_state_began():
    meter, now = running(fps=3, secs=20)
    first = meter.health(now)
    meter.arrived(now + 0.3, -1)
    assert meter.health(now + 0.4).since == first.since


def test_a_camera_that_is_away_for_a_short_time_is_tried_every_two_seconds_at_most():
    backoff = Backoff(random.Random(1))
    waits = [backoff.next_secs(now=2.0 * number) for number in range(140)]
    assert max(waits) <= 2.0
    assert waits[0] <= 0.5 < max(waits[1:5])


def test_waits_grow_to_half_a_minute_with_jitter_for_a_camera_that_stays_away():
    backoff = Backoff(random.Random(1))
    backoff.next_secs(now=0)
    waits = [backoff.next_secs(now=400.0 + 30 * number) for number in range(20)]
    assert waits[0] < 5 and 20 < max(waits) <= 30
    assert len({round(wait, 3) for wait in waits[8:]}) > 5


def test_a_camera_that_was_well_again_starts_over():
    backoff = Backoff(random.Random(1))
    for number in range(30):
        backoff.next_secs(now=30.0 * number)
    backoff.reset()
    assert backoff.tries == 0
    assert backoff.next_secs(now=5000) <= 0.5
