"""The hand-over: claim a batch, begin an attempt after every last check, write what came of it.

Rows are written when they are made and when their answer is known, never in between: a message in an open batch is due,
one in an attempt that is sending is under way. Claim, lease and stop move batches.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, text

from reminder.domain.states import AttemptState, BatchState, Channel, MessageKind, Reason
from reminder.store.columns import instant, json_value, seconds, statement
from reminder.store.tables import Attempt

LEASE_SECONDS = 120
_ATTEMPT = Attempt.metadata.tables["attempt"]
_KEEP_ATTEMPT = insert(_ATTEMPT).returning(_ATTEMPT.c.id)

# What a content speaks of: campaign id, step key, ordinal of the anchor day, channel of the promise.
Item = tuple[int, str, int, int]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A batch in our hands. `day` is an ordinal, `route` the country of the numbers; '' for email."""

    batch_id: int
    owner: str
    content_id: int
    kind: MessageKind
    channel: Channel
    locale: str
    named: bool
    rhythm_id: int
    day: int
    items: tuple[Item, ...]
    also_open: int
    payload: dict[str, Any]
    open_until: datetime
    turn: int
    attempts: int
    route: str = ""


class Ready(NamedTuple):
    """One message that may go: what of its person is needed to write to them, still encrypted. `not_after` in seconds.

    `wire_on`: the ordinal of the day that its wire id is made of; None where that is the batch's. `doubtful`: something
    about the person or the hour speaks against it, and is looked at closely.
    """

    message_id: int
    subscriber_id: int
    address_ct: bytes
    address_hash: bytes
    name_ct: bytes | None
    not_after: int
    tries: int
    wire_on: int | None
    doubtful: int = 0


@dataclass(frozen=True, slots=True)
class Shrink:
    """The appeals that stay in a message, and those that fell away, each with its reason."""

    kept: tuple[Item, ...]
    gone: tuple[tuple[Item, Reason], ...]


@dataclass(slots=True)
class Begun:
    """An attempt that is committed as sending; no attempt (`attempt_id` 0) when nothing of the slice may go.

    `last_looked` is where the next slice begins; `lost` means another owner has the batch by now; `late` that its open
    hours ended, so that it must be put off. `texts`: for how many the cost is reserved. `dropped` by reason: (message id,
    subscriber id). `shrunk` by message id: subscriber id and what stays, for messages that go without one of their appeals.
    """

    attempt_id: int = 0
    no: int = 0
    ready: list[Ready] = field(default_factory=list)
    last_looked: int = 0
    lost: bool = False
    late: bool = False
    exhausted: bool = False
    texts: int = 0
    dropped: dict[Reason, list[tuple[int, int]]] = field(default_factory=dict)
    shrunk: dict[int, tuple[int, Shrink]] = field(default_factory=dict)

    def drop(self, reason: Reason, message_id: int, subscriber_id: int) -> None:
        """Note that a message may not go, and why."""
        self.dropped.setdefault(reason, []).append((message_id, subscriber_id))


def anything_to_claim(connection: Connection, channel: Channel, now: datetime) -> bool:
    """Whether a claim would find something; a look that takes no write lock."""
    return (
        connection.execute(
            statement(
                "SELECT 1 FROM batch WHERE state = 1 AND channel = :channel AND send_at <= :now AND open_until > :now LIMIT 1"
            ),
            {"channel": int(channel), "now": seconds(now)},
        ).first()
        is not None
    )


def claim(connection: Connection, channel: Channel, owner: str, now: datetime) -> Claimed | None:
    """Take the most urgent open batch of a channel: earliest open-until first, then campaigns in turn."""
    skip_locked = "" if connection.dialect.name == "sqlite" else " FOR UPDATE SKIP LOCKED"
    row = connection.execute(
        statement(
            "UPDATE batch SET state = :claimed, owner = :owner, lease_until = :lease WHERE state = 1 AND id ="
            " (SELECT id FROM batch WHERE state = 1 AND channel = :channel AND send_at <= :now AND open_until > :now"
            f" ORDER BY open_until, turn, id LIMIT 1{skip_locked})"
            " RETURNING id, content_id, locale, named, rhythm_id, open_until, turn, route"
        ),
        {
            "claimed": int(BatchState.CLAIMED),
            "owner": owner,
            "lease": seconds(now) + LEASE_SECONDS,
            "channel": int(channel),
            "now": seconds(now),
        },
    ).first()
    if row is None:
        return None
    content = connection.execute(
        statement("SELECT kind, day, items, also_open, payload FROM content WHERE id = :id"), {"id": row.content_id}
    ).one()
    attempts = connection.execute(
        statement("SELECT coalesce(max(no), 0) FROM attempt WHERE batch_id = :id"), {"id": row.id}
    ).scalar_one()
    return Claimed(
        batch_id=row.id,
        owner=owner,
        content_id=row.content_id,
        kind=MessageKind(content.kind),
        channel=channel,
        locale=row.locale,
        named=bool(row.named),
        rhythm_id=row.rhythm_id,
        day=content.day,
        items=tuple(tuple(item) for item in json_value(content.items)),
        also_open=content.also_open,
        payload=json_value(content.payload),
        open_until=instant(row.open_until),
        turn=row.turn,
        attempts=attempts,
        route=row.route,
    )


