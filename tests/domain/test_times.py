"""Wall clocks and days in every zone: missing hours, doubled hours, missing days."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.times import (
    ONE_DAY,
    ONE_SECOND,
    at_wall_clock,
    days_left,
    end_of_day,
    is_zone,
    last_reader_end,
    local_day,
    weekday_before,
)

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
zones = st.sampled_from(ZONES)
days = st.dates(date(1990, 1, 1), date(2040, 12, 30))
hours = st.integers(0, 24)


def shown(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@given(days, hours, zones)
def test_clocks_reach_the_hour_at_that_instant_and_not_a_second_before(day: date, hour: int, zone: str) -> None:
    wanted = datetime.combine(day, time()) + timedelta(hours=hour)
    instant = at_wall_clock(day, hour, zone)
    assert instant.tzinfo is UTC
    assert shown(instant - ONE_SECOND, zone) < wanted <= shown(instant, zone)


@given(days, hours, zones)
def test_an_hour_that_exists_is_shown_exactly_and_for_the_first_time(day: date, hour: int, zone: str) -> None:
    wanted = datetime.combine(day, time()) + timedelta(hours=hour)
    instant = at_wall_clock(day, hour, zone)
    both = [wanted.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    existing = [one for one in both if shown(one, zone) == wanted]
    assert instant == min(existing) if existing else min(both) < instant < max(both) + ONE_SECOND


@given(days, zones)
def test_a_day_ends_with_the_first_instant_of_a_later_date(day: date, zone: str) -> None:
    end = end_of_day(day, zone)
    assert local_day(end, zone) > day
    assert local_day(end - ONE_SECOND, zone) <= day


@given(days, zones)
def test_no_day_ends_after_the_last_readers_and_none_more_than_26_hours_before(day: date, zone: str) -> None:
    last = last_reader_end(day)
    # Kwajalein and Samoa changed sides of the date line: their calendars skipped a day.
    assert last - timedelta(hours=26) <= end_of_day(day, zone) <= last


@given(days, zones)
def test_the_hours_of_a_day_never_run_backwards(day: date, zone: str) -> None:
    instants = [at_wall_clock(day, hour, zone) for hour in range(25)]
    assert instants == sorted(instants)


WALL_CLOCKS = {
    "leap day": ("2020-02-29", 9, "Europe/London", "2020-02-29T09:00"),
    "a quarter-hour zone": ("2020-12-22", 9, "Asia/Kathmandu", "2020-12-22T03:15"),
    "first zone on earth": ("2020-12-29", 9, "Pacific/Kiritimati", "2020-12-28T19:00"),
    "far behind": ("2020-12-29", 9, "America/Los_Angeles", "2020-12-29T17:00"),
    "missing hour": ("2020-03-29", 1, "Europe/London", "2020-03-29T01:00"),
    "hour after the missing one": ("2020-03-29", 2, "Europe/London", "2020-03-29T01:00"),
    "doubled hour means the first": ("2020-10-25", 1, "Europe/London", "2020-10-25T00:00"),
    "after the doubled hour": ("2020-10-25", 2, "Europe/London", "2020-10-25T02:00"),
    "half an hour is missing": ("2020-10-04", 2, "Australia/Lord_Howe", "2020-10-03T15:30"),
    "half an hour is doubled": ("2020-04-05", 2, "Australia/Lord_Howe", "2020-04-04T15:30"),
    "midnight is missing": ("2020-03-08", 0, "America/Havana", "2020-03-08T05:00"),
    "midnight is doubled": ("2020-11-01", 0, "America/Havana", "2020-11-01T04:00"),
    "midnight was missing in São Paulo": ("2018-11-04", 0, "America/Sao_Paulo", "2018-11-04T03:00"),
    "a whole day is missing": ("2011-12-30", 9, "Pacific/Apia", "2011-12-30T10:00"),
    "the day after the missing day": ("2011-12-31", 9, "Pacific/Apia", "2011-12-30T19:00"),
    "hour 24 is the next midnight": ("2020-12-31", 24, "Asia/Tokyo", "2020-12-31T15:00"),
}


@pytest.mark.parametrize(("day", "hour", "zone", "utc"), WALL_CLOCKS.values(), ids=WALL_CLOCKS.keys())
def test_wall_clocks(day: str, hour: int, zone: str, utc: str) -> None:
    assert at_wall_clock(date.fromisoformat(day), hour, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


ENDS = {
    "plain": ("2020-12-29", "Europe/London", "2020-12-30T00:00"),
    "first to end": ("2020-12-29", "Pacific/Kiritimati", "2020-12-29T10:00"),
    "last to end": ("2020-12-29", "Etc/GMT+12", "2020-12-30T12:00"),
    "short day": ("2020-03-29", "Europe/London", "2020-03-29T23:00"),
    "long day": ("2020-10-25", "Europe/London", "2020-10-26T00:00"),
    "the next midnight is missing": ("2020-03-07", "America/Havana", "2020-03-08T05:00"),
    "the day's last hour comes twice": ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00"),
    "the next day is missing": ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00"),
    "the day itself is missing": ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00"),
    "clocks go back a minute after midnight": ("2006-10-28", "America/St_Johns", "2006-10-29T02:30"),
}


@pytest.mark.parametrize(("day", "zone", "utc"), ENDS.values(), ids=ENDS.keys())
def test_ends_of_days(day: str, zone: str, utc: str) -> None:
    assert end_of_day(date.fromisoformat(day), zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_the_last_reader_has_the_whole_of_the_29th() -> None:
    assert last_reader_end(date(2020, 12, 29)) == datetime(2020, 12, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "left"),
    [("2020-12-29T07:59:59", 1), ("2020-12-29T08:00:00", 0), ("2020-12-30T08:00:00", -1)],
    ids=["a second before midnight in Los Angeles", "at midnight", "the day after"],
)
def test_days_left_are_calendar_days_where_the_reader_lives(now: str, left: int) -> None:
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert days_left(date(2020, 12, 29), instant, "America/Los_Angeles") == left


@pytest.mark.parametrize(
    ("name", "known"), [("Asia/Almaty", True), ("Mars/Olympus", False), ("", False), ("../etc", False), ("UTC", True)]
)
def test_only_zones_that_exist_are_zones(name: str, known: bool) -> None:
    assert is_zone(name) is known


def test_a_closed_weekday_brings_the_day_forward() -> None:
    sunday = date(2020, 12, 13)
    assert weekday_before(sunday, 6) == sunday - ONE_DAY
    assert weekday_before(sunday + ONE_DAY, 6) == sunday + ONE_DAY
