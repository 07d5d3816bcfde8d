"""When one step reaches one rhythm by one channel: her own hour, her quiet hours, the whole of her last day.

Quiet hours put a sending off to their end; where that would pass its last instant it goes earlier instead; it is never
dropped for them. Where a zone is unknown, the campaign's serves for email; a text waits until every zone of the
number's country is awake. Hours and days at which the country of the number forbids texts count like quiet hours. `not_after`
is the end of the last useful day where the reader lives; email is handed over only until a margin before it, for its way
through the provider.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from reminder.domain.sms_rules import EVERYWHERE, CountryRule, SmsRules
from reminder.domain.states import Channel, Reason
from reminder.domain.times import ONE_DAY, at_wall_clock, end_of_day, local_day

EMAIL_MARGIN = timedelta(minutes=60)
# A step without a deadline, review day or last useful day of its own is not handed over later than this after its day.
OPEN_END_DAYS = 7
# What goes earlier than it should leaves this much time before quiet hours or the end begin.
EARLIER_BY = timedelta(hours=1)
STEPS_HOUR = -1
# Days on which a reader is looked for awake, on each side of a step's day; more of them where a country has holidays.
DAYS_AROUND = 2
DAYS_AROUND_HOLIDAYS = 5


@dataclass(frozen=True, slots=True)
class Hours:
    """Whole local hours of one channel. `own` −1: the step's hour. Quiet from `quiet_from` to `quiet_to`; equal: never."""

    own: int = STEPS_HOUR
    quiet_from: int = 21
    quiet_to: int = 8


