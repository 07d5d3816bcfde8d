from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, MessageKind, MessageState, Result
from reminder.errors import Trouble
from reminder.events.supporters import UNDO_WITHIN, leave, report_letter, take_letter_back
from reminder.store.database import Database
from reminder.store.people.addresses import open_channels
from reminder.store.tables import Message
from tests.events.cast import CAMPAIGN, DEADLINE, address, appeal, everything, supporter, told

NOW = datetime(2020, 12, 20, 9, tzinfo=UTC)
EMAIL, SMS = Channel.EMAIL, Channel.SMS


@pytest.fixture
def clara(database: Database) -> int:
    appeal(database)
    return supporter(database, "clara")


def still_open(database: Database, person: int) -> frozenset[Channel]:
    with database.read() as connection:
        return open_channels(connection, person)


def letters(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT round, subscriber_id, how, late FROM letter"))]


def test_a_letter_counts_once_and_keeps_the_way_it_was_told(database: Database, clara: int) -> None:
    assert report_letter(database, CAMPAIGN, clara, "post", NOW).new
    assert not report_letter(database, CAMPAIGN, clara, "email", NOW + timedelta(days=1)).new
    assert letters(database) == [(1, clara, "post", False)]


LAST_INSTANTS = [
    ("Europe/London", datetime(2020, 12, 30, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2020, 12, 30, 8, tzinfo=UTC)),
    ("Pacific/Kiritimati", datetime(2020, 12, 29, 10, tzinfo=UTC)),
    ("", datetime(2020, 12, 30, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "end"), LAST_INSTANTS)
@pytest.mark.parametrize(("after", "late"), [(-1, False), (0, True), (1, True)])
def test_a_letter_is_late_once_the_day_has_ended_where_the_reader_lives(
    database: Database, zone: str, end: datetime, after: int, late: bool
) -> None:
    appeal(database)
    person = supporter(database, "ellen", zone)
    assert report_letter(database, CAMPAIGN, person, "", end + timedelta(seconds=after)).late is late
    assert letters(database) == [(1, person, "", late)]


def test_a_campaign_without_a_deadline_has_no_late_letters(database: Database) -> None:
    appeal(database)
    database.write(lambda connection: connection.execute(text("UPDATE campaign SET deadline_on = NULL")))
    person = supporter(database, "clara")
    assert not report_letter(database, CAMPAIGN, person, "", NOW + timedelta(days=900)).late


@pytest.mark.parametrize(
    ("after", "undone"), [(timedelta(0), True), (UNDO_WITHIN, True), (UNDO_WITHIN + timedelta(seconds=1), False)]
)
def test_a_letter_can_be_taken_back_for_a_day(database: Database, clara: int, after: timedelta, undone: bool) -> None:
    report_letter(database, CAMPAIGN, clara, "post", NOW)
    assert take_letter_back(database, CAMPAIGN, clara, NOW + after) is undone
    assert not take_letter_back(database, CAMPAIGN, clara, NOW + after)
    assert bool(letters(database)) is not undone


def test_a_new_letter_is_asked_for_and_told_anew(database: Database, clara: int) -> None:
    report_letter(database, CAMPAIGN, clara, "post", NOW)
    database.write(lambda connection: connection.execute(text("UPDATE campaign SET round = 2")))
    assert report_letter(database, CAMPAIGN, clara, "post", NOW).new
    assert len(letters(database)) == 2


def test_a_letter_for_what_we_do_not_know_is_refused_by_number(database: Database, clara: int) -> None:
    with pytest.raises(Trouble, match="Campaign 99 or subscriber"):
        report_letter(database, 99, clara, "", NOW)
    with pytest.raises(Trouble, match="not known"):
        take_letter_back(database, CAMPAIGN, clara + 1, NOW)


WAYS = [
    (Leaving.ONE_CLICK, {SMS}),
    (Leaving.COMPLAINT, {SMS}),
    (Leaving.ALL_EMAIL, {SMS}),
    (Leaving.STOP, {EMAIL}),
    (Leaving.THIS_APPEAL, {EMAIL, SMS}),
    (Leaving.NEVER_AGAIN, set()),
    (Leaving.ERASE, set()),
]


@pytest.mark.parametrize(("what", "still"), WAYS)
@pytest.mark.parametrize("by", ["number", "email", "phone"])
def test_leaving_closes_what_the_table_says_and_the_answer_says_what_still_comes(
    database: Database, clara: int, what: Leaving, still: set[Channel], by: str
) -> None:
    who = {"number": clara, "email": address("clara"), "phone": address("clara", SMS)}[by]
    left = leave(database, what, who, NOW, campaign_id=CAMPAIGN)
    assert left.still == still == still_open(database, clara)
    assert ("still come" in " ".join(left.sentences)) is bool(still)
    before = everything(database)
    again = leave(database, what, who, NOW + timedelta(days=1), campaign_id=CAMPAIGN)
    assert everything(database) == before
    assert again.still == still


def test_not_this_appeal_leaves_out_its_case_and_needs_to_know_which(database: Database, clara: int) -> None:
    leave(database, Leaving.THIS_APPEAL, clara, NOW, campaign_id=CAMPAIGN)
    assert everything(database)["exclusion"] == [(clara, "case:3")]
    with pytest.raises(Trouble, match="The appeal: is not known"):
        leave(database, Leaving.THIS_APPEAL, clara, NOW)


def test_a_number_that_nobody_has_is_closed_all_the_same(database: Database, clara: int) -> None:
    left = leave(database, Leaving.STOP, address("jun", SMS), NOW)
    assert left.sentences == ("You get no more texts from us.", "Nothing else comes either.")
    assert [row[2] for row in everything(database)["do_not_contact"]] == ["stop"]
    assert still_open(database, clara) == {EMAIL, SMS}


def message(database: Database, person: int, channel: Channel = EMAIL, kind: MessageKind = MessageKind.NUDGE) -> int:
    values = {"kind": kind, "local_on": DEADLINE, "channel": channel, "subscriber_id": person, "batch_id": 1}
    until = {"open_until": NOW, "not_after": NOW, "dedupe": None if kind is MessageKind.NUDGE else "d"}

    def work(connection: Any) -> int:
        state = MessageState.ACCEPTED
        row = insert(Message).values(**values, **until, state=state, attempt_id=1)
        return int(connection.execute(row.returning(Message.__table__.c.id)).scalar_one())

    return database.write(work)


def result_of(database: Database, message_id: int) -> Result:
    with database.read() as connection:
        return Result(
            connection.execute(text("SELECT result FROM message WHERE id = :id"), {"id": message_id}).scalar_one()
        )


def test_what_was_told_before_is_no_news(database: Database, clara: int) -> None:
    number = message(database, clara)
    assert told(database, number, 1, Result.DELIVERED, NOW, NOW)
    assert not told(database, number, 1, Result.DELIVERED, NOW, NOW + timedelta(hours=1))
    assert told(database, number, 1, Result.SENT, NOW, NOW)
    assert result_of(database, number) is Result.DELIVERED
    assert not told(database, number + 1, 1, Result.BOUNCED, NOW, NOW)


CLOSING_RESULTS = [
    (Result.BOUNCED, EMAIL, "bounced", {SMS}),
    (Result.COMPLAINED, EMAIL, "complained", {SMS}),
    (Result.BOUNCED, SMS, "bounced", {EMAIL}),
    (Result.FAILED, EMAIL, None, {EMAIL, SMS}),
    (Result.DEFERRED, EMAIL, None, {EMAIL, SMS}),
]


@pytest.mark.parametrize(("result", "channel", "reason", "still"), CLOSING_RESULTS)
def test_a_hard_bounce_and_a_complaint_close_the_address_and_a_passing_failure_does_not(
    database: Database, clara: int, result: Result, channel: Channel, reason: str | None, still: set[Channel]
) -> None:
    told(database, message(database, clara, channel), 1, result, NOW, NOW)
    assert still_open(database, clara) == still
    assert [row[2] for row in everything(database)["do_not_contact"]] == ([reason] if reason else [])


def test_a_bounce_of_a_report_to_an_organiser_closes_no_supporter_of_that_number(
    database: Database, clara: int
) -> None:
    assert told(database, message(database, clara, kind=MessageKind.REPORT), 1, Result.BOUNCED, NOW, NOW)
    assert still_open(database, clara) == {EMAIL, SMS}


Event = Callable[[Database, int, int], Any]
HOURS = st.integers(1, 6).map(lambda hours: NOW + timedelta(hours=hours))


def _leave(what: Leaving, at: datetime, database: Database, person: int, _: int) -> None:
    leave(database, what, person, at, campaign_id=CAMPAIGN)


def _told(result: Result, attempt: int, at: datetime, database: Database, _: int, number: int) -> None:
    told(database, number, attempt, result, at, NOW)


def _wrote(_: datetime, database: Database, person: int, __: int) -> None:
    report_letter(database, CAMPAIGN, person, "post", NOW)


EVENTS = st.one_of(
    st.builds(lambda what, at: partial(_leave, what, at), st.sampled_from(Leaving), HOURS),
    st.builds(
        lambda result, attempt, at: partial(_told, result, attempt, at),
        st.sampled_from(Result),
        st.integers(1, 2),
        st.just(NOW),
    ),
    st.builds(lambda at: partial(_wrote, at), HOURS),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=5), st.data())
def test_the_order_and_the_repetition_of_events_do_not_matter(
    sqlite_database: Database, events: list[Event], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(events + events[:2]))

    def ending(given_in: list[Event]) -> tuple[Any, ...]:
        tables = ("campaign", "casefile", "message", "consent", "subscriber", "subscription", "exclusion", "letter")
        for table in (*tables, "do_not_contact", "event", "rhythm"):
            sqlite_database.write(lambda connection, table=table: connection.execute(text(f"DELETE FROM {table}")))
        appeal(sqlite_database)
        person = supporter(sqlite_database, "clara")
        number = message(sqlite_database, person)
        for event in given_in:
            event(sqlite_database, person, number)
        kept = everything(sqlite_database)
        events_told = {row[1:] for row in kept.pop("event")}
        # Of somebody who is erased nobody can be found again: which of two erasures came first is forgotten with the rest.
        kept["do_not_contact"] = [row[:3] if row[2] == "erased" else row for row in kept["do_not_contact"]]
        return kept, {row[1:6] for row in events_told}, result_of(sqlite_database, number)

    assert ending(events) == ending(shuffled)
