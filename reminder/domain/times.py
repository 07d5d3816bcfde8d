"""Wall clocks and calendar days: what an hour or the end of a day means in a zone, across clock changes and missing days.

All instants are aware datetimes in UTC; a zone is its IANA name. `zoneinfo` knows the rules, the two decisions are ours:
an hour that does not exist becomes the first instant after the gap, an hour that comes twice means the first.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
# Where a day ends last: twelve hours behind UTC. It ends first fourteen hours ahead, so 26 hours lie between them.
LAST_ZONE_ON_EARTH = timezone(timedelta(hours=-12))


def is_zone(name: str) -> bool:
    """Whether `name` is a zone that clocks can be read in."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


@lru_cache(maxsize=1 << 16)
def at_wall_clock(day: date, hour: int, zone: str) -> datetime:
    """The instant at which clocks in `zone` show `hour`:00 on `day`; hour 24 is midnight at its end.

    An hour or a whole day that does not exist: the first instant after the gap. An hour that comes twice: the first.
    """
    wanted = datetime.combine(day, time()) + timedelta(hours=hour)
    place = ZoneInfo(zone)
    # In a gap, the clock before the change answers too late and the clock after it too early.
    late = wanted.replace(tzinfo=place).astimezone(UTC)
    if _shown(late, place) == wanted:
        return late
    return _first_showing(wanted, wanted.replace(tzinfo=place, fold=1).astimezone(UTC), late, place)


def _shown(instant: datetime, place: ZoneInfo) -> datetime:
    return instant.astimezone(place).replace(tzinfo=None)


def _first_showing(wanted: datetime, early: datetime, late: datetime, place: ZoneInfo) -> datetime:
    """The first second in (early, late] at which clocks have reached `wanted`."""
    while late - early > ONE_SECOND:
        middle = early + timedelta(seconds=int((late - early).total_seconds()) // 2)
        if _shown(middle, place) < wanted:
            early = middle
        else:
            late = middle
    return late


def end_of_day(day: date, zone: str) -> datetime:
    """The first instant of the next date in `zone`, also where midnight or that whole date does not exist."""
    return at_wall_clock(day + ONE_DAY, 0, zone)


def local_day(now: datetime, zone: str) -> date:
    """The date that calendars in `zone` show."""
    return now.astimezone(ZoneInfo(zone)).date()


def last_reader_end(day: date) -> datetime:
    """When `day` has ended for the last reader on earth: at most 26 hours after it has ended for the first."""
    return datetime.combine(day + ONE_DAY, time(), LAST_ZONE_ON_EARTH).astimezone(UTC)


def days_left(until: date, now: datetime, zone: str) -> int:
    """Calendar days from today in `zone` to `until`: 0 on the last day, negative after it."""
    return (until - local_day(now, zone)).days


def weekday_before(day: date, closed: int) -> date:
    """`day`, or the day before where its weekday (Monday 0) is `closed`."""
    return day - ONE_DAY if day.weekday() == closed else day
