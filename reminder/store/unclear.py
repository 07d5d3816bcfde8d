"""Messages of which nobody knows whether they arrived: the list of them, and each way in which one is settled."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, text

from reminder.domain.states import AttemptState, Channel, DeliveryState, MessageKind, MessageState, Reason
from reminder.store.batches import open_batch
from reminder.store.columns import instant, json_value, seconds
from reminder.store.handover import Item
from reminder.store.lastchecks import TO_ORGANISERS
from reminder.store.records import settle_deliveries
from reminder.store.results import note_sent_again

# Owner of an attempt whose call is being repeated; until its `ask_at`, should that end without a word.
REPEATS = "repeats the call"


@dataclass(frozen=True, slots=True)
class Unclear:
    """A message of which nobody knows whether it arrived. `sent_at` is when its attempt `attempt_id` began.

    `wire_on` is the ordinal of the day that its wire id is made of.
    """

    message_id: int
    attempt_id: int
    subscriber_id: int
    kind: MessageKind
    channel: Channel
    local_on: int
    wire_on: int
    sent_at: datetime
    open_until: datetime
    not_after: datetime
    provider: str
    items: tuple[Item, ...]
    resent: bool


_UNCLEAR = (
    "SELECT m.id, m.subscriber_id, m.kind, m.channel, m.local_on, m.wire_on, a.sent_at, m.open_until, m.not_after, a.provider,"
    " c.items, m.tries, m.attempt_id FROM message m JOIN attempt a ON a.id = m.attempt_id JOIN batch b ON b.id = m.batch_id"
    " JOIN content c ON c.id = b.content_id WHERE m.state = 5 AND m.id > :after"
)


def unclear_messages(connection: Connection, *, after: int = 0, limit: int = 1_000) -> list[Unclear]:
    """The next `limit` messages that are unclear with an id above `after`, the oldest first; found by a partial index."""
    sql = text(f"{_UNCLEAR} ORDER BY m.id LIMIT :limit")
    return _read_unclear(connection.execute(sql, {"after": after, "limit": limit}))


def to_settle(
    connection: Connection,
    now: datetime,
    *,
    asked: Collection[str],
    keeping: Collection[str],
    sent_by: datetime,
    after: int,
    limit: int,
) -> list[Unclear]:
    """The next of them that can be settled without a person.

    Those of providers in `asked`, who are asked; of providers in `keeping`, emails that were begun at `sent_by` at the
    latest, were tried once and may still go within their hours.
    """
    sql = text(
        f"{_UNCLEAR} AND (a.provider IN :asked OR (a.provider IN :keeping AND m.channel = :email AND m.tries <= 1"
        " AND a.sent_at <= :sent_by AND m.open_until > :now)) ORDER BY m.id LIMIT :limit"
    ).bindparams(bindparam("asked", expanding=True, type_=Text), bindparam("keeping", expanding=True, type_=Text))
    bound = {"asked": sorted(asked), "keeping": sorted(keeping), "email": int(Channel.EMAIL)}
    times = {"sent_by": seconds(sent_by), "now": seconds(now)}
    return _read_unclear(connection.execute(sql, bound | times | {"after": after, "limit": limit}))


def count_unclear(connection: Connection) -> int:
    """How many messages are unclear."""
    return int(connection.execute(text("SELECT count(*) FROM message WHERE state = 5")).scalar_one())


def _read_unclear(rows: Iterable[Any]) -> list[Unclear]:
    return [
        Unclear(
            message_id=row.id,
            attempt_id=row.attempt_id,
            subscriber_id=row.subscriber_id,
            kind=MessageKind(row.kind),
            channel=Channel(row.channel),
            local_on=row.local_on,
            wire_on=row.wire_on or row.local_on,
            sent_at=instant(row.sent_at),
            open_until=instant(row.open_until),
            not_after=instant(row.not_after),
            provider=row.provider,
            items=_items(row.items),
            resent=row.tries > 1,
        )
        for row in rows
    ]


def _items(raw: Any) -> tuple[Item, ...]:
    return tuple((item[0], item[1], item[2], item[3]) for item in json_value(raw))


def address_hash_of(connection: Connection, unclear: Unclear) -> bytes | None:
    """The address hash that the message's wire id was made with; None where the person is erased."""
    if unclear.kind in TO_ORGANISERS:
        sql = "SELECT email_hash FROM organiser WHERE id = :id"
    else:
        column = "email_hash" if unclear.channel is Channel.EMAIL else "phone_hash"
        sql = f"SELECT {column} FROM subscriber WHERE id = :id"
    value = connection.execute(text(sql), {"id": unclear.subscriber_id}).scalar()
    return None if value is None else bytes(value)


