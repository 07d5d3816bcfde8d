"""Batches whose open hours ended before they were sent: they go on next morning, with whatever still counts then."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from reminder.domain.states import MessageKind, Reason
from reminder.store.batches import keep_content
from reminder.store.columns import day, one_of, seconds
from reminder.store.endings import end_with, outlasting
from reminder.store.handover import Claimed, Item
from reminder.store.records import cancel, settle_deliveries, state_for


def without_what_ends_first(connection: Connection, claimed: Claimed) -> Claimed | None:
    """Let a shut batch go on without the appeals that end first, which are missed; None where nothing lasts longer."""
    rows = connection.execute(
        text("SELECT id, subscriber_id FROM message WHERE batch_id = :batch AND state IN (1, 4)"),
        {"batch": claimed.batch_id},
    ).all()
    if not rows:
        return None
    _, shorter = outlasting(connection, claimed, rows[0].subscriber_id)
    if not shorter.items:
        return None
    over = [item for item in claimed.items if item not in shorter.items]
    people = [row.subscriber_id for row in rows]
    settle_deliveries(connection, over, people, state_for(Reason.TOO_LATE), Reason.TOO_LATE)
    end_with(connection, shorter.items, [row.id for row in rows], people[0])
    return shorter


def put_off(connection: Connection, claimed: Claimed, *, local_on: int, send_at: datetime, open_until: datetime) -> int:
    """Move a batch whose open hours ended to the next morning; returns how many messages go on.

    Somebody who has another reminder on that day keeps that one.
    """
    rows = connection.execute(
        text(
            "SELECT m.id, m.subscriber_id, EXISTS (SELECT 1 FROM message o WHERE o.kind = 1 AND o.void = 0"
            " AND o.local_on = :day AND o.subscriber_id = m.subscriber_id AND o.id <> m.id) AS taken"
            " FROM message m WHERE m.batch_id = :batch AND m.state IN (1, 4)"
        ),
        {"day": local_on, "batch": claimed.batch_id},
    ).all()
    taken = [row for row in rows if row.taken and claimed.kind == MessageKind.NUDGE]
    if taken:
        cancel(connection, claimed, [row.id for row in taken], [row.subscriber_id for row in taken], Reason.DAILY_LIMIT)
    content = keep_content(
        connection,
        claimed.kind,
        claimed.channel,
        day(local_on),
        [list(item) for item in claimed.items],
        claimed.also_open,
        claimed.payload,
    )
    connection.execute(
        text(
            # What was in an attempt keeps its id on the wire: what a provider says of it still finds it.
            "UPDATE message SET wire_on = CASE WHEN tries > 0 THEN coalesce(wire_on, local_on) END, local_on = :day,"
            " open_until = :until WHERE batch_id = :batch AND state IN (1, 4)"
        ),
        {"day": local_on, "until": seconds(open_until), "batch": claimed.batch_id},
    )
    going = [row.subscriber_id for row in rows if row not in taken]
    _move_deliveries(connection, claimed.items, going, local_on)
    connection.execute(
        text(
            "UPDATE batch SET state = 1, owner = '', lease_until = NULL, content_id = :content, send_at = :send_at,"
            " open_until = :until WHERE id = :id AND owner = :owner AND state IN (2, 3)"
        ),
        {
            "content": content,
            "send_at": seconds(send_at),
            "until": seconds(open_until),
            "id": claimed.batch_id,
            "owner": claimed.owner,
        },
    )
    return len(going)


def _move_deliveries(connection: Connection, items: Sequence[Item], people: Collection[int], local_on: int) -> None:
    condition, ids = one_of(connection, "subscriber_id", people)
    for campaign_id, step_key, anchor_on, channel in items:
        connection.execute(
            text(
                "UPDATE delivery SET local_on = :day WHERE campaign_id = :campaign AND step_key = :step"
                f" AND anchor_on = :anchor AND channel = :channel AND {condition} AND state = 1"
            ),
            ids | {"day": local_on, "campaign": campaign_id, "step": step_key, "anchor": anchor_on, "channel": channel},
        )
