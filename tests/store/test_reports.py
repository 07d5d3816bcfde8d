"""The statements of reports keep to their indexes, and versions to their numbers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from reminder.domain.states import Channel, DeliveryState, MessageState, Result
from reminder.store import office, reports
from reminder.store.database import Database
from reminder.store.reports import Connection, Version
from tests.reporting.world import DEADLINE, ENDED, START, world


def plan_of(database: Database, ask: Callable[[Connection], object]) -> list[str]:
    """What SQLite would do for each statement of `ask`."""
    asked = []
    with database.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda c, cursor, sql, values, *_: asked.append((sql, values))
        )
        ask(connection)
        statements = list(asked)
        return [
            row[3]
            for sql, values in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
        ]


def test_promises_are_counted_by_their_index_and_their_messages_found_by_the_day(sqlite_database: Database) -> None:
    appeal = world(sqlite_database)
    appeal.promise("Clara")
    plan = plan_of(sqlite_database, lambda c: reports.promises(c, appeal.campaign_id))
    assert "SEARCH m USING INDEX one_a_day (local_on=? AND subscriber_id=?) LEFT-JOIN" in plan
    assert not [step for step in plan if step.startswith("SCAN")]


def test_the_look_for_due_reports_reads_no_promises_and_only_unclear_messages(sqlite_database: Database) -> None:
    world(sqlite_database)
    plan = plan_of(sqlite_database, lambda c: reports.reports_due(c, ENDED, 1))
    assert not [step for step in plan if "delivery" in step or " d " in step]
    assert [step for step in plan if " m" in step] == ["SCAN m USING INDEX message_unclear"]


def test_the_office_looks_at_one_row_between_two_mornings(sqlite_database: Database) -> None:
    assert plan_of(sqlite_database, office.looked) == ["SEARCH instance USING INTEGER PRIMARY KEY (rowid=?)"]


def test_alike_promises_are_counted_together(database: Database) -> None:
    appeal = world(database)
    for name in ("Clara", "Davi"):
        appeal.promise(name, result=Result.DELIVERED)
    appeal.promise("Ellen", state=DeliveryState.DUE, message=MessageState.CANCELLED)
    with database.read() as connection:
        counted = reports.promises(connection, appeal.campaign_id)
    assert {(each.number, each.state, each.message, each.result, each.channel) for each in counted} == {
        (2, DeliveryState.CARRIED, MessageState.ACCEPTED, Result.DELIVERED, Channel.EMAIL),
        (1, DeliveryState.DUE, None, None, Channel.EMAIL),
    }


def test_another_campaign_is_not_counted(database: Database) -> None:
    appeal = world(database)
    appeal.promise("Clara")
    appeal.wrote("Clara")
    other = appeal.add_campaign(appeal.case_id)
    with database.read() as connection:
        assert reports.promises(connection, other) == []
        assert reports.people(connection, other, START) == []
        assert reports.letters(connection, other) == reports.Letters({}, 0, 0)


def test_versions_come_back_in_order_as_they_were_kept(database: Database) -> None:
    kept = [Version(7, number, ENDED + timedelta(days=number), number == 2, {"made": number}) for number in (1, 2)]
    for version in kept:
        assert database.write(lambda connection, version=version: reports.keep_version(connection, version))
    again = Version(7, 2, ENDED, False, {})
    assert not database.write(lambda connection: reports.keep_version(connection, again))
    with database.read() as connection:
        assert reports.versions(connection, 7) == kept


@pytest.mark.parametrize(("monday", "taken"), [(DEADLINE, True), (DEADLINE - timedelta(days=7), False)])
def test_a_monday_is_taken_once(database: Database, monday, taken: bool) -> None:  # type: ignore[no-untyped-def]
    before = DEADLINE - timedelta(days=1)
    database.write(lambda c: c.execute(text("UPDATE instance SET monday_on = :day"), {"day": before.toordinal()}))
    assert database.write(lambda connection: office.take_monday(connection, monday)) is taken
    assert not database.write(lambda connection: office.take_monday(connection, monday))
