"""How many are inside, whether that is fine, and whether it can be trusted: in words, and as a bar."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.words import number

LABEL_ROOM_PERCENT = 80  # the warning's label ends here at the latest, so that it stays clear of the limit's
LABEL_START_PERCENT = 34  # and starts here at the earliest, clear of the percentage


@dataclass(frozen=True, slots=True)
class Bar:
    """The capacity bar; places in percent of its width. warn_at: None without a warning level."""

    fill: float
    fill_text: str
    warn_at: float | None
    warn_label_at: float
    warn_label_anchor: str
    warn_text: str
    limit_text: str
    summary: str


@dataclass(frozen=True, slots=True)
class OccupancyFacts:
    """inside: None when it is not known, which is not the same as nobody. caption: what the number is.

    state: ok, warn, over, unknown, stale, or unsure: it would be ok, but some cameras do not count.
    """

    inside: int | None
    caption: str
    inside_text: str
    missed_entries: int
    missed_text: str
    state: str
    sentence: str
    detail: str
    percent: int | None
    bar: Bar | None


def occupancy_facts(
    *,
    inside: int | None,
    missed_entries: int,
    limit: int,
    warn: int,
    stale_since: str = "",
    cannot_count: str = "",
    gaps: str = "",
) -> OccupancyFacts:
    """inside: None = not known. limit, warn: 0 = not set. stale_since: clock time of the last count, empty while
    counting goes on. cannot_count: why the number is not known. gaps: which cameras do not count, empty when all do."""
    caption = _("Inside now")
    if inside is None:
        state, sentence, detail = "unknown", _("Not known"), cannot_count
    elif stale_since:
        state, sentence, detail = "stale", _("Not current, from %(time)s") % {"time": stale_since}, cannot_count
    else:
        state, sentence, detail = _judge(inside, limit, warn)
        if gaps:
            caption = _("Inside now, about")
        if gaps and state == "ok":
            state, sentence, detail = "unsure", _("%(sentence)s, with gaps") % {"sentence": sentence}, gaps
    return OccupancyFacts(
        inside=inside,
        caption=caption,
        inside_text="–" if inside is None else number(inside),
        missed_entries=missed_entries,
        missed_text=_missed(missed_entries),
        state=state,
        sentence=sentence,
        detail=detail,
        percent=round(inside * 100 / limit) if limit and inside is not None else None,
        bar=_bar(inside, limit, warn) if limit else None,
    )


def _judge(inside: int, limit: int, warn: int) -> tuple[str, str, str]:
    """(state, sentence, detail) of a number that is current."""
    if limit and inside > limit:
        over = inside - limit
        detail = ngettext("Let nobody in until %(n)s has left", "Let nobody in until %(n)s have left", over) % {
            "n": number(over)
        }
        return "over", _("Over the limit by %(n)s") % {"n": number(over)}, detail
    if limit and inside == limit:
        return "warn", _("At the limit"), _("Let one in for each one who leaves")
    if warn and inside >= warn:
        sentence = _("Above the warning level") if inside > warn else _("At the warning level")
        if not limit:
            return "warn", sentence, _("The warning level is %(n)s") % {"n": number(warn)}
        left = limit - inside
        return (
            "warn",
            sentence,
            _("%(n)s more until the limit of %(limit)s") % {"n": number(left), "limit": number(limit)},
        )
    if warn:
        detail = _("%(n)s more until the warning at %(warn)s") % {"n": number(warn - inside), "warn": number(warn)}
        return "ok", _("Below the warning level"), detail
    if limit:
        detail = _("%(n)s more until the limit of %(limit)s") % {"n": number(limit - inside), "limit": number(limit)}
        return "ok", _("Below the limit"), detail
    return "ok", _("Counting"), _("No limit is set for this site")


def _missed(count: int) -> str:
    if not count:
        return ""
    sentence = ngettext(
        "%(n)s person left without having been counted in, so Inside may be wrong by that much.",
        "%(n)s people left without having been counted in, so Inside may be wrong by that many.",
        count,
    )
    return sentence % {"n": number(count)}


def _bar(inside: int | None, limit: int, warn: int) -> Bar:
    share = 0.0 if inside is None else min(100.0, max(0.0, inside * 100 / limit))
    percent = "" if inside is None else _("%(n)s %% of the limit") % {"n": number(round(inside * 100 / limit))}
    warn_at = min(100.0, warn * 100 / limit) if warn else None
    at_end = warn_at is None or warn_at >= 60
    label_at = min(warn_at or 0.0, LABEL_ROOM_PERCENT) if at_end else max(warn_at or 0.0, LABEL_START_PERCENT)
    summary = _("%(n)s of %(limit)s people.") % {"n": "–" if inside is None else number(inside), "limit": number(limit)}
    if warn:
        summary += " " + _("Warning at %(n)s.") % {"n": number(warn)}
    return Bar(
        fill=round(share, 1),
        fill_text=percent,
        warn_at=None if warn_at is None else round(warn_at, 1),
        warn_label_at=round(label_at, 1),
        warn_label_anchor="end" if at_end else "start",
        warn_text=_("Warning %(n)s") % {"n": number(warn)} if warn else "",
        limit_text=_("Limit %(n)s") % {"n": number(limit)},
        summary=summary,
    )
