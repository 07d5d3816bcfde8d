"""Late sendings, quiet hours, limits and the end of a campaign, on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from reminder.domain.plan import EMAIL
from reminder.domain.states import CampaignState, WaveState
from reminder.domain.waves import StepPlan
from reminder.planning import campaigns
from reminder.planning.triage import TriageResult, expire_due
from reminder.store import campaigns as store
from reminder.store.tables import Letter
from tests.planning.world import WHO, World, utc

LATE_BEGIN = utc("2020-12-21T10:00")


@pytest.fixture
def london(mail_world: World) -> World:
    """Clara, and a campaign whose 7-day step comes tomorrow."""
    mail_world.person("Clara", "Europe/London")
    mail_world.live(utc("2020-12-19T10:00"))
    mail_world.plan(utc("2020-12-19T10:00"))
    mail_world.open_due(LATE_BEGIN)
    mail_world.plan(LATE_BEGIN)
    return mail_world


def test_what_is_due_on_time_is_left_as_it_is(london: World) -> None:
    before = london.waves()
    assert london.triage(utc("2020-12-22T09:00")) == TriageResult()
    assert london.waves() == before


@pytest.mark.parametrize(
    ("now", "missed"), [("2020-12-22T20:59:59", 0), ("2020-12-22T21:00:01", 1)], ids=["in time", "too late"]
)
def test_after_a_standstill_only_what_is_not_too_late_goes(london: World, now: str, missed: int) -> None:
    assert london.triage(utc(now)).missed == missed


def test_a_missed_sending_keeps_the_number_of_its_people(london: World) -> None:
    london.person("Jun", "Europe/London", joined=utc("2020-12-22T09:00:01"))
    london.triage(utc("2020-12-23T10:00"))
    (missed,) = london.waves(state=WaveState.MISSED)
    # Jun joined a second after it was due and is not meant.
    assert (missed.step_key, missed.n_people) == ("deadline-7d", 1)


def test_somebody_who_has_written_is_not_counted_as_missed(london: World) -> None:
    campaign_id = london.waves()[0].campaign_id
    row = {"campaign_id": campaign_id, "round": 1, "subscriber_id": 1, "at": LATE_BEGIN, "how": "link", "late": False}
    london.database.write(lambda connection: connection.execute(insert(Letter).values(**row)))
    london.triage(utc("2020-12-23T10:00"))
    assert [wave.n_people for wave in london.waves(state=WaveState.MISSED)] == [0]


def test_healthchecks_664_after_two_hours_of_standstill_there_is_no_flood(mail_world: World) -> None:
    person = mail_world.person("Clara", "Europe/London")
    awake = mail_world.rhythm(zone="Europe/London", email_quiet_from=0, email_quiet_to=0)
    mail_world.database.write(
        lambda c: c.exec_driver_sql(f"UPDATE subscriber SET rhythm_id = {awake} WHERE id = {person}")
    )
    campaign_id = mail_world.live(utc("2020-12-21T10:00"))
    evening = StepPlan("hearing-2d", "event", date(2020, 12, 23), -2, 23, EMAIL)
    night = StepPlan("deadline-7d", "deadline", date(2020, 12, 29), -7, 1, EMAIL)
    mail_world.database.write(lambda c: store.replace_steps(c, campaign_id, [evening, night]))
    mail_world.plan(utc("2020-12-21T10:00"))
    back = utc("2020-12-22T01:00")
    result = mail_world.triage(back)
    assert result == TriageResult(superseded=1)
    mine = {wave.step_key: (wave.state, wave.n_people) for wave in mail_world.waves() if wave.rhythm_id == awake}
    assert mine == {"hearing-2d": (WaveState.SUPERSEDED, 1), "deadline-7d": (WaveState.PLANNED, 0)}


def test_quiet_hours_put_off_what_could_not_go_in_time_to_the_morning(london: World) -> None:
    rhythm = london.rhythm(zone="Europe/London", email_hour=20)
    london.plan(utc("2020-12-22T12:00"))
    london.open_due(utc("2020-12-22T12:00"))
    assert london.triage(utc("2020-12-22T21:00")).put_off == 1
    (wave,) = london.waves(state=WaveState.PLANNED)
    assert (wave.rhythm_id, wave.local_on, wave.due_at) == (rhythm, date(2020, 12, 23), utc("2020-12-23T08:00"))
    assert wave.open_until == utc("2020-12-23T21:00")
    # Who joins in the night is not meant.
    assert wave.opened_at == utc("2020-12-22T20:00")


def test_what_was_put_off_is_not_planned_back_and_goes_in_the_morning(london: World) -> None:
    london.rhythm(zone="Europe/London", email_hour=20)
    london.plan(utc("2020-12-22T12:00"))
    london.open_due(utc("2020-12-22T12:00"))
    night, morning = utc("2020-12-22T21:00"), utc("2020-12-23T08:00")
    london.triage(night)
    for now in (night, morning):
        london.rhythm(zone="Asia/Tokyo", email_hour=now.hour)
        london.plan(now)
        assert london.triage(now).put_off == 0
    assert [wave.due_at for wave in london.waves(state=WaveState.PLANNED) if wave.rhythm_id == 2] == [morning]


def test_in_the_last_night_there_is_no_morning_to_put_off_to(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    mail_world.live(utc("2020-12-26T10:00"))
    mail_world.plan(utc("2020-12-28T10:00"))
    mail_world.open_due(utc("2020-12-28T10:00"))
    assert mail_world.triage(utc("2020-12-29T21:00")).missed == 2


def test_above_the_limit_a_sending_waits_until_an_organiser_says_go(london: World) -> None:
    campaign_id = london.waves()[0].campaign_id
    for name in ("Davi", "Ivo"):
        london.person(name, "Europe/Prague")
    london.set_campaign(campaign_id, sending_limit=2)
    now = utc("2020-12-22T09:00")
    london.plan(utc("2020-12-22T08:30"))
    assert london.triage(now).waiting == 2
    assert london.triage(now) == TriageResult()
    done = campaigns.let_go(london.desk, campaign_id, who=WHO, now=utc("2020-12-22T11:00"))
    assert done.sentences[0].startswith("2 sendings")
    assert london.triage(utc("2020-12-22T11:00")) == TriageResult()
    assert {wave.due_at for wave in london.waves(state=WaveState.PLANNED)} == {utc("2020-12-22T11:00")}


@pytest.mark.parametrize(("limit", "waiting"), [(0, 0), (3, 0), (2, 0), (1, 1)])
def test_two_people_against_a_limit(london: World, limit: int, waiting: int) -> None:
    london.person("Ivo", "Europe/London")
    london.set_campaign(london.waves()[0].campaign_id, sending_limit=limit)
    assert london.triage(utc("2020-12-22T09:00")).waiting == waiting


def test_what_would_be_opened_along_on_that_day_waits_too(london: World) -> None:
    second = london.live(LATE_BEGIN, sending_limit=1, case_id=london.another_case())
    london.person("Ivo", "Europe/London")
    london.plan(LATE_BEGIN)
    london.database.write(
        lambda c: c.exec_driver_sql(f"UPDATE wave SET due_at = due_at + 3600 WHERE campaign_id = {second}")
    )
    assert london.triage(utc("2020-12-22T09:00")).waiting == 1


def test_sendings_of_a_campaign_that_may_not_send_are_taken_back(london: World) -> None:
    london.set_campaign(london.waves()[0].campaign_id, state=CampaignState.PAUSED)
    assert london.triage(utc("2020-12-22T09:00")).withdrawn == 1


def test_the_day_goes_on_in_los_angeles_when_it_is_over_in_auckland(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live(zone="Pacific/Auckland")
    over_in_auckland = utc("2020-12-29T11:00")
    assert expire_due(mail_world.database, over_in_auckland) == []
    mail_world.plan(over_in_auckland)
    ellen = [wave for wave in mail_world.waves(campaign_id) if wave.due_at == utc("2020-12-29T17:00")]
    assert {wave.step_key for wave in ellen} == {"deadline-0d"}


EXPIRY = {
    "a second before": ("2020-12-30T11:59:59", CampaignState.LIVE),
    "when the day has ended for the last reader": ("2020-12-30T12:00:00", CampaignState.EXPIRED),
}


@pytest.mark.parametrize(("now", "state"), EXPIRY.values(), ids=EXPIRY.keys())
def test_a_campaign_expires_when_the_day_has_ended_for_the_last_reader(
    london: World, now: str, state: CampaignState
) -> None:
    campaign_id = london.waves()[0].campaign_id
    expired = expire_due(london.database, utc(now))
    campaign = london.campaign(campaign_id)
    assert campaign.state is state
    assert (expired == [campaign_id]) is (campaign.report_due_at == utc(now))


def test_expiring_twice_is_expiring_once(london: World) -> None:
    now = utc("2020-12-30T12:00")
    assert len(expire_due(london.database, now)) == 1
    assert expire_due(london.database, now + timedelta(hours=1)) == []


def test_what_still_waited_for_an_organiser_is_missed_in_the_end(london: World) -> None:
    london.person("Ivo", "Europe/London")
    london.set_campaign(london.waves()[0].campaign_id, sending_limit=1)
    london.triage(utc("2020-12-22T09:00"))
    expire_due(london.database, utc("2020-12-30T12:00"))
    assert [(wave.step_key, wave.n_people) for wave in london.waves(state=WaveState.MISSED)] == [("deadline-7d", 2)]


@pytest.mark.parametrize("state", [CampaignState.APPROVED, CampaignState.PAUSED])
def test_paused_and_approved_campaigns_expire_too(mail_world: World, state: CampaignState) -> None:
    campaign_id = mail_world.live()
    mail_world.set_campaign(campaign_id, state=state)
    assert expire_due(mail_world.database, utc("2020-12-30T12:00")) == [campaign_id]


def test_without_a_deadline_nothing_expires(mail_world: World) -> None:
    mail_world.change_case(deadline_on=None, review_on=date(2021, 1, 10))
    mail_world.live()
    assert expire_due(mail_world.database, utc("2021-06-01T12:00")) == []
