"""The licence key of a file, and whether the licence has room for the file's cameras."""

from typing import Any

from django.utils.translation import gettext as _

from cameras.licensed import uses_licence
from cameras.models import Camera
from crowdsite.errors import CrowdsiteError
from licensing.models import Licence
from licensing.selectors import status_of
from licensing.services import check_key
from operations.transfer.plan import Change, Plan
from operations.transfer.report import Report


def plan_licence(said: Any, plan: Plan, report: Report) -> None:
    """A key that would be refused is reported and left out: the rest of the file is good without it."""
    if said in (None, ""):
        return
    if not isinstance(said, str):
        report.error("license_key", _("Write the key in quotation marks."))
        return
    if said == Licence.load().license_key:
        return
    try:
        check_key(license_key=said)
    except CrowdsiteError as error:
        report.note("license_key", _("Left out; the licence in force stays. %(why)s") % {"why": error.message})
        return
    plan.license_key = said
    plan.changes.append(Change(_("Licence"), _("licence key"), "***" if Licence.load().license_key else "", "***"))


def refuse_over_limit(plan: Plan, report: Report) -> None:
    """Refuse before anything is written. Cameras that use the licence already never lose their place."""
    record = Licence.load()
    if plan.license_key:
        record.license_key = plan.license_key
    allowed = status_of(record).max_cameras
    if allowed is None:
        return
    using = {camera.pk for camera in Camera.objects.filter(enabled=True) if uses_licence(camera)}
    coming = 0
    for entry in plan.cameras:
        camera = Camera(**{name: entry.values[name] for name in ("url", "enabled") if name in entry.values})
        if entry.existing is not None:
            camera.url = entry.values.get("url", entry.existing.url)
            camera.enabled = entry.values.get("enabled", entry.existing.enabled)
            using.discard(entry.existing.pk)
            coming += uses_licence(camera) and not uses_licence(entry.existing)
        else:
            coming += uses_licence(camera)
        if uses_licence(camera):
            using.add(-len(using) - 1 if entry.existing is None else entry.existing.pk)
    if coming and len(using) > allowed:
        sentence = _(
            "The licence allows %(allowed)s enabled cameras; there would be %(wanted)s. Disable some in the file."
        )
        report.error("cameras", sentence % {"allowed": allowed, "wanted": len(using)})
