"""“Needs attention”: what is wrong with cameras, together where several have the same trouble."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.camera_facts import Watched
from reports.camera_states import attention_group_title, attention_title
from reports.stats import AttentionFacts, AttentionItem

MOST_ITEMS = 5
TROUBLE = ("offline", "stale", "degraded")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """state: for the icon. cause: a stable word, or the sentence. lacks_line: the camera itself is well."""

    state: str
    cause: str
    lacks_line: bool = False


def attention_facts(watched: Sequence[Watched], *, now: float, zone: str) -> AttentionFacts:
    """watched: trouble first. At most `MOST_ITEMS`; the rest is a number of cameras."""
    groups: dict[_Trouble, list[Watched]] = {}
    for one in watched:
        trouble = _trouble(one)
        if trouble is not None:
            groups.setdefault(trouble, []).append(one)
    # Among equally bad ones that which concerns most cameras; sorting keeps the order of the others.
    ranked = sorted(groups.items(), key=lambda pair: (pair[0].lacks_line, TROUBLE.index(pair[0].state), -len(pair[1])))
    items = [_item(trouble, ones, now, zone) for trouble, ones in ranked[:MOST_ITEMS]]
    rest = sum(len(ones) for _trouble_, ones in ranked[MOST_ITEMS:])
    text = ngettext("and %(n)s more camera", "and %(n)s more cameras", rest) % {"n": rest} if rest else ""
    return AttentionFacts(items, rest, text)


def _trouble(one: Watched) -> _Trouble | None:
    if one.state.state in TROUBLE:
        return _Trouble(one.state.state, one.status.code or one.state.reason)
    if one.lacks_line:
        return _Trouble("degraded", "no_line", True)
    return None


def _sentence(trouble: _Trouble, ones: Sequence[Watched]) -> str:
    if trouble.lacks_line:
        return _("The picture arrives, but nothing is counted. Draw the line people cross.")
    reasons = {one.state.reason for one in ones}
    reason = ones[0].state.reason
    return reason if len(reasons) == 1 else _("For example: %(reason)s") % {"reason": reason}


def _item(trouble: _Trouble, ones: Sequence[Watched], now: float, zone: str) -> AttentionItem:
    first = ones[0].camera
    starts = [] if trouble.lacks_line else [one.state.since for one in ones if one.state.since is not None]
    since = min(starts, default=None)
    state = "no_line" if trouble.lacks_line else trouble.state
    alone = len(ones) == 1
    return AttentionItem(
        key=f"{state}-{first.pk}",
        camera_id=first.pk if alone else None,
        state=trouble.state,
        title=attention_title(first.name, state) if alone else attention_group_title(len(ones), state),
        sentence=_sentence(trouble, ones),
        names="" if alone else ", ".join(sorted(one.camera.name for one in ones)),
        since=since,
        since_text="" if since is None else words.since(since, now, zone),
        url=f"/cameras/{first.pk}" if alone else "/cameras",
    )
