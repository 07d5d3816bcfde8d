"""Replies that wait for a person of the office, and the parts of long texts until they are whole."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.states import Channel
from reminder.store.tables import InboxRow, ReplyDone, ReplyPart

_INBOX = InboxRow.__table__  # type: ignore[attr-defined]
_PART = ReplyPart.__table__  # type: ignore[attr-defined]
_DONE = ReplyDone.__table__  # type: ignore[attr-defined]
EMPTIED = b""


@dataclass(frozen=True, slots=True)
class Part:
    """Part `no` of `parts` of the text named `whole`, sealed; `mark` is what it is known by when it is told again."""

    whole: bytes
    no: int
    parts: int
    mark: bytes
    at: datetime
    part_ct: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in the inbox. `subscriber_id` 0: nobody we know. `due_on`: the last day to act on it, if there is one.

    `sender_ct` and `text_ct` are empty once they were removed.
    """

    id: int
    at: datetime
    channel: Channel
    subscriber_id: int
    what: str
    due_on: date | None
    sender_ct: bytes = field(repr=False)
    text_ct: bytes = field(repr=False)


def put(
    connection: Connection,
    *,
    mark: bytes,
    at: datetime,
    channel: Channel,
    subscriber_id: int,
    sender_ct: bytes,
    text_ct: bytes,
    what: str,
    due_on: date | None,
) -> bool:
    """Keep a reply until somebody has read it; False where it is there already."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    written = connection.execute(
        insert_new(_INBOX)
        .values(
            fingerprint=mark,
            at=at,
            channel=channel,
            subscriber_id=subscriber_id,
            sender_ct=sender_ct,
            text_ct=text_ct,
            what=what,
            due_on=due_on,
        )
        .on_conflict_do_nothing()
        .returning(_INBOX.c.id)
    )
    return written.first() is not None


def open_replies(connection: Connection, *, number: int | None = None) -> Sequence[Reply]:
    """What waits, the most urgent first; with `number` only that one, also if it is done."""
    chosen = select(_INBOX).order_by(_INBOX.c.due_on.is_(None), _INBOX.c.due_on, _INBOX.c.id)
    chosen = chosen.where(_INBOX.c.done_at.is_(None) if number is None else _INBOX.c.id == number)
    return [
        Reply(
            row.id,
            row.at,
            row.channel,
            row.subscriber_id,
            row.what,
            row.due_on,
            bytes(row.sender_ct),
            bytes(row.text_ct),
        )
        for row in connection.execute(chosen)
    ]


def finish(connection: Connection, number: int, now: datetime) -> bool:
    """A person has dealt with it; False where that was so already."""
    done = update(_INBOX).where(_INBOX.c.id == number, _INBOX.c.done_at.is_(None)).values(done_at=now)
    return connection.execute(done).rowcount == 1


def due_until(connection: Connection, day: date) -> tuple[int, date | None]:
    """How many replies must be dealt with by this day, and the first such day."""
    waits = select(func.count(), func.min(_INBOX.c.due_on)).where(_INBOX.c.done_at.is_(None), _INBOX.c.due_on <= day)
    number, first = connection.execute(waits).one()
    return number, first


def empty_done(connection: Connection, before: datetime) -> int:
    """Remove sender and text of what was dealt with before; the row stays, so that it is known. Returns how many."""
    old = update(_INBOX).where(_INBOX.c.done_at < before, _INBOX.c.text_ct != EMPTIED)
    return connection.execute(old.values(sender_ct=EMPTIED, text_ct=EMPTIED)).rowcount


def is_done(connection: Connection, mark: bytes) -> bool:
    """Whether this reply, or part of one, was acted on."""
    return connection.execute(select(_DONE.c.mark).where(_DONE.c.mark == mark)).first() is not None


def note_done(connection: Connection, marks: Collection[bytes], now: datetime) -> None:
    """The one place that says a reply was acted on: whoever tells it again, it does nothing."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"mark": mark, "at": now} for mark in sorted(marks)]
    connection.execute(insert_new(_DONE).on_conflict_do_nothing(), rows)


def put_part(connection: Connection, part: Part) -> list[Part]:
    """Keep a part of a long text; returns all parts of it that are there, in order."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {name: getattr(part, name) for name in _PART.c.keys()}  # noqa: SIM118 - names, not columns
    connection.execute(insert_new(_PART).values(**row).on_conflict_do_nothing())
    return _parts(connection, select(_PART).where(_PART.c.whole == part.whole))


def waiting_parts(connection: Connection, *, before: datetime) -> list[Part]:
    """The parts of texts of which one came before that instant, text by text."""
    old = select(_PART.c.whole).where(_PART.c.at < before)
    return _parts(connection, select(_PART).where(_PART.c.whole.in_(old)))


def _parts(connection: Connection, chosen: Select[Any]) -> list[Part]:
    rows = connection.execute(chosen.order_by(_PART.c.whole, _PART.c.no))
    return [Part(bytes(row.whole), row.no, row.parts, bytes(row.mark), row.at, bytes(row.part_ct)) for row in rows]


def drop_parts(connection: Connection, whole: bytes) -> None:
    """Nobody waits for another part of the text."""
    connection.execute(delete(_PART).where(_PART.c.whole == whole))
