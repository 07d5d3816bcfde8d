"""What the heartbeat tidies: batches whose hours ended, and promises whose time passed."""

from datetime import datetime

from sqlalchemy import Connection, text

from reminder.domain.states import Channel, MessageKind, MessageState, Reason
from reminder.store.columns import instant, json_value, seconds
from reminder.store.handover import Claimed
from reminder.store.records import settle_deliveries, state_for

OWNER = "upkeep"


def shut_batch(connection: Connection, now: datetime) -> Claimed | None:
    """Claim a batch whose open hours ended before it was sent; the caller puts it off or gives it up."""
    row = connection.execute(
        text(
            "UPDATE batch SET state = 2, owner = :owner, lease_until = :lease WHERE state = 1 AND id ="
            " (SELECT id FROM batch WHERE state = 1 AND open_until <= :now ORDER BY open_until LIMIT 1)"
            " RETURNING id, content_id, channel, locale, named, rhythm_id, open_until, turn, route"
        ),
        {"owner": OWNER, "lease": seconds(now) + 60, "now": seconds(now)},
    ).first()
    if row is None:
        return None
    content = connection.execute(
        text("SELECT kind, day, items, also_open, payload FROM content WHERE id = :id"), {"id": row.content_id}
    ).one()
    return Claimed(
        batch_id=row.id,
        owner=OWNER,
        content_id=row.content_id,
        kind=MessageKind(content.kind),
        channel=Channel(row.channel),
        locale=row.locale,
        named=bool(row.named),
        rhythm_id=row.rhythm_id,
        day=content.day,
        items=tuple(tuple(item) for item in json_value(content.items)),
        also_open=content.also_open,
        payload=json_value(content.payload),
        open_until=instant(row.open_until),
        turn=row.turn,
        attempts=0,
        route=row.route,
    )


def last_instant(connection: Connection, claimed: Claimed) -> datetime | None:
    """The not-after of a batch's messages; None where nothing of it waits."""
    value = connection.execute(
        text("SELECT min(not_after) FROM message WHERE batch_id = :batch AND state IN (1, 4)"),
        {"batch": claimed.batch_id},
    ).scalar()
    return None if value is None else instant(value)


def give_up(connection: Connection, claimed: Claimed, reason: Reason) -> int:
    """Cancel what waits in a claimed batch and close it; returns how many messages."""
    people = list(
        connection.execute(
            text(
                "UPDATE message SET state = :cancelled, void = 1, reason = :reason"
                " WHERE batch_id = :batch AND state IN (1, 4)"
                " RETURNING subscriber_id"
            ),
            {"cancelled": int(MessageState.CANCELLED), "reason": int(reason), "batch": claimed.batch_id},
        ).scalars()
    )
    settle_deliveries(connection, claimed.items, people, state_for(reason), reason)
    connection.execute(
        text(
            "UPDATE batch SET state = 4, owner = '', lease_until = NULL WHERE id = :id AND owner = :owner AND state = 2"
        ),
        {"id": claimed.batch_id, "owner": claimed.owner},
    )
    return len(people)
