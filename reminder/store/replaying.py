"""Calls whose answer never came, repeated with the same key and the same bytes: which, when, and what came of it.

Only where the provider takes the same call once, however often it comes; and only while each last check still lets it go.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.message import Receipt
from reminder.domain.states import Channel, DeliveryState, MessageKind, MessageState, Reason, Verdict
from reminder.store.columns import instant, json_value, one_of, seconds
from reminder.store.handover import Claimed, Ready
from reminder.store.lastchecks import lock_campaigns, look
from reminder.store.records import refusal, settle_deliveries
from reminder.store.unclear import REPEATS, answer_attempt

DIGEST_BYTES = 32
MOST_REPEATS = 12
# States of the messages of an attempt: unclear, and unclear or accepted.
UNCLEAR, ALL = "5", "2, 5"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=2)
# A repetition under way ends within this time, whatever the provider does; longer than a call may take.
UNDER_WAY = timedelta(seconds=60)


def keep_bodies(connection: Connection, attempt_id: int, digests: Sequence[bytes], rendered_at: datetime) -> bool:
    """Keep what an attempt is about to send; False where it was given up meanwhile."""
    kept = connection.execute(
        text("UPDATE attempt SET body_sha256 = :digests, rendered_at = :at WHERE id = :id AND state = 1"),
        {"digests": b"".join(digests), "at": seconds(rendered_at), "id": attempt_id},
    )
    return kept.rowcount == 1


@dataclass(frozen=True, slots=True)
class Repeated:
    """An attempt that may go once more, checked anew. `ready` are its people, all of them or those that are unclear.

    `kept` are the digests of the bodies that were sent, `rendered_at` when these were made.
    """

    attempt_id: int
    no: int
    claimed: Claimed
    ready: Sequence[Ready]
    rendered_at: datetime
    kept: frozenset[bytes]


def unanswered(connection: Connection, provider: str, *, since: datetime, now: datetime, limit: int) -> Sequence[int]:
    """The next attempts of a provider whose answer never came, begun after `since`, that may be repeated now."""
    return (
        connection.execute(
            text(
                "SELECT id FROM attempt WHERE state IN (1, 3) AND state = 3 AND sent_at > :since AND provider = :provider"
                " AND length(body_sha256) > 0 AND asked < :most AND (ask_at IS NULL OR ask_at <= :now)"
                " ORDER BY sent_at, id LIMIT :limit"
            ),
            {
                "since": seconds(since),
                "provider": provider,
                "most": MOST_REPEATS,
                "now": seconds(now),
                "limit": limit,
            },
        )
        .scalars()
        .all()
    )


def begin(connection: Connection, attempt_id: int, now: datetime, *, whole: bool) -> Repeated | None:
    """Make every last check for an attempt once more; None where it may not go (now).

    `whole`: its messages share a body, so all of them go or none; else those go that are unclear and may. Whatever
    comes of it, the next time is later: the caller commits before the call, so that two never make it side by side.
    """
    row = connection.execute(
        text(
            "UPDATE attempt SET owner = :repeats, asked = asked + 1, ask_at = :until WHERE id = :id AND state = 3"
            " AND (ask_at IS NULL OR ask_at <= :now)"
            " RETURNING batch_id, no, n, n_unclear, first_message, last_message, rendered_at, body_sha256"
        ),
        {"repeats": REPEATS, "until": seconds(now + UNDER_WAY), "id": attempt_id, "now": seconds(now)},
    ).one_or_none()
    if row is None:
        return None
    claimed = _batch(connection, row.batch_id)
    lock_campaigns(connection, claimed)
    its_own = _its_own(connection, attempt_id, row, ALL if whole else UNCLEAR)
    if whole and (row.n_unclear != row.n or len(its_own) != row.n):
        its_own = set()
    found = look(
        connection, claimed, after=row.first_message - 1, limit=row.n, now=now, states=ALL if whole else UNCLEAR
    )
    ready = [message for message in found.ready if message.message_id in its_own]
    if not ready or (whole and len(ready) != row.n):
        later(connection, attempt_id, now)
        return None
    digests = bytes(row.body_sha256)
    kept = frozenset(digests[at : at + DIGEST_BYTES] for at in range(0, len(digests), DIGEST_BYTES))
    return Repeated(attempt_id, row.no, claimed, ready, instant(row.rendered_at), kept)


def _its_own(connection: Connection, attempt_id: int, row: Any, states: str) -> set[int]:
    """The messages that still are this attempt's: none that was put into another batch since."""
    found = connection.execute(
        text(
            "SELECT id FROM message WHERE batch_id = :batch AND id BETWEEN :first AND :last AND attempt_id = :attempt"
            f" AND state IN ({states})"
        ),
        {
            "batch": row.batch_id,
            "first": row.first_message,
            "last": row.last_message,
            "attempt": attempt_id,
        },
    )
    return set(found.scalars())


