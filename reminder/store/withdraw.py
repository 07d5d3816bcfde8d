"""Stop beats everything: batches are withdrawn at once by one statement, their rows follow in chunks.

A message that speaks of several appeals stays; the last check before sending drops the one that was withdrawn.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import AttemptState, BatchState, DeliveryState, MessageKind, MessageState, Reason, WaveState
from reminder.store.columns import json_value, ordinal


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """`batches` taken back; `under_way` messages are in a provider's hands and cannot be recalled."""

    batches: int
    under_way: int


_ONLY_THIS = (
    "SELECT k.content_id FROM content_campaign k WHERE k.campaign_id = :campaign AND NOT EXISTS"
    " (SELECT 1 FROM content_campaign o WHERE o.content_id = k.content_id AND o.campaign_id <> :campaign)"
)


def withdraw_campaign(
    connection: Connection, campaign_id: int, reason: Reason, *, texts_removed: bool = False
) -> Withdrawn:
    """Take back whatever of a campaign has not left: planned sendings and batches that are open or only claimed.

    The note after a stop goes on, and how it ended was promised to those who asked for it, whatever becomes of the
    campaign; but when the texts of the case are removed (`texts_removed`), nothing is left to tell.
    """
    bound = {"campaign": campaign_id, "reason": int(reason), "withdrawn": int(BatchState.WITHDRAWN)}
    spared = ", ".join(map(str, _spared(connection, campaign_id, texts_removed=texts_removed))) or "0"
    batches = connection.execute(
        text(
            "UPDATE batch SET state = :withdrawn, reason = :reason WHERE state IN (1, 2)"
            f" AND content_id IN ({_ONLY_THIS}) AND content_id NOT IN ({spared})"
        ),
        bound,
    ).rowcount
    connection.execute(
        text("UPDATE wave SET state = :withdrawn WHERE campaign_id = :campaign AND state IN (1, 2, 7)"),
        {"campaign": campaign_id, "withdrawn": int(WaveState.WITHDRAWN)},
    )
    return Withdrawn(batches, _under_way(connection, campaign_id))


def _spared(connection: Connection, campaign_id: int, *, texts_removed: bool) -> list[int]:
    rows = connection.execute(
        text(
            "SELECT c.id, c.kind, c.payload FROM content_campaign k JOIN content c ON c.id = k.content_id"
            " WHERE k.campaign_id = :campaign AND c.kind IN (:closing, :note)"
        ),
        {"campaign": campaign_id, "closing": int(MessageKind.CLOSING), "note": int(MessageKind.NOTE)},
    ).all()
    return [
        row.id
        for row in rows
        if row.kind == MessageKind.NOTE or (json_value(row.payload).get("says") == "outcome" and not texts_removed)
    ]


def withdraw_steps(
    connection: Connection, campaign_id: int, keep: Collection[tuple[str, date]], reason: Reason
) -> Withdrawn:
    """Take back reminders of steps, or of dates of steps, that are no longer in the plan."""
    kept = {(key, ordinal(on)) for key, on in keep}
    contents = connection.execute(
        text(
            "SELECT c.id, c.items FROM content_campaign k JOIN content c ON c.id = k.content_id"
            " WHERE k.campaign_id = :campaign AND c.kind = 1"
            " AND EXISTS (SELECT 1 FROM batch b WHERE b.content_id = c.id AND b.state IN (1, 2))"
        ),
        {"campaign": campaign_id},
    ).all()
    batches = 0
    for content_id, raw in contents:
        items = json_value(raw)
        if all(item[0] == campaign_id and (item[1], item[2]) not in kept for item in items):
            batches += connection.execute(
                text(
                    "UPDATE batch SET state = :withdrawn, reason = :reason WHERE content_id = :content AND state IN (1, 2)"
                ),
                {"content": content_id, "reason": int(reason), "withdrawn": int(BatchState.WITHDRAWN)},
            ).rowcount
    return Withdrawn(batches, _under_way(connection, campaign_id))


def _under_way(connection: Connection, campaign_id: int) -> int:
    return int(
        connection.execute(
            text(
                "SELECT coalesce(sum(a.n), 0) FROM attempt a JOIN batch b ON b.id = a.batch_id"
                " JOIN content_campaign k ON k.content_id = b.content_id"
                " WHERE a.state = :sending AND k.campaign_id = :campaign"
            ),
            {"sending": int(AttemptState.SENDING), "campaign": campaign_id},
        ).scalar_one()
    )


def sweep_withdrawn(connection: Connection, limit: int) -> int:
    """Let the rows of up to `limit` withdrawn batches follow; returns how many batches were swept (0: nothing left).

    A promise of which nothing ever left is withdrawn and may be made again for the same date; one that was in an attempt
    is skipped for good. A note that was taken back may be queued again: it gives its dedupe key back.
    """
    batches = connection.execute(
        text(
            "SELECT b.id, b.reason, c.items FROM batch b JOIN content c ON c.id = b.content_id WHERE b.state = 5"
            " ORDER BY b.id LIMIT :limit"
        ),
        {"limit": limit},
    ).all()
    for batch_id, reason, raw in batches:
        bound = {"batch": batch_id, "reason": reason}
        for item in json_value(raw):
            # Those that were tried come first: what is left of the batch was not.
            _sweep_promises(connection, item, bound, DeliveryState.SKIPPED, "AND tries > 0")
            _sweep_promises(connection, item, bound, DeliveryState.WITHDRAWN, "")
        connection.execute(
            text(
                "UPDATE message SET state = :cancelled, void = 1, reason = :reason, dedupe = NULL"
                " WHERE batch_id = :batch AND state IN (1, 4)"
            ),
            bound | {"cancelled": int(MessageState.CANCELLED)},
        )
        connection.execute(
            text("UPDATE batch SET state = :done WHERE id = :batch AND state = 5"),
            {"done": int(BatchState.DONE), "batch": batch_id},
        )
    return len(batches)


def _sweep_promises(
    connection: Connection, item: Sequence[Any], bound: dict[str, Any], state: DeliveryState, which: str
) -> None:
    """Settle one appeal's due promises of a batch; `which` narrows its messages."""
    campaign_id, step_key, anchor_on, channel = item
    connection.execute(
        text(
            "UPDATE delivery SET state = :state, reason = :reason WHERE campaign_id = :campaign AND step_key = :step"
            " AND anchor_on = :anchor AND channel = :channel AND state = 1 AND subscriber_id IN"
            f" (SELECT subscriber_id FROM message WHERE batch_id = :batch AND state IN (1, 4) {which})"
        ),
        bound
        | {"state": int(state), "campaign": campaign_id, "step": step_key, "anchor": anchor_on, "channel": channel},
    )
