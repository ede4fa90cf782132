"""From a file's object to a plan, or to every sentence that says why not. Writes nothing."""

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django.utils.translation import gettext as _

from cameras.models import Camera, Site
from cameras.validation import PPE_ITEMS
from crowdsite.errors import CrowdsiteError
from operations.models import MailSettings
from operations.services import SECRET_FIELDS, check_settings
from operations.transfer import keys
from operations.transfer.camera_plans import plan_cameras
from operations.transfer.licence_plans import plan_licence, refuse_over_limit
from operations.transfer.plan import Change, Plan
from operations.transfer.profiles import read_profiles
from operations.transfer.report import Report
from operations.transfer.site_plans import plan_default_limits, plan_sites
from operations.transfer.user_plans import plan_users
from operations.transfer.values import coerce

LISTS = ("cameras", "sites", "users")


class ImportRefusedError(CrowdsiteError):
    """Nothing was taken over. `fields`: path in the file -> sentences."""

    code = "import_refused"


def plan_import(config: Mapping[str, Any]) -> Plan:
    """What taking `config` over would change. Raises ImportRefusedError with a sentence for each wrong place."""
    report, plan = Report(), Plan()
    is_ours = _check_version(config, report)
    _plan_settings(config, plan, report)
    for name in LISTS:
        if name in config and not isinstance(config[name], list) and not (name == "users" and _is_object(config[name])):
            report.error(name, _("Write a list, [ … ]."))
    by_number = plan_sites(_list(config, "sites"), plan, report, is_ours=is_ours)
    if "sites" not in config:
        plan_default_limits(config, plan, report)
    plan_cameras(config, plan, report, by_number, is_ours=is_ours)
    plan_users(config.get("users"), plan, report)
    plan_licence(config.get("license_key"), plan, report)
    _note_unknown(config, report)
    if not report.errors:
        refuse_over_limit(plan, report)
    if report.errors:
        paths = len(report.errors)
        first = next(f"{path}: {sentences[0]}" for path, sentences in report.errors.items())
        more = _(" (%(n)s places to correct.)") % {"n": paths} if paths > 1 else ""
        raise ImportRefusedError(first + more, fields=report.errors)
    plan.notes = report.notes
    return plan


def _check_version(config: Mapping[str, Any], report: Report) -> bool:
    """Whether the file was exported by us; one of v81 has no version."""
    version = config.get("version")
    if version is None:
        return False
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= keys.VERSION:
        sentence = _("This file has version %(found)s; up to %(known)s is understood. Update Crowdsite first.")
        report.error("version", sentence % {"found": str(version)[:20], "known": keys.VERSION})
    return True


def _plan_settings(config: Mapping[str, Any], plan: Plan, report: Report) -> None:
    values: dict[str, dict[str, Any]] = {}
    for path, place in keys.places().items():
        found, said = _lookup(config, path)
        if not found or said is None:
            continue
        try:
            field = place.model._meta.get_field(place.field)
            values.setdefault(place.label, {})[place.field] = coerce(field, _adapt(path, said, report))
        except CrowdsiteError as error:
            report.error(path, error.message)
    _plan_security(config, values, report)
    paths = {(place.label, place.field): path for path, place in keys.places().items()}
    for label, wanted in values.items():
        model = next(place.model for place in keys.places().values() if place.label == label)
        stored = model.load()
        changes = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
        try:
            check_settings(model, changes)
        except CrowdsiteError as error:
            for name, sentences in error.fields.items():
                report.error(paths.get((label, name), label), " ".join(sentences))
            continue
        if changes:
            plan.settings[label] = changes
        for name in changes:
            plan.changes.append(_change(model, stored, name, changes[name]))


