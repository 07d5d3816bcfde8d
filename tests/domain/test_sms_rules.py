"""Who may be texted, from which sender and when: tables of countries, days and senders, and what must hold for all."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.sms_rules import EVERYWHERE, CountryRule, Holiday, SenderKind, SmsRules, SmsSender, easter
from reminder.domain.states import Channel, Reason
from reminder.domain.waves import Habits, Hours, PlannedWave, Reader, StepPlan, next_day, next_window, plan_wave, reader

ALPHA, LONG, SHORT, FREE = SenderKind.ALPHA, SenderKind.LONG, SenderKind.SHORT, SenderKind.TOLL_FREE
CHECKED = date(2026, 11, 22)
SUNDAY, MONDAY = date(2020, 12, 27), date(2020, 12, 28)
CHRISTMAS = date(2020, 12, 25)
LONDON, PARIS, NEW_YORK, TOKYO = "Europe/London", "Europe/Paris", "America/New_York", "Asia/Tokyo"


def rule(country: str, *senders: SenderKind, **more: object) -> CountryRule:
    return CountryRule(country, frozenset(senders), "a test", CHECKED, **more)  # type: ignore[arg-type]


FRANCE = rule(
    "FR",
    ALPHA,
    SHORT,
    two_way=frozenset({SHORT}),
    hours_from=8,
    hours_to=20,
    weekdays=frozenset(range(6)),
    holidays=frozenset({(12, 25), 1, date(2020, 12, 31)}),
)
BRITAIN = rule("GB", ALPHA, LONG, two_way=frozenset({LONG}))
IRELAND = rule("IE", ALPHA, LONG, registration=frozenset({ALPHA}), two_way=frozenset({LONG}))
AMERICA = rule("US", LONG, FREE, registration=frozenset({LONG, FREE}), two_way=frozenset({LONG, FREE}), hours_from=9)
ROWS = {each.country: each for each in (FRANCE, BRITAIN, IRELAND, AMERICA)}
NAME = SmsSender("Reminder", ALPHA)
NUMBER = SmsSender("+447700900123", LONG, True, ("GB", "IE"))
CODE = SmsSender("36180", SHORT, True, ("FR",))


def rules(*senders: SmsSender, countries: str = "FR GB IE US", default: SmsSender | None = NAME) -> SmsRules:
    return SmsRules(ROWS, frozenset(countries.split()), senders, default)


@pytest.mark.parametrize(
    ("country", "senders", "default", "expected"),
    [
        ("GB", (), NAME, NAME),
        ("gb", (NUMBER,), NAME, NUMBER),
        ("FR", (NUMBER,), NAME, NAME),
        ("FR", (CODE,), NAME, CODE),
        # A name must be registered there: the default one is not, one that names the country is.
        ("IE", (), NAME, None),
        ("IE", (SmsSender("Letters", ALPHA, False, ("IE",)),), NAME, SmsSender("Letters", ALPHA, False, ("IE",))),
        ("IE", (SmsSender("+15005550006", LONG, True),), NAME, SmsSender("+15005550006", LONG, True)),
        # Nothing may be sent from a name at all; a number must be registered.
        ("US", (SmsSender("Letters", ALPHA, False, ("US",)),), NAME, None),
        ("US", (SmsSender("+15005550006", LONG, True),), NAME, None),
        ("FR", (SmsSender("+33700000000", LONG, True, ("FR",)),), None, None),
        ("KE", (NUMBER,), NAME, None),
        ("", (), NAME, None),
        ("?", (), NAME, None),
    ],
)
def test_a_text_comes_from_the_first_lawful_sender(
    country: str, senders: tuple[SmsSender, ...], default: SmsSender | None, expected: SmsSender | None
) -> None:
    ours = rules(*senders, default=default)
    assert ours.sender_for(country) == expected
    assert ours.allowed(country) == (expected is not None)


def test_a_sender_is_two_way_only_where_its_kind_is() -> None:
    one_way = rule("GB", LONG)
    ours = SmsRules({"GB": one_way}, frozenset({"GB"}), (NUMBER,))
    found = ours.sender_for("GB")
    assert found is not None
    assert (found.identity, found.two_way) == (NUMBER.identity, False)


@pytest.mark.parametrize(
    ("country", "why"),
    [
        ("GB", ""),
        ("DE", "it is not in SMS_COUNTRIES"),
        ("", "it is not in SMS_COUNTRIES"),
        ("KE", "the table of countries has no row for it"),
        ("US", "no sender of ours is of a kind that is lawful there"),
    ],
)
def test_it_is_said_why_a_country_gets_no_texts(country: str, why: str) -> None:
    assert rules(countries="GB US KE").why_not(country) == why


@pytest.mark.parametrize(
    ("country", "on", "hour", "is_open"),
    [
        ("FR", MONDAY, 7, False),
        ("FR", MONDAY, 8, True),
        ("FR", MONDAY, 19, True),
        ("FR", MONDAY, 20, False),
        ("FR", SUNDAY, 12, False),
        ("FR", CHRISTMAS, 12, False),
        ("FR", date(2021, 12, 25), 12, False),
        ("FR", date(2020, 12, 31), 12, False),
        ("FR", date(2021, 12, 31), 12, True),
        ("FR", date(2020, 4, 13), 12, False),  # Easter Monday
        ("FR", date(2021, 4, 5), 12, False),
        ("FR", date(2021, 4, 6), 12, True),
        ("GB", SUNDAY, 3, True),
        ("US", SUNDAY, 8, False),
        ("US", SUNDAY, 23, True),
        ("KE", MONDAY, 12, False),
        ("", MONDAY, 12, False),
    ],
)
def test_each_country_has_its_hours_and_days(country: str, on: date, hour: int, is_open: bool) -> None:
    assert rules().open_on(country, on, hour) == is_open


def test_without_a_provider_that_texts_leave_by_no_rule_holds() -> None:
    ours = SmsRules(ROWS, frozenset(), (), NAME, everywhere=True)
    assert ours.allowed("KE")
    assert ours.open_on("FR", SUNDAY, 3)
    assert ours.sender_for("US") == NAME
    assert ours.hours_of("FR") is None
    assert (ours.route_of("FR"), rules().route_of("fr")) == ("", "FR")


def test_other_rules_have_another_digest() -> None:
    same = rules(NUMBER).digest()
    assert rules(NUMBER).digest() == same
    late = SmsRules(
        ROWS | {"FR": rule("FR", ALPHA, hours_from=9)}, frozenset(["FR", "GB", "IE", "US"]), (NUMBER,), NAME
    )
    others = [rules(), rules(NUMBER, countries="GB"), rules(NUMBER, default=None), EVERYWHERE, late]
    assert len({same, *(each.digest() for each in others)}) == 6


@pytest.mark.parametrize(
    "sunday", ["1583-04-10", "1818-03-22", "1943-04-25", "2000-04-23", "2020-04-12", "2027-03-28", "2038-04-25"]
)
def test_easter_is_on_its_sunday(sunday: str) -> None:
    assert easter(int(sunday[:4])).isoformat() == sunday


# When a text goes: hours of a country are like quiet hours, and the email part of a step takes over where they are not.


def by_sms(country: str, zone: str = "", hours: Hours | None = None, texts: SmsRules | None = None) -> Reader:
    zones = {"FR": (PARIS,), "GB": (LONDON,), "US": (NEW_YORK, "Pacific/Honolulu")}[country]
    made = reader(
        Habits(zone, country, sms=hours or Hours()),
        Channel.SMS,
        campaign_zone=LONDON,
        country_zones=zones,
        texts=texts or rules(SmsSender("+15005550006", LONG, True, ("US",))),
    )
    assert made is not None
    return made


def step(on: date, hour: int = 9) -> StepPlan:
    return StepPlan("deadline-2d", "deadline", on, 0, hour, (Channel.SMS, Channel.EMAIL))


@pytest.mark.parametrize(
    ("hour", "hours", "on", "last_on", "expected"),
    [
        (9, Hours(), MONDAY, date(2020, 12, 29), "2020-12-28 09:00 to 20:00"),
        (6, Hours(quiet_from=22, quiet_to=6), MONDAY, date(2020, 12, 29), "2020-12-28 08:00 to 20:00"),
        (20, Hours(), MONDAY, date(2020, 12, 29), "2020-12-29 08:00 to 20:00"),
        (20, Hours(), MONDAY, MONDAY, "2020-12-28 19:00 to 20:00"),
        (9, Hours(), SUNDAY, date(2020, 12, 29), "2020-12-28 08:00 to 20:00"),
        (9, Hours(), SUNDAY, SUNDAY, "2020-12-26 19:00 to 20:00"),
        (9, Hours(), CHRISTMAS, date(2020, 12, 29), "2020-12-26 08:00 to 20:00"),
        (9, Hours(quiet_from=0, quiet_to=0), SUNDAY, date(2020, 12, 29), "2020-12-28 08:00 to 20:00"),
    ],
)
def test_a_text_waits_for_the_hours_of_its_country_or_goes_before_them(
    hour: int, hours: Hours, on: date, last_on: date, expected: str
) -> None:
    wave = plan_wave(step(on, hour), by_sms("FR", PARIS, hours), last_on=last_on)
    assert isinstance(wave, PlannedWave)
    start, end = (at.astimezone(ZoneInfo(PARIS)) for at in (wave.due_at, wave.open_until))
    assert f"{start:%Y-%m-%d %H:%M} to {end:%H:%M}" == expected
    assert start.date() == end.date() == wave.local_on


def test_a_country_without_a_lawful_sender_gets_nothing() -> None:
    found = by_sms("US", NEW_YORK, texts=rules())
    assert plan_wave(step(MONDAY), found, last_on=MONDAY) is Reason.NO_SMS_SENDER
    assert next_window(found, datetime(2020, 12, 28, tzinfo=UTC), datetime(2020, 12, 30, tzinfo=UTC)) is None
    assert next_day(found, 9, MONDAY, datetime(2020, 12, 30, tzinfo=UTC)) is None


def test_where_the_law_leaves_no_hour_it_is_the_law_that_is_named() -> None:
    never = SmsRules({"GB": rule("GB", ALPHA, weekdays=frozenset())}, frozenset({"GB"}), (), NAME)
    who = by_sms("GB", LONDON, texts=never)
    assert plan_wave(step(MONDAY), who, last_on=MONDAY) is Reason.NO_TEXTS_THEN
    late = datetime(2020, 12, 30, tzinfo=UTC)
    assert plan_wave(step(MONDAY), who, last_on=MONDAY, live_since=late) is Reason.PAST_AT_START


def test_who_lives_elsewhere_than_her_number_must_find_both_open() -> None:
    """A British reader with a French number in Tokyo: 8 to 20 in Paris is 16 to 4 in Tokyo."""
    wave = plan_wave(step(MONDAY), by_sms("FR", TOKYO), last_on=date(2020, 12, 29))
    assert isinstance(wave, PlannedWave)
    start, end = (at.astimezone(ZoneInfo(TOKYO)) for at in (wave.due_at, wave.open_until))
    assert (start.hour, end.hour) == (16, 20)


ZONES = st.sampled_from(
    [LONDON, PARIS, NEW_YORK, TOKYO, "Pacific/Honolulu", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]
)
HOLIDAYS: st.SearchStrategy[Holiday] = st.one_of(
    st.tuples(st.integers(1, 12), st.integers(1, 28)),
    st.integers(-60, 60),
    st.dates(date(2020, 1, 1), date(2021, 12, 31)),
)


@given(
    country=st.sampled_from(["FR", "GB", "US"]),
    zone=st.one_of(st.just(""), ZONES),
    opens=st.integers(0, 22),
    lasts=st.integers(1, 24),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(HOLIDAYS, max_size=4),
    quiet=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    on=st.dates(date(2020, 1, 1), date(2021, 12, 31)),
    hour=st.integers(0, 23),
    days=st.integers(0, 9),
    after=st.integers(0, 200),
)
def test_nobody_is_texted_outside_of_the_hours_and_days_of_her_country_in_any_zone(
    country: str,
    zone: str,
    opens: int,
    lasts: int,
    weekdays: frozenset[int],
    holidays: frozenset[Holiday],
    quiet: tuple[int, int],
    on: date,
    hour: int,
    days: int,
    after: int,
) -> None:
    law = rule(
        country,
        ALPHA,
        hours_from=opens,
        hours_to=min(24, opens + lasts),
        weekdays=weekdays,
        holidays=holidays,
    )
    texts = SmsRules({country: law}, frozenset({country}), (), NAME)
    who = by_sms(country, zone, Hours(-1, *quiet), texts)
    found = plan_wave(step(on, hour), who, last_on=on + timedelta(days=days))
    waves = [found] if isinstance(found, PlannedWave) else []
    if waves:
        now = waves[0].open_until + timedelta(hours=after)
        waves += [w for w in (next_window(who, now, waves[0].not_after),) if w is not None]
        waves += [w for w in (next_day(who, hour, waves[0].local_on, waves[0].not_after),) if w is not None]
    for wave in waves:
        assert wave.due_at < wave.open_until <= wave.not_after
        last = wave.open_until - timedelta(seconds=1)
        for clock in {*who.zones, *who.law_zones}:
            for at in (wave.due_at, wave.due_at + (last - wave.due_at) / 2, last):
                local = at.astimezone(ZoneInfo(clock))
                assert texts.open_on(country, local.date(), local.hour)
