"""When a step reaches a rhythm: own hours, quiet hours, the whole of the last day, nothing after it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reminder.domain.states import Channel, Reason
from reminder.domain.times import ONE_SECOND, at_wall_clock, end_of_day, local_day
from reminder.domain.waves import (
    EMAIL_MARGIN,
    Habits,
    Hours,
    PlannedWave,
    Reader,
    StepPlan,
    next_day,
    next_window,
    plan_wave,
    reader,
)

EMAIL, SMS = Channel.EMAIL, Channel.SMS
BOTH = (SMS, EMAIL)
DEADLINE = date(2020, 12, 29)
STARTED = datetime(2020, 12, 1, 10, tzinfo=UTC)
# The cast: where they live decides when they are told.
ALMATY, KATHMANDU, LONDON = "Asia/Almaty", "Asia/Kathmandu", "Europe/London"
SAO_PAULO, LOS_ANGELES = "America/Sao_Paulo", "America/Los_Angeles"
AUCKLAND, KIRITIMATI = "Pacific/Auckland", "Pacific/Kiritimati"
NEVER_QUIET = Hours(-1, 0, 0)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def step(offset: int = -7, hour: int = 9, on: date = DEADLINE, until: date | None = None) -> StepPlan:
    return StepPlan(f"deadline{offset:+d}d", "deadline", on, offset, hour, BOTH, until_on=until)


def start(at: datetime, zone: str = LONDON, until: date | None = DEADLINE) -> StepPlan:
    return StepPlan("start+0d", "start", local_day(at, zone), 0, 9, (EMAIL,), anchor_at=at, until_on=until)


def who(zone: str = LONDON, channel: Channel = EMAIL, hours: Hours | None = None) -> Reader:
    habits = Habits(zone, email=hours or Hours(), sms=hours or Hours())
    made = reader(habits, channel, campaign_zone=LONDON)
    assert made is not None
    return made


def planned(*args: object, **more: object) -> PlannedWave:
    wave = plan_wave(*args, **more)  # type: ignore[arg-type]
    assert isinstance(wave, PlannedWave), wave
    return wave


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        (KIRITIMATI, "2020-12-21T19:00"),
        (AUCKLAND, "2020-12-21T20:00"),
        (ALMATY, "2020-12-22T03:00"),
        (KATHMANDU, "2020-12-22T03:15"),
        (LONDON, "2020-12-22T09:00"),
        (SAO_PAULO, "2020-12-22T12:00"),
        (LOS_ANGELES, "2020-12-22T17:00"),
    ],
)
def test_seven_days_before_everybody_is_told_at_nine_where_they_live(zone: str, due: str) -> None:
    wave = planned(step(-7), who(zone), last_on=DEADLINE)
    assert (wave.due_at, wave.local_on) == (utc(due), date(2020, 12, 22))


def test_the_whole_of_the_last_day_counts_where_the_reader_lives() -> None:
    by_sms = planned(step(0), who(LOS_ANGELES, SMS), last_on=DEADLINE)
    assert by_sms.not_after == utc("2020-12-30T08:00")
    by_email = planned(step(0), who(LOS_ANGELES), last_on=DEADLINE)
    assert by_email.not_after == by_sms.not_after


def test_email_is_handed_over_until_a_margin_before_the_end_and_sms_to_the_end() -> None:
    last_hours = [planned(step(0), who(LONDON, channel, NEVER_QUIET), last_on=DEADLINE) for channel in (EMAIL, SMS)]
    assert [wave.open_until for wave in last_hours] == [utc("2020-12-30T00:00") - EMAIL_MARGIN, utc("2020-12-30T00:00")]


def test_a_sending_stops_when_the_quiet_hours_begin() -> None:
    assert planned(step(-7), who(), last_on=DEADLINE).open_until == utc("2020-12-22T21:00")


def test_without_quiet_hours_a_sending_stays_open_to_its_end() -> None:
    wave = planned(step(-7), who(LONDON, SMS, NEVER_QUIET), last_on=DEADLINE)
    assert wave.open_until == wave.not_after == utc("2020-12-30T00:00")


QUIET_BORDERS = {
    "a step's hour a moment before quiet": (20, -1, "2020-12-22T20:00"),
    "at the first quiet hour: the next morning": (21, -1, "2020-12-23T08:00"),
    "in the night: the morning": (3, -1, "2020-12-22T08:00"),
    "the last quiet hour: the morning": (7, -1, "2020-12-22T08:00"),
    "at the end of the quiet hours": (8, -1, "2020-12-22T08:00"),
    "her own hour wins over the step's": (9, 18, "2020-12-22T18:00"),
    "her own hour 0 is an hour": (9, 0, "2020-12-22T08:00"),
}


@pytest.mark.parametrize(("hour", "own", "due"), QUIET_BORDERS.values(), ids=QUIET_BORDERS.keys())
def test_quiet_hours_put_off(hour: int, own: int, due: str) -> None:
    assert planned(step(-7, hour), who(hours=Hours(own)), last_on=DEADLINE).due_at == utc(due)


def test_novu_9126_what_falls_into_the_last_quiet_hours_goes_earlier_and_is_not_dropped() -> None:
    wave = planned(step(0), who(hours=Hours(22)), last_on=DEADLINE)
    assert (wave.due_at, wave.open_until) == (utc("2020-12-29T20:00"), utc("2020-12-29T21:00"))


def test_an_email_too_near_to_the_end_goes_an_hour_before_the_hand_over_ends() -> None:
    wave = planned(step(0), who(hours=Hours(23, 0, 0)), last_on=DEADLINE)
    assert (wave.due_at, wave.open_until) == (utc("2020-12-29T22:00"), utc("2020-12-29T23:00"))


def test_quiet_hours_of_the_day_are_kept_too() -> None:
    naps = Hours(-1, 8, 16)
    wave = planned(step(-7), who(hours=naps), last_on=DEADLINE)
    assert (wave.due_at, wave.open_until) == (utc("2020-12-22T16:00"), utc("2020-12-23T08:00"))


CLOCK_CHANGES = {
    "the hour does not exist": (1, date(2020, 3, 29), "2020-03-29T01:00"),
    "the hour comes twice": (1, date(2020, 10, 25), "2020-10-25T00:00"),
    "the day before": (9, date(2020, 3, 28), "2020-03-28T09:00"),
    "the day of the change": (9, date(2020, 3, 29), "2020-03-29T08:00"),
}


@pytest.mark.parametrize(("hour", "day", "due"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES.keys())
def test_across_clock_changes(hour: int, day: date, due: str) -> None:
    wave = planned(step(0, hour, day, day + timedelta(days=3)), who(hours=NEVER_QUIET), last_on=None)
    assert wave.due_at == utc(due)


def test_days_are_calendar_days_not_24_hours() -> None:
    sent = [planned(step(offset, on=date(2020, 3, 31)), who(), last_on=date(2020, 3, 31)).due_at for offset in (-3, -2)]
    assert sent[1] - sent[0] == timedelta(hours=23)


STARTS = {
    "a second before nine": ("2020-12-01T08:59:59", "2020-12-01T09:00"),
    "at nine": ("2020-12-01T09:00:00", "2020-12-01T09:00"),
    "a second after nine": ("2020-12-01T09:00:01", "2020-12-02T09:00"),
}


@pytest.mark.parametrize(("started", "due"), STARTS.values(), ids=STARTS.keys())
def test_the_start_goes_at_the_next_nine_o_clock(started: str, due: str) -> None:
    at = utc(started)
    assert planned(start(at), who(), last_on=DEADLINE, live_since=at).due_at == utc(due)


def test_the_start_reaches_everybody_within_a_day_wherever_they_live() -> None:
    dues = [planned(start(STARTED), who(zone), last_on=DEADLINE).due_at for zone in (KIRITIMATI, LONDON, LOS_ANGELES)]
    assert dues == [utc("2020-12-01T19:00"), utc("2020-12-02T09:00"), utc("2020-12-01T17:00")]


def test_what_is_started_on_the_last_day_goes_at_once() -> None:
    at = utc("2020-12-29T14:30")
    assert planned(start(at), who(), last_on=DEADLINE, live_since=at).due_at == at


def test_what_is_started_in_the_last_night_cannot_go_any_more() -> None:
    at = utc("2020-12-29T21:00")
    assert plan_wave(start(at), who(), last_on=DEADLINE, live_since=at) is Reason.TOO_LATE


LIVE_SINCE = {
    "a second before": ("2020-12-22T08:59:59", "2020-12-22T09:00"),
    "at that instant": ("2020-12-22T09:00:00", "2020-12-22T09:00"),
    "a second after": ("2020-12-22T09:00:01", None),
}


@pytest.mark.parametrize(("live_since", "due"), LIVE_SINCE.values(), ids=LIVE_SINCE.keys())
def test_civicrm_18298_nothing_due_before_the_campaign_went_live_is_planned(live_since: str, due: str | None) -> None:
    wave = plan_wave(step(-7), who(), last_on=DEADLINE, live_since=utc(live_since))
    assert (wave.due_at if isinstance(wave, PlannedWave) else wave) == (utc(due) if due else Reason.PAST_AT_START)


def test_a_step_after_its_last_useful_day_is_too_late() -> None:
    late = step(1, on=DEADLINE, until=DEADLINE)
    assert plan_wave(late, who(), last_on=DEADLINE) is Reason.TOO_LATE


def test_a_step_ends_with_its_own_last_useful_day() -> None:
    wave = planned(step(-7, until=date(2020, 12, 22)), who(LONDON, SMS), last_on=DEADLINE)
    assert wave.not_after == utc("2020-12-23T00:00")


def test_without_any_date_a_reminder_is_of_use_for_a_week() -> None:
    wave = planned(start(STARTED, until=None), who(LONDON, SMS), last_on=None)
    assert wave.not_after == utc("2020-12-10T00:00")


def test_an_unknown_zone_is_the_campaigns_for_email() -> None:
    by_email = reader(Habits(), EMAIL, campaign_zone=AUCKLAND)
    assert by_email is not None
    assert planned(step(-7), by_email, last_on=DEADLINE).due_at == utc("2020-12-21T20:00")


def test_an_unknown_zone_is_never_the_campaigns_for_sms() -> None:
    assert reader(Habits(), SMS, campaign_zone=AUCKLAND) is None


def test_a_text_to_an_unknown_zone_waits_until_the_whole_country_is_awake() -> None:
    usa = reader(
        Habits(sms_country="US"),
        SMS,
        campaign_zone=LONDON,
        country_zones=("America/New_York", "Pacific/Honolulu", LOS_ANGELES),
    )
    assert usa is not None
    wave = planned(step(-2), usa, last_on=DEADLINE)
    # 09:00 in Honolulu, 14:00 in New York; at 21:00 in New York it ends.
    assert (wave.due_at, wave.open_until) == (utc("2020-12-27T19:00"), utc("2020-12-28T02:00"))
    assert wave.not_after == end_of_day(DEADLINE, "America/New_York")


def test_a_country_that_is_never_awake_as_a_whole_gets_no_text() -> None:
    short = Habits(sms_country="US", sms=Hours(-1, 12, 9))
    never = reader(short, SMS, campaign_zone=LONDON, country_zones=("America/New_York", "Pacific/Honolulu"))
    assert never is not None
    assert plan_wave(step(-2), never, last_on=DEADLINE) is Reason.NO_HOUR


def test_what_the_night_interrupts_goes_on_in_the_morning() -> None:
    morning = next_window(who(), utc("2020-12-22T21:00"), utc("2020-12-30T00:00"))
    assert morning is not None
    assert (morning.local_on, morning.due_at) == (date(2020, 12, 23), utc("2020-12-23T08:00"))


def test_by_day_the_next_window_is_now() -> None:
    now = utc("2020-12-23T08:30")
    window = next_window(who(), now, utc("2020-12-30T00:00"))
    assert window is not None
    assert (window.due_at, window.open_until) == (now, utc("2020-12-23T21:00"))


def test_after_the_last_evening_there_is_no_next_window() -> None:
    assert next_window(who(), utc("2020-12-29T21:00"), utc("2020-12-30T00:00")) is None


def test_somebody_who_had_another_reminder_today_goes_on_tomorrow_at_her_hour() -> None:
    tomorrow = next_day(who(hours=Hours(18)), 9, date(2020, 12, 22), utc("2020-12-30T00:00"))
    assert tomorrow is not None
    assert (tomorrow.local_on, tomorrow.due_at) == (date(2020, 12, 23), utc("2020-12-23T18:00"))


def test_after_the_last_day_there_is_no_tomorrow() -> None:
    assert next_day(who(), 9, DEADLINE, utc("2020-12-30T00:00")) is None


zones = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"}))
hours = st.builds(Hours, st.integers(-1, 23), st.integers(0, 23), st.integers(0, 23))
days = st.dates(date(2015, 1, 1), date(2040, 12, 1))


def is_quiet(instant: datetime, zone: str, kept: Hours) -> bool:
    hour = instant.astimezone(ZoneInfo(zone)).hour
    if kept.quiet_from <= kept.quiet_to:
        return kept.quiet_from <= hour < kept.quiet_to
    return hour >= kept.quiet_from or hour < kept.quiet_to


@given(days, st.integers(-30, 0), st.integers(0, 23), zones, hours, st.sampled_from(Channel))
def test_every_step_up_to_the_deadline_goes_in_a_decent_hour_and_before_the_end(
    deadline: date, offset: int, at_hour: int, zone: str, kept: Hours, channel: Channel
) -> None:
    person = who(zone, channel, kept)
    wave = planned(step(offset, at_hour, deadline), person, last_on=deadline)
    assert wave.due_at < wave.open_until <= wave.not_after - person.margin
    assert wave.not_after == end_of_day(deadline, zone)
    assert not is_quiet(wave.due_at, zone, kept)
    assert not is_quiet(wave.open_until - ONE_SECOND, zone, kept)
    assert wave.local_on == local_day(wave.due_at, zone)
    assert wave == plan_wave(step(offset, at_hour, deadline), person, last_on=deadline)


@given(days, st.integers(8, 20), zones)
def test_the_hour_of_a_day_without_quiet_is_the_hour_on_the_clock(day: date, hour: int, zone: str) -> None:
    wave = planned(step(0, hour, day, day + timedelta(days=2)), who(zone), last_on=None)
    wanted = datetime.combine(day, time(hour))
    assert wave.due_at == at_wall_clock(day, hour, zone)
    local = wave.due_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert local == wanted or local_day(wave.due_at, zone) > day or local > wanted


@given(days, st.integers(0, 86_399), zones, zones, hours)
def test_the_start_is_never_before_it_was_started(
    day: date, second: int, zone: str, campaign: str, kept: Hours
) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    wave = plan_wave(start(at, campaign, day + timedelta(days=20)), who(zone, EMAIL, kept), last_on=None, live_since=at)
    assume(isinstance(wave, PlannedWave))
    assert isinstance(wave, PlannedWave)
    assert at <= wave.due_at <= at + timedelta(hours=51)


@given(st.integers(0, 30 * 86_400), zones, hours)
def test_nothing_that_was_due_before_is_planned(second: int, zone: str, kept: Hours) -> None:
    live_since = datetime(2020, 12, 1, tzinfo=UTC) + timedelta(seconds=second)
    for offset in (-7, -2, 0):
        wave = plan_wave(step(offset), who(zone, SMS, kept), last_on=DEADLINE, live_since=live_since)
        assert not isinstance(wave, PlannedWave) or wave.due_at >= live_since