def _lookup(config: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    holder, _dot, name = path.rpartition(".")
    inside = config.get(holder) if holder else config
    if not isinstance(inside, Mapping):
        return False, None
    if name in inside:
        return True, inside[name]
    alias = next((alias for alias, meant in keys.ALIASES.items() if meant == name and alias in inside), None)
    return (True, inside[alias]) if alias else (False, None)


def _adapt(path: str, value: Any, report: Report) -> Any:
    """v81's way of saying a setting in ours."""
    match path:
        case "pipeline_profiles":
            return read_profiles(value, report)
        case "track_ppe" if isinstance(value, list | str):
            names = value.split(",") if isinstance(value, str) else value
            known = [str(name).strip().removeprefix("no_") for name in names]
            for name in known:
                if name not in PPE_ITEMS:
                    report.note(path, _("“%(name)s” is no equipment that can be checked.") % {"name": name[:40]})
            return [name for name in dict.fromkeys(known) if name in PPE_ITEMS]
        case "log_level" if isinstance(value, str) and value.upper() in ("CRITICAL", "TRACE", "SUCCESS"):
            nearest = {"CRITICAL": "ERROR", "TRACE": "DEBUG", "SUCCESS": "INFO"}[value.upper()]
            report.note(path, _("Taken over as %(level)s.") % {"level": nearest})
            return nearest
        case "email.from_addr" if isinstance(value, str) and "<" in value:
            report.note(path, _("Only the address is taken over, without the name before it."))
            return parseaddr(value)[1]
    return value


def _plan_security(config: Mapping[str, Any], values: dict[str, dict[str, Any]], report: Report) -> None:
    """v81's two switches are one choice here; TLS from the start wins."""
    mail = config.get("email")
    if not isinstance(mail, Mapping) or not {"use_tls", "use_ssl"} & set(mail):
        return
    for name in ("use_tls", "use_ssl"):
        if not isinstance(mail.get(name, False), bool):
            report.error(f"email.{name}", _("Write true or false."))
    choice = MailSettings.Security.NONE
    if mail.get("use_ssl") is True:
        choice = MailSettings.Security.TLS
    elif mail.get("use_tls") is True:
        choice = MailSettings.Security.STARTTLS
    values.setdefault(keys.MAIL, {})["security"] = choice.value


def _change(model: Any, stored: Any, name: str, value: Any) -> Change:
    if name in SECRET_FIELDS:
        before, after = ("***" if getattr(stored, name) else ""), "***"
    else:
        before, after = in_words(getattr(stored, name)), in_words(value)
    field = model._meta.get_field(name)
    return Change(str(model._meta.verbose_name).capitalize(), str(field.verbose_name), before, after)


def in_words(value: Any) -> str:
    """A value as the preview shows it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return ", ".join(value) or "–"
    if isinstance(value, dict):
        return ", ".join(sorted(value)) or "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _note_unknown(config: Mapping[str, Any], report: Report) -> None:
    """Nothing is dropped silently: whatever nobody has read is named."""
    known = {*keys.places(), *keys.ALIASES, *LISTS, *keys.LIMITS}
    known |= {"version", "features", "email", "license_key", "stream_url", "secrets_left_out"}
    known |= {"email.use_tls", "email.use_ssl"}
    for name, value in config.items():
        if name in ("features", "email"):
            if not isinstance(value, Mapping):
                report.error(name, _("Write an object, { … }."))
                continue
            for inner in value:
                if f"{name}.{inner}" not in known:
                    report.note(f"{name}.{inner}", _elsewhere(f"{name}.{inner}"))
        elif name not in known:
            report.note(name, _elsewhere(name))


def _elsewhere(path: str) -> str:
    return str(keys.ELSEWHERE.get(path, _("Not understood, and left out.")))


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _list(config: Mapping[str, Any], name: str) -> list[Any]:
    found = config.get(name, [])
    return found if isinstance(found, list) else []


def untouched(plan: Plan) -> tuple[list[str], list[str]]:
    """The names of sites and cameras that the file does not mention; they stay as they are."""
    sites = {site.existing.pk for site in plan.sites if site.existing}
    cameras = {camera.existing.pk for camera in plan.cameras if camera.existing}
    return (
        [site.name for site in Site.objects.order_by("name") if site.pk not in sites],
        [camera.name for camera in Camera.objects.order_by("name") if camera.pk not in cameras],
    )
