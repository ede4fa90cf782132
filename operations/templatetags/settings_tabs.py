"""What the pages of `/settings` share: their row of tabs, and a setting with its words, its input and its state."""

from typing import Any
from zoneinfo import available_timezones

from django import template
from django.forms import BoundField
from django.utils.functional import Promise

from operations.forms import Setting
from operations.system import words_for_bytes
from operations.tabs import Tab, tabs_for

register = template.Library()


@register.simple_tag(takes_context=True)
def settings_tabs(context: template.Context) -> list[tuple[Tab, bool]]:
    """Each tab the user may open, and whether it is the one being shown."""
    request = context["request"]
    return [(tab, request.path.startswith(tab.url)) for tab in tabs_for(request.user)]


@register.simple_tag(takes_context=True)
def current_tab(context: template.Context) -> str | Promise:
    """The title of the tab being shown."""
    return next((tab.title for tab, current in settings_tabs(context) if current), "")


@register.inclusion_tag("settings/_setting.html", takes_context=True)
def setting(context: template.Context, row: Setting) -> dict[str, Any]:
    """One row of a page of settings."""
    return {"row": _with_input(row), "may_change": context["may_change"]}


@register.inclusion_tag("settings/_setting.html", takes_context=True)
def plain_setting(context: template.Context, field: BoundField, **attributes: str) -> dict[str, Any]:
    """As `setting`, for a field of any form."""
    row = Setting(field, str(field.help_text), is_check=False, is_wide=False, changed=False, default=None)
    return {"row": _with_input(row, **attributes), "may_change": context["may_change"]}


@register.filter(name="bytes")
def bytes_in_words(count: int | None) -> str:
    """1.5 MB, 20 kB."""
    return words_for_bytes(count)


@register.simple_tag
def time_zones() -> list[str]:
    """Those a site may have, for a list to choose from."""
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")


def _with_input(row: Setting, **attributes: str) -> dict[str, Any]:
    field = row.field
    described = f"{field.auto_id}_hint" + (f" {field.auto_id}_error" if field.errors else "")
    attributes |= {"aria-describedby": described}
    if not row.is_check:
        attributes["class"] = "inp mono" if row.is_wide else "inp"
    shown = {name: getattr(row, name) for name in Setting.__slots__}
    return shown | {"input": field.as_widget(attrs=attributes)}
