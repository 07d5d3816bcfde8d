"""What the rules for texts make of a plan: email where a text is not lawful, a reason where there is no email."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from reminder.domain.limits import NO_LIMITS
from reminder.domain.sms_rules import CountryRule, SenderKind, SmsRules, SmsSender
from reminder.domain.states import Channel, DeliveryState, Reason, WaveState
from reminder.outbox.opening import open_due
from reminder.planning.forecast import Forecast, forecast
from reminder.planning.why import Item, why
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.planning.casts import Somebody, casts, empty, made_since, settle
from tests.planning.test_forecast import (
    IN_A_DATABASE,
    assert_everybody_is_counted_once,
    next_instant,
)
from tests.planning.world import BEGAN, MAIL, World, make_world, utc, zones_of

ALPHA, LONG = SenderKind.ALPHA, SenderKind.LONG
NAME = SmsSender("Reminder", ALPHA)
PARIS, LONDON = "Europe/Paris", "Europe/London"
HOUR = timedelta(hours=1)
# 27 December 2020, two days before the deadline, is a Sunday: the day of the step that prefers texts.
TEXTED_ON = date(2020, 12, 27)
SUNDAY = utc("2020-12-27T12:00")
LAST = "deadline-0d"
TEXTED = "deadline-2d"


def rule(country: str, **more: Any) -> CountryRule:
    return CountryRule(country, frozenset({ALPHA}), "a test", date(2026, 11, 22), **more)


FRANCE = rule("FR", hours_from=8, hours_to=20, weekdays=frozenset(range(6)))
ROWS = {"FR": FRANCE, "GB": rule("GB"), "US": rule("US", hours_from=9, hours_to=21)}


def rules(*countries: str, **more: CountryRule) -> SmsRules:
    return SmsRules(ROWS | more, frozenset(countries), (), NAME)


def tick(world: World, now: datetime) -> None:
    world.plan(now)
    world.triage(now)
    open_due(world.database, now, chunk=3, zones_of=zones_of, texts=world.texts)


def go_on(world: World, *days: int) -> None:
    """A heartbeat an hour on these days of December."""
    for day in days:
        for hour in range(24):
            tick(world, datetime.fromisoformat(f"2020-12-{day:02}T{hour:02}:00+00:00"))


def promises(world: World, person: int, step: str = TEXTED) -> list[tuple[str, str, str, str]]:
    """(channel, local day, state, reason) of each promise of a step to a person."""
    with world.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT channel, local_on, state, reason FROM delivery WHERE subscriber_id = :person AND step_key = :step"
                " ORDER BY channel"
            ),
            {"person": person, "step": step},
        ).all()
    return [
        (
            Channel(row.channel).name.lower(),
            f"{date.fromordinal(row.local_on):%a}",
            DeliveryState(row.state).name.lower(),
            Reason(row.reason).name.lower() if row.reason else "",
        )
        for row in rows
    ]


def look_ahead(world: World, campaign_id: int, now: datetime = BEGAN) -> Forecast:
    limits = {channel: {"p": NO_LIMITS} for channel in Channel}
    return forecast(world.desk, campaign_id, now=now, limits=limits, country_zones=zones_of, texts=world.texts)


def told(world: World, campaign_id: int, person: int, step: str = TEXTED, now: datetime = BEGAN) -> Item:
    found = why(world.database, campaign_id, person, now, country_zones=zones_of, texts=world.texts)
    [item] = [item for item in found.items if item.step_key == step]
    return item


@pytest.fixture
def family(mail_world: World) -> dict[str, int]:
    """Both channels, or texts alone, in Britain and in France."""
    return {
        "Clara": mail_world.person("Clara", LONDON, sms=True, phone_country="GB"),
        "Camille": mail_world.person("Camille", PARIS, sms=True, phone_country="FR"),
        "Colin": mail_world.person("Colin", LONDON, sms=True, email=False, phone_country="GB"),
        "Chloe": mail_world.person("Chloe", PARIS, sms=True, email=False, phone_country="FR"),
        "Farid": mail_world.person("Farid", PARIS),
    }


def test_where_there_is_no_lawful_sender_a_text_becomes_an_email_or_a_promise_that_says_why(
    mail_world: World, family: dict[str, int]
) -> None:
    mail_world.texts = rules("GB")
    campaign_id = mail_world.live()
    go_on(mail_world, 26, 27, 28)
    found = {name: promises(mail_world, person) for name, person in family.items()}
    assert found == {
        "Clara": [("sms", "Sun", "due", "")],
        "Camille": [("email", "Sun", "due", "")],
        "Colin": [("sms", "Sun", "due", "")],
        "Chloe": [("sms", "Sun", "skipped", "no_sms_sender")],
        "Farid": [("email", "Sun", "due", "")],
    }
    assert told(mail_world, campaign_id, family["Chloe"], now=SUNDAY).reason is Reason.NO_SMS_SENDER


def test_on_a_day_without_texts_email_goes_and_who_has_none_waits_for_the_next_day(
    mail_world: World, family: dict[str, int]
) -> None:
    mail_world.texts = rules("GB", "FR")
    mail_world.live()
    go_on(mail_world, 26, 27, 28)
    found = {name: promises(mail_world, person) for name, person in family.items()}
    assert found["Camille"] == [("email", "Sun", "due", "")]
    assert found["Chloe"] == [("sms", "Mon", "due", "")]
    assert found["Clara"] == found["Colin"] == [("sms", "Sun", "due", "")]


def test_where_the_law_leaves_no_day_at_all_that_is_the_reason(mail_world: World, family: dict[str, int]) -> None:
    mail_world.texts = rules("GB", "FR", FR=replace(FRANCE, weekdays=frozenset()))
    campaign_id = mail_world.live()
    found = look_ahead(mail_world, campaign_id)
    assert {name: told(mail_world, campaign_id, person).reason for name, person in family.items()} == {
        **dict.fromkeys(family, Reason.NONE),
        "Chloe": Reason.NO_TEXTS_THEN,
    }
    [step] = [step for step in found.steps if step.step_key == TEXTED]
    assert step.nothing[Reason.NO_TEXTS_THEN] == 1
    go_on(mail_world, 26, 27, 28)
    assert promises(mail_world, family["Chloe"]) == [("sms", "Sun", "skipped", "no_texts_then")]


def test_a_number_of_no_known_country_gets_no_text(mail_world: World) -> None:
    unknown = mail_world.person("Ellen", LONDON, sms=True, email=False)
    mail_world.texts = rules("GB")
    campaign_id = mail_world.live()
    assert told(mail_world, campaign_id, unknown).reason is Reason.NO_SMS_SENDER


def test_the_forecast_says_how_many_get_email_instead_and_how_many_nothing(
    mail_world: World, family: dict[str, int]
) -> None:
    mail_world.texts = rules("GB")
    found = look_ahead(mail_world, mail_world.live())
    assert_everybody_is_counted_once(found)
    [step] = [step for step in found.steps if step.step_key == TEXTED]
    assert (dict(step.instead), step.going) == ({Reason.NO_SMS_SENDER: 1}, 4)
    assert step.nothing == {Reason.NO_SMS_SENDER: 1}
    said = "\n".join(found.text())
    assert "email instead of a text to 1 person: no lawful SMS sender for that country" in said
    assert "nothing to 1 person: no lawful SMS sender for that country" in said
    assert found.to_json()["steps"][0]["email_instead_of_sms"] == {}


def test_the_forecast_says_who_gets_email_because_no_text_is_allowed_on_that_day(
    mail_world: World, family: dict[str, int]
) -> None:
    mail_world.texts = rules("GB", "FR")
    found = look_ahead(mail_world, mail_world.live())
    assert_everybody_is_counted_once(found)
    [step] = [step for step in found.steps if step.step_key == TEXTED]
    assert (dict(step.instead), step.going, step.nothing) == ({Reason.NO_TEXTS_THEN: 1}, 5, {})


def test_without_an_allow_list_the_forecast_says_that_nobody_gets_a_text(
    mail_world: World, family: dict[str, int]
) -> None:
    mail_world.texts = rules()
    found = look_ahead(mail_world, mail_world.live())
    assert "Nobody gets a text: SMS_COUNTRIES names no country." in found.look_at
    assert not any(sending.channel is Channel.SMS for sending in found.sendings)
    assert Counter(step.instead[Reason.NO_SMS_SENDER] for step in found.steps if step.step_key == TEXTED) == {2: 1}


def test_why_says_why_somebody_gets_email_instead_of_a_text(mail_world: World, family: dict[str, int]) -> None:
    mail_world.texts = rules("GB")
    campaign_id = mail_world.live()
    item = told(mail_world, campaign_id, family["Camille"])
    assert (item.channel, item.status, item.instead) == (Channel.EMAIL, "will be sent", Reason.NO_SMS_SENDER)
    assert told(mail_world, campaign_id, family["Clara"]).instead is Reason.NONE
    assert told(mail_world, campaign_id, family["Farid"]).instead is Reason.NONE
    mail_world.texts = rules("GB", "FR")
    assert told(mail_world, campaign_id, family["Camille"]).instead is Reason.NO_TEXTS_THEN
    found = why(
        mail_world.database, campaign_id, family["Camille"], BEGAN, country_zones=zones_of, texts=mail_world.texts
    )
    assert any("(instead of a text: texts are not allowed there on that day)" in line for line in found.lines())


def test_other_rules_change_the_plan_at_the_next_heartbeat(mail_world: World, family: dict[str, int]) -> None:
    mail_world.texts = rules("GB", "FR")
    campaign_id = mail_world.live()
    tick(mail_world, utc("2020-12-26T12:00"))

    france = mail_world.rhythm(zone=PARIS, sms_country="FR")

    def texts_to_france() -> set[Reason]:
        planned = mail_world.waves(campaign_id, WaveState.PLANNED)
        return {wave.refused for wave in planned if wave.channel is Channel.SMS and wave.rhythm_id == france}

    assert texts_to_france() == {Reason.NONE}
    mail_world.texts = rules("GB")
    tick(mail_world, utc("2020-12-26T12:01"))
    assert texts_to_france() == {Reason.NO_SMS_SENDER}
    assert mail_world.plan(utc("2020-12-26T12:02")).moved == 0


def test_what_was_opened_by_the_old_rules_comes_once(mail_world: World, family: dict[str, int]) -> None:
    """Texts went out in the morning; taken off the list at noon, the country's email part is not for those who had one."""
    mail_world.texts = rules("GB")
    campaign_id = mail_world.live()
    late = mail_world.rhythm(zone=LONDON, sms_country="GB", email_hour=20, sms_hour=20)
    mail_world.set_campaign(campaign_id, plan_again_at=BEGAN)
    go_on(mail_world, 26)
    for hour in range(12):
        tick(mail_world, utc(f"2020-12-27T{hour:02}:00"))
    assert promises(mail_world, family["Clara"]) == [("sms", "Sun", "due", "")]
    mail_world.texts = rules()
    for hour in range(12, 24):
        tick(mail_world, utc(f"2020-12-27T{hour:02}:00"))
    go_on(mail_world, 28)
    assert promises(mail_world, family["Clara"]) == [("sms", "Sun", "due", "")]
    assert {wave.refused for wave in mail_world.waves(campaign_id) if wave.rhythm_id == late and wave.channel == 2} <= {
        Reason.NONE,
        Reason.NO_SMS_SENDER,
    }


