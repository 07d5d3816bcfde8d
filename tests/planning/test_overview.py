"""How campaigns stand: in a list, and one whole; what waits for an organiser, and the next command."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from reminder.domain.states import CampaignState, Channel, WaveState
from reminder.errors import Trouble
from reminder.outbox.opening import open_due
from reminder.planning import campaigns
from reminder.planning.overview import CampaignLine, list_campaigns, show_campaign
from tests.planning.world import WHO, World, utc, zones_of


def line(world: World, campaign_id: int) -> CampaignLine:
    return next(one for one in list_campaigns(world.database) if one.row.campaign_id == campaign_id)


def run(world: World, sql: str, **values: Any) -> None:
    world.database.write(lambda connection: connection.execute(text(sql), values))


def test_the_list_has_a_line_for_each_campaign(mail_world: World) -> None:
    mail_world.live()
    mail_world.create(audience=["list:london", "country:CN"])
    assert [each.text() for each in list_campaigns(mail_world.database)] == [
        "   1  live      k3x7qa    until Tuesday 29 December 2020      all  An appeal",
        "   2  draft     k3x7qa    until Tuesday 29 December 2020      list:london, country:CN  An appeal"
        "  waits: it is not approved",
    ]


def test_without_campaigns_the_list_is_empty(world: World) -> None:
    assert list_campaigns(world.database) == []


WAITS = {
    "a draft": ({"state": CampaignState.DRAFT, "approved_version": 0}, "it is not approved", "campaign approve 1"),
    "approved": ({"state": CampaignState.APPROVED}, "it is not started", "campaign start 1"),
    "paused": ({"state": CampaignState.PAUSED}, "it is paused", "campaign resume 1"),
    "asked": ({"question": "letter"}, "same letter or new letter?", "case decide k3x7qa"),
    "redacted": ({"question": "redacted"}, "it has no text any more", "case add FILE"),
    "changed": ({"version": 9}, "it is not approved", "campaign approve 1"),
    "for nobody": ({"audience": []}, "its audience is empty, which is nobody", "campaign create k3x7qa --audience all"),
}


@pytest.mark.parametrize(("values", "waits", "then"), WAITS.values(), ids=WAITS.keys())
def test_what_waits_for_an_organiser_is_said_with_the_command(
    mail_world: World, values: dict[str, Any], waits: str, then: str
) -> None:
    campaign_id = mail_world.live()
    assert line(mail_world, campaign_id).waits == ()
    mail_world.set_campaign(campaign_id, **values)
    found = line(mail_world, campaign_id)
    assert (found.waits, found.next.endswith(f"`reminder {then}`")) == ((waits,), True)


def test_a_question_of_the_case_waits_too_and_the_most_urgent_comes_first(mail_world: World) -> None:
    campaign_id = mail_world.create()
    mail_world.change_case(questions=[{"code": "deadline", "question": "Until when?"}])
    found = line(mail_world, campaign_id)
    assert found.waits == ("its case waits for an answer", "it is not approved")
    assert found.next == "`reminder case decide k3x7qa`"


def test_nothing_of_an_ended_campaign_waits_and_its_report_is_next(mail_world: World) -> None:
    campaign_id = mail_world.live()
    campaigns.close(mail_world.desk, campaign_id, who=WHO, now=utc("2020-12-05T10:00"))
    mail_world.set_campaign(campaign_id, question="letter")
    assert (line(mail_world, campaign_id).waits, line(mail_world, campaign_id).next) == ((), "`reminder report 1`")


def test_a_sending_above_the_limit_waits(mail_world: World) -> None:
    for name in ("Clara", "Davi"):
        mail_world.person(name, "Europe/London")
    campaign_id = mail_world.live(sending_limit=1)
    mail_world.plan(utc("2020-12-02T09:00"))
    mail_world.triage(utc("2020-12-02T09:00"))
    view = show_campaign(mail_world.database, campaign_id)
    assert view.line.waits == ("1 sending above its limit of 1 people",)
    assert view.next.endswith("`reminder campaign send 1`")
    assert "  start+0d, email, Wed 2 Dec: 1 sending waiting for you, 2 people" in view.text()
    (sending,) = view.to_json()["sendings"]
    assert (sending["waiting"], sending["left_out"]) == (2, 0)


def test_what_was_let_go_is_made_once_and_not_planned_again(mail_world: World) -> None:
    for name in ("Clara", "Davi"):
        mail_world.person(name, "Europe/London")
    campaign_id = mail_world.live(sending_limit=1)
    morning = utc("2020-12-02T09:00")
    mail_world.plan(morning)
    mail_world.triage(morning)
    campaigns.let_go(mail_world.desk, campaign_id, who=WHO, now=morning)
    open_due(mail_world.database, morning, chunk=10, zones_of=zones_of)
    assert show_campaign(mail_world.database, campaign_id).text()[-1] == (
        "  start+0d, email, Wed 2 Dec: 1 sending made, 2 reminders"
    )


def test_messages_that_need_an_eye_are_counted_by_campaign(mail_world: World) -> None:
    for name in ("Clara", "Davi", "Ellen"):
        mail_world.person(name, "Europe/London")
    campaign_id = mail_world.live()
    mail_world.live(case_id=mail_world.another_case())
    mail_world.plan(utc("2020-12-02T09:00"))
    mail_world.set_campaign(2, state=CampaignState.PAUSED)
    open_due(mail_world.database, utc("2020-12-02T09:00"), chunk=10, zones_of=zones_of)
    run(mail_world, "UPDATE message SET state = 5 WHERE subscriber_id = 1")
    run(mail_world, "UPDATE delivery SET state = 6, reason = 18 WHERE subscriber_id > 1")
    found = line(mail_world, campaign_id)
    assert found.waits == ("1 message unclear: may have arrived", "2 messages set aside")
    assert found.next == "`reminder messages list`"
    assert line(mail_world, 2).waits == ("it is paused",)


def test_one_campaign_is_shown_with_plan_and_sendings(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    mail_world.person("Ellen", "America/Los_Angeles")
    campaign_id = mail_world.live()
    mail_world.plan(utc("2020-12-01T10:00"))
    open_due(mail_world.database, utc("2020-12-01T17:00"), chunk=10, zones_of=zones_of)
    view = show_campaign(mail_world.database, campaign_id)
    assert view.text() == [
        "Campaign 1 for case k3x7qa: An appeal",
        "  live, version 1 approved, until Tuesday 29 December 2020",
        "  audience: all; zone: Europe/London",
        "  started on Tuesday 1 December 2020",
        "  post by Monday 14 December 2020",
        "Reminder plan:",
        "  Tuesday 1 December 2020, 09:00 local time, email (start+0d)",
        "  Tuesday 15 December 2020, 09:00 local time, email (half+0d)",
        "  Tuesday 22 December 2020, 09:00 local time, email (deadline-7d)",
        "  Sunday 27 December 2020, 09:00 local time, sms,email (deadline-2d)",
        "  Tuesday 29 December 2020, 09:00 local time, sms,email (deadline-0d)",
        "Sendings:",
        "  start+0d, email, Tue 1 Dec: 1 sending made, 1 reminder",
        "  start+0d, email, Wed 2 Dec: 1 sending to come",
    ]
    assert view.next == "see who gets what with `reminder forecast 1`"


def test_every_state_of_a_sending_has_words(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(utc("2020-12-01T10:00"))
    said = set()
    for state in WaveState:
        run(mail_world, "UPDATE wave SET state = :state", state=int(state))
        said.add(show_campaign(mail_world.database, campaign_id).text()[-1])
    assert len(said) >= len(WaveState) - 1


def test_a_program_gets_plan_sendings_and_what_waits(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(utc("2020-12-01T10:00"))
    said = json.loads(json.dumps(show_campaign(mail_world.database, campaign_id).to_json()))
    assert (said["campaign"], said["state"], said["deadline"], said["waits_for_you"]) == (1, "live", "2020-12-29", [])
    assert said["plan"][-1] == {
        "step": "deadline-0d",
        "day": "2020-12-29",
        "hour": 9,
        "channels": ["sms", "email"],
        "last_useful": True,
    }
    (sending,) = said["sendings"]
    assert (sending["step"], sending["channel"], sending["state"], sending["sendings"]) == (
        "start+0d",
        Channel.EMAIL.name.lower(),
        "planned",
        1,
    )


def test_a_campaign_that_does_not_exist_is_a_trouble_with_a_remedy(world: World) -> None:
    with pytest.raises(Trouble, match=r"Campaign 9: does not exist\. See them with `reminder campaign list`"):
        show_campaign(world.database, 9)
