"""The rules for one person (domain/meant.py) and the rules for everybody (store/eligible.py) are the same rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, text

from reminder.domain.consent import PersonState
from reminder.domain.meant import Going, goes_by_other, is_over_limit, why_not
from reminder.domain.states import Channel, MessageKind, MessageState, Reason
from reminder.store.database import Database
from reminder.store.eligible import Sending, binds, conditions, facts, passes_cadence
from reminder.store.tables import (
    Campaign,
    CaseFile,
    DoNotContact,
    Exclusion,
    Letter,
    Message,
    Subscriber,
    Subscription,
)
from reminder.store.why import known_of, promises_to, waves_for

DUE = datetime(2020, 12, 22, 9, tzinfo=UTC)
TODAY = date(2020, 12, 22)
EMAIL, SMS = Channel.EMAIL, Channel.SMS
NOBODY = {
    "state": 1,
    "email_since": None,
    "sms_since": DUE,
    "paused_until": None,
    "last48": False,
    "cadence_n": 2,
    "cadence_days": 7,
}
INSTANTS = st.sampled_from([None, DUE - timedelta(days=9), DUE, DUE + timedelta(seconds=1)])
SENDING = Sending(
    wave_id=1,
    campaign_id=7,
    case_id=3,
    country="CN",
    zone="Europe/London",
    round=1,
    scopes=("all", "list:london"),
    named=False,
    step_key="deadline-7d",
    anchor_on=date(2020, 12, 29),
    rhythm_id=1,
    channel=EMAIL,
    unless_channel=0,
    local_on=TODAY,
    due_at=DUE,
    open_until=DUE + timedelta(hours=12),
    not_after=DUE + timedelta(days=7),
    joined_by=DUE,
    last_useful=False,
)
SENDINGS = st.builds(
    lambda channel, prefers, short, last, joined: replace(
        SENDING,
        channel=channel,
        unless_channel=int(SMS) if prefers and channel is EMAIL else 0,
        not_after=DUE + timedelta(hours=48, seconds=0 if short else 1),
        last_useful=last,
        joined_by=joined,
    ),
    st.sampled_from(Channel),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from([DUE, DUE - timedelta(days=9), DUE - timedelta(days=10)]),
)
PEOPLE = st.fixed_dictionaries(
    {
        "state": st.sampled_from([PersonState.ACTIVE] * 4 + list(PersonState)),
        "email_since": INSTANTS,
        "sms_since": INSTANTS,
        "paused_until": INSTANTS,
        "last48": st.booleans(),
        "cadence_n": st.integers(1, 2),
        "cadence_days": st.sampled_from([1, 7, 30]),
    }
)
SMALL = st.fixed_dictionaries(
    {
        "scope": st.sampled_from([None, "all", "all", "list:london", "list:paris"]),
        "wrote_in": st.sampled_from([None, None, 1, 2]),
        "left_out": st.sampled_from([None, None, "CN", "case:3", "FR"]),
        "reminded": st.sets(st.sampled_from([1, 2, 6, 7, 29, 30, 31]), max_size=3),
    }
)


def empty(database: Database) -> None:
    tables = ("campaign", "casefile", "subscriber", "subscription", "exclusion", "letter", "message", "do_not_contact")
    for table in tables:
        database.write(lambda connection, table=table: connection.execute(text(f"DELETE FROM {table}")))


def keep(database: Database, person: dict[str, Any], small: dict[str, Any]) -> None:
    def work(connection: Any) -> None:
        case = {"id": 3, "key": "k", "code": "c", "organisation": "o", "zone": "Europe/London", "country": "CN"}
        connection.execute(insert(CaseFile).values(**case, topics=[], questions=[], created_at=DUE))
        campaign = {"id": 7, "case_id": 3, "zone": "Europe/London", "audience": ["all", "list:london"]}
        connection.execute(insert(Campaign).values(**campaign, state=3, created_at=DUE))
        hashes = {"email_hash": b"e" * 16, "phone_hash": b"p" * 16}
        connection.execute(insert(Subscriber).values(id=1, **hashes, rhythm_id=1, joined_at=DUE, **person))
        if small["scope"]:
            connection.execute(insert(Subscription).values(scope=small["scope"], subscriber_id=1))
        if small["wrote_in"]:
            connection.execute(insert(Letter).values(campaign_id=7, round=small["wrote_in"], subscriber_id=1, at=DUE))
        if small["left_out"]:
            connection.execute(insert(Exclusion).values(subscriber_id=1, what=small["left_out"]))
        for days in small["reminded"]:
            values = {"kind": MessageKind.NUDGE, "channel": EMAIL, "subscriber_id": 1, "batch_id": 1}
            until = {"open_until": DUE, "not_after": DUE, "state": MessageState.ACCEPTED}
            connection.execute(insert(Message).values(**values, **until, local_on=TODAY - timedelta(days=days)))

    database.write(work)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(PEOPLE, SMALL, SENDINGS)
@example(
    {
        "state": 1,
        "email_since": DUE,
        "sms_since": DUE,
        "paused_until": None,
        "last48": False,
        "cadence_n": 1,
        "cadence_days": 7,
    },
    {"scope": "all", "wrote_in": None, "left_out": None, "reminded": {6, 7}},
    SENDING,
)
def test_one_person_is_told_what_happens_to_everybody(
    sqlite_database: Database, person: dict[str, Any], small: dict[str, Any], sending: Sending
) -> None:
    empty(sqlite_database)
    keep(sqlite_database, person, small)
    with sqlite_database.read() as connection:
        known_facts = facts(connection, sending)
        chosen = connection.execute(
            text(
                f"SELECT {passes_cadence(sending, known_facts)} FROM subscriber s"
                f" WHERE s.id > :after AND s.id <= :last AND {conditions(sending, known_facts)}"
            ),
            binds(sending) | {"after": 0, "last": 9},
        ).scalar()
        known = known_of(connection, 7, 1, {TODAY})
    going = Going(
        channel=sending.channel,
        unless=Channel(sending.unless_channel) if sending.unless_channel else None,
        local_on=sending.local_on,
        due_at=sending.due_at,
        not_after=sending.not_after,
        joined_by=sending.joined_by,
        last_useful=sending.last_useful,
    )
    is_meant = why_not(known, going) is Reason.NONE and not goes_by_other(known, going)
    assert is_meant is (chosen is not None)
    if chosen is not None:
        assert is_over_limit(known, going) is (chosen == 0)


def test_a_closed_address_is_told_by_its_entry(database: Database) -> None:
    keep(database, NOBODY, {"scope": "all", "wrote_in": None, "left_out": None, "reminded": ()})
    entry = {"channel": EMAIL, "address_hash": b"e" * 16, "reason": "left", "since": DUE}
    database.write(lambda connection: connection.execute(insert(DoNotContact).values(**entry)))
    with database.read() as connection:
        known = known_of(connection, 7, 1, ())
    assert (known.closed, set(known.since), known.reminded_on) == ({EMAIL}, {SMS}, ())


def test_one_persons_answer_reads_no_table_that_grows_with_the_people(sqlite_database: Database) -> None:
    asked: list[tuple[str, Any]] = []
    keep(sqlite_database, NOBODY, {"scope": "all", "wrote_in": None, "left_out": None, "reminded": ()})
    with sqlite_database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *of: asked.append((of[2], of[3])))
        known_of(connection, 7, 1, {TODAY})
        promises_to(connection, 7, 1, {("deadline-7d", TODAY)})
        waves_for(connection, 7, 1)
        steps = [
            step[3]
            for statement, bound in list(asked)
            if statement.startswith("SELECT")
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)
        ]
    assert len(steps) > 10
    assert [step for step in steps if step.startswith("SCAN")] == []
