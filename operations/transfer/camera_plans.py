"""Cameras of a file, v81's or ours: matched with those that are there, checked, compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from cameras.cleaning import clean_camera
from cameras.models import Camera, CaptureDefaults, Site
from cameras.validation import COUNTING_TASKS, clean_name, clean_profile
from crowdsite.errors import CrowdsiteError
from operations.transfer.exporting import bare
from operations.transfer.keys import CAMERA_KEYS
from operations.transfer.lines import read_line
from operations.transfer.plan import CameraPlan, Change, Plan, SitePlan
from operations.transfer.profiles import with_transport
from operations.transfer.report import Report
from operations.transfer.site_plans import match, number_of, refuse_double_names

ALIASES = {"rtsp_transport": "transport", "count": "inout_count", "flags": "ffmpeg_flags", "pipeline": "profile"}
# Said by the address itself, or by the line.
IMPLIED = ("type", "width", "height", "frame_size", "line_resolution", "frame_resolution", "status", "online")
STREAM_NAME = "Stream"


@dataclass(slots=True)
class _Reader:
    """What reading one entry needs to know of the rest."""

    config: Mapping[str, Any]
    report: Report
    sites: Mapping[Any, SitePlan]
    is_ours: bool
    stored: list[Camera] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    left_out: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()


def plan_cameras(
    config: Mapping[str, Any], plan: Plan, report: Report, sites: Mapping[Any, SitePlan], *, is_ours: bool
) -> None:
    """Add the file's cameras to `plan`, and what is wrong with them to `report`."""
    entries = config.get("cameras", [])
    entries = list(entries) if isinstance(entries, list) else []
    stream = config.get("stream_url")
    if stream is not None and not isinstance(stream, str | int):
        report.error("stream_url", _("Write the address in quotation marks."))
    elif stream not in (None, "") and not any(isinstance(e, Mapping) and e.get("url") == stream for e in entries):
        entries.append({"id": STREAM_NAME, "url": str(stream)})
        report.note("stream_url", _("Becomes the camera “%(name)s”.") % {"name": STREAM_NAME})
    reader = _Reader(config, report, sites, is_ours, list(Camera.objects.order_by("pk")))
    said = config.get("secrets_left_out")
    reader.left_out = (
        frozenset(path for path in said if isinstance(path, str)) if isinstance(said, list) else frozenset()
    )
    profiles = config.get("pipeline_profiles")
    reader.profiles = frozenset(profiles) if isinstance(profiles, Mapping) else frozenset()
    for index, entry in enumerate(entries):
        path = f"cameras[{index}]"
        if not isinstance(entry, Mapping):
            report.error(path, _("Write an object, { … }."))
        elif (made := _plan_camera(reader, entry, path)) is not None:
            plan.cameras.append(made)
            _compare(made, plan)
    named = [(camera.path, camera.values["name"]) for camera in plan.cameras]
    refuse_double_names(named, reader.stored, reader.taken, report)


def _plan_camera(reader: _Reader, entry: Mapping[str, Any], path: str) -> CameraPlan | None:
    try:
        name = clean_name(_name(entry), of="camera")
    except CrowdsiteError as error:
        reader.report.error(f"{path}.name", error.message)
        return None
    number = number_of(entry)
    existing = match(reader.stored, reader.taken, name=name, number=number if reader.is_ours else None)
    values = _values(reader, entry, path, existing)
    profile = _take_profile(reader, path, values, existing)
    if "url" not in values and existing is None:
        reader.report.error(f"{path}.url", _("Enter the camera's address."))
        return None
    try:
        cleaned = clean_camera(values, camera=existing or Camera(tasks=list(COUNTING_TASKS)))
    except CrowdsiteError as error:
        for key, sentences in error.fields.items():
            reader.report.error(f"{path}.{key}", " ".join(sentences))
        return None
    if profile is not None:
        cleaned["profile"] = profile
    if existing is None:
        cleaned.setdefault("tasks", list(COUNTING_TASKS))
        version = entry.get("line_version")
        if reader.is_ours and isinstance(version, int) and 0 < version < 2**31:
            cleaned["line_version"] = version
    else:
        reader.taken.add(existing.pk)
    # A number of v81 may have been another camera's here, and the history goes by numbers.
    made = CameraPlan(path, existing, number if reader.is_ours else None, cleaned | {"name": name})
    made.site = _site(reader, entry, path)
    return made


def _name(entry: Mapping[str, Any]) -> Any:
    """v81's cameras may have nothing but an id: "gate1"."""
    name = entry.get("name")
    if name in (None, "") and entry.get("id") not in (None, ""):
        name = entry["id"]
        return name if isinstance(name, str) else _("Camera %(number)s") % {"number": name}
    return name


