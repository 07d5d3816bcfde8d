"""What organisers do with a campaign, and what speaks against it, on both databases."""

from datetime import date, timedelta

import pytest

from reminder.domain.states import CampaignState, WaveState
from reminder.errors import Busy, NotAllowed, Trouble
from reminder.planning import campaigns, changes, drafts
from reminder.planning.desk import apply, look
from reminder.store import campaigns as store
from tests.planning.world import BEGAN, WHO, World, by_email, is_about, states, utc

DRAFT, APPROVED, LIVE, PAUSED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.LIVE,
    CampaignState.PAUSED,
)


def test_a_campaign_goes_from_draft_over_approval_to_live(world: World) -> None:
    campaign_id = world.create()
    assert states(world, campaign_id) == (DRAFT, 1, 0)
    campaigns.approve(world.desk, campaign_id, who=WHO, now=BEGAN)
    state, version, approved = states(world, campaign_id)
    assert (state, approved) == (APPROVED, version)
    done = campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert states(world, campaign_id)[0] is LIVE
    assert world.campaign(campaign_id).live_since == BEGAN
    assert done.next.startswith("see who gets what with `reminder forecast")


def test_a_draft_shows_its_plan_in_words(world: World) -> None:
    done = drafts.create(world.desk, world.case_id, ["all"], who=WHO, now=BEGAN)
    assert done.sentences[0] == f"Campaign {done.campaign_id} is a draft; nothing is sent."
    assert "Monday 14 December 2020, 09:00 local time, sms,email (post-by+0d)" in done.sentences
    campaign = world.campaign(done.campaign_id)
    assert (campaign.post_by_on, campaign.deadline_on) == (date(2020, 12, 14), date(2020, 12, 29))
    assert campaign.expires_at == utc("2020-12-30T12:00")


def test_civicrm_4471_an_empty_audience_is_nobody_and_cannot_start(world: World) -> None:
    done = drafts.create(world.desk, world.case_id, [], who=WHO, now=BEGAN)
    assert is_about(done, "that is nobody")
    with pytest.raises(NotAllowed, match="empty audience, which is nobody"):
        campaigns.approve(world.desk, done.campaign_id, who=WHO, now=BEGAN)


AUDIENCES = {
    "all": (["all"], ["all"]),
    "a country in small letters": (["country:cn"], ["country:CN"]),
    "a list with spaces": (["list: London  North"], ["list:london north"]),
    "twice the same": (["topic:Writers", "topic:writers"], ["topic:writers"]),
    "a case": (["case:7"], ["case:7"]),
}


@pytest.mark.parametrize(("typed", "scopes"), AUDIENCES.values(), ids=AUDIENCES.keys())
def test_audiences_are_read_as_scopes(typed: list[str], scopes: list[str]) -> None:
    assert drafts.read_audience(typed) == scopes


@pytest.mark.parametrize("typed", ["", "everybody", "country:", "planet:mars", "all:CN"])
def test_an_audience_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(Trouble, match="audience"):
        drafts.read_audience([typed])


def test_an_unknown_zone_is_refused(world: World) -> None:
    with pytest.raises(Trouble, match="zone"):
        world.create(zone="Mars/Olympus")


OBSTACLES = {
    "an open question": ({"questions": [{"code": "deadline"}]}, "waits for an answer"),
    "a stopped case": ({"stopped_at": BEGAN}, "was stopped"),
    "expired on arrival": ({"deadline_on": date(2020, 11, 30)}, "expired on arrival"),
    "nothing that can still arrive": ({"deadline_on": date(2020, 12, 10)}, "no reminder left"),
}


@pytest.mark.parametrize(("values", "says"), OBSTACLES.values(), ids=OBSTACLES.keys())
def test_what_speaks_against_a_campaign(world: World, values: dict[str, object], says: str) -> None:
    campaign_id = world.create()
    campaigns.approve(world.desk, campaign_id, who=WHO, now=BEGAN)
    world.change_case(**values)
    with pytest.raises(NotAllowed, match=says):
        campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert states(world, campaign_id)[0] is APPROVED


def test_on_the_last_day_itself_a_campaign_may_start(mail_world: World) -> None:
    campaign_id = mail_world.live(utc("2020-12-29T23:59:59"))
    assert states(mail_world, campaign_id)[0] is LIVE


def test_what_nobody_approved_does_not_start(world: World) -> None:
    campaign_id = world.create()
    with pytest.raises(NotAllowed, match="not approved"):
        campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN)


