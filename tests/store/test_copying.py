"""A copy of an installation holds every row, whatever the two databases are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, text

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.store import schema
from reminder.store.copying import copy_installation
from reminder.store.database import Database
from reminder.store.instance import create_instance
from reminder.store.tables import Audit, DoNotContact, Instance, Rhythm, Subscriber, Subscription
from tests.databases import vault_for_tests

NOW = datetime(2020, 12, 1, 8, tzinfo=UTC)
PEOPLE = 25


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as the tables declare their values."""
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key.columns))]
            for table in Instance.metadata.sorted_tables
        }


def fill(database: Database) -> None:
    def work(connection: Any) -> None:
        connection.execute(insert(Rhythm).values(zone="Asia/Almaty"))
        people = [
            {
                "email_ct": bytes([0, n]),
                "email_hash": bytes([n]) * 16,
                "rhythm_id": 1,
                "joined_at": NOW,
                "email_since": NOW,
            }
            for n in range(PEOPLE)
        ]
        connection.execute(insert(Subscriber), people)
        connection.execute(insert(Subscription), [{"scope": "all", "subscriber_id": n} for n in range(1, PEOPLE + 1)])
        connection.execute(
            insert(DoNotContact).values(channel=Channel.SMS, address_hash=b"h" * 16, reason="left", since=NOW)
        )
        connection.execute(insert(Audit).values(at=NOW, who="office", what="case add", about="case:x"))

    database.write(work)


@pytest.fixture
def empty(sqlite_url: str) -> Iterator[Database]:
    """A migrated SQLite database in which nothing was set up."""
    opened = Database(sqlite_url.replace("reminder.db", "copy.db"))
    schema.upgrade(opened)
    yield opened
    opened.close()


def test_every_row_of_every_table_arrives_and_the_source_stays_as_it_was(database: Database, empty: Database) -> None:
    fill(database)
    before = rows(database)
    counts = copy_installation(database, empty, rows_at_once=10)
    assert rows(empty) == before == rows(database)
    assert counts == {name: len(each) for name, each in before.items()}
    assert counts["subscriber"] == PEOPLE


def test_the_copy_belongs_to_the_same_keys(database: Database, empty: Database) -> None:
    copy_installation(database, empty)
    fingerprint = vault_for_tests().fingerprint()
    assert empty.write(lambda connection: create_instance(connection, fingerprint, NOW)) is False


def test_a_copy_numbers_new_rows_after_the_old_ones(sqlite_database: Database, postgres_url: str) -> None:
    fill(sqlite_database)
    target = Database(postgres_url)
    target.write(lambda connection: connection.execute(text("DELETE FROM instance")))
    copy_installation(sqlite_database, target)
    statement = (
        insert(Audit)
        .values(at=NOW, who="office", what="again", about="")
        .returning(Audit.metadata.tables["audit"].c.id)
    )
    assert target.write(lambda connection: connection.execute(statement).scalar_one()) == 2
    target.close()


def test_nothing_is_copied_over_what_is_there(sqlite_database: Database, postgres_url: str) -> None:
    fill(sqlite_database)
    target = Database(postgres_url)
    with pytest.raises(Trouble, match="not empty"):
        copy_installation(sqlite_database, target)
    assert rows(target)["subscriber"] == []
    target.close()
