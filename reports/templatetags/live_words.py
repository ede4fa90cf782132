"""The sentences scripts need, for pages whose view does not hand them over."""

from django import template

from reports import live_words as sentences

register = template.Library()


@register.simple_tag
def live_words() -> dict[str, str]:
    return sentences.live_words()
