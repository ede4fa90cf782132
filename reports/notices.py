"""The messages that stand above the dashboard: what the reader has to know before trusting a number."""

from collections.abc import Collection
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext as _

from licensing.selectors import SETTINGS_URL, licence_status
from reports.stats import Action, CameraFacts, LiveStats, Notice
from tracking.models import TrackingSettings

WEIGHTLESS_ENGINE = "hog"
LICENCE_CODE = "licence"
COUNTING_URL = "/settings/counting"


def notices(cameras: list[CameraFacts], *, demos: Collection[int], now: float) -> list[Notice]:
    """Worst first, the licence last: it does not touch the numbers. demos: ids of those cameras that show the drawn
    scene. now: unix seconds."""
    found = []
    if not TrackingSettings.load().in_out_counting:
        found.append(_counting_off())
    if any(camera.engine == WEIGHTLESS_ENGINE for camera in cameras):
        found.append(_no_model())
    drawn = [camera for camera in cameras if camera.id in demos]
    if drawn:
        found.append(_demo(drawn[0], has_real_camera=len(drawn) < len(cameras)))
    licence = licence_notice(now)
    if licence is not None:
        found.append(licence)
    return found


def for_reader(stats: LiveStats, user: AbstractBaseUser | AnonymousUser) -> LiveStats:
    """`stats` with the notices that concern `user`, and no button that leads where `user` may not go."""

    def may(permission: str) -> bool:
        return not permission or user.has_perm(permission)

    told = [notice for notice in stats.notices if may(notice.permission)]
    notices = [one if one.action is None or may(one.action.permission) else replace(one, action=None) for one in told]
    return replace(stats, notices=notices)


def licence_notice(now: float) -> Notice | None:
    """The licence ends soon, or does not hold. It is for those who run the installation, so the wall leaves it out."""
    status = licence_status(now)
    if not status.warning:
        return None
    titles = {"valid": _("The licence ends soon."), "expired": _("The licence has ended.")}
    title = titles.get(status.state, _("The licence is not accepted."))
    action = Action(_("Open it"), SETTINGS_URL)
    return Notice(LICENCE_CODE, status.level, title, status.warning, action, permission="licensing.view_licence")


def _counting_off() -> Notice:
    sentence = _("No crossing is recorded at any camera until it is switched on again. Live pictures go on.")
    action = Action(_("Open settings"), COUNTING_URL, permission="tracking.change_trackingsettings")
    return Notice("counting_off", "warn", _("Counting is switched off."), sentence, action)


def _no_model() -> Notice:
    sentence = _(
        "Without a detection model many real people are missed: no numbers for safety. "
        "Put yolov8n.onnx or yolov8n.pt into %(folder)s."
    ) % {"folder": settings.MODEL_DIRS[0]}
    return Notice("no_model", "warn", _("These counts are a demo."), sentence, None)


def _demo(camera: CameraFacts, *, has_real_camera: bool) -> Notice:
    if has_real_camera:
        sentence = _(
            "%(camera)s shows a scene drawn on this machine, and its counts are part of the totals. "
            "Switch it off or delete it."
        ) % {"camera": camera.name}
        return Notice("demo", "warn", _("These are drawn people."), sentence, Action(_("Open it"), camera.url))
    sentence = _(
        "%(camera)s shows a scene drawn on this machine, so that you can watch counting without a camera. "
        "Add a camera of your own, then delete the demo."
    ) % {"camera": camera.name}
    action = Action(_("Add camera"), "/cameras/add", permission="cameras.add_camera")
    return Notice("demo", "info", _("These are drawn people."), sentence, action)