@dataclass(frozen=True, slots=True)
class Habits:
    """A rhythm. `zone` '' is the campaign's. `sms_country` (two letters) is the number's, '' where there is none: its rules
    hold for texts, and where the zone is not known its zones are those that a text must wait for."""

    zone: str = ""
    sms_country: str = ""
    email: Hours = Hours()
    sms: Hours = Hours()


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One reminder of a plan.

    `channels` in order of preference. A step that hangs on a start or an update has `anchor_at`, the instant after which
    its next `at_hour` counts; `anchor_on` is the day of that instant in the campaign's zone. `until_on` is the last local
    day on which what it says is of use; None: the campaign's deadline or review day.
    """

    step_key: str
    anchor: str
    anchor_on: date
    offset_days: int
    at_hour: int
    channels: tuple[Channel, ...]
    last_useful: bool = False
    anchor_at: datetime | None = None
    until_on: date | None = None

    @property
    def local_on(self) -> date:
        """The local day it is meant for; one that hangs on an instant may come a day later or earlier by zone."""
        return self.anchor_on + timedelta(days=self.offset_days)


@dataclass(frozen=True, slots=True)
class Reader:
    """One rhythm by one channel in one campaign. Several `zones`: one of them is hers, all must be awake.

    `margin` before a not-after is not used for a hand-over. `law`: the rule of her number's country, which holds by the
    clocks of `law_zones`. `refused`: why nothing goes to such a number at all.
    """

    channel: Channel
    zones: tuple[str, ...]
    hours: Hours
    margin: timedelta = timedelta()
    law: CountryRule | None = None
    law_zones: tuple[str, ...] = ()
    refused: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """When a sending opens, until when it may be handed over that day, and the end of its last useful day."""

    local_on: date
    due_at: datetime
    open_until: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class _Window:
    """Hours in which everybody concerned is awake; `end` is the first quiet instant."""

    start: datetime
    end: datetime


_ALWAYS = _Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def reader(
    habits: Habits,
    channel: Channel,
    *,
    campaign_zone: str,
    country_zones: Sequence[str] = (),
    email_margin: timedelta = EMAIL_MARGIN,
    texts: SmsRules = EVERYWHERE,
) -> Reader | None:
    """The clocks that count for a rhythm by `channel`; None where no clock is known for a text.

    `country_zones` are the zones of the number's country, `texts` the rules for texts. A country's hours hold by the
    reader's own clock; who lives elsewhere than her number must find them open by all clocks of both.
    """
    if channel is Channel.EMAIL:
        return Reader(channel, (habits.zone or campaign_zone,), habits.email, email_margin)
    zones = (habits.zone,) if habits.zone else tuple(sorted(set(country_zones)))
    if not zones:
        return None
    if not texts.allowed(habits.sms_country):
        return Reader(channel, zones, habits.sms, refused=Reason.NO_SMS_SENDER)
    law = texts.hours_of(habits.sms_country)
    if law is None or set(zones) <= set(country_zones):
        return Reader(channel, zones, habits.sms, law=law, law_zones=zones)
    return Reader(channel, zones, habits.sms, law=law, law_zones=tuple(sorted({*zones, *country_zones})))


def without_law(who: Reader) -> Reader:
    """The same reader, as if texts might go to every country at every hour."""
    return replace(who, law=None, law_zones=(), refused=Reason.NONE)


def plan_wave(
    step: StepPlan, who: Reader, *, last_on: date | None, live_since: datetime | None = None
) -> PlannedWave | Reason:
    """The sending of `step` for `who`, or why there is none.

    `last_on` is the campaign's deadline, else its review day. Nothing that was due before `live_since` is planned:
    `Reason.PAST_AT_START`. `Reason.TOO_LATE`: no instant before its end is left. `Reason.NO_HOUR`: the zones of the
    number's country are never awake together. `Reason.NO_SMS_SENDER`, `Reason.NO_TEXTS_THEN`: it would go but for the
    rules of the number's country.
    """
    if who.refused:
        return who.refused
    found = _planned(step, who, last_on, live_since)
    if who.law is None or isinstance(found, PlannedWave):
        return found
    free = _planned(step, without_law(who), last_on, live_since)
    return Reason.NO_TEXTS_THEN if isinstance(free, PlannedWave) else free


def _planned(step: StepPlan, who: Reader, last_on: date | None, live_since: datetime | None) -> PlannedWave | Reason:
    hour = step.at_hour if who.hours.own == STEPS_HOUR else who.hours.own
    day = _first_day(step, who, hour)
    until = step.until_on or last_on or day + timedelta(days=OPEN_END_DAYS)
    not_after = min(end_of_day(until, zone) for zone in who.zones)
    end = not_after - who.margin
    around = _around(who)
    windows = _windows(who, day - around, day + around)
    if not windows:
        return Reason.NO_HOUR
    wanted = _when(day, hour, who)
    window = _from(windows, wanted, end)
    if window is None and step.anchor_at is not None:
        # The next such hour is past the end: what was started on the last day goes as soon as people are awake.
        window = _from(
            _windows(who, until - around, until), max(step.anchor_at, live_since or step.anchor_at), not_after
        )
    elif window is None and day <= until:
        window = _before(windows, end, live_since)
    if window is None:
        return Reason.TOO_LATE
    if live_since is not None and window.start < live_since:
        return Reason.PAST_AT_START
    return _wave(who, window, not_after)


def next_window(who: Reader, after: datetime, not_after: datetime) -> PlannedWave | None:
    """The next hours in which `who` may be written to, from `after` on; None if there are none before `not_after`.

    What a sending of which the quiet hours began goes on with.
    """
    if who.refused:
        return None
    day = min(local_day(after, zone) for zone in who.zones)
    around = _around(who)
    window = _from(_windows(who, day - around, day + around + ONE_DAY), after, not_after - who.margin)
    return None if window is None else _wave(who, window, not_after)


def next_day(who: Reader, at_hour: int, local_on: date, not_after: datetime) -> PlannedWave | None:
    """The same on the day after `local_on`, at her own hour or `at_hour`; None if that is past `not_after`.

    Where somebody who had another reminder today goes on.
    """
    if who.refused:
        return None
    day = local_on + ONE_DAY
    hour = at_hour if who.hours.own == STEPS_HOUR else who.hours.own
    windows = _windows(who, day - ONE_DAY, day + _around(who))
    end = not_after - who.margin
    window = _from(windows, _when(day, hour, who), end) or _before(windows, end, None)
    if window is None or min(local_day(window.start, zone) for zone in who.zones) <= local_on:
        return None
    return _wave(who, window, not_after)


def _first_day(step: StepPlan, who: Reader, hour: int) -> date:
    if step.anchor_at is None:
        return step.local_on
    day = min(local_day(step.anchor_at, zone) for zone in who.zones)
    while _when(day, hour, who) < step.anchor_at:
        day += ONE_DAY
    return day + timedelta(days=step.offset_days)


def _when(day: date, hour: int, who: Reader) -> datetime:
    """The first instant at which it is `hour` or later on `day` for everybody."""
    return max(at_wall_clock(day, hour, zone) for zone in who.zones)


def _windows(who: Reader, first: date, last: date) -> list[_Window]:
    """The hours awake that begin on the days `first` to `last`, in order; those shared by all zones, and lawful in all."""
    days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    shared = [_ALWAYS]
    if who.hours.quiet_from != who.hours.quiet_to:
        for zone in who.zones:
            shared = _shared(shared, [_awake(day, zone, who.hours) for day in days])
    if who.law is not None:
        # The last hours awake of `last` may end on the day after it.
        lawful = [day for day in (days[0] - ONE_DAY, *days, days[-1] + ONE_DAY) if who.law.open_on_day(day)]
        for zone in who.law_zones:
            shared = _shared(shared, [_lawful(day, zone, who.law) for day in lawful])
    return shared


def _shared(some: Sequence[_Window], others: Sequence[_Window]) -> list[_Window]:
    both = [_Window(max(a.start, b.start), min(a.end, b.end)) for a in some for b in others]
    return [window for window in both if window.start < window.end]


def _lawful(day: date, zone: str, law: CountryRule) -> _Window:
    return _Window(at_wall_clock(day, law.hours_from, zone), at_wall_clock(day, law.hours_to, zone))


def _around(who: Reader) -> timedelta:
    return (DAYS_AROUND if who.law is None else DAYS_AROUND_HOLIDAYS) * ONE_DAY


def _awake(day: date, zone: str, hours: Hours) -> _Window:
    """The hours awake that begin on `day`: they end that evening, or where the quiet hours begin after midnight, then."""
    ends_on = day if hours.quiet_from > hours.quiet_to else day + ONE_DAY
    return _Window(at_wall_clock(day, hours.quiet_to, zone), at_wall_clock(ends_on, hours.quiet_from, zone))


def _from(windows: Sequence[_Window], wanted: datetime, last: datetime) -> _Window | None:
    """`wanted` or the next instant awake, up to the next quiet one or the end; None if nothing is left before the end."""
    for window in windows:
        if window.end > wanted:
            start = max(window.start, wanted)
            return _Window(start, min(window.end, last)) if start < last else None
    return None


def _before(windows: Sequence[_Window], last: datetime, live_since: datetime | None) -> _Window | None:
    """The last hour awake before the end, not earlier than `live_since` where that still leaves time."""
    for window in reversed(windows):
        if window.start < last:
            end = min(window.end, last)
            start = max(window.start, end - EARLIER_BY)
            return _Window(max(start, live_since) if live_since and live_since < end else start, end)
    return None


def _wave(who: Reader, window: _Window, not_after: datetime) -> PlannedWave:
    local_on = min(local_day(window.start, zone) for zone in who.zones)
    return PlannedWave(local_on, window.start, window.end, not_after)