def _batch(connection: Connection, batch_id: int) -> Claimed:
    """The batch as its attempt saw it, whoever has it now."""
    row = connection.execute(
        text(
            "SELECT b.content_id, b.channel, b.locale, b.named, b.rhythm_id, b.open_until, b.turn, b.route, c.kind, c.day,"
            " c.items, c.also_open, c.payload FROM batch b JOIN content c ON c.id = b.content_id WHERE b.id = :id"
        ),
        {"id": batch_id},
    ).one()
    return Claimed(
        batch_id=batch_id,
        owner=REPEATS,
        content_id=row.content_id,
        kind=MessageKind(row.kind),
        channel=Channel(row.channel),
        locale=row.locale,
        named=bool(row.named),
        rhythm_id=row.rhythm_id,
        day=row.day,
        items=tuple(tuple(item) for item in json_value(row.items)),
        also_open=row.also_open,
        payload=json_value(row.payload),
        open_until=instant(row.open_until),
        turn=row.turn,
        attempts=0,
        route=row.route,
    )


def later(connection: Connection, attempt_id: int, now: datetime) -> None:
    """It said nothing new, or may not go now: it is tried again after a while, and after a longer one each time."""
    asked = connection.execute(text("SELECT asked FROM attempt WHERE id = :id"), {"id": attempt_id}).scalar_one()
    wait = min(FIRST_WAIT * 2 ** (asked - 1), LONGEST_WAIT)
    connection.execute(
        text("UPDATE attempt SET owner = '', ask_at = :at WHERE id = :id AND owner = :repeats AND state = 3"),
        {"at": seconds(now + wait), "id": attempt_id, "repeats": REPEATS},
    )


def never_again(connection: Connection, attempt_id: int) -> None:
    """Its bytes cannot be made again: it is settled in another way."""
    connection.execute(
        text("UPDATE attempt SET owner = '', ask_at = NULL, asked = :most WHERE id = :id AND owner = :repeats"),
        {"most": MOST_REPEATS, "id": attempt_id, "repeats": REPEATS},
    )


def write_answer(
    connection: Connection, repeated: Repeated, receipts: Sequence[Receipt], now: datetime, *, ask_at: datetime | None
) -> dict[Verdict, int]:
    """Settle what the repeated call was answered; returns how many were taken, refused, and are unclear still.

    Only what is unclear of this very attempt is settled. That the provider refuses a message now means that it never took
    it; that it takes nothing for now says nothing of the first call. `ask_at`: when to ask what became of what was taken.
    """
    by_id = {receipt.message_id: receipt for receipt in receipts}
    people = {message.message_id: message.subscriber_id for message in repeated.ready}
    taken: list[int] = []
    refused: dict[tuple[Reason, DeliveryState], list[int]] = defaultdict(list)
    for message_id in people:
        receipt = by_id.get(message_id)
        if receipt is not None and receipt.verdict is Verdict.ACCEPTED:
            taken.append(message_id)
        elif receipt is not None and receipt.verdict is Verdict.REJECTED:
            refused[refusal(receipt.fault)].append(message_id)
    counts = {Verdict.ACCEPTED: 0, Verdict.REJECTED: 0}
    moves = [(taken, MessageState.ACCEPTED, Reason.NONE, DeliveryState.CARRIED)]
    moves += [(ids, MessageState.REJECTED, reason, state) for (reason, state), ids in refused.items()]
    for ids, state, reason, delivery in moves:
        moved = _move(connection, repeated.attempt_id, ids, state, reason)
        settle_deliveries(connection, repeated.claimed.items, [people[m] for m in moved], delivery, reason)
        counts[Verdict.ACCEPTED if state is MessageState.ACCEPTED else Verdict.REJECTED] += len(moved)
    answer_attempt(connection, repeated.attempt_id)
    later(connection, repeated.attempt_id, now)
    connection.execute(
        text("UPDATE attempt SET owner = '', ask_at = :at WHERE id = :id AND owner = :repeats AND state = 2"),
        {"at": None if ask_at is None else seconds(ask_at), "id": repeated.attempt_id, "repeats": REPEATS},
    )
    return counts


def _move(
    connection: Connection, attempt_id: int, messages: Sequence[int], state: MessageState, reason: Reason
) -> list[int]:
    if not messages:
        return []
    condition, ids = one_of(connection, "id", messages)
    moved = connection.execute(
        text(
            f"UPDATE message SET state = :state, reason = :reason WHERE {condition} AND state = 5"
            " AND attempt_id = :attempt RETURNING id"
        ),
        ids | {"state": int(state), "reason": int(reason), "attempt": attempt_id},
    )
    return list(moved.scalars())