def hold_batch(connection: Connection, claimed: Claimed, now: datetime) -> bool:
    """Move the batch to sending, or renew its lease; False when it is no longer ours."""
    return (
        connection.execute(
            statement(
                "UPDATE batch SET state = :sending, lease_until = :lease WHERE id = :id AND owner = :owner"
                " AND state IN (2, 3)"
            ),
            {
                "sending": int(BatchState.SENDING),
                "lease": seconds(now) + LEASE_SECONDS,
                "id": claimed.batch_id,
                "owner": claimed.owner,
            },
        ).rowcount
        == 1
    )


def begin_attempt(
    connection: Connection,
    claimed: Claimed,
    begun: Begun,
    *,
    no: int,
    provider: str,
    now: datetime,
    keeps: bool = False,
) -> None:
    """Write the attempt for `begun.ready`; its commit is what the provider's call waits for.

    `keeps`: the call also waits until digests of its bodies are kept; while these are empty nothing has left.
    """
    begun.no = no
    ready = begun.ready
    values = {
        "batch_id": claimed.batch_id,
        "no": no,
        "provider": provider,
        "owner": claimed.owner,
        "first_message": ready[0].message_id,
        "last_message": ready[-1].message_id,
        "n": len(ready),
        "state": AttemptState.SENDING,
        "sent_at": now,
        "rendered_at": now,
        "idempotency_key": f"{claimed.batch_id}-{no}",
        "body_sha256": b"" if keeps else None,
    }
    begun.attempt_id = connection.execute(_KEEP_ATTEMPT, values).scalar_one()


def finish_batch(connection: Connection, claimed: Claimed) -> None:
    """Close a batch of which nothing is left to do, or give back one of which something is."""
    connection.execute(
        statement(
            "UPDATE batch SET state = CASE WHEN EXISTS (SELECT 1 FROM message m WHERE m.batch_id = batch.id"
            " AND m.state IN (1, 4)) THEN :open ELSE :done END, owner = '', lease_until = NULL"
            " WHERE id = :id AND owner = :owner AND state IN (2, 3)"
        ),
        {"open": int(BatchState.OPEN), "done": int(BatchState.DONE), "id": claimed.batch_id, "owner": claimed.owner},
    )


def give_back(connection: Connection, claimed: Claimed, send_at: datetime) -> None:
    """Open a claimed batch again, for no earlier than `send_at`: no provider can take it now."""
    connection.execute(
        statement(
            "UPDATE batch SET state = :open, owner = '', lease_until = NULL, send_at = :send_at"
            " WHERE id = :id AND owner = :owner AND state IN (2, 3)"
        ),
        {"open": int(BatchState.OPEN), "send_at": seconds(send_at), "id": claimed.batch_id, "owner": claimed.owner},
    )


def rescue(connection: Connection, now: datetime, *, nobody_else: bool = False) -> tuple[int, int]:
    """Take back what a dead sender left: (batches opened again, attempts now unclear).

    A batch that was only claimed is safe to send; the messages of an attempt under way are unclear, the rest of its batch
    is safe, and so is an attempt whose call still waited for its digests. `nobody_else`: a lock proves that no other process sends, so no lease is waited for.
    """
    over = "1 = 1" if nobody_else else "lease_until <= :now"
    bound: dict[str, Any] = {} if nobody_else else {"now": seconds(now)}
    batches = (
        connection.execute(text(f"SELECT id FROM batch WHERE state IN (2, 3) AND ({over})"), bound).scalars().all()
    )
    unclear = 0
    for batch_id in batches:
        connection.execute(
            text(
                "UPDATE attempt SET state = :over, n_retry = n WHERE batch_id = :batch AND state = 1 AND body_sha256 = :none"
            ),
            {"over": int(AttemptState.ANSWERED), "batch": batch_id, "none": b""},
        )
        attempts = connection.execute(
            text(
                "UPDATE attempt SET state = :unknown, n_unclear = n WHERE batch_id = :batch AND state = 1"
                " RETURNING id, first_message, last_message"
            ),
            {"unknown": int(AttemptState.UNKNOWN), "batch": batch_id},
        ).all()
        for attempt in attempts:
            connection.execute(
                text(
                    "UPDATE message SET state = 5, attempt_id = :attempt, tries = tries + 1 WHERE batch_id = :batch"
                    " AND id BETWEEN :first AND :last AND state IN (1, 4)"
                ),
                {
                    "attempt": attempt.id,
                    "batch": batch_id,
                    "first": attempt.first_message,
                    "last": attempt.last_message,
                },
            )
        unclear += len(attempts)
        connection.execute(
            text(
                "UPDATE batch SET state = CASE WHEN EXISTS (SELECT 1 FROM message m WHERE m.batch_id = batch.id"
                " AND m.state IN (1, 4)) THEN :open ELSE :done END, owner = '', lease_until = NULL"
                f" WHERE id = :batch AND state IN (2, 3) AND ({over})"
            ),
            bound | {"open": int(BatchState.OPEN), "done": int(BatchState.DONE), "batch": batch_id},
        )
    return len(batches), unclear


def lease_margin() -> timedelta:
    """How long after its commit an attempt may still write to a socket."""
    return timedelta(seconds=LEASE_SECONDS / 2)
