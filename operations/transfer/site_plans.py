"""Sites of a file: matched with those that are there, checked, compared."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from cameras.cleaning import clean_site_values
from cameras.models import Site
from cameras.validation import clean_name
from crowdsite.errors import CrowdsiteError
from operations.transfer.keys import LIMITS, SITE_KEYS
from operations.transfer.plan import Change, Plan, SitePlan
from operations.transfer.report import Report


def plan_sites(entries: list[Any], plan: Plan, report: Report, *, is_ours: bool) -> dict[Any, SitePlan]:
    """The file's numbers of its sites -> what becomes of them, for its cameras."""
    stored = list(Site.objects.order_by("pk"))
    taken: set[int] = set()
    found: dict[Any, SitePlan] = {}
    for index, entry in enumerate(entries):
        path = f"sites[{index}]"
        if not isinstance(entry, Mapping):
            report.error(path, _("Write an object, { … }."))
            continue
        made = _plan_site(entry, path, stored, taken, report, is_ours=is_ours)
        if made is None:
            continue
        plan.sites.append(made)
        number = entry.get("id")
        if isinstance(number, int | str):
            if number in found:
                report.error(f"{path}.id", _("Another site of the file has this number."))
            found[number] = made
        _compare(made, plan)
    refuse_double_names([(site.path, site.values.get("name", "")) for site in plan.sites], stored, taken, report)
    return found


def _plan_site(
    entry: Mapping[str, Any], path: str, stored: list[Site], taken: set[int], report: Report, *, is_ours: bool
) -> SitePlan | None:
    for name in entry:
        if name not in SITE_KEYS:
            report.note(f"{path}.{name}", _("Not understood, and left out."))
    try:
        name = clean_name(entry.get("name"), of="site")
    except CrowdsiteError as error:
        report.error(f"{path}.name", error.message)
        return None
    existing = match(stored, taken, name=name, number=number_of(entry) if is_ours else None)
    values = {key: entry[key] for key in SITE_KEYS if key in entry and key not in ("id", "name")}
    try:
        cleaned = clean_site_values(values, site=existing or Site())
    except CrowdsiteError as error:
        for field, sentences in (error.fields or {"": [error.message]}).items():
            report.error(f"{path}.{field}".rstrip("."), " ".join(sentences))
        return None
    if existing is not None:
        taken.add(existing.pk)
    return SitePlan(path, existing, number_of(entry) if is_ours else None, cleaned | {"name": name})


def plan_default_limits(config: Mapping[str, Any], plan: Plan, report: Report) -> None:
    """v81 has one limit for everything: here it is the default site's."""
    values = {name: config[name] for name in LIMITS if name in config}
    if not values:
        return
    site = Site.objects.order_by("pk").first()
    try:
        cleaned = clean_site_values(values, site=site or Site())
    except CrowdsiteError as error:
        for field, sentences in (error.fields or {"max_capacity": [error.message]}).items():
            report.error(field, " ".join(sentences))
        return
    made = SitePlan("max_capacity", site, None, cleaned)
    plan.sites.append(made)
    _compare(made, plan)


def _compare(made: SitePlan, plan: Plan) -> None:
    name = made.existing.name if made.existing else made.values.get("name", _("Main site"))
    where = _("Site “%(name)s”") % {"name": name}
    if made.existing is None:
        plan.changes.append(Change(where, "", "", _("new")))
        return
    for field, value in made.values.items():
        before = getattr(made.existing, field)
        if before != value:
            label = str(Site._meta.get_field(field).verbose_name)
            plan.changes.append(Change(where, label, str(before or "–"), str(value or "–")))


def number_of(entry: Mapping[str, Any]) -> int | None:
    """The entry's own number, where it has a usable one."""
    number = entry.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 10**15 else None


def match(stored: list[Any], taken: set[int], *, name: str, number: int | None) -> Any:
    """The record an entry means: of our own files the one of its number, else the one of its name."""
    free = [record for record in stored if record.pk not in taken]
    by_number = next((record for record in free if number is not None and record.pk == number), None)
    return by_number or next((record for record in free if record.name.casefold() == name.casefold()), None)


def refuse_double_names(named: list[tuple[str, str]], stored: list[Any], taken: set[int], report: Report) -> None:
    """Names are unique afterwards: within the file, and against records that the file does not mention."""
    seen = {record.name.casefold() for record in stored if record.pk not in taken}
    for path, name in named:
        if name and name.casefold() in seen:
            sentence = _("There are two of the name “%(name)s”. Choose another name for one of them.")
            report.error(f"{path}.name", sentence % {"name": name[:60]})
        seen.add(name.casefold())
