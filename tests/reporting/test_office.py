"""What the organisers are told without asking: once for each trouble, in the morning, and each Monday."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reminder.domain.states import CampaignState, Channel, DeliveryState, MessageKind, MessageState, Reason, WaveState
from reminder.reporting.office import Told, office_reminders
from reminder.store.database import Database
from reminder.store.tables import InboxRow
from tests.reporting.test_listing import LIVE, QUESTION
from tests.reporting.world import START, ZONE, World, world

# A Tuesday, at nine.
TUESDAY = datetime(2020, 12, 8, 9, tzinfo=UTC)
MONDAY = datetime(2020, 12, 14, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def office(database: Database) -> World:
    """An empty office with one organiser, which has had this week's mail."""
    made = World(database)
    made.add_organiser()
    made.run("UPDATE instance SET monday_on = :day", day=date(2020, 12, 7).toordinal())
    return made


def look(made: World, now: datetime) -> list[Told]:
    """One heartbeat's look, and the heartbeat."""
    told = office_reminders(made.database, now, ZONE)
    made.run("UPDATE instance SET heartbeat_at = :now", now=int(now.timestamp()))
    return told


def keys(told: list[Told]) -> list[str]:
    return [each.dedupe for each in told]


def live(made: World, **more: Any) -> int:
    return made.add_campaign(made.case_id or made.add_case(), **LIVE | more)


def test_a_case_that_waits_is_told_in_the_morning_and_again_after_a_week(office: World) -> None:
    office.add_case(added_at=TUESDAY - timedelta(hours=20), deadline_on=None, questions=QUESTION)
    assert look(office, TUESDAY - SECOND) == []
    assert keys(look(office, TUESDAY)) == ["case-waits:k3x7qa:0"]
    office.run("UPDATE instance SET monday_on = :day", day=date(2020, 12, 14).toordinal())
    told = [keys(look(office, TUESDAY + days * DAY)) for days in range(1, 8)]
    assert [each for each in told if each] == [["case-waits:k3x7qa:1"]]


def reply(made: World, due_on: date | None, mark: bytes) -> None:
    values = {"fingerprint": mark, "at": START, "channel": Channel.EMAIL, "sender_ct": b"x", "text_ct": b"x"}
    made.add(InboxRow, **values, what="sounds like leaving", due_on=due_on)


def test_replies_that_are_due_are_told_every_morning_until_they_are_dealt_with(office: World) -> None:
    reply(office, TUESDAY.date() + 3 * DAY, b"1")
    reply(office, None, b"2")
    assert look(office, TUESDAY) == []
    [told] = look(office, TUESDAY + DAY)
    assert (told.kind, told.payload["reason"].startswith("1 reply must be dealt with, the first by")) == (
        MessageKind.ALERT,
        True,
    )
    assert look(office, TUESDAY + DAY + timedelta(hours=3)) == [], "once a day"
    [again] = look(office, TUESDAY + 5 * DAY)
    assert "the first was due" in again.payload["reason"]
    office.run("UPDATE inbox SET done_at = 1 WHERE due_on IS NOT NULL")
    office.run("UPDATE instance SET monday_on = :day", day=date(2020, 12, 14).toordinal())
    assert look(office, TUESDAY + 6 * DAY) == []


def test_a_case_that_was_answered_is_told_no_more(office: World) -> None:
    office.add_case(added_at=START, questions=QUESTION)
    assert len(look(office, TUESDAY)) == 1
    office.run("UPDATE casefile SET questions = '[]'")
    assert look(office, TUESDAY + 2 * DAY) == []


def test_a_campaign_that_waits_for_the_letter_counts_as_its_case(office: World) -> None:
    live(office, question="letter")
    (told,) = look(office, TUESDAY)
    assert told.dedupe.startswith("case-waits:k3x7qa:")
    assert told.payload["lines"] == ["Is it the same letter, or a new letter that everybody is asked to write?"]


@pytest.mark.parametrize(
    ("review_on", "told"), [(date(2020, 12, 9), 0), (date(2020, 12, 8), 1), (date(2020, 12, 7), 1)]
)
def test_a_review_is_told_on_its_day(office: World, review_on: date, told: int) -> None:
    office.add_case(deadline_on=None, review_on=review_on)
    assert len(look(office, TUESDAY)) == told


def test_a_live_campaign_without_steps_is_told(office: World) -> None:
    campaign = live(office, live_since=START)
    assert look(office, TUESDAY) == []
    office.run("DELETE FROM step")
    assert keys(look(office, TUESDAY + DAY)) == [f"no-steps:{campaign}:1"]
    assert look(office, TUESDAY + 2 * DAY) == []


def test_a_sending_above_the_limit_is_told_once(office: World) -> None:
    office.campaign_id = live(office)
    office.add_wave(WaveState.WAITING, 5_000)
    assert [each.payload["subject"] for each in look(office, TUESDAY)] == ["A sending is waiting for you"]
    assert look(office, TUESDAY + DAY) == []


def test_what_was_set_aside_is_told_once_and_again_when_there_is_more(office: World) -> None:
    office.case_id = office.add_case()
    office.campaign_id = live(office)
    for name, on in (("Clara", date(2020, 12, 7)), ("Davi", date(2020, 12, 8))):
        office.add_person(name)
        office.promise(name, state=DeliveryState.SET_ASIDE, reason=Reason.NOT_BUILT, message=None, on=on)
        moment = datetime(on.year, on.month, on.day, 10, tzinfo=UTC) + DAY
        assert keys(look(office, moment)) == [f"set-aside:{office.campaign_id}:{on}"]
    assert look(office, TUESDAY + 3 * DAY) == []


