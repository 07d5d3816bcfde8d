"""Whose turn it is to look at the mailbox, and how it went: one row, whichever process or machine looks."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.store.tables import MailboxTurn

_TURN = MailboxTurn.__table__  # type: ignore[attr-defined]
_ROW = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """When the mailbox with the settings of `mark` is looked at next; `misses` in a row, the first of them at `since`."""

    mark: bytes
    next_at: datetime
    misses: int
    since: datetime | None


def turn(connection: Connection) -> Turn | None:
    """How it stands; None before the first look."""
    row = connection.execute(select(_TURN).where(_TURN.c.id == _ROW)).first()
    return None if row is None else Turn(bytes(row.mark), row.next_at, row.misses, row.since)


def take_turn(connection: Connection, mark: bytes, now: datetime, until: datetime, *, at_once: bool = False) -> bool:
    """Take the look that is due upon us; nobody else looks before `until`. False where none is due.

    `mark` is that of the settings: with other ones what went wrong is forgotten. `at_once`: a person asks.
    """
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first = insert_new(_TURN).values(id=_ROW, mark=mark, next_at=until, misses=0, since=None)
    if connection.execute(first.on_conflict_do_nothing().returning(_TURN.c.id)).first() is not None:
        return True
    row = update(_TURN).where(_TURN.c.id == _ROW)
    changed = row.where(_TURN.c.mark != mark).values(mark=mark, next_at=until, misses=0, since=None)
    due = row.values(next_at=until) if at_once else row.where(_TURN.c.next_at <= now).values(next_at=until)
    return connection.execute(changed).rowcount == 1 or connection.execute(due).rowcount == 1


def turn_went_well(connection: Connection, next_at: datetime) -> None:
    """The mailbox was read."""
    connection.execute(update(_TURN).where(_TURN.c.id == _ROW).values(next_at=next_at, misses=0, since=None))


def turn_went_wrong(connection: Connection, misses: int, since: datetime, next_at: datetime) -> None:
    """It could not be read, `misses` times in a row since then."""
    connection.execute(update(_TURN).where(_TURN.c.id == _ROW).values(next_at=next_at, misses=misses, since=since))
