"""What a forecast warns of before anybody says yes, and what it says about limits and rates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text

from reminder.domain.limits import Limits
from reminder.domain.states import Channel, Reason
from reminder.outbox.opening import open_due
from reminder.planning.forecast import Forecast, forecast
from reminder.store import capacity
from reminder.store.tables import Message
from tests.planning.casts import message
from tests.planning.world import BEGAN, World, utc, zones_of

AnyLimits = Mapping[Channel, Mapping[str, Limits]]


def look_ahead(world: World, campaign_id: int, now: datetime = BEGAN, limits: AnyLimits | None = None) -> Forecast:
    return forecast(world.desk, campaign_id, now=now, limits=limits or {}, country_zones=zones_of)


def by_email(**limits: float) -> AnyLimits:
    return {Channel.EMAIL: {"p": Limits(**limits)}}  # type: ignore[arg-type]


def by_step(found: Forecast) -> dict[str, dict[Reason, int]]:
    return {step.step_key: dict(step.nothing) for step in found.steps}


def run(world: World, sql: str, **values: Any) -> None:
    world.database.write(lambda connection: connection.execute(text(sql), values))


def remind(world: World, person: int, on: str) -> None:
    """A reminder of some other campaign that went."""
    row = message(person, utc(f"{on}T09:00"))
    world.database.write(lambda connection: connection.execute(insert(Message).values(**row)))


def readers(world: World, count: int, **more: Any) -> None:
    for number in range(count):
        world.person(f"Reader{number}", "Europe/London", **more)


def test_a_rate_that_does_not_suffice_is_told_with_the_hours_it_needs(mail_world: World) -> None:
    readers(mail_world, 20)
    campaign_id = mail_world.create()
    found = look_ahead(mail_world, campaign_id, limits=by_email(per_second=1 / 3600))
    last = [sending for sending in found.sendings if sending.step_key == "deadline-0d"]
    assert [(each.needs_s, each.next_morning, each.too_late) for each in last] == [(72_000, 0, 8)]
    first = "sending (Wed 2 Dec, 09:00 London, email, 20 people): needs 20 h at 0.000277778/s, 8 go the next morning"
    assert f"  {first}" in found.text()
    assert "  The rate by email does not suffice: 8 people cannot be reached in time." in found.text()


def test_a_daily_limit_that_does_not_suffice_is_told_with_how_many_it_leaves_out(mail_world: World) -> None:
    readers(mail_world, 20)
    found = look_ahead(mail_world, mail_world.create(), limits=by_email(per_day=12))
    last = [sending for sending in found.sendings if sending.step_key == "deadline-0d"]
    assert [(each.next_morning, each.too_late, each.by_limit) for each in last] == [(0, 8, 8)]
    short = "email, 20 people): with that day's limit 8 of 20 will not get this in time, 8 "
    assert [line for line in found.text() if f"{short}will be too late" in line]
    assert [line for line in found.text() if f"{short}go the next morning" in line]
    assert "  The daily limit by email does not suffice: 8 people cannot be reached in time." in found.text()


def test_what_a_provider_took_today_already_counts(mail_world: World) -> None:
    readers(mail_world, 20)
    campaign_id, now, limits = mail_world.create(), utc("2020-12-02T08:00"), by_email(per_day=20)
    assert {each.by_limit for each in look_ahead(mail_world, campaign_id, now, limits).sendings} == {0}
    mail_world.database.write(lambda c: capacity.reserve(c, "p", 5, limits[Channel.EMAIL]["p"], now))
    first = look_ahead(mail_world, campaign_id, now, limits).sendings[0]
    assert (first.local_on, first.by_limit) == (now.date(), 5)


def test_a_rate_that_suffices_is_not_mentioned(mail_world: World) -> None:
    readers(mail_world, 20)
    found = look_ahead(mail_world, mail_world.create(), limits=by_email(per_second=20))
    assert (found.look_at, {each.needs_s for each in found.sendings}) == (NOBODY_BY_SMS, {1})


NOBODY_BY_SMS = ("Nobody in the audience has agreed to texts: nothing of deadline-2d, deadline-0d goes by SMS.",)


def test_steps_by_sms_without_anybody_who_agreed_to_texts_are_told(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    assert look_ahead(mail_world, mail_world.create()).look_at == NOBODY_BY_SMS
    mail_world.person("Bikash", "Asia/Kathmandu", sms=True)
    assert look_ahead(mail_world, mail_world.create()).look_at == ()


def test_quiet_hours_that_last_to_the_end_are_told_and_the_reminder_goes_earlier(mail_world: World) -> None:
    row = {"zone": "Europe/London", "email_hour": 23, "email_quiet_from": 22, "email_quiet_to": 7}
    rhythm = mail_world.rhythm(**row)
    mail_world.person("Clara", "Europe/London", sms=True)
    run(mail_world, "UPDATE subscriber SET rhythm_id = :rhythm, sms_since = NULL", rhythm=rhythm)
    found = look_ahead(mail_world, mail_world.create(), utc("2020-12-20T10:00"))
    last = next(each for each in found.sendings if each.step_key == "deadline-0d")
    assert (last.at, last.people) == (utc("2020-12-29T21:00"), 1)
    early = "deadline-0d goes earlier than its hour to 1 person: quiet hours leave no time between it and the end."
    assert early in found.look_at


def test_post_that_cannot_arrive_is_told(world: World) -> None:
    world.person("Clara", "Europe/London")
    campaign_id = world.create()
    run(
        world,
        "UPDATE step SET step_key = 'deadline-2d', anchor = 'deadline', anchor_on = :on, offset_days = -2, until_on = NULL"
        " WHERE step_key = 'post-by+0d'",
        on=utc("2020-12-29T00:00").toordinal(),
    )
    world.set_campaign(campaign_id, default_plan=False)
    found = look_ahead(world, campaign_id)
    told = "deadline-2d (Sun 27 Dec) asks for a letter that may not arrive: it had to be posted by Mon 14 Dec."
    assert told in found.look_at


def test_people_without_a_zone_are_counted(mail_world: World) -> None:
    mail_world.person("Clara", "")
    found = look_ahead(mail_world, mail_world.create())
    assert found.zone_unknown == 1
    assert any(sentence.startswith("The zone of 1 person is not known: email goes") for sentence in found.look_at)


def test_more_people_than_the_limit_wait_for_an_organiser_and_the_forecast_says_so(mail_world: World) -> None:
    readers(mail_world, 3)
    campaign_id = mail_world.live(sending_limit=2)
    told = "start+0d is for 3 people by email, above the limit of 2: it will wait for you (`reminder campaign send 1`)."
    assert told in look_ahead(mail_world, campaign_id).look_at
    due = utc("2020-12-02T09:00")
    mail_world.plan(due)
    mail_world.triage(due)
    found = look_ahead(mail_world, campaign_id, due)
    assert [each.waits for each in found.sendings if each.step_key == "start+0d"] == [True]
    assert "  sending (Wed 2 Dec, 09:00 London, email, 3 people): waiting for you" in found.text()


def test_who_had_as_many_reminders_as_wanted_gets_nothing_for_the_weekly_limit(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    run(mail_world, "UPDATE subscriber SET cadence_n = 1")
    remind(mail_world, 1, "2020-11-28")
    found = look_ahead(mail_world, mail_world.live())
    # The 2-day reminder falls into the week of the 7-day one; the last useful one passes.
    weekly = {Reason.WEEKLY_LIMIT: 1}
    expected = {"start+0d": weekly, "half+0d": {}, "deadline-7d": {}, "deadline-2d": weekly, "deadline-0d": {}}
    assert by_step(found) == expected


def test_who_has_another_reminder_that_day_gets_it_the_next_day(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    mail_world.person("Davi", "Europe/London")
    remind(mail_world, 1, "2020-12-02")
    found = look_ahead(mail_world, mail_world.live())
    lines = [line for line in found.text() if "email, 1 person" in line]
    assert lines == [
        "  sending (Wed 2 Dec, 09:00 London, email, 1 person)",
        "  sending (Thu 3 Dec, 09:00 London, email, 1 person): for those who had another reminder the day before",
    ]


def test_reminders_of_other_live_campaigns_are_counted_as_an_upper_bound(mail_world: World) -> None:
    mail_world.person("Clara", "Europe/London")
    run(mail_world, "UPDATE subscriber SET cadence_n = 1")
    mine = mail_world.live()
    assert {each.at_most_fewer for each in look_ahead(mail_world, mine).sendings} == {0}
    other = mail_world.live(utc("2020-12-12T10:00"), case_id=mail_world.another_case())
    mail_world.set_campaign(other, live_since=BEGAN)
    fewer = {each.step_key: each.at_most_fewer for each in look_ahead(mail_world, mine).sendings}
    # Its start is on 12 December, three days before our half-time.
    assert fewer == {"start+0d": 0, "half+0d": 1, "deadline-7d": 0, "deadline-0d": 0}
    text_of = look_ahead(mail_world, mine).text()
    assert any(line.endswith("up to 1 fewer: other campaigns remind in the same days") for line in text_of)


def test_what_has_gone_to_some_is_not_counted_for_them_again(mail_world: World) -> None:
    mail_world.cast()
    campaign_id = mail_world.live()
    noon = utc("2020-12-01T20:00")
    mail_world.plan(BEGAN)
    for at in (utc("2020-12-01T12:00"), utc("2020-12-01T17:00"), noon):
        open_due(mail_world.database, at, chunk=10, zones_of=zones_of)
    start = next(step for step in look_ahead(mail_world, campaign_id, noon).steps if step.step_key == "start+0d")
    assert (start.going, start.went) == (3, 4)


def test_the_report_of_a_program_has_the_same_figures(mail_world: World) -> None:
    mail_world.cast()
    found = look_ahead(mail_world, mail_world.create())
    said = found.to_json()
    assert (said["audience"], said["get_something"], said["nothing"]) == (7, 7, {})
    assert said["days"][0] == {"day": "2020-12-01", "email": 2}
    assert sum(day.get("sms", 0) for day in said["days"]) == 4
    first = said["sendings"][0]
    assert (first["local_time"], first["people"], first["at"]) == ("09:00 Sao Paulo", 1, "2020-12-01T12:00:00+00:00")
