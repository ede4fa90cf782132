"""The messages that stand above the dashboard: what the reader has to know before trusting a number."""

from collections.abc import Collection

from django.conf import settings
from django.utils.translation import gettext as _

from reports.stats import Action, CameraFacts, Notice

WEIGHTLESS_ENGINE = "hog"


def notices(cameras: list[CameraFacts], *, demos: Collection[int]) -> list[Notice]:
    """Worst first. demos: ids of those cameras that show the drawn scene."""
    found = []
    if any(camera.engine == WEIGHTLESS_ENGINE for camera in cameras):
        found.append(_no_model())
    drawn = [camera for camera in cameras if camera.id in demos]
    if drawn:
        found.append(_demo(drawn[0], has_real_camera=len(drawn) < len(cameras)))
    return found


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
    return Notice("demo", "info", _("These are drawn people."), sentence, Action(_("Add camera"), "/cameras/add"))
