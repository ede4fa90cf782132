"""Reading the audit trail: entries in words, filtered, a page at a time; and forgetting the old ones."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cameras.models import Site
from operations.audit import HIDDEN

KEPT_DAYS = 400
PER_PAGE = 50
LONGEST = 120
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; empty = everything. who: a user's number, or `system`. kind: a content type's number."""

    who: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None
    search: str = ""

    @property
    def count(self) -> int:
        """How many are set besides the search."""
        return sum(bool(value) for value in (self.who, self.kind, self.since, self.until))


@dataclass(frozen=True, slots=True)
class Line:
    """One field of an entry: before and after in words; both empty where the value is a secret that changed."""

    field: str
    before: str
    after: str
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """at: in the site's time zone. what: "Changed", "Added", "Deleted"."""

    at: datetime
    who: str
    what: str
    kind: str
    record: str
    lines: list[Line]


def page_of_entries(filters: Filters, number: str, zone: ZoneInfo) -> tuple[list[Entry], Page]:
    """The entries of one page, the latest first, and the page itself for its neighbours."""
    page = Paginator(_found(filters, zone), PER_PAGE).get_page(number)
    return [entry_in_words(entry, zone) for entry in page.object_list], page


def actors() -> list[User]:
    """Everybody who has an entry."""
    numbers = LogEntry.objects.exclude(actor=None).order_by().values_list("actor_id", flat=True).distinct()
    return list(User.objects.filter(pk__in=list(numbers)).order_by("username"))


def kinds() -> list[tuple[int, str]]:
    """Every kind of record that is written down, by name."""
    found = [(ContentType.objects.get_for_model(model).pk, _name(model)) for model in auditlog.get_models()]
    return sorted(found, key=lambda kind: kind[1])


def prune(days: int = KEPT_DAYS) -> int:
    """Delete entries older than that. Returns how many."""
    return LogEntry.objects.filter(timestamp__lt=timezone.now() - timedelta(days=days)).delete()[0]


def entry_in_words(entry: LogEntry, zone: ZoneInfo) -> Entry:
    """An entry as the page shows it."""
    model = entry.content_type.model_class() if entry.content_type else None
    words = {LogEntry.Action.CREATE: _("Added"), LogEntry.Action.DELETE: _("Deleted")}
    if entry.action == LogEntry.Action.UPDATE:
        lines = [line for name, change in (entry.changes or {}).items() for line in _lines(model, name, change)]
    else:
        lines = []
    # Whoever was deleted since is still named: by the name that was written down with the entry.
    who = entry.actor.get_username() if entry.actor else entry.actor_email or _("System")
    return Entry(
        at=entry.timestamp.astimezone(zone),
        who=who,
        what=words.get(entry.action, _("Changed")),
        kind=_name(model) if model else "",
        record=entry.object_repr,
        lines=sorted(lines, key=lambda line: line.field),
    )


def _found(filters: Filters, zone: ZoneInfo) -> QuerySet[LogEntry]:
    entries = LogEntry.objects.select_related("actor", "content_type").order_by("-timestamp", "-pk")
    if filters.who == SYSTEM:
        entries = entries.filter(actor=None, actor_email=None)
    elif filters.who.isdecimal() and len(filters.who) < 16:
        entries = entries.filter(actor_id=int(filters.who))
    if filters.kind.isdecimal() and len(filters.kind) < 16:
        entries = entries.filter(content_type_id=int(filters.kind))
    if filters.since:
        entries = entries.filter(timestamp__gte=datetime.combine(filters.since, time.min, zone))
    if filters.until:
        entries = entries.filter(timestamp__lt=datetime.combine(filters.until + timedelta(days=1), time.min, zone))
    if filters.search:
        entries = entries.filter(object_repr__icontains=filters.search)
    return entries


def _lines(model: Any, name: str, change: Any) -> list[Line]:
    label = _label(model, name)
    if isinstance(change, dict):  # a many-to-many relation
        # A permission calls itself "Cameras | camera | Can add camera".
        names = ", ".join(str(one).rpartition(" | ")[2] for one in change.get("objects", []))
        added = change.get("operation") == "add"
        return [Line(label, "" if added else _short(names), _short(names) if added else "")]
    before, after = (str(value) for value in change)
    if HIDDEN in (before, after) or before == after:
        return [Line(label, before, after, is_secret=True)]
    return [Line(label, _value(model, name, before), _value(model, name, after))]


def _label(model: Any, name: str) -> str:
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))
    except (AttributeError, FieldDoesNotExist):
        return capfirst(name.replace("_", " "))


def _value(model: Any, name: str, text: str) -> str:
    """What auditlog wrote down as text, as the pages say it."""
    if text in ("None", "", "[]", "{}"):
        return "–"
    if name == "site_ids":
        return _short(_sites(text))
    if text in ("True", "False"):
        return _("on") if text == "True" else _("off")
    try:
        field = model._meta.get_field(name)
    except (AttributeError, FieldDoesNotExist):
        return _short(text)  # the record or the field is gone since
    if field.choices:
        return str(dict(field.flatchoices).get(text, text))
    if field.is_relation and text.isdecimal():
        related = field.related_model.objects.filter(pk=int(text)).first()
        return str(related) if related else _("number %(n)s, deleted since") % {"n": text}
    return _short(text.strip('[]"').replace('", "', ", ") if text.startswith('["') else text)


def _sites(text: str) -> str:
    """The names of the sites somebody may see, written down as numbers."""
    named = {str(site.pk): site.name for site in Site.objects.all()}
    numbers = [number.strip() for number in text.strip("[]").split(",")]
    return ", ".join(named.get(number) or _("number %(n)s, deleted since") % {"n": number} for number in numbers)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _name(model: Any) -> str:
    return capfirst(str(model._meta.verbose_name))