def _values(reader: _Reader, entry: Mapping[str, Any], path: str, existing: Camera | None) -> dict[str, Any]:
    """The fields of the entry in our names and shapes; what cannot be used is noted."""
    values: dict[str, Any] = {}
    for said, value in entry.items():
        name = ALIASES.get(said, said)
        if name in ("id", "name", "site_id", "line_version", "line") or value is None:
            continue
        if name in CAMERA_KEYS:
            values.setdefault(name, value)
        elif name not in IMPLIED:
            reader.report.note(f"{path}.{said}", _("Not understood, and left out."))
    if "line" in entry:
        _read_line(reader, entry, path, values)
    if isinstance(values.get("url"), int) and not isinstance(values["url"], bool):
        values["url"] = str(values["url"])
    values = with_transport(values)
    _keep_secret(reader, path, values, existing)
    _fit(reader, path, values)
    return values


def _read_line(reader: _Reader, entry: Mapping[str, Any], path: str, values: dict[str, Any]) -> None:
    try:
        line = read_line(entry["line"], entry)
        values["line"] = line if line is None else [list(point) for point in line]
    except CrowdsiteError as error:
        if reader.is_ours:
            reader.report.error(f"{path}.line", error.message)
        else:
            reader.report.note(f"{path}.line", f"{_('Left out.')} {error.message}")


def _keep_secret(reader: _Reader, path: str, values: dict[str, Any], existing: Camera | None) -> None:
    """A file without secrets leaves an address that is the same but for them as it is."""
    if f"{path}.url" not in reader.left_out or not isinstance(values.get("url"), str):
        return
    if existing is not None and bare(existing.url) == values["url"]:
        del values["url"]
    else:
        reader.report.note(
            f"{path}.url", _("The file holds no user name and password for it. Enter them on the camera's page.")
        )


def _fit(reader: _Reader, path: str, values: dict[str, Any]) -> None:
    """v81's spellings of single values."""
    size = values.get("resolution")
    if isinstance(size, list | tuple):
        size = "x".join(str(part) for part in size)
    if isinstance(size, str) and size.lower().count("x") == 1 and size.lower().replace("x", "").isdigit():
        shorter = min(int(part) for part in size.lower().split("x") if part)
        nearest = min((480, 720, 1080), key=lambda height: abs(height - shorter))
        values["resolution"] = f"{nearest}p"
        reader.report.note(f"{path}.resolution", _("Taken over as %(size)sp.") % {"size": nearest})


def _take_profile(reader: _Reader, path: str, values: dict[str, Any], existing: Camera | None) -> str | None:
    """A profile that the file brings along is not there yet when the camera is checked, so it is checked here."""
    profile = values.get("profile")
    if not isinstance(profile, str) or not profile:
        return None
    # One that was deleted while a camera named it comes back as it was.
    if profile in reader.profiles or (reader.is_ours and existing is None):
        del values["profile"]
        return clean_profile(profile)
    if profile not in {existing.profile if existing else "", *CaptureDefaults.load().pipeline_profiles}:
        del values["profile"]
        sentence = _("There is no capture profile “%(name)s”; the camera uses the usual settings.")
        reader.report.note(f"{path}.profile", sentence % {"name": profile[:50]})
    return None


def _site(reader: _Reader, entry: Mapping[str, Any], path: str) -> SitePlan | Site | None:
    number = entry.get("site_id")
    if number is None:
        return None
    if isinstance(number, int | str) and number in reader.sites:
        return reader.sites[number]
    known = Site.objects.filter(pk=number).first() if isinstance(number, int) and 0 < number < 10**15 else None
    if known is not None and not reader.sites:
        return known
    if reader.is_ours:
        reader.report.error(f"{path}.site_id", _("The file has no site of this number."))
    else:
        reader.report.note(f"{path}.site_id", _("There is no such site; the camera joins the default one."))
    return None


def _compare(made: CameraPlan, plan: Plan) -> None:
    where = _("Camera “%(name)s”") % {"name": made.existing.name if made.existing else made.values["name"]}
    if made.existing is None:
        plan.changes.append(Change(where, "", "", _("new")))
        return
    for name, value in made.values.items():
        before = getattr(made.existing, name)
        if before == value:
            continue
        label = str(Camera._meta.get_field(name).verbose_name)
        shown = (bare(before), bare(value)) if name == "url" else (before, value)
        plan.changes.append(Change(where, label, *(_shown(part) for part in shown)))
    site = made.site.existing if isinstance(made.site, SitePlan) else made.site
    if made.site is not None and (site is None or site.pk != made.existing.site_id):
        name = site.name if site else made.site.values["name"]  # type: ignore[union-attr]
        plan.changes.append(Change(where, _("site"), made.existing.site.name, name))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value) or "–"
    return "–" if value in (None, "") else str(value)
