"""From what a person, a program or an old configuration sends to values a record may hold.

Forms, the API and `cameras.services` share these two functions, so that a rule is written once.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, TextChoices

from cameras import validation
from cameras.address import parse, unmask
from cameras.capture.rules import DEFAULT_PROFILE, capture_settings
from cameras.capture.settings import CaptureSettings
from cameras.models import Camera, CaptureDefaults, Site
from crowdsite.errors import CrowdsiteError

# A check of the connection needs one picture, soon.
CHECK_FPS = 10.0
_TRUE = frozenset({"true", "1", "on", "yes"})
_FALSE = frozenset({"false", "0", "off", "no", ""})


def clean_flag(value: Any, *, called: str) -> bool:
    """True and False in the spellings of JSON, forms and configuration files."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise CrowdsiteError(f"“{called}” is either true or false.")


def clean_choice(value: Any, *, choices: type[TextChoices], called: str) -> str:
    """One of the words of `choices`."""
    if isinstance(value, str) and value.strip().lower() in choices.values:
        return value.strip().lower()
    raise CrowdsiteError(f"“{str(value)[:40]}” is no {called}. Use one of: {', '.join(choices.values)}.")


def clean_url(value: Any, *, stored: str = "") -> str:
    """A camera's address. A masked one stands for the `stored` one, on the same host only."""
    if not isinstance(value, str):
        raise CrowdsiteError("The address has to be text, for example rtsp://192.168.1.20/stream.")
    url = unmask(value.strip(), stored) if stored else value.strip()
    # A camera that was saved when it was allowed can still be renamed.
    allow_loopback = loopback_allowed() or (url == stored and bool(stored))
    parse(url, folders=settings.CAMERA_FILE_ROOTS, allow_loopback=allow_loopback)
    return url


def loopback_allowed() -> bool:
    """Whether this installation's cameras may lie on the server itself, as behind a restreamer."""
    return settings.CAMERA_ALLOW_LOOPBACK


def clean_site(value: Any, *, sites: QuerySet[Site] | None = None) -> Site:
    """The site of that number, or the site itself. sites: those to choose from, all without it."""
    choices = Site.objects.all() if sites is None else sites
    text = str(value.pk if isinstance(value, Site) else value).strip()
    is_number = isinstance(value, int | str | Site) and text.isascii() and text.isdigit() and len(text) < 16
    site = choices.filter(pk=int(text)).first() if is_number else None
    if site is None:
        raise CrowdsiteError(f"There is no site with the number {text[:20]}. Choose one of the existing sites.")
    return site


def clean_profile(value: Any, *, stored: str = "") -> str:
    """The name of a capture profile that exists; "" = none. One that was deleted may stay where it was `stored`."""
    name = validation.clean_profile(value)
    if name in ("", DEFAULT_PROFILE, stored):
        return name
    known = CaptureDefaults.load().pipeline_profiles
    if name not in known:
        choices = f"Use one of: {', '.join(sorted(known))}." if known else "None is set up yet: leave this empty."
        raise CrowdsiteError(f"There is no capture profile “{name}”. {choices}")
    return name


_CAMERA_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": partial(validation.clean_name, of="camera"),
    "site": clean_site,
    "orientation": partial(clean_choice, choices=Camera.Orientation, called="orientation"),
    "transport": partial(clean_choice, choices=Camera.Transport, called="transport"),
    "resolution": partial(clean_choice, choices=Camera.Resolution, called="resolution"),
    "profile": clean_profile,
    "ffmpeg_flags": validation.clean_ffmpeg_flags,
    "line": validation.clean_line,
    "tasks": validation.clean_tasks,
    **{flag: partial(clean_flag, called=flag) for flag in ("enabled", "show", "reverse", "inout_count", "ppe")},
}
_SITE_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": partial(validation.clean_name, of="site"),
    "timezone": validation.clean_timezone,
    "max_capacity": partial(validation.clean_limit, called="limit"),
    "warn_threshold": partial(validation.clean_limit, called="warning level"),
}


def clean_camera(
    values: Mapping[str, Any], *, camera: Camera | None, sites: QuerySet[Site] | None = None
) -> dict[str, Any]:
    """What the record takes, for those fields that are in `values`. `site_id` is another word for `site`.

    camera: the one to be changed, None for a new one (which needs `name` and `url`). sites: those it may belong to.
    Raises CrowdsiteError with a sentence for every field that is wrong.
    """
    stored_url = camera.url if camera else ""
    of_site = partial(clean_site, sites=sites)
    cleaners = {**_CAMERA_CLEANERS, "site": of_site, "site_id": of_site, "url": partial(clean_url, stored=stored_url)}
    cleaners["profile"] = partial(clean_profile, stored=camera.profile if camera else "")
    cleaned, errors = _clean(values, cleaners, of="camera")
    if camera is None:
        errors = {**_missing(values, name="Give the camera a name.", url="Enter the camera's address."), **errors}
    if "name" in cleaned:
        _refuse_taken(Camera, cleaned["name"], camera, errors)
    _settle_tasks(cleaned, camera, errors)
    _raise(errors)
    if "site_id" in cleaned:
        cleaned["site"] = cleaned.pop("site_id")
    if cleaned.get("line"):
        cleaned["line"] = [list(point) for point in cleaned["line"]]
    return cleaned


