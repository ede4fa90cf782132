"""Numbers, times and labels as people read them. Times are in the site's zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PERSON = "person"

LABELS = {
    "person": gettext_lazy("People"),
    "bicycle": gettext_lazy("Bicycles"),
    "car": gettext_lazy("Cars"),
    "motorcycle": gettext_lazy("Motorcycles"),
    "bus": gettext_lazy("Buses"),
    "truck": gettext_lazy("Trucks"),
    "train": gettext_lazy("Trains"),
    "boat": gettext_lazy("Boats"),
}


def label_name(label: str) -> str:
    """The plural a reader knows a detector's label by; an unknown label stays as the detector spells it."""
    return str(LABELS.get(label, label.capitalize()))


def number(value: int) -> str:
    """Thousands separated as the reader's language does."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def duration(secs: float) -> str:
    """A length of time in its largest sensible unit, never negative: `0.4 s`, `14 s`, `34 min`, `5 h`, `3 d`."""
    secs = max(0.0, secs)
    if secs < 9.95:
        return _("%(n)s s") % {"n": formats.number_format(secs, 1)}
    if secs < 60:
        return _("%(n)s s") % {"n": int(secs)}
    if secs < 3600:
        return _("%(n)s min") % {"n": int(secs // 60)}
    if secs < 48 * 3600:
        return _("%(n)s h") % {"n": int(secs // 3600)}
    return _("%(n)s d") % {"n": int(secs // 86400)}


def site_time(at: float, zone: str) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(zone))


def clock(at: float, now: float, zone: str) -> str:
    """Time of day for today, weekday and time within the week, the date before that."""
    then, today = site_time(at, zone), site_time(now, zone)
    days = (today.date() - then.date()).days
    if days == 0:
        return formats.date_format(then, "H:i")
    if days < 7:
        return formats.date_format(then, "D H:i")
    return formats.date_format(then, "j M H:i")


def since(at: float, now: float, zone: str) -> str:
    """Relative within the hour, a clock time before that."""
    return duration(now - at) if now - at < 3600 else clock(at, now, zone)
