"""Why, or why not, for one person: every reason, every state of a promise, and what is still to come."""

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from reminder.domain.late import CATCH_UP
from reminder.domain.states import (
    Channel,
    DeliveryState,
    MessageKind,
    MessageState,
    Reason,
    Result,
    WaveState,
)
from reminder.errors import Trouble
from reminder.planning import campaigns, changes
from reminder.planning.why import STATUSES, Item, WhyReport, why
from reminder.store.tables import Delivery, Message, Wave
from tests.planning.world import BEGAN, WHO, World, utc, zones_of

EMAIL, SMS = Channel.EMAIL, Channel.SMS


def ask(world: World, campaign_id: int, person: int, now: datetime = BEGAN) -> WhyReport:
    return why(world.database, campaign_id, person, now, country_zones=zones_of)


def told(report: WhyReport) -> list[tuple[str, str | None, str, Reason]]:
    return [(i.step_key, i.channel.name if i.channel else None, i.status, i.reason) for i in report.items]


def change(world: World, sql: str, **values: Any) -> None:
    world.database.write(lambda connection: connection.execute(text(sql), values))


def test_before_anything_was_sent_each_step_says_when_it_will_come_where_the_reader_lives(mail_world: World) -> None:
    clara = mail_world.person("Clara", "Europe/London")
    bikash = mail_world.person("Bikash", "Asia/Kathmandu", sms=True)
    campaign_id = mail_world.live()
    report = ask(mail_world, campaign_id, clara)
    assert [(item.step_key, f"{item.at:%m-%d %H:%M}", item.channel) for item in report.items] == [
        ("start+0d", "12-02 09:00", EMAIL),
        ("half+0d", "12-15 09:00", EMAIL),
        ("deadline-7d", "12-22 09:00", EMAIL),
        ("deadline-2d", "12-27 09:00", EMAIL),
        ("deadline-0d", "12-29 09:00", EMAIL),
    ]
    assert {item.status for item in report.items} == {"will be sent"}
    assert [item.channel for item in ask(mail_world, campaign_id, bikash).items] == [EMAIL, EMAIL, EMAIL, SMS, SMS]
    assert "  deadline-2d, Sun 27 Dec, 09:00, SMS: will be sent" in ask(mail_world, campaign_id, bikash).lines()


def test_what_is_planned_already_says_the_same(mail_world: World) -> None:
    clara = mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    before = ask(mail_world, campaign_id, clara)
    mail_world.plan(BEGAN)
    assert mail_world.waves(campaign_id)
    assert ask(mail_world, campaign_id, clara) == before


REASONS = {
    "erased": ("UPDATE subscriber SET state = 4", Reason.ERASED),
    "left": ("UPDATE subscriber SET state = 3", Reason.LEFT),
    "without evidence": ("UPDATE subscriber SET state = 2", Reason.WAITS_FOR_EVIDENCE),
    "in no audience": ("DELETE FROM subscription", Reason.NOT_IN_AUDIENCE),
    "subscribed to another country": ("UPDATE subscription SET scope = 'country:FR'", Reason.NOT_IN_AUDIENCE),
    "has written": (
        "INSERT INTO letter (campaign_id, round, subscriber_id, at, how, late) SELECT 1, 1, id, 0, '', false FROM subscriber",
        Reason.LETTER_REPORTED,
    ),
    "leaves the country out": (
        "INSERT INTO exclusion (subscriber_id, what) SELECT id, 'CN' FROM subscriber",
        Reason.COUNTRY_LEFT_OUT,
    ),
}


@pytest.mark.parametrize(("sql", "reason"), REASONS.values(), ids=REASONS.keys())
def test_what_ends_all_reminders_is_said_at_the_top_and_at_each_step(world: World, sql: str, reason: Reason) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    change(world, sql)
    report = ask(world, campaign_id, clara)
    assert report.reason is reason
    assert {(item.status, item.reason) for item in report.items} == {("not sent", reason)}


