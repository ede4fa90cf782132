"""What the camera pages show of the live figures: state, counts of today, and the fields of their forms."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cameras.models import Camera
from crowdsite import clock
from reports.notices import WEIGHTLESS_ENGINE
from reports.selectors import facts_of
from reports.stats import CameraFacts

register = template.Library()

UNDO_TAG = "undo-camera"


@dataclass(frozen=True, slots=True)
class Row:
    """facts: trouble first."""

    camera: Camera
    facts: CameraFacts


@register.simple_tag
def camera_rows(cameras: Sequence[Camera]) -> list[Row]:
    by_id = {camera.pk: camera for camera in cameras}
    return [Row(by_id[facts.id], facts) for facts in facts_of(cameras, clock.now())]


@register.simple_tag
def facts_of_camera(camera: Camera) -> CameraFacts:
    return facts_of([camera], clock.now())[0]


@register.filter
def rate(facts: CameraFacts) -> str:
    """Analysed pictures a second beside the wanted ones."""
    if facts.fps is None or facts.state in ("offline", "disabled"):
        return "–"
    if not facts.target_fps:
        return f"{facts.fps:.0f}"
    return _("%(fps)s of %(target)s") % {"fps": round(facts.fps), "target": round(facts.target_fps)}


@register.filter
def detector(facts: CameraFacts) -> str:
    """What looks at the pictures: the weights and what runs them."""
    if facts.engine == WEIGHTLESS_ENGINE:
        return _("Built in, counts roughly")
    return f"{facts.model} ({facts.engine})" if facts.model else facts.engine or "–"


@register.filter
def undo_camera(tags: str) -> str:
    """The camera a message offers to bring back; empty for any other message."""
    parts = tags.split()
    return parts[1] if len(parts) > 1 and parts[0] == UNDO_TAG and parts[1].isdigit() else ""


@register.inclusion_tag("cameras/_field.html")
def form_field(field: BoundField, hint: str = "") -> dict[str, object]:
    """A labelled input with its hint, or its error in the hint's place."""
    return {"field": field, "hint": hint or field.help_text, "input": _input(field)}


@register.simple_tag
def form_check(field: BoundField) -> SafeString:
    """A checkbox without its label."""
    return field.as_widget()


def _input(field: BoundField) -> SafeString:
    return field.as_widget(attrs={"class": "inp", "aria-describedby": f"{field.auto_id}_note"})
