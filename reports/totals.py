"""A site's totals of today, and whether they can be trusted."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.camera_facts import Labels, Watched
from reports.stats import CountingFacts, Directions, TodayFacts


def today_facts(counts: Mapping[int, Labels], watched: Sequence[Watched], *, now: float, zone: str) -> TodayFacts:
    """counts: camera id -> label -> (in, out)."""
    totals: dict[str, tuple[int, int]] = {}
    for labels in counts.values():
        for label, (entered, left) in labels.items():
            before = totals.get(label, (0, 0))
            totals[label] = (before[0] + entered, before[1] + left)
    people = Directions(*totals.get(words.PERSON, (0, 0)))
    blind = [one for one in watched if one.is_blind]
    sign = "≥ " if blind else ""
    unknown = not totals and not any(one.is_counting for one in watched)  # not the same as nobody
    return TodayFacts(
        entered=people.entered,
        left=people.left,
        entered_text="–" if unknown else sign + words.number(people.entered),
        left_text="–" if unknown else sign + words.number(people.left),
        lower_bound=bool(blind),
        lower_bound_reason=_lower_bound_reason(
            blind, sum(one.should_count and not one.is_counting for one in watched), now, zone
        ),
        others_text=_others(totals),
        labels={label: Directions(*pair) for label, pair in sorted(totals.items())},
    )


def counting_facts(watched: Sequence[Watched]) -> CountingFacts:
    """A camera that is switched off, or not there to count, is no part of it."""
    expected = [one for one in watched if one.should_count]
    blind = [one for one in expected if one.is_blind]
    offline = sum(one.state.state == "offline" for one in blind)
    stale = sum(one.state.state == "stale" for one in blind)
    lineless = sum(one.lacks_line for one in expected)
    problems = {}
    if offline:
        problems["offline"] = ngettext("%(n)s offline", "%(n)s offline", offline) % {"n": offline}
    if stale:
        problems["stale"] = ngettext("%(n)s stale", "%(n)s stale", stale) % {"n": stale}
    if lineless:
        problems["no_line"] = ngettext("%(n)s without a line", "%(n)s without a line", lineless) % {"n": lineless}
    counting = len(expected) - len(blind) - lineless
    text = _("%(counting)s of %(of)s") % {"counting": counting, "of": len(expected)} if expected else "–"
    return CountingFacts(counting, len(expected), text, problems)


def counting_sentence(facts: CountingFacts) -> str:
    """For the live region."""
    sentence = ngettext("%(counting)s of %(of)s camera counting.", "%(counting)s of %(of)s cameras counting.", facts.of)
    return sentence % {"counting": facts.counting, "of": facts.of}


def _others(totals: Labels) -> str:
    """Everything counted besides people."""
    found = [
        _("%(label)s %(in)s in, %(out)s out")
        % {"label": words.label_name(label), "in": words.number(pair[0]), "out": words.number(pair[1])}
        for label, pair in sorted(totals.items())
        if label != words.PERSON
    ]
    return "; ".join(found)


def _lower_bound_reason(blind: Sequence[Watched], not_counting: int, now: float, zone: str) -> str:
    """not_counting: with those that have no line."""
    if not blind:
        return ""
    if not blind[0].counts:
        return _("Counting is switched off.")
    if len(blind) > 1:
        sentence = ngettext("%(n)s camera is not counting.", "%(n)s cameras are not counting.", not_counting)
        return sentence % {"n": not_counting}
    camera, state = blind[0].camera, blind[0].state
    if state.since is None:
        return _("%(camera)s is not counting.") % {"camera": camera.name}
    time = words.clock(state.since, now, zone)
    return _("%(camera)s has not counted since %(time)s.") % {"camera": camera.name, "time": time}