def test_what_is_stopped_is_not_sent_to_be_approved(world: World) -> None:
    campaign_id = world.create()
    world.set_campaign(campaign_id, state=CampaignState.STOPPED)
    with pytest.raises(NotAllowed, match="is stopped and cannot be started"):
        campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN)


def test_an_approval_counts_for_what_was_looked_at(world: World) -> None:
    campaign_id = world.create()
    with pytest.raises(Busy, match="changed since you looked"):
        campaigns.approve(world.desk, campaign_id, who=WHO, now=BEGAN, version=7)


def test_an_approval_may_be_older_than_the_start_if_the_reminders_are_the_same(mail_world: World) -> None:
    campaign_id = mail_world.create()
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=BEGAN)
    campaigns.start(mail_world.desk, campaign_id, who=WHO, now=utc("2020-12-10T10:00"))
    with mail_world.database.read() as connection:
        keys = [step.step_key for step in store.steps_of(connection, campaign_id)]
    assert keys == ["start+0d", "deadline-7d", "deadline-2d", "deadline-0d"]


def test_an_approval_does_not_count_for_another_plan(mail_world: World) -> None:
    campaign_id = mail_world.create()
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=BEGAN)
    late = utc("2020-12-27T10:00")
    with pytest.raises(NotAllowed, match="so long ago"):
        campaigns.start(mail_world.desk, campaign_id, who=WHO, now=late)
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=late)
    campaigns.start(mail_world.desk, campaign_id, who=WHO, now=late)
    assert states(mail_world, campaign_id)[0] is LIVE


def test_starting_twice_is_starting_once(world: World) -> None:
    campaign_id = world.live()
    done = campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN + timedelta(hours=5))
    assert is_about(done, "live already")
    assert world.campaign(campaign_id).live_since == BEGAN


def test_who_comes_second_is_told_that_it_was_changed(world: World) -> None:
    campaign_id = world.live()
    with world.database.read() as connection:
        stale = look(connection, campaign_id)
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    with pytest.raises(Busy, match="changed by somebody else"):
        apply(world.desk, stale, "campaign close", WHO, BEGAN, values={"state": CampaignState.CLOSED})
    assert states(world, campaign_id)[0] is PAUSED