LAWS = st.dictionaries(
    st.sampled_from(["FR", "GB", "US"]),
    st.builds(
        lambda opens, lasts, days: rule("FR", hours_from=opens, hours_to=min(24, opens + lasts), weekdays=days),
        st.integers(0, 20),
        st.integers(1, 24),
        st.frozensets(st.integers(0, 6)),
    ),
)


@IN_A_DATABASE
@given(
    people=casts(),
    countries=st.lists(st.sampled_from(["FR", "GB", "US", ""]), min_size=8, max_size=8),
    laws=LAWS,
    allowed=st.frozensets(st.sampled_from(["FR", "GB", "US"])),
    began=st.integers(20 * 24, 27 * 24),
    later=st.integers(1, 30),
)
def test_nobody_loses_a_step_that_email_can_carry_and_all_happens_as_forecast(
    database: Database,
    vault: Vault,
    people: list[Somebody],
    countries: list[str],
    laws: dict[str, CountryRule],
    allowed: frozenset[str],
    began: int,
    later: int,
) -> None:
    empty(database)
    world = make_world(database, vault, MAIL)
    world.texts = SmsRules(ROWS | {code: replace(law, country=code) for code, law in laws.items()}, allowed, (), NAME)
    now = BEGAN + began * HOUR
    campaign_id = world.live(now)
    settle(world, campaign_id, [replace(each, reminded=()) for each in people], now)
    _give_numbers(world, countries)
    for _ in range(3):
        found = look_ahead(world, campaign_id, now)
        assert_everybody_is_counted_once(found)
        at = next_instant(found, now)
        if at is None:
            break
        _beat_until(world, now, at)
        foretold: Counter[tuple[str, int, Channel]] = Counter()
        for sending in found.sendings:
            if sending.at <= at or not sending.next_day:
                foretold[sending.step_key, sending.rhythm_id, sending.channel] += sending.people
        due = {(each.step_key, each.rhythm_id, each.channel) for each in found.sendings if each.at <= at}
        made = made_since(database, int(now.timestamp()))
        assert made == {key: foretold[key] for key in {*made, *due}}
        now = at + later * HOUR
    _assert_nobody_lost_what_email_could_carry(world)


