"""What came of an attempt: verdicts become states of messages and deliveries, in one statement per kind of answer."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from reminder.domain.message import Receipt
from reminder.domain.states import (
    AttemptState,
    BatchState,
    DeliveryState,
    Fault,
    MessageState,
    Reason,
    Verdict,
)
from reminder.store.batches import BATCH_SIZE, keep_content, open_batch
from reminder.store.columns import day, instant, one_of, statement
from reminder.store.endings import end_with, outlasting
from reminder.store.handover import Begun, Claimed, Item, Ready, Shrink

# A refusal for these reasons is the person's or the organiser's word: the promise is skipped. The others take it back.
_DELIVERY_STATE = {
    Reason.CAMPAIGN_PAUSED: DeliveryState.WITHDRAWN,
    Reason.CAMPAIGN_STOPPED: DeliveryState.WITHDRAWN,
    Reason.CAMPAIGN_CLOSED: DeliveryState.WITHDRAWN,
    Reason.PLAN_CHANGED: DeliveryState.WITHDRAWN,
    Reason.DOCUMENT_CHANGED: DeliveryState.WITHDRAWN,
    Reason.TOO_LATE: DeliveryState.MISSED,
    Reason.NOT_BUILT: DeliveryState.SET_ASIDE,
    Reason.REFUSED_CONTENT: DeliveryState.SET_ASIDE,
}


def state_for(reason: Reason) -> DeliveryState:
    """What becomes of a promise whose message may not go for this reason."""
    return _DELIVERY_STATE.get(reason, DeliveryState.SKIPPED)


def write_dropped(connection: Connection, claimed: Claimed, begun: Begun) -> None:
    """Cancel what the last check refused, each with its reason on message and delivery."""
    for reason, pairs in begun.dropped.items():
        cancel(connection, claimed, [message for message, _ in pairs], [person for _, person in pairs], reason)


def cancel(
    connection: Connection, claimed: Claimed, messages: Sequence[int], people: Sequence[int], reason: Reason
) -> None:
    """Cancel messages of a batch and settle their promises: one that was ever in an attempt is never made again."""
    state = state_for(reason)
    if state is DeliveryState.WITHDRAWN:
        tried = _tried(connection, messages)
        settle_deliveries(connection, claimed.items, tried, DeliveryState.SKIPPED, reason)
    condition, ids = one_of(connection, "id", messages)
    connection.execute(
        text(
            f"UPDATE message SET state = :cancelled, void = 1, reason = :reason WHERE {condition} AND state IN (1, 4)"
        ),
        ids | {"cancelled": int(MessageState.CANCELLED), "reason": int(reason)},
    )
    settle_deliveries(connection, claimed.items, people, state, reason)


def _tried(connection: Connection, messages: Sequence[int]) -> Sequence[int]:
    """Whose message among these was in an attempt already."""
    condition, ids = one_of(connection, "id", messages)
    return (
        connection.execute(text(f"SELECT subscriber_id FROM message WHERE {condition} AND tries > 0"), ids)
        .scalars()
        .all()
    )


def set_aside(connection: Connection, claimed: Claimed, because: str) -> int:
    """Set a whole batch aside that cannot be built, and keep why; returns how many messages."""
    rows = connection.execute(
        text("SELECT id, subscriber_id FROM message WHERE batch_id = :batch AND state IN (1, 4)"),
        {"batch": claimed.batch_id},
    ).all()
    if rows:
        cancel(connection, claimed, [row.id for row in rows], [row.subscriber_id for row in rows], Reason.NOT_BUILT)
    connection.execute(
        text(
            "UPDATE batch SET state = :done, because = :because, owner = '', lease_until = NULL"
            " WHERE id = :id AND owner = :owner AND state IN (2, 3)"
        ),
        {"done": int(BatchState.DONE), "because": because, "id": claimed.batch_id, "owner": claimed.owner},
    )
    return len(rows)


def settle_deliveries(
    connection: Connection, items: Sequence[Item], people: Collection[int], state: DeliveryState, reason: Reason
) -> None:
    """Move the due promises of these people, one statement per appeal."""
    if not people:
        return
    condition, ids = one_of(connection, "subscriber_id", people)
    for campaign_id, step_key, anchor_on, channel in items:
        connection.execute(
            statement(
                "UPDATE delivery SET state = :state, reason = :reason WHERE campaign_id = :campaign AND step_key = :step"
                f" AND anchor_on = :anchor AND channel = :channel AND {condition} AND state = 1"
            ),
            ids
            | {
                "state": int(state),
                "reason": int(reason),
                "campaign": campaign_id,
                "step": step_key,
                "anchor": anchor_on,
                "channel": channel,
            },
        )


def write_shrunk(connection: Connection, claimed: Claimed, begun: Begun, now: datetime) -> None:
    """Move messages that go without one of their appeals to batches that say exactly what is left."""
    alike: dict[Shrink, list[tuple[int, int]]] = defaultdict(list)
    for message_id, (subscriber_id, shrink) in begun.shrunk.items():
        alike[shrink].append((message_id, subscriber_id))
    for shrink, pairs in alike.items():
        items = [list(item) for item in shrink.kept]
        content = keep_content(
            connection, claimed.kind, claimed.channel, day(claimed.day), items, claimed.also_open, claimed.payload
        )
        messages, people = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        move_to_new_batch(connection, claimed, content, messages, send_at=now, open_until=claimed.open_until)
        end_with(connection, shrink.kept, messages, people[0])
        tried = _tried(connection, messages)
        for item, reason in shrink.gone:
            state = state_for(reason)
            if state is DeliveryState.WITHDRAWN:
                settle_deliveries(connection, [item], tried, DeliveryState.SKIPPED, reason)
            settle_deliveries(connection, [item], people, state, reason)


def move_to_new_batch(
    connection: Connection,
    claimed: Claimed,
    content_id: int,
    messages: Sequence[int],
    *,
    send_at: datetime,
    open_until: datetime,
) -> None:
    """Put messages of a claimed batch into open batches of their own."""
    for start in range(0, len(messages), BATCH_SIZE):
        batch = open_batch(
            connection,
            content_id=content_id,
            channel=claimed.channel,
            locale=claimed.locale,
            named=claimed.named,
            send_at=send_at,
            open_until=open_until,
            turn=claimed.turn,
            rhythm_id=claimed.rhythm_id,
            route=claimed.route,
        )
        condition, ids = one_of(connection, "id", messages[start : start + BATCH_SIZE])
        connection.execute(
            text(f"UPDATE message SET batch_id = :batch WHERE {condition} AND state IN (1, 4)"), ids | {"batch": batch}
        )


def write_receipts(
    connection: Connection,
    claimed: Claimed,
    begun: Begun,
    receipts: Sequence[Receipt],
    *,
    retry_at: dict[int, datetime | None],
    detail_ct: bytes | None,
    now: datetime,
) -> dict[Verdict, int]:
    """Write the answer of an attempt, which came at `now`; returns how many messages had each verdict.

    A message without a receipt is unclear. `retry_at` by message id: when it is tried again, or None where that would be
    too late. An answer that comes after the attempt was given up as unclear still counts.
    """
    by_id = {receipt.message_id: receipt for receipt in receipts}
    verdicts = _by_verdict(begun, by_id)
    counts = {verdict: len(messages) for verdict, messages in verdicts.items()}
    _write_attempt(connection, begun, counts, detail_ct)
    accepted = verdicts[Verdict.ACCEPTED]
    _write_accepted(connection, begun, [message.message_id for message in accepted])
    carried = [message.subscriber_id for message in accepted]
    settle_deliveries(connection, claimed.items, carried, DeliveryState.CARRIED, Reason.NONE)
    if len(accepted) == len(begun.ready):
        return counts
    people = {ready.message_id: ready.subscriber_id for ready in begun.ready}
    unclear, rejected, retry = (
        [message.message_id for message in verdicts[verdict]]
        for verdict in (Verdict.AMBIGUOUS, Verdict.REJECTED, Verdict.RETRY)
    )
    _move(connection, claimed, begun, unclear, MessageState.AMBIGUOUS, Reason.NONE)
    _write_rejected(connection, claimed, begun, [by_id[m] for m in rejected], people)
    # The fault of our account says nothing of a message either: it does not count as a try.
    not_begun = {r.message_id for r in receipts if r.retry_after == 0 or r.fault is Fault.ACCOUNT}
    retry_at = _without_what_is_over(connection, claimed, [by_id[m] for m in retry], people, retry_at, now)
    _write_retries(connection, claimed, begun, retry, people, retry_at, not_begun)
    return counts


def _by_verdict(begun: Begun, by_id: Mapping[int, Receipt]) -> dict[Verdict, list[Ready]]:
    verdicts: dict[Verdict, list[Ready]] = {verdict: [] for verdict in Verdict}
    # Nearly all are accepted, and to look a verdict up for each of them takes longer than to compare it.
    accepted = verdicts[Verdict.ACCEPTED]
    for message in begun.ready:
        receipt = by_id.get(message.message_id)
        verdict = Verdict.AMBIGUOUS if receipt is None else receipt.verdict
        (accepted if verdict is Verdict.ACCEPTED else verdicts[verdict]).append(message)
    return verdicts


def _write_attempt(connection: Connection, begun: Begun, counts: dict[Verdict, int], detail_ct: bytes | None) -> None:
    connection.execute(
        statement(
            "UPDATE attempt SET state = :state, n_accepted = :accepted, n_rejected = :rejected, n_retry = :retry,"
            " n_unclear = :unclear, detail_ct = :detail WHERE id = :id AND state IN (1, 3)"
        ),
        {
            "state": int(AttemptState.UNKNOWN if counts[Verdict.AMBIGUOUS] else AttemptState.ANSWERED),
            "accepted": counts[Verdict.ACCEPTED],
            "rejected": counts[Verdict.REJECTED],
            "retry": counts[Verdict.RETRY],
            "unclear": counts[Verdict.AMBIGUOUS],
            "detail": detail_ct,
            "id": begun.attempt_id,
        },
    )


# A rescue counts the try of an attempt that it gives up; the answer that comes late is still that one try.
_TRIES = "tries = tries + CASE WHEN state = 5 AND attempt_id = :attempt THEN 0 ELSE 1 END"
# A message that went into another batch, or is unclear of another attempt, is no longer this attempt's.
_STILL_MINE = "batch_id = :batch AND (state IN (1, 4) OR (state = 5 AND attempt_id = :attempt))"


def _write_accepted(connection: Connection, begun: Begun, messages: Sequence[int]) -> None:
    """What was taken was taken, whatever has been done with the message since."""
    if not messages:
        return
    condition, ids = one_of(connection, "id", messages)
    connection.execute(
        statement(
            f"UPDATE message SET state = :accepted, reason = 0, {_TRIES}, attempt_id = :attempt"
            f" WHERE {condition} AND state IN (1, 4, 5)"
        ),
        ids | {"accepted": int(MessageState.ACCEPTED), "attempt": begun.attempt_id},
    )


def _move(
    connection: Connection,
    claimed: Claimed,
    begun: Begun,
    messages: Sequence[int],
    state: MessageState,
    reason: Reason,
) -> list[int]:
    """Move the messages that are still this attempt's; returns which."""
    if not messages:
        return []
    condition, ids = one_of(connection, "id", messages)
    moved = connection.execute(
        text(
            f"UPDATE message SET state = :state, reason = :reason, {_TRIES}, attempt_id = :attempt"
            f" WHERE {condition} AND {_STILL_MINE} RETURNING id"
        ),
        ids | {"state": int(state), "reason": int(reason), "attempt": begun.attempt_id, "batch": claimed.batch_id},
    )
    return list(moved.scalars())