CHANNEL_REASONS = {
    "never agreed": ("UPDATE subscriber SET email_since = NULL", Reason.NO_CHANNEL),
    "asked and not confirmed": (
        "INSERT INTO consent (at, address_hash, channel, what, basis, source, wording)"
        " SELECT 0, email_hash, 1, 'asked', '', '', '' FROM subscriber",
        Reason.NOT_CONFIRMED,
    ),
    "on the do-not-contact list": (
        "INSERT INTO do_not_contact (channel, address_hash, reason, since)"
        " SELECT 1, email_hash, 'left', 0 FROM subscriber",
        Reason.DO_NOT_CONTACT,
    ),
}


@pytest.mark.parametrize(("sql", "reason"), CHANNEL_REASONS.values(), ids=CHANNEL_REASONS.keys())
def test_a_channel_that_is_not_open_says_why(world: World, sql: str, reason: Reason) -> None:
    clara = world.person("Clara", "Europe/London", email=False)
    campaign_id = world.live()
    change(world, sql)
    report = ask(world, campaign_id, clara)
    assert report.reason is Reason.NONE
    assert {item.reason for item in report.items if item.channel is EMAIL} == {reason}


def test_who_joins_late_gets_only_what_is_due_afterwards(mail_world: World) -> None:
    jun = mail_world.person("Jun", "Asia/Shanghai", joined=utc("2020-12-16T12:00"))
    campaign_id = mail_world.live()
    items = ask(mail_world, campaign_id, jun, utc("2020-12-16T12:00")).items
    assert [item.reason for item in items[:2]] == [Reason.JOINED_LATER] * 2
    assert {item.status for item in items[2:]} == {"will be sent"}


def test_a_break_and_the_last_48_hours_leave_out_only_what_falls_into_them(mail_world: World) -> None:
    clara = mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    change(mail_world, "UPDATE subscriber SET paused_until = :until", until=int(utc("2020-12-22T09:00:01").timestamp()))
    reasons = [item.reason for item in ask(mail_world, campaign_id, clara).items]
    assert reasons == [*[Reason.PAUSED_BY_PERSON] * 3, Reason.NONE, Reason.NONE]
    change(mail_world, "UPDATE subscriber SET paused_until = NULL, last48 = :yes", yes=True)
    reasons = [item.reason for item in ask(mail_world, campaign_id, clara).items]
    assert reasons == [*[Reason.ONLY_LAST_48] * 4, Reason.NONE]


def put(world: World, campaign_id: int, person: int, wave: Wave, promised: DeliveryState, **of_message: Any) -> None:
    """A promise of that sending, with the message of its day."""
    promise = {"campaign_id": campaign_id, "step_key": wave.step_key, "anchor_on": wave.anchor_on, "wave_id": wave.id}
    reason = of_message.pop("reason", Reason.NONE)

    def work(connection: Any) -> None:
        connection.execute(
            insert(Delivery).values(
                **promise,
                channel=wave.channel,
                subscriber_id=person,
                local_on=wave.local_on,
                state=promised,
                reason=reason,
                not_after=wave.not_after,
                opened_at=wave.due_at,
            )
        )
        if of_message:
            day = {"local_on": wave.local_on, "open_until": wave.open_until, "not_after": wave.not_after}
            whose = {"kind": MessageKind.NUDGE, "channel": wave.channel, "subscriber_id": person, "batch_id": 1}
            connection.execute(insert(Message).values(**day, **whose, **of_message))

    world.database.write(work)


