"""The row of tabs on every page of `/settings`."""

from django import template

from operations.tabs import Tab, tabs_for

register = template.Library()


@register.simple_tag(takes_context=True)
def settings_tabs(context: template.Context) -> list[tuple[Tab, bool]]:
    """Each tab the user may open, and whether it is the one being shown."""
    request = context["request"]
    return [(tab, request.path.startswith(tab.url)) for tab in tabs_for(request.user)]
