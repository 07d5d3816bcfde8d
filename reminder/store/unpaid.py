"""Texts that the campaign's budget does not pay for: by email instead, or recorded with the reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, text

from reminder.domain.states import Channel, MessageKind, MessageState, Reason
from reminder.store.batches import keep_content, open_batch
from reminder.store.columns import day, instant, one_of
from reminder.store.handover import Begun, Claimed, Ready, Shrink
from reminder.store.queueing import Addressee, Later, queue
from reminder.store.records import cancel, write_shrunk
from reminder.store.tables import Message

_MESSAGE = Message.metadata.tables["message"]


def with_email(connection: Connection, unpaid: Sequence[Ready]) -> list[Ready]:
    """Those who can be reached by email as well."""
    condition, ids = one_of(connection, "id", [message.subscriber_id for message in unpaid])
    found = set(
        connection.execute(
            text(f"SELECT id FROM subscriber WHERE {condition} AND state = 1 AND email_since IS NOT NULL"), ids
        ).scalars()
    )
    return [message for message in unpaid if message.subscriber_id in found]


def send_by_email(
    connection: Connection,
    claimed: Claimed,
    unpaid: Sequence[Ready],
    reason: Reason,
    *,
    send_at: datetime,
    open_until: datetime,
    now: datetime,
) -> None:
    """Let an email carry what the text was to carry. The text keeps its row with the reason, and its id on the wire."""
    if not unpaid:
        return
    notes = _note_names(connection, unpaid) if claimed.kind is not MessageKind.NUDGE else {}
    _cancel_texts(connection, unpaid, reason)
    if claimed.kind is not MessageKind.NUDGE:
        for message in unpaid:
            queue(
                connection,
                claimed.kind,
                [Addressee(message.subscriber_id, Channel.EMAIL, claimed.locale, claimed.rhythm_id)],
                dedupe=notes[message.message_id],
                items=claimed.items,
                payload=claimed.payload,
                when=Later(send_at, instant(message.not_after), instant(message.not_after)),
                now=now,
            )
        return
    items = [list(item) for item in claimed.items]
    content = keep_content(
        connection, claimed.kind, Channel.EMAIL, day(claimed.day), items, claimed.also_open, claimed.payload
    )
    batch = open_batch(
        connection,
        content_id=content,
        channel=Channel.EMAIL,
        locale=claimed.locale,
        named=claimed.named,
        send_at=send_at,
        open_until=open_until,
        turn=claimed.turn,
        rhythm_id=claimed.rhythm_id,
    )
    rows = [
        {
            "kind": claimed.kind,
            "local_on": day(claimed.day),
            "channel": Channel.EMAIL,
            "subscriber_id": message.subscriber_id,
            "batch_id": batch,
            "state": MessageState.DUE,
            "open_until": open_until,
            "not_after": instant(message.not_after),
        }
        for message in unpaid
    ]
    connection.execute(insert(_MESSAGE), rows)


def _note_names(connection: Connection, unpaid: Sequence[Ready]) -> dict[int, str]:
    """The occasion of each note, which its own key names before channel and person."""
    condition, ids = one_of(connection, "id", [message.message_id for message in unpaid])
    rows = connection.execute(text(f"SELECT id, dedupe FROM message WHERE {condition}"), ids)
    return {row.id: row.dedupe.rsplit(":", 2)[0] for row in rows}


def _cancel_texts(connection: Connection, unpaid: Sequence[Ready], reason: Reason) -> None:
    """The text goes no more; its promises stay due, for the email carries them."""
    condition, ids = one_of(connection, "id", [message.message_id for message in unpaid])
    connection.execute(
        text(
            f"UPDATE message SET state = :cancelled, void = 1, reason = :reason WHERE {condition} AND state IN (1, 4)"
        ),
        ids | {"cancelled": int(MessageState.CANCELLED), "reason": int(reason)},
    )


def leave_unsent(
    connection: Connection, claimed: Claimed, unpaid: Sequence[Ready], reason: Reason, now: datetime
) -> int:
    """Record the reason for those who have no email; of several appeals the others may still pay. Returns how many get
    nothing."""
    if not unpaid:
        return 0
    if claimed.kind is MessageKind.NUDGE and len(claimed.items) > 1:
        rest = Shrink(claimed.items[1:], ((claimed.items[0], reason),))
        shrunk = {message.message_id: (message.subscriber_id, rest) for message in unpaid}
        write_shrunk(connection, claimed, Begun(shrunk=shrunk), now)
        return 0
    cancel(
        connection,
        claimed,
        [message.message_id for message in unpaid],
        [message.subscriber_id for message in unpaid],
        reason,
    )
    return len(unpaid)