PROMISES = {
    "accepted": ((DeliveryState.CARRIED, {"state": MessageState.ACCEPTED}), "sent", Reason.NONE, None),
    "delivered": (
        (DeliveryState.CARRIED, {"state": MessageState.ACCEPTED, "result": Result.DELIVERED}),
        "sent",
        Reason.NONE,
        Result.DELIVERED,
    ),
    "waiting": ((DeliveryState.DUE, {"state": MessageState.DUE}), "on its way", Reason.NONE, None),
    "tried again": ((DeliveryState.DUE, {"state": MessageState.RETRY}), "on its way", Reason.NONE, None),
    "unclear": ((DeliveryState.DUE, {"state": MessageState.AMBIGUOUS}), "unclear", Reason.NONE, None),
    "missed": ((DeliveryState.MISSED, {}), "not sent", Reason.TOO_LATE, None),
    "weekly limit": (
        (DeliveryState.SKIPPED, {"reason": Reason.WEEKLY_LIMIT}),
        "not sent",
        Reason.WEEKLY_LIMIT,
        None,
    ),
    "set aside": ((DeliveryState.SET_ASIDE, {"reason": Reason.NOT_BUILT}), "not sent", Reason.NOT_BUILT, None),
}


@pytest.mark.parametrize(("made", "status", "reason", "result"), PROMISES.values(), ids=PROMISES.keys())
def test_a_promise_says_what_became_of_it(
    world: World, made: tuple[DeliveryState, dict[str, Any]], status: str, reason: Reason, result: Result | None
) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    world.plan(BEGAN)
    wave = world.waves(campaign_id)[0]
    world.open_due(wave.due_at)
    put(world, campaign_id, clara, wave, made[0], **dict(made[1]))
    item = ask(world, campaign_id, clara, wave.due_at).items[0]
    assert (item.step_key, item.status, item.reason, item.result) == ("start+0d", status, reason, result)


def test_a_promise_that_was_taken_back_tells_what_comes_instead(world: World) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    world.plan(BEGAN)
    put(world, campaign_id, clara, world.waves(campaign_id)[0], DeliveryState.WITHDRAWN, reason=Reason.CAMPAIGN_PAUSED)
    assert ask(world, campaign_id, clara).items[0].status == "will be sent"


WAVES = [
    (WaveState.SUPERSEDED, "not sent", Reason.NEWER_ONE_WENT),
    (WaveState.MISSED, "not sent", Reason.TOO_LATE),
    (WaveState.WAITING, "waits for you", Reason.NONE),
    (WaveState.OPENING, "will be sent", Reason.NONE),
    (WaveState.OPEN, "not sent", Reason.JOINED_LATER),
]


@pytest.mark.parametrize(("state", "status", "reason"), WAVES)
def test_a_sending_that_left_everybody_out_says_why(
    world: World, state: WaveState, status: str, reason: Reason
) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    world.plan(BEGAN)
    change(world, "UPDATE wave SET state = :state", state=int(state))
    item = ask(world, campaign_id, clara, world.waves(campaign_id)[0].due_at).items[0]
    assert (item.status, item.reason) == (status, reason)


