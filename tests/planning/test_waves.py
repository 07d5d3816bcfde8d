"""Which sendings stand in the next two days, on both databases."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from reminder.domain.states import Channel, WaveState
from reminder.planning import campaigns, changes, drafts
from reminder.planning.triage import TriageResult, expire_due
from reminder.planning.waves import PlanResult
from reminder.store import waves
from reminder.store.columns import seconds
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.planning.world import BEGAN, DEADLINE, MAIL, WHO, World, by_email, make_world, utc

DAY = timedelta(days=1)


def test_on_the_first_day_only_the_start_is_planned_for_everybody_at_their_nine(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    result = world.plan(BEGAN)
    assert result == PlanResult(campaigns=1, added=7)
    assert world.dues(campaign_id) == [
        ("start+0d", "12-01 12:00"),  # São Paulo
        ("start+0d", "12-01 17:00"),  # Los Angeles
        ("start+0d", "12-01 19:00"),  # Kiritimati
        ("start+0d", "12-01 20:00"),  # Auckland
        ("start+0d", "12-02 03:00"),  # Almaty
        ("start+0d", "12-02 03:15"),  # Kathmandu
        ("start+0d", "12-02 09:00"),  # London
    ]


def test_planning_twice_changes_nothing(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    world.plan(BEGAN)
    before = world.waves(campaign_id)
    world.set_campaign(campaign_id, plan_again_at=BEGAN)
    assert world.plan(BEGAN) == PlanResult(campaigns=1)
    assert world.waves(campaign_id) == before


def test_a_heartbeat_plans_only_what_asks_for_it(world: World) -> None:
    world.cast()
    world.live()
    world.plan(BEGAN)
    assert world.plan(BEGAN + timedelta(minutes=1)) == PlanResult()


def test_step_by_step_the_whole_plan_is_planned_and_nothing_twice(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    now = BEGAN
    while now < datetime(2020, 12, 31, tzinfo=UTC):
        mail_world.plan(now)
        mail_world.open_due(now)
        now += timedelta(hours=1)
    opened = mail_world.waves(campaign_id, WaveState.OPEN)
    keys = {"start+0d": 7, "half+0d": 7, "deadline-7d": 7, "deadline-2d": 14, "deadline-0d": 14}
    assert {key: sum(wave.step_key == key for wave in opened) for key in keys} == keys
    assert len(mail_world.waves()) == sum(keys.values())
    assert all(wave.opened_at and wave.opened_at - wave.due_at < timedelta(hours=1) for wave in opened)


def test_by_post_nothing_is_asked_after_the_post_by_day(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    for day in range(31):
        world.plan(BEGAN + day * DAY)
    planned = world.waves(campaign_id)
    assert max(wave.local_on for wave in planned) == date(2020, 12, 14)
    assert max(wave.not_after for wave in planned) == utc("2020-12-15T08:00")


def test_of_two_channels_the_email_part_is_for_those_without_the_other(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live(utc("2020-12-26T10:00"))
    mail_world.plan(utc("2020-12-26T10:00"))
    parts = {wave.channel: wave.unless_channel for wave in mail_world.waves(campaign_id)}
    assert parts == {Channel.SMS: 0, Channel.EMAIL: int(Channel.SMS)}


def test_novu_9126_where_no_text_can_go_the_email_is_for_everybody(mail_world: World) -> None:
    rhythm = mail_world.rhythm(zone="", sms_country="XX")
    campaign_id = mail_world.live(utc("2020-12-26T10:00"))
    mail_world.plan(utc("2020-12-26T10:00"))
    (wave,) = mail_world.waves(campaign_id)
    assert (wave.rhythm_id, wave.channel, wave.unless_channel) == (rhythm, Channel.EMAIL, 0)


def test_a_text_to_an_unknown_zone_waits_for_the_whole_country(mail_world: World) -> None:
    mail_world.rhythm(zone="", sms_country="US")
    campaign_id = mail_world.live(utc("2020-12-20T10:00"))
    mail_world.plan(utc("2020-12-26T10:00"))
    by_sms = [wave for wave in mail_world.waves(campaign_id) if wave.channel is Channel.SMS]
    assert [wave.due_at for wave in by_sms] == [utc("2020-12-27T19:00")]


def test_civicrm_18298_a_campaign_created_late_sends_nothing_that_was_due_before(mail_world: World) -> None:
    mail_world.cast()
    began = utc("2020-12-23T12:00")
    campaign_id = mail_world.live(began)
    mail_world.plan(began)
    planned = mail_world.waves(campaign_id)
    assert {wave.step_key for wave in planned} == {"start+0d"}
    assert min(wave.due_at for wave in planned) >= began


def test_pretix_3181_a_clone_is_a_draft_with_nothing_due(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    copy = drafts.clone(mail_world.desk, campaign_id, who=WHO, now=BEGAN + 20 * DAY).campaign_id
    mail_world.plan(BEGAN + 20 * DAY)
    assert mail_world.waves(copy) == []
    assert mail_world.campaign(copy).live_since is None


def test_indico_4893_a_date_moved_to_the_past_sends_nothing_stale(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    now = utc("2020-12-21T10:00")
    mail_world.plan(now)
    assert any(wave.step_key == "deadline-7d" for wave in mail_world.waves(campaign_id, WaveState.PLANNED))
    mail_world.change_case(deadline_on=date(2020, 12, 20))
    changes.case_changed(mail_world.desk, mail_world.case_id, {"deadline"}, who=WHO, now=now)
    mail_world.plan(now)
    assert mail_world.waves(campaign_id, WaveState.PLANNED) == []


def test_indico_4893_a_moved_date_plans_what_is_ahead_and_skips_what_is_past(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    now = utc("2020-12-20T10:00")
    mail_world.plan(now)
    mail_world.change_case(deadline_on=date(2020, 12, 24))
    changes.case_changed(mail_world.desk, mail_world.case_id, {"deadline"}, who=WHO, now=now)
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=now)
    mail_world.plan(now)
    planned = mail_world.waves(campaign_id, WaveState.PLANNED)
    assert {(wave.step_key, wave.local_on) for wave in planned} == {("deadline-2d", date(2020, 12, 22))}


def test_a_date_moved_forth_and_back_keeps_its_promises(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    now = utc("2020-12-21T10:00")
    mail_world.plan(now)
    before = [(wave.id, wave.due_at) for wave in mail_world.waves(campaign_id, WaveState.PLANNED)]
    for deadline in (date(2021, 1, 15), DEADLINE):
        mail_world.change_case(deadline_on=deadline)
        changes.case_changed(mail_world.desk, mail_world.case_id, {"deadline"}, who=WHO, now=now)
        campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=now)
        mail_world.plan(now)
    assert [(wave.id, wave.due_at) for wave in mail_world.waves(campaign_id, WaveState.PLANNED)] == before


def test_nothing_is_planned_while_an_answer_is_missing(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    mail_world.set_campaign(campaign_id, question="letter", plan_again_at=BEGAN)
    assert mail_world.plan(BEGAN).withdrawn == 7
    assert mail_world.waves(campaign_id, WaveState.PLANNED) == []


def test_nothing_is_planned_while_an_approval_is_missing(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    mail_world.set_campaign(campaign_id, version=99, plan_again_at=BEGAN)
    mail_world.plan(BEGAN)
    assert mail_world.waves(campaign_id, WaveState.PLANNED) == []


def test_a_new_rhythm_gets_the_sendings_of_the_catch_up_window_but_none_before(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    for moment in ("2020-12-01T10:00", "2020-12-20T10:00", "2020-12-22T10:00"):
        mail_world.plan(utc(moment))
        mail_world.open_due(utc(moment))
    late = utc("2020-12-22T20:00")
    berlin = mail_world.rhythm(zone="Europe/Berlin")
    mail_world.plan(late)
    mine = [wave for wave in by_email(mail_world.waves(campaign_id)) if wave.rhythm_id == berlin]
    assert [(wave.step_key, wave.due_at) for wave in mine] == [("deadline-7d", utc("2020-12-22T08:00"))]
    auckland = mail_world.rhythm(zone="Pacific/Auckland")
    mail_world.plan(late)
    assert [wave for wave in mail_world.waves(campaign_id) if wave.rhythm_id == auckland] == []


def test_a_rhythm_made_while_planning_is_planned_at_the_next_heartbeat(
    sqlite_database: Database, vault: object
) -> None:
    world = make_world(sqlite_database, vault)
    world.person("Clara", "Europe/London")
    campaign_id = world.live()
    with sqlite_database.read() as connection:
        (campaign,) = waves.campaigns_to_plan(connection, BEGAN)
    newest = world.rhythm(zone="Europe/London")
    world.rhythm(zone="Asia/Tokyo")
    kept = sqlite_database.write(
        lambda c: waves.keep_look(
            c, campaign, plan_again_at=BEGAN + DAY, planned_until=BEGAN + 2 * DAY, newest_rhythm=newest
        )
    )
    assert kept
    assert world.plan(BEGAN).added == 2
    assert len(world.waves(campaign_id)) == 2


def test_a_campaign_that_changed_meanwhile_is_left_alone(world: World) -> None:
    world.person("Clara", "Europe/London")
    campaign_id = world.live()
    stale = world.campaign(campaign_id)
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    kept = world.database.write(
        lambda c: waves.keep_look(c, stale, plan_again_at=None, planned_until=BEGAN, newest_rhythm=99)
    )
    assert not kept


def test_after_days_of_standstill_what_was_never_planned_is_planned_to_be_counted(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    mail_world.open_due(utc("2020-12-02T10:00"))
    back = utc("2020-12-26T10:00")
    mail_world.plan(back)
    assert [key for key, _ in mail_world.dues(campaign_id)] == ["half+0d", "deadline-7d", "deadline-2d", "deadline-2d"]
    result = mail_world.triage(back)
    assert result.missed == 2
    assert {wave.n_people for wave in mail_world.waves(campaign_id, WaveState.MISSED)} == {1}


def test_when_nothing_lies_ahead_the_heartbeat_has_nothing_to_look_at(world: World) -> None:
    world.person("Clara", "Europe/London")
    campaign_id = world.live()
    world.plan(utc("2020-12-16T10:00"))
    assert world.campaign(campaign_id).plan_again_at is None


def test_five_steps_for_400_rhythms_take_a_handful_of_statements(sqlite_database: Database, vault: Vault) -> None:
    world = make_world(sqlite_database, vault, MAIL)
    for hour in range(20):
        for quiet in range(20):
            world.rhythm(zone="Europe/London", email_hour=hour, sms_quiet_to=quiet)
    world.live(utc("2020-12-21T10:00"))
    statements: list[str] = []
    engine = sqlite_database._writer
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    result = world.plan(utc("2020-12-26T12:00"))
    assert result.added == 800
    assert len(statements) <= 8


INDEXES = {"plan": "campaign_to_plan", "triage": "wave_due", "expiry": "campaign_by_expiry"}


@pytest.mark.parametrize("name", INDEXES)
def test_a_heartbeat_with_nothing_due_looks_into_small_indexes_only(
    sqlite_database: Database, vault: Vault, name: str
) -> None:
    world = make_world(sqlite_database, vault, MAIL)
    asked: list[str] = []
    event.listen(sqlite_database._readers, "before_cursor_execute", lambda *args: asked.append(args[2]))
    heartbeat = {
        "plan": lambda: world.plan(BEGAN) == PlanResult(),
        "triage": lambda: world.triage(BEGAN) == TriageResult(),
        "expiry": lambda: expire_due(sqlite_database, BEGAN) == [],
    }
    assert heartbeat[name]()
    # The one row about the installation says by which rules for texts was planned.
    (statement,) = (one for one in asked if one.startswith("SELECT") and "FROM instance" not in one)
    with sqlite_database.read() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (seconds(BEGAN),)).all())
    assert re.search(rf"SEARCH \w+ USING (COVERING )?INDEX {INDEXES[name]} ", plan)
    assert "SCAN wave" not in plan
    assert "SCAN campaign" not in plan