def settle_unclear(connection: Connection, unclear: Unclear, *, arrived: bool) -> bool:
    """What became of an unclear message; False when somebody else settled it first. `arrived` False: given up."""
    state, reason = (MessageState.ACCEPTED, Reason.NONE) if arrived else (MessageState.REJECTED, Reason.GAVE_UP)
    moved = connection.execute(
        text("UPDATE message SET state = :state, reason = :reason WHERE id = :id AND state = 5"),
        {"state": int(state), "reason": int(reason), "id": unclear.message_id},
    ).rowcount
    if moved:
        delivery = DeliveryState.CARRIED if arrived else DeliveryState.SKIPPED
        settle_deliveries(connection, unclear.items, [unclear.subscriber_id], delivery, reason)
        answer_attempt(connection, unclear.attempt_id)
    return bool(moved)


def send_again(connection: Connection, unclear: Unclear, *, send_at: datetime, possibly_twice: bool = True) -> bool:
    """Put an unclear message back into a batch of its own; where its hours are over, that is put off as any other.

    False where somebody else settled it first, or its call is being repeated at this moment. `possibly_twice` notes it for
    the report and the lists; False only where the provider itself says that it never saw the message.
    """
    # Locked, so that no call of it is repeated from now on: the bytes of that would not be the same any more.
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE OF a"
    row = connection.execute(
        text(
            "SELECT b.content_id, b.locale, b.named, b.rhythm_id, b.turn, b.channel, b.route FROM message m"
            " JOIN batch b ON b.id = m.batch_id JOIN attempt a ON a.id = m.attempt_id"
            f" WHERE m.id = :id AND m.state = 5 AND NOT (a.owner = :repeats AND a.ask_at > :now){lock}"
        ),
        {"id": unclear.message_id, "repeats": REPEATS, "now": seconds(send_at)},
    ).one_or_none()
    if row is None:
        return False
    batch = open_batch(
        connection,
        content_id=row.content_id,
        channel=Channel(row.channel),
        locale=row.locale,
        named=bool(row.named),
        send_at=send_at,
        open_until=unclear.open_until,
        turn=row.turn,
        rhythm_id=row.rhythm_id,
        route=row.route,
    )
    moved = connection.execute(
        text("UPDATE message SET state = 4, batch_id = :batch WHERE id = :id AND state = 5"),
        {"batch": batch, "id": unclear.message_id},
    ).rowcount
    if moved and possibly_twice:
        note_sent_again(connection, unclear.message_id, send_at)
    answer_attempt(connection, unclear.attempt_id)
    return bool(moved)


def answer_attempt(connection: Connection, attempt_id: int) -> None:
    """An attempt is answered when nothing of it is unclear any more; what became of it may be asked anew."""
    connection.execute(
        text(
            "UPDATE attempt SET state = :answered, asked = 0 WHERE state = 3 AND id = :attempt AND NOT EXISTS"
            " (SELECT 1 FROM message m WHERE m.attempt_id = attempt.id AND m.state = 5"
            " AND m.id BETWEEN attempt.first_message AND attempt.last_message)"
        ),
        {"answered": int(AttemptState.ANSWERED), "attempt": attempt_id},
    )


def later_step_reaches(connection: Connection, unclear: Unclear) -> bool:
    """Whether the plan of the same campaigns has a step on a later day: it will reach the person anyway."""
    campaigns = sorted({item[0] for item in unclear.items})
    if not campaigns:
        return False
    numbers = ", ".join(map(str, campaigns))
    return (
        connection.execute(
            text(
                f"SELECT 1 FROM step t JOIN campaign c ON c.id = t.campaign_id WHERE t.campaign_id IN ({numbers})"
                " AND c.state = 3 AND t.anchor_on + t.offset_days > :day LIMIT 1"
            ),
            {"day": unclear.local_on},
        ).first()
        is not None
    )
