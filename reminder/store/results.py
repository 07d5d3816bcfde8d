"""What providers tell of messages: each word kept once per attempt, the message's result made of all of them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.results import combined
from reminder.domain.states import Channel, MessageKind, Result
from reminder.store.tables import EventRow, Message

_EVENT = EventRow.__table__  # type: ignore[attr-defined]
_MESSAGE = Message.__table__  # type: ignore[attr-defined]
FINGERPRINT_BYTES = 16
# The kind of an event that we make ourselves: a message was sent again although it may have arrived.
SENT_AGAIN = "sent again"


@dataclass(frozen=True, slots=True)
class About:
    """Whom a message was for; of reports and alerts `subscriber_id` is an organiser's."""

    kind: MessageKind
    channel: Channel
    subscriber_id: int


def note_result(
    connection: Connection, message_id: int, attempt_id: int, result: Result, at: datetime, now: datetime
) -> About | None:
    """Keep what was told of an attempt's message and raise the message's result.

    Returns whom the message was for where this is news, None where it was told before or there is no such message.
    """
    # The lock makes two callbacks about one message wait for each other (SQLite has one writer anyway).
    row = connection.execute(
        select(_MESSAGE.c.kind, _MESSAGE.c.channel, _MESSAGE.c.subscriber_id)
        .where(_MESSAGE.c.id == message_id)
        .with_for_update()
    ).first()
    if row is None or not _keep(connection, message_id, attempt_id, result, at, now):
        return None
    told = connection.execute(
        select(_EVENT.c.attempt_id, func.max(_EVENT.c.result))
        .where(_EVENT.c.message_id == message_id)
        .group_by(_EVENT.c.attempt_id)
    )
    whole = combined({attempt: Result(highest) for attempt, highest in told})
    connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == message_id).values(result=whole))
    return About(*row)


def note_sent_again(connection: Connection, message_id: int, at: datetime) -> None:
    """Keep that a message of which nobody knew was sent again: it may have come twice, and every list says so."""
    name = f"{message_id}|again|{at.isoformat()}".encode()
    values = {
        "fingerprint": hashlib.sha256(name).digest()[:FINGERPRINT_BYTES],
        "message_id": message_id,
        "attempt_id": 0,
        "kind": SENT_AGAIN,
        "result": Result.UNKNOWN,
        "at": at,
        "received_at": at,
    }
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_new(_EVENT).values(**values).on_conflict_do_nothing())


def _keep(
    connection: Connection, message_id: int, attempt_id: int, result: Result, at: datetime, now: datetime
) -> bool:
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    name = f"{message_id}|{attempt_id}|{int(result)}".encode()
    written = connection.execute(
        insert_new(_EVENT)
        .values(
            fingerprint=hashlib.sha256(name).digest()[:FINGERPRINT_BYTES],
            message_id=message_id,
            attempt_id=attempt_id,
            kind="result",
            result=result,
            at=at,
            received_at=now,
        )
        .on_conflict_do_nothing()
        .returning(_EVENT.c.id)
    )
    return written.first() is not None