def test_a_pause_takes_back_what_was_planned(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    world.plan(BEGAN)
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert {wave.state for wave in world.waves(campaign_id)} == {WaveState.WITHDRAWN}


@pytest.fixture
def interrupted(mail_world: World) -> tuple[World, int]:
    """Paused at six in the morning of the 7-day step, before it fell due in London."""
    mail_world.person("Clara", "Europe/London")
    mail_world.person("Ellen", "America/Los_Angeles")
    mail_world.person("Farid", "Pacific/Auckland")
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    morning = utc("2020-12-22T06:00")
    mail_world.open_due(utc("2020-12-18T06:00"))
    mail_world.plan(utc("2020-12-21T10:00"))
    mail_world.open_due(morning)
    campaigns.pause(mail_world.desk, campaign_id, who=WHO, now=morning)
    return mail_world, campaign_id


def test_what_fell_due_during_a_pause_is_not_sent_by_itself(interrupted: tuple[World, int]) -> None:
    world, campaign_id = interrupted
    now = utc("2020-12-22T12:00")
    campaigns.resume(world.desk, campaign_id, who=WHO, now=now)
    world.plan(now)
    assert world.dues(campaign_id) == [("deadline-7d", "12-22 17:00")]


def test_what_fell_due_during_a_pause_goes_if_the_organiser_says_so(interrupted: tuple[World, int]) -> None:
    world, campaign_id = interrupted
    now = utc("2020-12-22T12:00")
    campaigns.resume(world.desk, campaign_id, who=WHO, now=now, include_missed=True)
    world.plan(now)
    assert world.dues(campaign_id) == [("deadline-7d", "12-22 09:00"), ("deadline-7d", "12-22 17:00")]


def test_after_a_long_pause_only_the_catch_up_window_is_made_up_for(interrupted: tuple[World, int]) -> None:
    world, campaign_id = interrupted
    now = utc("2020-12-23T04:00")
    campaigns.resume(world.desk, campaign_id, who=WHO, now=now, include_missed=True)
    world.plan(now)
    assert world.dues(campaign_id) == [("deadline-7d", "12-22 17:00")]


def test_listmonk_2313_a_resume_plans_nothing_again_that_went(interrupted: tuple[World, int]) -> None:
    world, campaign_id = interrupted
    went = world.waves(campaign_id, WaveState.OPEN)
    assert [wave.step_key for wave in went].count("deadline-7d") == 1
    campaigns.resume(world.desk, campaign_id, who=WHO, now=utc("2020-12-22T12:00"), include_missed=True)
    world.plan(utc("2020-12-22T12:00"))
    assert world.waves(campaign_id, WaveState.OPEN) == went


def test_what_was_missed_can_be_planned_again_on_resuming(interrupted: tuple[World, int]) -> None:
    world, campaign_id = interrupted
    world.database.write(lambda c: c.exec_driver_sql("UPDATE wave SET state = 5, n_people = 1 WHERE state = 6"))
    now = utc("2020-12-22T12:00")
    campaigns.resume(world.desk, campaign_id, who=WHO, now=now, include_missed=True)
    planned = world.waves(campaign_id, WaveState.PLANNED)
    assert [(wave.due_at, wave.n_people) for wave in planned] == [
        (utc("2020-12-22T09:00"), 0),
        (utc("2020-12-22T17:00"), 0),
    ]


def test_closing_ends_a_campaign_with_a_report(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    world.plan(BEGAN)
    done = campaigns.close(world.desk, campaign_id, who=WHO, now=BEGAN)
    campaign = world.campaign(campaign_id)
    assert (campaign.state, campaign.report_due_at) == (CampaignState.CLOSED, BEGAN)
    assert is_about(done, "nothing more of it is sent")
    assert world.waves(campaign_id, WaveState.PLANNED) == []
    with pytest.raises(NotAllowed, match="closed"):
        campaigns.resume(world.desk, campaign_id, who=WHO, now=BEGAN)


def test_a_closed_draft_gets_no_report(world: World) -> None:
    campaign_id = world.create()
    campaigns.close(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert world.campaign(campaign_id).report_due_at is None


def test_a_campaign_that_does_not_exist_is_named(world: World) -> None:
    with pytest.raises(Trouble, match="Campaign 77"):
        campaigns.pause(world.desk, 77, who=WHO, now=BEGAN)


def test_every_move_is_on_record(world: World) -> None:
    campaign_id = world.live()
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    with world.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT what, about FROM audit ORDER BY id").all()
    moves = ["campaign create", "campaign approve", "campaign start", "campaign pause"]
    assert [tuple(row) for row in rows] == [(what, f"campaign:{campaign_id}") for what in moves]


def test_a_moved_deadline_takes_the_approval_back_and_plans_anew(world: World) -> None:
    campaign_id = world.create()
    campaigns.approve(world.desk, campaign_id, who=WHO, now=BEGAN)
    world.change_case(deadline_on=date(2021, 1, 15))
    (done,) = changes.case_changed(world.desk, world.case_id, {"deadline"}, who=WHO, now=BEGAN)
    assert states(world, campaign_id)[0] is DRAFT
    assert is_about(done, "approval counts no more")
    assert world.campaign(campaign_id).expires_at == utc("2021-01-16T12:00")


def test_a_moved_deadline_takes_back_what_a_live_campaign_had_planned(world: World) -> None:
    world.cast()
    campaign_id = world.live()
    world.plan(BEGAN)
    world.change_case(deadline_on=date(2021, 1, 15))
    changes.case_changed(world.desk, world.case_id, {"deadline"}, who=WHO, now=BEGAN)
    state, version, approved = states(world, campaign_id)
    assert (state, approved < version) == (LIVE, True)
    assert world.waves(campaign_id, WaveState.PLANNED) == []
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    with pytest.raises(NotAllowed, match="changed after it was approved"):
        campaigns.resume(world.desk, campaign_id, who=WHO, now=BEGAN)


@pytest.mark.parametrize("changed", [set(), {"outcome"}, {"questions", "topics"}])
def test_what_changes_no_content_leaves_campaigns_alone(world: World, changed: set[str]) -> None:
    campaign_id = world.live()
    before = world.campaign(campaign_id)
    assert changes.case_changed(world.desk, world.case_id, changed, who=WHO, now=BEGAN) == []
    assert world.campaign(campaign_id) == before


@pytest.fixture
def asked(mail_world: World) -> tuple[World, int]:
    """A live campaign that asks: same letter or new letter?"""
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    mail_world.open_due(utc("2020-12-02T09:00"))
    now = utc("2020-12-17T12:00")
    mail_world.set_campaign(campaign_id, question="letter")
    changes.case_changed(mail_world.desk, mail_world.case_id, {"document"}, who=WHO, now=now)
    return mail_world, campaign_id


def test_without_an_answer_nothing_is_approved(asked: tuple[World, int]) -> None:
    world, campaign_id = asked
    with pytest.raises(NotAllowed, match="same or new"):
        campaigns.approve(world.desk, campaign_id, who=WHO, now=utc("2020-12-17T12:00"))


def test_with_the_same_letter_the_round_goes_on(asked: tuple[World, int]) -> None:
    world, campaign_id = asked
    now = utc("2020-12-17T12:00")
    done = changes.answer_question(world.desk, campaign_id, "same", who=WHO, now=now)
    assert is_about(done, "who wrote stays quiet")
    assert done.next.endswith(f"`reminder campaign approve {campaign_id}`")
    campaigns.approve(world.desk, campaign_id, who=WHO, now=now)
    world.plan(now)
    assert world.campaign(campaign_id).round == 1
    assert world.dues(campaign_id) == []


def test_a_new_letter_asks_everybody_again_from_the_approval_on(asked: tuple[World, int]) -> None:
    world, campaign_id = asked
    changes.answer_question(world.desk, campaign_id, "new", who=WHO, now=utc("2020-12-17T12:00"))
    approved = utc("2020-12-19T12:00")
    campaigns.approve(world.desk, campaign_id, who=WHO, now=approved)
    world.plan(approved)
    assert world.campaign(campaign_id).round == 2
    assert world.dues(campaign_id) == [("update-2+0d", "12-20 09:00")]
    world.open_due(utc("2020-12-20T09:00"))
    again = utc("2020-12-20T10:00")
    campaigns.pause(world.desk, campaign_id, who=WHO, now=again)
    campaigns.resume(world.desk, campaign_id, who=WHO, now=again)
    world.plan(again)
    updates = [wave for wave in by_email(world.waves(campaign_id)) if wave.step_key == "update-2+0d"]
    assert [wave.state for wave in updates] == [WaveState.OPEN]


def test_a_new_letter_that_was_approved_in_a_pause_begins_with_the_resume(asked: tuple[World, int]) -> None:
    world, campaign_id = asked
    world.set_campaign(campaign_id, state=PAUSED)
    changes.answer_question(world.desk, campaign_id, "new", who=WHO, now=utc("2020-12-17T12:00"))
    campaigns.approve(world.desk, campaign_id, who=WHO, now=utc("2020-12-17T13:00"))
    resumed = utc("2020-12-19T12:00")
    campaigns.resume(world.desk, campaign_id, who=WHO, now=resumed)
    world.plan(resumed)
    assert world.dues(campaign_id) == [("update-2+0d", "12-20 09:00")]


def test_a_later_deadline_reopens_what_had_expired_paused_and_after_an_answer(mail_world: World) -> None:
    campaign_id = mail_world.live()
    now = utc("2021-01-02T10:00")
    values = {"state": CampaignState.EXPIRED, "question": "letter", "ended_at": now, "report_due_at": now}
    mail_world.set_campaign(campaign_id, **values)
    mail_world.change_case(deadline_on=date(2021, 2, 15))
    changes.case_changed(mail_world.desk, mail_world.case_id, {"deadline"}, who=WHO, now=now)
    assert states(mail_world, campaign_id)[0] is CampaignState.EXPIRED
    done = changes.answer_question(mail_world.desk, campaign_id, "same", who=WHO, now=now)
    campaign = mail_world.campaign(campaign_id)
    assert (done.state, campaign.state, campaign.report_due_at) == (PAUSED, PAUSED, None)
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=now)
    campaigns.resume(mail_world.desk, campaign_id, who=WHO, now=now)
    assert states(mail_world, campaign_id)[0] is LIVE


def test_a_question_that_nobody_asked_is_not_answered(world: World) -> None:
    campaign_id = world.live()
    with pytest.raises(NotAllowed, match="did not ask"):
        changes.answer_question(world.desk, campaign_id, "new", who=WHO, now=BEGAN)


def test_one_answer_serves_every_campaign_of_the_case_that_asks(asked: tuple[World, int]) -> None:
    world, campaign_id = asked
    world.set_campaign(campaign_id, audience=["list:london"])
    quiet = world.live(utc("2020-12-17T12:00"), audience=["list:paris"])
    now = utc("2020-12-17T13:00")
    answered = changes.answer_case(world.desk, world.case_id, "new", who=WHO, now=now)
    assert [done.campaign_id for done in answered] == [campaign_id]
    assert (world.campaign(campaign_id).round, world.campaign(quiet).round) == (2, 1)
    assert changes.answer_case(world.desk, world.case_id, "new", who=WHO, now=now) == []