_REFUSED = {
    Fault.ADDRESS: (Reason.REFUSED_ADDRESS, DeliveryState.SKIPPED),
    Fault.OPTED_OUT: (Reason.LEFT, DeliveryState.SKIPPED),
}
_REFUSED_CONTENT = (Reason.REFUSED_CONTENT, DeliveryState.SET_ASIDE)


def refusal(fault: Fault) -> tuple[Reason, DeliveryState]:
    """What a refusal of this fault means for a message and for its promises."""
    return _REFUSED.get(fault, _REFUSED_CONTENT)


def _write_rejected(
    connection: Connection, claimed: Claimed, begun: Begun, receipts: Sequence[Receipt], people: dict[int, int]
) -> None:
    by_fault: dict[tuple[Reason, DeliveryState], list[int]] = defaultdict(list)
    for receipt in receipts:
        by_fault[refusal(receipt.fault)].append(receipt.message_id)
    for (reason, state), refused in by_fault.items():
        moved = _move(connection, claimed, begun, refused, MessageState.REJECTED, reason)
        settle_deliveries(connection, claimed.items, [people[m] for m in moved], state, reason)


def _write_retries(
    connection: Connection,
    claimed: Claimed,
    begun: Begun,
    messages: Sequence[int],
    people: dict[int, int],
    retry_at: dict[int, datetime | None],
    not_begun: Collection[int],
) -> None:
    """Put messages into later batches; one that was not even begun keeps its count of tries."""
    tried = _move(
        connection, claimed, begun, [m for m in messages if m not in not_begun], MessageState.RETRY, Reason.NONE
    )
    waiting = {*tried, *_give_back(connection, claimed, begun, [m for m in messages if m in not_begun])}
    by_time: dict[datetime | None, list[int]] = defaultdict(list)
    for message_id in messages:
        if message_id in waiting:
            by_time[retry_at[message_id]].append(message_id)
    for at, group in by_time.items():
        if at is None:
            cancel(connection, claimed, group, [people[m] for m in group], Reason.TOO_LATE)
            continue
        move_to_new_batch(connection, claimed, claimed.content_id, group, send_at=at, open_until=claimed.open_until)


