"""What a camera is doing, as one of five words, from its record and what its loop last reported."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cameras.status import CameraStatus
from reports import words

STALE_AFTER_SECS = 3.0
OFFLINE_AFTER_SECS = 30.0
EXPECTED_INTERVALS = 3  # this many missing pictures in a row make a slow camera stale

# Trouble first; a camera somebody switched off is no trouble.
RANK = {"offline": 0, "stale": 1, "degraded": 2, "live": 3, "disabled": 4}
COUNTING = frozenset({"live", "degraded"})


@dataclass(frozen=True, slots=True)
class CameraState:
    """state: live, degraded, stale, offline or disabled. since: unix seconds or None where it is not known."""

    state: str
    reason: str
    since: float | None
    frame_age_secs: float | None


def camera_state(*, enabled: bool, status: CameraStatus, now: float) -> CameraState:
    """The age of the last picture decides over what the loop said: a loop that hangs cannot report that it hangs."""
    if not enabled:
        return CameraState("disabled", _("Switched off. Nothing is counted here."), None, None)
    age = None if status.frame_at is None else max(0.0, now - status.frame_at)
    if status.state == "offline" or age is None or age > OFFLINE_AFTER_SECS:
        reason = status.reason or _("The camera sends no pictures. Connecting again by itself.")
        return CameraState("offline", reason, status.since or status.frame_at, age)
    if status.state == "stale" or age > max(STALE_AFTER_SECS, EXPECTED_INTERVALS / (status.target_fps or 1)):
        reason = status.reason or _("Pictures stopped. Counting continues when they return.")
        return CameraState("stale", reason, status.frame_at, age)
    if status.state == "degraded":
        return CameraState("degraded", status.reason, status.since, age)
    return CameraState("live", "", status.since, age)


def state_text(camera: CameraState, *, fps: float | None, target_fps: float | None, now: float, zone: str) -> str:
    """The state in a few words, with the figure that matters for it."""
    if camera.state == "live":
        return _("Live")
    if camera.state == "degraded" and fps is not None and target_fps:
        return _("Degraded, %(fps)s of %(target)s a second") % {"fps": round(fps), "target": round(target_fps)}
    if camera.state == "degraded":
        return _("Degraded")
    if camera.state == "stale" and camera.since is not None:
        return _("Stale for %(age)s") % {"age": words.duration(now - camera.since)}
    if camera.state == "stale":
        return _("Stale")
    if camera.state == "offline" and camera.since is not None:
        return _("Offline since %(time)s") % {"time": words.clock(camera.since, now, zone)}
    if camera.state == "offline":
        return _("Offline")
    return _("Disabled")


def state_word(state: str) -> str:
    """The state in one word."""
    return {
        "live": _("Live"),
        "degraded": _("Degraded"),
        "stale": _("Stale"),
        "offline": _("Offline"),
        "disabled": _("Disabled"),
    }[state]


def attention_title(name: str, state: str) -> str:
    """The heading of a camera's entry in “Needs attention”. state: also `no_line`."""
    sentence = {
        "offline": _("%(camera)s is offline"),
        "stale": _("%(camera)s stopped sending"),
        "degraded": _("%(camera)s is degraded"),
        "no_line": _("%(camera)s has no counting line"),
    }[state]
    return sentence % {"camera": name}


def attention_group_title(count: int, state: str) -> str:
    """The heading of several cameras with the same trouble."""
    sentence = {
        "offline": ngettext("%(n)s camera is offline", "%(n)s cameras are offline", count),
        "stale": ngettext("%(n)s camera stopped sending", "%(n)s cameras stopped sending", count),
        "degraded": ngettext("%(n)s camera is degraded", "%(n)s cameras are degraded", count),
        "no_line": ngettext("%(n)s camera has no counting line", "%(n)s cameras have no counting line", count),
    }[state]
    return sentence % {"n": count}
