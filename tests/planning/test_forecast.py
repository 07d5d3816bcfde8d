"""What a forecast says is what opening then makes; everybody is counted once."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reminder.domain.limits import Limits
from reminder.domain.meant import why_never, why_no_channel
from reminder.domain.states import Channel, Reason, WaveState
from reminder.errors import Trouble
from reminder.outbox.opening import open_due
from reminder.planning import campaigns
from reminder.planning.forecast import Forecast, forecast
from reminder.store.columns import seconds
from reminder.store.database import Database
from reminder.store.vault import Vault
from reminder.store.why import known_of
from tests.planning.casts import Somebody, casts, empty, made_since, settle
from tests.planning.world import BEGAN, MAIL, WHO, World, make_world, utc, zones_of

HOUR = timedelta(hours=1)
# Each example is a whole campaign in a database: a failing one is shown as it is, to make it smaller would take minutes.
IN_A_DATABASE = settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def look_ahead(world: World, campaign_id: int, now: datetime, **rates: float) -> Forecast:
    limits = {channel: {"p": Limits(per_second=rates.get(channel.name.lower(), 0))} for channel in Channel}
    return forecast(world.desk, campaign_id, now=now, limits=limits, country_zones=zones_of)


def next_instant(found: Forecast, now: datetime) -> datetime | None:
    ahead = [sending.at for sending in found.sendings if not sending.waits]
    return max(now, min(ahead)) if ahead else None


def tick(world: World, now: datetime) -> None:
    world.plan(now)
    world.triage(now)
    open_due(world.database, now, chunk=3, zones_of=zones_of)


def beat_until(world: World, now: datetime, end: datetime) -> None:
    """A heartbeat now, whenever a sending falls due, and at the end."""
    while now < end:
        tick(world, now)
        ahead = [wave.due_at for wave in world.waves(state=WaveState.PLANNED) if wave.due_at > now]
        now = min([end, *ahead])
    tick(world, end)


def assert_everybody_is_counted_once(found: Forecast) -> None:
    assert found.reached + found.had_all + sum(found.nothing.values()) == found.audience
    for step in found.steps:
        assert step.going + step.went + sum(step.nothing.values()) == found.audience
        assert step.going == sum(each.people for each in found.sendings if each.step_key == step.step_key)
    assert min([0, *found.nothing.values(), *(n for step in found.steps for n in step.nothing.values())]) == 0


@IN_A_DATABASE
@given(
    people=casts(),
    audience=st.sampled_from([["all"], ["all"], ["list:x"], ["country:CN"]]),
    began=st.integers(0, 27 * 24),
    stood_still=st.sampled_from([0, 0, 3, 14, 60, 300]),
    later=st.integers(1, 30),
)
def test_the_next_sending_is_made_for_exactly_as_many_people_as_forecast(
    database: Database,
    vault: Vault,
    people: list[Somebody],
    audience: list[str],
    began: int,
    stood_still: int,
    later: int,
) -> None:
    empty(database)
    world = make_world(database, vault, MAIL)
    start = BEGAN + began * HOUR
    campaign_id = world.live(start, audience=audience)
    now = start + stood_still * HOUR
    settle(world, campaign_id, people, now)
    world.plan(start)
    for _ in range(3):
        found = look_ahead(world, campaign_id, now)
        assert_everybody_is_counted_once(found)
        at = next_instant(found, now)
        if at is None:
            break
        beat_until(world, now, at)
        foretold: Counter[tuple[str, int, Channel]] = Counter()
        for sending in found.sendings:
            if sending.at <= at or not sending.next_day:
                foretold[sending.step_key, sending.rhythm_id, sending.channel] += sending.people
        due = {(each.step_key, each.rhythm_id, each.channel) for each in found.sendings if each.at <= at}
        made = made_since(database, seconds(now))
        assert made == {key: foretold[key] for key in {*made, *due}}
        now = at + later * HOUR


@IN_A_DATABASE
@given(people=casts(), audience=st.sampled_from([["all"], ["list:x"], ["country:CN"], []]))
def test_who_gets_nothing_is_counted_for_the_reason_that_why_gives(
    database: Database, vault: Vault, people: list[Somebody], audience: list[str]
) -> None:
    empty(database)
    world = make_world(database, vault, MAIL)
    campaign_id = world.create(audience=audience)
    settle(world, campaign_id, people, BEGAN)
    wanted: Counter[Reason] = Counter()
    with database.read() as connection:
        for person in range(1, len(people) + 1):
            known = known_of(connection, campaign_id, person, ())
            if not known.is_addressed:
                wanted[Reason.NOT_IN_AUDIENCE] += 1
            elif reason := why_never(known):
                wanted[reason] += 1
            elif not known.since:
                closed = {why_no_channel(known, channel) for channel in Channel}
                wanted[Reason.DO_NOT_CONTACT if Reason.DO_NOT_CONTACT in closed else Reason.NO_CHANNEL] += 1
    found = look_ahead(world, campaign_id, BEGAN)
    assert_everybody_is_counted_once(found)
    assert found.supporters == len(people)
    got = Counter({**found.nothing, Reason.NOT_IN_AUDIENCE: found.supporters - found.audience})
    assert {reason: got[reason] for reason in wanted} == wanted


def test_a_draft_is_shown_as_if_it_were_started_now(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    mail_world.person("Ellen", "America/Los_Angeles", sms=True)
    campaign_id = mail_world.create(utc("2020-12-01T10:00"))
    text = look_ahead(mail_world, campaign_id, utc("2020-12-20T10:00")).text()
    assert text[:9] == [
        "Campaign 1 is a draft; this is what it would send if it were approved and started now.",
        "Nothing goes: Campaign 1 is not approved.",
        "Audience: 2 people, of 2 supporters.",
        "  2 people will get at least one reminder.",
        "",
        "start+0d (Sun 20 Dec): 2 people",
        "  sending (Sun 20 Dec, 09:00 Los Angeles, email, 1 person)",
        "  sending (Mon 21 Dec, 09:00 London, email, 1 person)",
        "",
    ]
    assert "  sending (Sun 27 Dec, 09:00 Los Angeles, SMS, 1 person)" in text
    assert "  Tue 29 Dec: 1 by email, 1 by SMS" in text


def test_a_live_campaign_is_shown_as_it_stands(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    tick(mail_world, utc("2020-12-02T09:00"))
    found = look_ahead(mail_world, campaign_id, utc("2020-12-02T10:00"))
    assert (found.as_if, found.against) == ("", ())
    steps = {step.step_key: (step.over, step.going, step.went) for step in found.steps}
    assert steps["start+0d"] == (True, 0, 1)
    assert steps["half+0d"] == (False, 1, 0)
    assert "start+0d (Tue 1 Dec) is past: it was for 1 person and left out 0." in found.text()


def test_a_paused_campaign_is_shown_as_if_it_were_resumed_now(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    campaigns.pause(mail_world.desk, campaign_id, who=WHO, now=utc("2020-12-10T10:00"))
    found = look_ahead(mail_world, campaign_id, utc("2020-12-23T10:00"))
    assert found.as_if == "if it were resumed now"
    past = {step.step_key: dict(step.nothing) for step in found.steps if step.over}
    assert past == {key: {Reason.PAST_AT_START: 1} for key in ("start+0d", "half+0d", "deadline-7d")}


def test_what_speaks_against_sending_is_said_first(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.set_campaign(campaign_id, question="letter")
    found = look_ahead(mail_world, campaign_id, utc("2020-12-10T10:00"))
    assert found.as_if == "if it were approved now"
    asked = "Campaign 1 must be told whether the letter is the same or new. Answer with `reminder case decide k3x7qa`."
    assert found.against == (asked,)


def test_a_campaign_that_does_not_exist_is_a_trouble_with_a_remedy(world: World) -> None:
    with pytest.raises(Trouble, match=r"Campaign 9: does not exist\. See them with `reminder campaign list`"):
        look_ahead(world, 9, BEGAN)


def test_of_a_closed_campaign_nothing_comes(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    campaigns.close(mail_world.desk, campaign_id, who=WHO, now=utc("2020-12-10T10:00"))
    found = look_ahead(mail_world, campaign_id, utc("2020-12-10T11:00"))
    assert (found.sendings, dict(found.nothing)) == ((), {Reason.CAMPAIGN_CLOSED: 1})
    assert "Nothing goes: Campaign 1: campaign closed." in found.text()