def _without_what_is_over(
    connection: Connection,
    claimed: Claimed,
    receipts: Sequence[Receipt],
    people: dict[int, int],
    retry_at: dict[int, datetime | None],
    now: datetime,
) -> dict[int, datetime | None]:
    """What comes too late for the first of several appeals is tried when that one is over: it goes on with the others."""
    late = [receipt for receipt in receipts if retry_at[receipt.message_id] is None]
    if not late:
        return retry_at
    first_end, shorter = outlasting(connection, claimed, people[late[0].message_id])
    if not shorter.items:
        return retry_at
    waits = {r.message_id: now + timedelta(seconds=r.retry_after or 0) for r in late}
    return retry_at | {message: max(instant(first_end), own_wait) for message, own_wait in waits.items()}


def _give_back(connection: Connection, claimed: Claimed, begun: Begun, messages: Sequence[int]) -> list[int]:
    """Messages of which nothing left wait again as before; also those that a rescue had called unclear."""
    if not messages:
        return []
    condition, ids = one_of(connection, "id", messages)
    moved = connection.execute(
        text(
            "UPDATE message SET tries = tries - CASE WHEN state = 5 THEN 1 ELSE 0 END,"
            f" state = CASE WHEN state = 5 THEN 4 ELSE state END WHERE {condition} AND {_STILL_MINE} RETURNING id"
        ),
        ids | {"attempt": begun.attempt_id, "batch": claimed.batch_id},
    )
    return list(moved.scalars())