def clean_capture(values: Mapping[str, Any], *, camera: Camera | None) -> CaptureSettings:
    """How to open a camera that is being set up: the form's `values` over those of `camera`, where it exists already.

    Raises CrowdsiteError as `clean_camera` does.
    """
    record = camera or Camera()
    stored_url = record.url
    cleaners = {name: _CAMERA_CLEANERS[name] for name in ("orientation", "transport", "resolution", "ffmpeg_flags")}
    cleaners["profile"] = partial(clean_profile, stored=record.profile)
    cleaned, errors = _clean(values, {**cleaners, "url": partial(clean_url, stored=record.url)}, of="camera")
    if not record.url:
        errors = {**_missing(values, url="Enter the camera's address."), **errors}
    _raise(errors)
    for name, value in cleaned.items():
        setattr(record, name, value)
    return capture_settings(
        record,
        CaptureDefaults.load().rules(),
        fps=CHECK_FPS,
        folders=tuple(settings.CAMERA_FILE_ROOTS),
        allow_loopback=loopback_allowed() or record.url == stored_url,
    )


def clean_site_values(values: Mapping[str, Any], *, site: Site | None) -> dict[str, Any]:
    """As `clean_camera`, for a site."""
    cleaned, errors = _clean(values, _SITE_CLEANERS, of="site")
    if site is None:
        errors = {**_missing(values, name="Give the site a name."), **errors}
    if "name" in cleaned:
        _refuse_taken(Site, cleaned["name"], site, errors)
    _raise(errors)
    limits = [cleaned.get(name, getattr(site, name, None)) for name in ("max_capacity", "warn_threshold")]
    validation.check_limits(*limits)
    return cleaned


def _clean(values: Mapping[str, Any], cleaners: Mapping[str, Callable[[Any], Any]], *, of: str) -> tuple[dict, dict]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in values.items():
        if name not in cleaners:
            known = ", ".join(sorted(cleaners))
            errors[str(name)[:60]] = [f"A {of} has no field “{str(name)[:60]}”. It has {known}."]
            continue
        try:
            cleaned[name] = cleaners[name](value)
        except CrowdsiteError as error:
            errors[name] = [error.message]
    return cleaned, errors


def _missing(values: Mapping[str, Any], **sentences: str) -> dict[str, list[str]]:
    return {name: [sentence] for name, sentence in sentences.items() if name not in values}


def name_taken(model: type[Camera] | type[Site], name: str) -> str:
    """The sentence for a second record of one name."""
    return f"There is already a {model._meta.model_name} called “{name}”. Choose another name."


def _refuse_taken(model: type[Camera] | type[Site], name: str, record: Camera | Site | None, errors: dict) -> None:
    """Names that differ in capitals only are one to people. Two that exist already may stay so."""
    if record is not None and record.name == name:
        return
    others = model.objects.exclude(pk=record.pk) if record is not None else model.objects.all()
    holder = next((other for other in others.values_list("name", flat=True) if other.casefold() == name.casefold()), "")
    if holder:
        errors["name"] = [name_taken(model, holder)]


def _settle_tasks(cleaned: dict[str, Any], camera: Camera | None, errors: dict[str, list[str]]) -> None:
    """Bring `tasks` and the switches `inout_count` and `ppe` to one statement: `tasks`.

    Whoever sends a whole record back with one of the three changed means that one; only two changes that contradict
    each other are refused.
    """
    stored = camera.tasks if camera else None
    tasks = cleaned.get("tasks", stored)
    tasks_changed = "tasks" in cleaned and cleaned["tasks"] != stored
    switches = {}
    for switch, derive in (("inout_count", validation.counts), ("ppe", validation.checks_ppe)):
        wanted = cleaned.pop(switch, None)
        if wanted is None or (stored is not None and wanted == derive(stored)):
            continue
        if tasks_changed and wanted != derive(tasks):
            errors[switch] = [f"“{switch}” and “tasks” say different things. Change one of them."]
        switches[switch] = wanted
    if "tasks" in cleaned or switches or camera is None:
        cleaned["tasks"] = validation.switch_tasks(validation.COUNTING_TASKS if tasks is None else tasks, **switches)


def _raise(errors: dict[str, list[str]]) -> None:
    if not errors:
        return
    sentences = [sentence for found in errors.values() for sentence in found]
    more = f" ({len(sentences) - 1} more to correct.)" if len(sentences) > 1 else ""
    raise CrowdsiteError(sentences[0] + more, fields=errors)
