"""When a provider is asked what became of what it took: by attempt, so that no look goes through the messages.

Callbacks get lost. An attempt of which something is still open some hours later is asked for, a few times, with longer
waits each time, and never after a week.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from reminder.domain.states import Channel, Result
from reminder.store.columns import instant, one_of, seconds, statement

MOST_QUESTIONS = 5
NEVER_AFTER = timedelta(days=7)
LOOKED_AT = 500

# Accepted, and not yet known to have arrived, failed or come back.
_OPEN = (
    "m.batch_id = a.batch_id AND m.id BETWEEN a.first_message AND a.last_message AND m.attempt_id = a.id"
    f" AND m.state = 2 AND m.result < {int(Result.DELIVERED)}"
)


def ask_later(connection: Connection, attempt_id: int, ask_at: datetime) -> None:
    """An attempt was answered: its provider is asked at `ask_at` for what nobody has told by then."""
    connection.execute(
        statement("UPDATE attempt SET ask_at = :at WHERE id = :id"), {"at": seconds(ask_at), "id": attempt_id}
    )


@dataclass(frozen=True, slots=True)
class Open:
    """A message to ask for. `day` is the ordinal that its wire id is made of; `provider_id` is empty where it has none.

    `address_hash` is None where the person is erased.
    """

    message_id: int
    attempt_id: int
    channel: Channel
    day: int
    sent_at: datetime
    provider_id: str
    address_hash: bytes | None = field(repr=False)


def wake_unanswered(connection: Connection, provider: str, now: datetime) -> None:
    """Attempts that were cut off have nobody who set their time: it is now, for when they are settled."""
    connection.execute(
        text(
            "UPDATE attempt SET ask_at = :now WHERE state IN (1, 3) AND state = 3 AND provider = :provider"
            " AND ask_at IS NULL"
        ),
        {"now": seconds(now), "provider": provider},
    )


def pass_over(connection: Connection, provider: str, now: datetime) -> int:
    """Of the next attempts that are due, forget those of which everything is known and those too long ago; how many."""
    return connection.execute(
        text(
            "UPDATE attempt AS a SET ask_at = NULL WHERE id IN (SELECT id FROM attempt WHERE provider = :provider"
            " AND ask_at IS NOT NULL AND ask_at <= :now AND state = 2 ORDER BY ask_at LIMIT :limit)"
            f" AND (sent_at < :week_ago OR NOT EXISTS (SELECT 1 FROM message m WHERE {_OPEN}))"
        ),
        {
            "provider": provider,
            "now": seconds(now),
            "limit": LOOKED_AT,
            "week_ago": seconds(now - NEVER_AFTER),
        },
    ).rowcount


def open_messages(connection: Connection, provider: str, now: datetime, *, limit: int) -> Sequence[Open]:
    """What is still open of the attempts that are due: of the first, and of more up to about `limit` messages."""
    due = connection.execute(
        text(
            "SELECT id, n FROM attempt WHERE provider = :provider AND ask_at IS NOT NULL AND ask_at <= :now AND state = 2"
            " ORDER BY ask_at, id LIMIT :limit"
        ),
        {"provider": provider, "now": seconds(now), "limit": limit},
    ).all()
    chosen: list[int] = []
    room = limit
    for row in due:
        if chosen and row.n > room:
            break
        chosen.append(row.id)
        room -= row.n
    condition, ids = one_of(connection, "a.id", chosen)
    rows = connection.execute(
        text(
            "SELECT m.id, a.id, m.channel, coalesce(m.wire_on, m.local_on), a.sent_at, r.provider_id,"
            # Reports and alerts, invitations and tests go to people of the office.
            " CASE WHEN m.kind IN (5, 6, 7, 8) THEN o.email_hash WHEN m.channel = 1 THEN s.email_hash ELSE s.phone_hash END"
            f" FROM attempt a JOIN message m ON {_OPEN} LEFT JOIN subscriber s ON s.id = m.subscriber_id"
            " LEFT JOIN organiser o ON o.id = m.subscriber_id"
            " LEFT JOIN receipt r ON r.attempt_id = a.id AND r.message_id = m.id"
            f" WHERE {condition} ORDER BY a.ask_at, a.id, m.id"
        ),
        ids,
    )
    return [
        Open(
            message_id=row[0],
            attempt_id=row[1],
            channel=Channel(row[2]),
            day=row[3],
            sent_at=instant(row[4]),
            provider_id=row[5] or "",
            address_hash=None if row[6] is None else bytes(row[6]),
        )
        for row in rows
    ]


def asked(connection: Connection, attempts: Collection[int], now: datetime, first_wait: timedelta) -> None:
    """These attempts were asked for: the next time is twice as far away, or there is none."""
    condition, ids = one_of(connection, "id", attempts)
    rows = connection.execute(text(f"SELECT id, asked, sent_at FROM attempt WHERE {condition}"), ids).all()
    for row in rows:
        next_at = now + first_wait * 2 ** (row.asked + 1)
        over = row.asked + 1 >= MOST_QUESTIONS or next_at > instant(row.sent_at) + NEVER_AFTER
        connection.execute(
            statement("UPDATE attempt SET asked = asked + 1, ask_at = :at WHERE id = :id"),
            {"at": None if over else seconds(next_at), "id": row.id},
        )
