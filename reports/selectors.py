"""What is happening at a site right now, gathered from the records, the loops' status and the counters."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cameras.models import Camera, Site
from cameras.selectors import cameras_of_site
from cameras.status import read_statuses
from crowdsite.clock import site_day
from crowdsite.store.connection import client as redis_client
from reports import words
from reports.attention import attention_facts
from reports.camera_facts import Watched, camera_facts, watch
from reports.doors import door_facts
from reports.notices import notices
from reports.occupancy_words import OccupancyFacts, occupancy_facts
from reports.stats import CameraFacts, CountingFacts, LiveStats, SiteFacts
from reports.totals import counting_facts, counting_sentence, today_facts
from tracking import counters


def live_stats(site: Site, now: float) -> LiveStats:
    """The figures of one site at unix time `now`. Raises redis.RedisError or django.db.Error while Redis is away."""
    client = redis_client()
    zone = site.timezone
    cameras = cameras_of_site(site.pk)
    watched = watch(cameras, read_statuses(client, [camera.pk for camera in cameras], now=now), now)
    day = site_day(now, zone)
    counts = counters.day_counts(client, site.pk, day)
    facts = [camera_facts(client, one, counts.get(one.camera.pk, {}), now=now, zone=zone) for one in watched]
    counting = counting_facts(watched)
    occupancy = _occupancy(site, watched, counting, counters.occupancy(client, site.pk, day), bool(counts), now)
    today = today_facts(counts, watched, now=now, zone=zone)
    hidden = {camera.pk for camera in cameras if not camera.show}
    shown = [camera for camera in facts if camera.id not in hidden]
    demos = {camera.pk for camera in cameras if camera.is_demo}
    return LiveStats(
        now=now,
        site=SiteFacts(site.pk, site.name, zone, site.max_capacity or None, site.warn_threshold or None),
        occupancy=occupancy,
        today=today,
        cameras=shown,
        counting=counting,
        doors=door_facts(shown, counting),
        attention=attention_facts(watched, now=now, zone=zone),
        notices=notices(facts, demos=demos, now=now),
        summary=_summary(occupancy, counting, unsure=today.lower_bound and occupancy.state != "stale"),
        calm=_calm(counting),
    )


def facts_of(cameras: Sequence[Camera], now: float) -> list[CameraFacts]:
    """The facts of cameras of any sites, trouble first. Raises as `live_stats`."""
    client = redis_client()
    zones = {site.pk: site.timezone for site in Site.objects.all()}
    counts = {
        site_id: counters.day_counts(client, site_id, site_day(now, zones[site_id]))
        for site_id in {camera.site_id for camera in cameras}
    }
    return [
        camera_facts(
            client,
            one,
            counts[one.camera.site_id].get(one.camera.pk, {}),
            now=now,
            zone=zones[one.camera.site_id],
        )
        for one in watch(cameras, read_statuses(client, [camera.pk for camera in cameras], now=now), now)
    ]


def _occupancy(
    site: Site,
    watched: Sequence[Watched],
    counting: CountingFacts,
    found: counters.Occupancy,
    counted_today: bool,
    now: float,
) -> OccupancyFacts:
    """Not known while nothing counts and nothing was counted today; not current while nothing counts."""
    expected = [one for one in watched if one.should_count and not one.lacks_line]
    blind = [one for one in expected if one.is_blind]
    inside: int | None = found.inside
    stale_since = reason = gaps = ""
    if not expected:
        inside, reason = None, _("No camera with a counting line is switched on")
    elif len(blind) == len(expected):
        # The time at which somebody switched counting off is not known here.
        last = max((one.state.since for one in blind if one.counts and one.state.since is not None), default=None)
        since = words.clock(last, now, site.timezone) if last is not None else ""
        inside = found.inside if counted_today else None
        reason = _("No camera is counting") if expected[0].counts else _("Counting is switched off")
        if inside is None and since:
            reason = _("No camera is counting since %(time)s") % {"time": since}
        stale_since = since or _("earlier today")
    elif blind:
        gaps = ngettext(
            "%(n)s of %(of)s cameras is not counting",
            "%(n)s of %(of)s cameras are not counting",
            counting.of - counting.counting,
        ) % {"n": counting.of - counting.counting, "of": counting.of}
    return occupancy_facts(
        inside=inside,
        missed_entries=found.missed_entries,
        limit=site.max_capacity or 0,
        warn=site.warn_threshold or 0,
        stale_since=stale_since,
        cannot_count=reason,
        gaps=gaps,
    )


def _summary(occupancy: OccupancyFacts, counting: CountingFacts, *, unsure: bool) -> str:
    """One sentence for the live region."""
    if occupancy.inside is None:
        return _("The number inside is not known.") + " " + counting_sentence(counting)
    sentence = _("About %(n)s inside. %(sentence)s.") if unsure else _("%(n)s inside. %(sentence)s.")
    return sentence % {"n": occupancy.inside_text, "sentence": occupancy.sentence} + " " + counting_sentence(counting)


def _calm(counting: CountingFacts) -> str:
    """What stands in “Needs attention” when nothing does."""
    if not counting.of:
        return _("No camera is set to count.")
    return ngettext("The camera counts.", "All %(n)s cameras count.", counting.of) % {"n": counting.of}