def _give_numbers(world: World, countries: list[str]) -> None:
    """Everybody with texts has a number of one of the countries."""
    with world.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT s.id, r.zone, r.sms_country, r.email_hour FROM subscriber s JOIN rhythm r ON r.id = s.rhythm_id"
            )
        ).all()
    moved = []
    for number, row in enumerate(rows):
        country = (countries[number % len(countries)] if row.zone else row.sms_country) or row.sms_country
        rhythm = world.rhythm(zone=row.zone, sms_country=country, email_hour=row.email_hour)
        moved.append({"rhythm": rhythm, "country": country, "id": row.id})
    move = text("UPDATE subscriber SET rhythm_id = :rhythm, phone_country = :country WHERE id = :id")
    if moved:
        world.database.write(lambda connection: connection.execute(move, moved))


def _beat_until(world: World, now: datetime, end: datetime) -> None:
    while now < end:
        tick(world, now)
        ahead = [wave.due_at for wave in world.waves(state=WaveState.PLANNED) if wave.due_at > now]
        now = min([end, *ahead])
    tick(world, end)


def _assert_nobody_lost_what_email_could_carry(world: World) -> None:
    """Who has email was skipped for no reason of the law, where an email part of that step was opened for her rhythm."""
    with world.database.read() as connection:
        lost = connection.execute(
            text(
                "SELECT count(*) FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id JOIN wave w ON"
                " w.campaign_id = d.campaign_id AND w.step_key = d.step_key AND w.anchor_on = d.anchor_on"
                " AND w.rhythm_id = s.rhythm_id AND w.channel = 1 WHERE d.state = 5 AND d.reason IN (30, 31)"
                " AND s.email_since IS NOT NULL AND s.email_since <= w.due_at"
            )
        ).scalar_one()
    assert lost == 0