def test_what_an_ended_campaign_set_aside_is_left_to_its_report(office: World) -> None:
    office.case_id = office.add_case()
    office.campaign_id = live(office, state=CampaignState.EXPIRED)
    office.add_person("Clara")
    office.promise("Clara", state=DeliveryState.SET_ASIDE, reason=Reason.NOT_BUILT, message=None)
    assert look(office, TUESDAY) == []


@pytest.mark.parametrize(("hours", "told"), [(6, 0), (7, 1)])
def test_an_unclear_message_is_told_by_its_number_when_it_was_not_settled(office: World, hours: int, told: int) -> None:
    office.case_id = office.add_case()
    office.campaign_id = live(office)
    office.add_person("Clara")
    sent_at = TUESDAY - timedelta(hours=hours)
    number = office.promise("Clara", state=DeliveryState.DUE, message=MessageState.AMBIGUOUS, at=sent_at)
    assert [each.payload["lines"] for each in look(office, TUESDAY)] == [[f"message {number}"]] * told


def test_between_two_mornings_nothing_is_looked_at(office: World) -> None:
    look(office, TUESDAY)
    office.add_case(questions=QUESTION)
    assert look(office, TUESDAY + SECOND) == []
    assert look(office, TUESDAY + timedelta(hours=23)) == []
    assert len(look(office, TUESDAY + DAY + timedelta(hours=3))) == 1


def test_a_look_that_is_repeated_queues_nothing_twice(office: World) -> None:
    office.add_case(questions=QUESTION)
    assert len(office_reminders(office.database, TUESDAY, ZONE)) == 1
    assert office_reminders(office.database, TUESDAY, ZONE) == []
    assert len(office.mails()) == 1


def test_the_alerts_name_no_person_and_no_country(office: World) -> None:
    office.add_case(added_at=START, questions=QUESTION)
    office.run("DELETE FROM step")
    (told,) = look(office, TUESDAY)
    assert set(told.payload) == {"subject", "reason", "remedy", "lines"}
    assert "UA 63/20" in told.payload["reason"]
    assert not {"Writer", "China", "Nagyz"} & set(told.payload["subject"].split())


def test_every_monday_at_nine_the_office_gets_both_lists(database: Database) -> None:
    appeal = world(database)
    appeal.add_organiser()
    appeal.run("UPDATE campaign SET state = 3")
    appeal.run("UPDATE casefile SET deadline_on = :day", day=date(2020, 12, 28).toordinal())
    appeal.add_case("ended2", deadline_on=date(2020, 12, 7))
    appeal.add_case("older2", deadline_on=date(2020, 12, 6))
    appeal.run("UPDATE instance SET monday_on = :day", day=date(2020, 12, 7).toordinal())
    assert look(appeal, MONDAY - SECOND) == []
    (mail,) = look(appeal, MONDAY)
    assert (mail.kind, mail.dedupe) == (MessageKind.REPORT, "monday:2020-12-14")
    assert mail.payload["facts"] == [
        ["Appeals that expire within 14 days", "1"],
        ["Appeals that expired since Monday 7 December 2020", "1"],
    ]
    names = [
        [row[2] if "Left" in table["header"] else row[1] for row in table["rows"]] for table in mail.payload["tables"]
    ]
    assert [("k3x7qa" in names[0][0], len(names[0])), ("ended2" in names[1][0], len(names[1]))] == [
        (True, 1),
        (True, 1),
    ]
    assert look(appeal, MONDAY + SECOND) == []
    assert look(appeal, MONDAY + DAY) == []


def test_a_monday_that_nobody_saw_is_made_up_for_once(office: World) -> None:
    assert keys(look(office, MONDAY + 2 * DAY)) == ["monday:2020-12-14"]
    assert look(office, MONDAY + 3 * DAY) == []
    assert keys(look(office, MONDAY + 7 * DAY)) == ["monday:2020-12-21"]


def test_an_office_that_was_set_up_in_the_week_waits_for_its_first_monday(office: World) -> None:
    created = int((MONDAY + DAY).timestamp())
    office.run("UPDATE instance SET monday_on = NULL, created_at = :at", at=created)
    assert look(office, MONDAY + 2 * DAY) == []
    assert keys(look(office, MONDAY + 7 * DAY)) == ["monday:2020-12-21"]


def test_nine_is_nine_where_the_office_is(office: World) -> None:
    office.add_case(questions=QUESTION)
    tokyo = "Asia/Tokyo"
    nine = datetime(2020, 12, 8, 0, tzinfo=UTC)
    office.run("UPDATE instance SET heartbeat_at = :at", at=int((nine - SECOND).timestamp()))
    assert office_reminders(office.database, nine - SECOND, tokyo) == []
    assert len(office_reminders(office.database, nine, tokyo)) == 1


def test_a_morning_that_was_cut_short_is_made_up_for(office: World) -> None:
    office.add_case(added_at=TUESDAY - timedelta(hours=20), questions=QUESTION)
    # The daemon beat at nine, and was told to end before it had looked.
    office.run("UPDATE instance SET heartbeat_at = :now", now=int(TUESDAY.timestamp()))
    assert keys(look(office, TUESDAY + SECOND)) == ["case-waits:k3x7qa:0"]
    assert look(office, TUESDAY + 2 * SECOND) == []


def test_a_morning_without_news_is_looked_at_once(office: World) -> None:
    assert look(office, TUESDAY) == []
    office.add_case(added_at=TUESDAY - timedelta(hours=20), questions=QUESTION)
    assert look(office, TUESDAY + SECOND) == []
