"""Replies that wait for a person of the office, and the parts of long texts until they are whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.states import Channel
from reminder.store.tables import InboxRow, ReplyPart

_INBOX = InboxRow.__table__  # type: ignore[attr-defined]
_PART = ReplyPart.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply in the inbox. `subscriber_id` 0: nobody we know. `due_on`: the last day to act on it, if there is one."""

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


def due_until(connection: Connection, day: date) -> int:
    """How many replies must be dealt with by this day."""
    return len(connection.execute(select(_INBOX.c.id).where(_INBOX.c.done_at.is_(None), _INBOX.c.due_on <= day)).all())


def put_part(connection: Connection, whole: bytes, no: int, text_ct: bytes, now: datetime) -> list[bytes]:
    """Keep a part of a long text; returns all parts that are there, in order."""
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_new(_PART).values(whole=whole, no=no, at=now, text_ct=text_ct).on_conflict_do_nothing())
    rows = connection.execute(select(_PART.c.text_ct).where(_PART.c.whole == whole).order_by(_PART.c.no))
    return [bytes(text_ct) for text_ct in rows.scalars()]


def drop_parts(connection: Connection, whole: bytes) -> None:
    """The text is whole."""
    connection.execute(delete(_PART).where(_PART.c.whole == whole))


def drop_old_parts(connection: Connection, before: datetime) -> int:
    """Texts of which a part never came; returns how many parts."""
    return connection.execute(delete(_PART).where(_PART.c.at < before)).rowcount