def test_a_campaign_that_is_not_live_says_so_at_each_step(world: World) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.create()
    assert {item.status for item in ask(world, campaign_id, clara).items} == {"not started"}
    campaigns.approve(world.desk, campaign_id, who=WHO, now=BEGAN)
    campaigns.start(world.desk, campaign_id, who=WHO, now=BEGAN)
    campaigns.pause(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert {item.reason for item in ask(world, campaign_id, clara).items} == {Reason.CAMPAIGN_PAUSED}
    campaigns.close(world.desk, campaign_id, who=WHO, now=BEGAN)
    assert {item.reason for item in ask(world, campaign_id, clara).items} == {Reason.CAMPAIGN_CLOSED}


def test_a_reminder_within_the_week_counts_for_the_persons_own_limit(mail_world: World) -> None:
    clara = mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    change(mail_world, "UPDATE subscriber SET cadence_n = 1, cadence_days = 30")
    wave = mail_world.waves(campaign_id)[0]
    put(mail_world, campaign_id, clara, wave, DeliveryState.CARRIED, state=MessageState.ACCEPTED)
    reasons = [item.reason for item in ask(mail_world, campaign_id, clara, wave.due_at).items]
    # The last useful one passes.
    assert reasons == [Reason.NONE, *[Reason.WEEKLY_LIMIT] * 3, Reason.NONE]


def test_promises_of_a_date_that_moved_stay_in_the_answer(world: World) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    world.plan(BEGAN)
    wave = world.waves(campaign_id)[0]
    put(world, campaign_id, clara, wave, DeliveryState.CARRIED, state=MessageState.ACCEPTED)
    change(world, "UPDATE step SET anchor_on = anchor_on + 3 WHERE step_key = 'start+0d'")
    answers = [item for item in ask(world, campaign_id, clara, wave.due_at).items if item.step_key == "start+0d"]
    assert sorted(answer.status for answer in answers) == ["sent", "will be sent"]


@pytest.mark.parametrize("sms", [False, True])
def test_what_a_moved_deadline_took_back_is_told_by_the_channel_that_it_had(mail_world: World, sms: bool) -> None:
    """Nothing ran on the morning of the start; the new date makes the start a step that prefers texts."""
    clara = mail_world.person("Clara", "Europe/London", sms=sms)
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    now = utc("2020-12-02T15:00")
    mail_world.change_case(deadline_on=date(2020, 12, 3))
    changes.case_changed(mail_world.desk, mail_world.case_id, {"deadline"}, who=WHO, now=now)
    campaigns.approve(mail_world.desk, campaign_id, who=WHO, now=now)
    item = ask(mail_world, campaign_id, clara, now).items[0]
    assert (item.step_key, item.channel, item.reason) == ("start+0d", EMAIL, Reason.PLAN_CHANGED)


def test_what_was_taken_back_long_ago_is_not_promised_any_more(mail_world: World) -> None:
    clara = mail_world.person("Clara", "Europe/London")
    campaign_id = mail_world.live()
    mail_world.plan(BEGAN)
    change(mail_world, "UPDATE wave SET state = 6")
    due_at = mail_world.waves(campaign_id)[0].due_at
    assert ask(mail_world, campaign_id, clara, due_at + CATCH_UP).items[0].status == "will be sent"
    late = ask(mail_world, campaign_id, clara, due_at + CATCH_UP + timedelta(seconds=1)).items[0]
    assert (late.status, late.reason) == ("not sent", Reason.TOO_LATE)


def test_who_or_what_is_not_known_is_refused_by_number(world: World) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.create()
    with pytest.raises(Trouble, match="Campaign 99: is not known"):
        ask(world, 99, clara)
    with pytest.raises(Trouble, match=f"Subscriber {clara + 1}: is not known"):
        ask(world, campaign_id, clara + 1)


def test_what_a_program_reads_is_json_and_what_people_read_frightens_nobody(world: World) -> None:
    clara = world.person("Clara", "Europe/London")
    campaign_id = world.live()
    change(world, "UPDATE subscriber SET state = 3")
    report = ask(world, campaign_id, clara)
    read = json.loads(json.dumps(report.as_json()))
    assert (read["subscriber"], read["reason"], len(read["steps"])) == (clara, "has left", len(report.items))
    text_of_it = "\n".join([*report.lines(), *STATUSES, *STATUSES.values()])
    assert not re.search(r"wave|suppress|ambiguous|held|kill|releas", text_of_it)
    assert (
        report.lines()[0] == f"Subscriber {clara}, campaign {campaign_id} (Europe/London): gets nothing more, has left"
    )


def test_every_status_is_one_that_is_explained() -> None:
    day = utc("2020-12-01T00:00").date()
    unclear = Item("start+0d", day, EMAIL, "unclear")
    report = WhyReport(1, 2, "Europe/London", Reason.NONE, (unclear, Item("x", day, None, "sent", result=Result.SENT)))
    assert report.lines()[1:] == [
        "  start+0d, Tue 1 Dec, email: unclear: may have arrived",
        "  x, Tue 1 Dec: sent, sent",
    ]
    assert unclear.status in STATUSES
