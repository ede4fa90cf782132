"""Time as the rest of the project sees it: unix seconds, and the days of a site's own time zone.

Imports nothing of ours and no Django, so that pure code and tests can use it.
"""

import time
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo


def now() -> float:
    """Unix seconds."""
    return time.time()


def site_day(at: float, zone: str) -> date:
    """The calendar day at unix time `at` in the IANA time zone `zone`."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).date()


def day_bounds(day: date, zone: str) -> tuple[float, float]:
    """Unix seconds of the first moment of `day` in `zone` and of the day after.

    They lie 23 or 25 hours apart when the clocks change.
    """
    start = datetime.combine(day, time_of_day.min, ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), time_of_day.min, ZoneInfo(zone))
    return start.timestamp(), end.timestamp()
