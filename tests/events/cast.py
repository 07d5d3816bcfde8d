"""One appeal and its cast for what supporters tell us."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, text

from reminder.domain.states import CampaignState, Channel, Result
from reminder.domain.waves import Habits
from reminder.store.database import Database
from reminder.store.heard import known_messages
from reminder.store.people import choices
from reminder.store.people.addresses import Address
from reminder.store.people.choices import Newcomer
from reminder.store.people.entries import Sealed
from reminder.store.results import Word
from reminder.store.tables import Campaign, CaseFile
from reminder.store.words import take_words

JOINED = datetime(2020, 12, 1, 10, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
CASE, CAMPAIGN = 3, 7


def appeal(database: Database, **more: Any) -> None:
    """A live campaign in London until 29 December 2020."""
    case = {"id": CASE, "key": "k", "code": "c", "organisation": "o", "zone": "Europe/London", "country": "CN"}
    campaign = {"id": CAMPAIGN, "case_id": CASE, "zone": "Europe/London", "audience": ["all"], "deadline_on": DEADLINE}

    def work(connection: Any) -> None:
        connection.execute(insert(CaseFile).values(**case, topics=[], questions=[], created_at=JOINED))
        connection.execute(insert(Campaign).values(**campaign, state=CampaignState.LIVE, created_at=JOINED, **more))

    database.write(work)


def address(name: str, channel: Channel = Channel.EMAIL) -> Address:
    return Address(channel, f"{name}{channel}".encode().ljust(16, b".")[:16])


def supporter(database: Database, name: str, zone: str = "Europe/London") -> int:
    """Somebody who has confirmed both channels."""
    sealed = {channel: Sealed(address(name, channel), b"ciphertext", "GB") for channel in Channel}

    def work(connection: Any) -> int:
        person = choices.add(connection, Newcomer(sealed, habits=Habits(zone), scopes=("all",)), JOINED)
        for channel in Channel:
            choices.confirm(connection, person, channel, JOINED, source="test", wording="Yes.")
        return person

    return database.write(work)


def told(database: Database, message_id: int, attempt_id: int, result: Result, at: datetime, now: datetime) -> int:
    """A provider says what became of a message; returns whether that is news."""
    word = Word(message_id, attempt_id, result, at)
    return database.write(
        lambda connection: take_words(connection, "scripted", [word], known_messages(connection, [message_id]), now)
    )


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What the small tables hold, apart from the ledger, whose order tells the order of events."""
    tables = ("subscriber", "subscription", "exclusion", "do_not_contact", "letter", "event")
    with database.read() as connection:
        return {
            table: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in tables
        }
