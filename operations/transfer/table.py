"""The table of `docs/settings.md`: every key of config.json and where it is now. A test keeps the page to it."""

from django.db import models
from django.utils import translation

from cameras.models import validate_kept_secs
from cameras.profiles import KEPT_RANGE
from operations.pages import PAGES
from operations.transfer import keys
from operations.transfer.values import plain

HEAD = ("| key | where | default | range |", "|---|---|---|---|")


def lines() -> list[str]:
    """The rows in Markdown: settings first, then what lies elsewhere."""
    with translation.override("en"):
        slugs = {page.label: page.slug for page in PAGES}
        places = keys.places()
        rows = []
        for path, place in sorted(places.items()):
            where = f"Settings, {slugs[place.label].capitalize()}: {_name(place)}"
            rows.append(f"| `{path}` | {where} | {_default(place)} | {_range(place)} |")
        fixed = [
            ("email.use_tls, email.use_ssl", "Settings, Mail: security"),
            ("license_key", "Settings, Licence"),
            ("max_capacity, warn_threshold", "Settings, Sites: limit and warning level of each site"),
            ("sites", "Settings, Sites"),
            ("cameras", "Cameras"),
            ("users", "Settings, People; imported, not exported"),
            ("stream_url", "becomes a camera"),
            *((path, str(sentence)) for path, sentence in keys.ELSEWHERE.items() if path not in places),
        ]
        names = [", ".join(f"`{name}`" for name in path.split(", ")) for path, _where in fixed]
        return [*HEAD, *rows, *(f"| {name} | {where} | | |" for name, (_p, where) in zip(names, fixed, strict=True))]


def _name(place: keys.Place) -> str:
    return str(place.model._meta.get_field(place.field).verbose_name)


def _default(place: keys.Place) -> str:
    value = plain(place.model._meta.get_field(place.field).get_default())
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value in ("", None) or value == {} else f"`{value}`"


def _range(place: keys.Place) -> str:
    field = place.model._meta.get_field(place.field)
    if field.choices:
        return ", ".join(f"`{key}`" for key, _label in field.flatchoices if key)
    limits = {found.code: found.limit_value for found in field.validators if hasattr(found, "limit_value")}
    if validate_kept_secs in field.validators:
        return f"0, or {KEPT_RANGE[0]} to {KEPT_RANGE[1]}"
    if isinstance(field, models.FloatField | models.IntegerField) and "max_value" in limits:
        return f"{limits.get('min_value', 0)} to {limits['max_value']}"
    return ""
