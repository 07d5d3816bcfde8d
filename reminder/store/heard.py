"""Which messages a provider speaks of: by the wire id that we gave it, or by the id that it gave us."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, text

from reminder.domain.message import Receipt
from reminder.domain.states import Channel, MessageKind, MessageState
from reminder.store.columns import one_of, plain_rows, statement

# Quicker than asking the enum, which is done three times for each message of a page.
_KINDS = {int(kind): kind for kind in MessageKind}
_CHANNELS = {int(channel): channel for channel in Channel}
_STATES = {int(state): state for state in MessageState}


@dataclass(frozen=True, slots=True)
class Known:
    """A message of ours as its wire id was made. `address_hash` is None where the person is erased.

    `provider` and `attempt_id` are those of the newest attempt that was answered or given up; '' and 0 before the first.
    """

    message_id: int
    kind: MessageKind
    channel: Channel
    day: int
    subscriber_id: int
    state: MessageState
    attempt_id: int
    provider: str
    address_hash: bytes | None = field(repr=False)


def known_messages(connection: Connection, ids: Collection[int]) -> dict[int, Known]:
    """The messages with these ids; what is missing is none of ours."""
    condition, bound = one_of(connection, "m.id", ids)
    rows = plain_rows(
        connection,
        (
            "SELECT m.id, m.kind, m.channel, coalesce(m.wire_on, m.local_on), m.subscriber_id, m.state, m.attempt_id, a.provider,"
            # Reports and alerts, invitations and tests go to people of the office.
            " CASE WHEN m.kind IN (5, 6, 7, 8) THEN o.email_hash WHEN m.channel = 1 THEN s.email_hash ELSE s.phone_hash END"
            " FROM message m LEFT JOIN attempt a ON a.id = m.attempt_id LEFT JOIN subscriber s ON s.id = m.subscriber_id"
            f" LEFT JOIN organiser o ON o.id = m.subscriber_id WHERE {condition}"
        ),
        bound,
    )
    return {
        row[0]: Known(
            message_id=row[0],
            kind=_KINDS[row[1]],
            channel=_CHANNELS[row[2]],
            day=row[3],
            subscriber_id=row[4],
            state=_STATES[row[5]],
            attempt_id=row[6],
            provider=row[7] or "",
            address_hash=None if row[8] is None else bytes(row[8]),
        )
        for row in rows
    }


def messages_of_ids(connection: Connection, provider: str, provider_ids: Collection[str]) -> Mapping[str, int]:
    """Message ids by the ids that a provider gave them."""
    if not provider_ids:
        return {}
    rows = connection.execute(
        text(
            "SELECT provider_id, message_id FROM receipt WHERE provider = :provider AND provider_id IN :ids"
        ).bindparams(bindparam("ids", expanding=True)),
        {"provider": provider, "ids": sorted(provider_ids)},
    )
    return {row[0]: row[1] for row in rows}


def attempt_under_way(connection: Connection, provider: str, message_id: int) -> int:
    """The attempt by this provider of which no answer is written yet; 0 where there is none."""
    found = connection.execute(
        statement(
            "SELECT id FROM attempt WHERE state IN (1, 3) AND provider = :provider"
            " AND :message BETWEEN first_message AND last_message ORDER BY id DESC LIMIT 1"
        ),
        {"provider": provider, "message": message_id},
    ).scalar()
    return int(found or 0)


def is_erased(connection: Connection, message_id: int) -> bool:
    """Whether the message is ours and its person is erased, so that no wire id of it can be checked any more."""
    message = known_messages(connection, [message_id]).get(message_id)
    return message is not None and message.address_hash is None


def keep_provider_ids(connection: Connection, provider: str, attempt_id: int, receipts: Iterable[Receipt]) -> None:
    """Keep the ids that a provider gave to messages: it will speak of them by no other name."""
    rows = [
        {"provider": provider, "provider_id": each.provider_id, "message": each.message_id, "attempt": attempt_id}
        for each in receipts
        if each.provider_id
    ]
    if rows:
        connection.execute(
            statement(
                "INSERT INTO receipt (provider, provider_id, message_id, attempt_id)"
                " VALUES (:provider, :provider_id, :message, :attempt) ON CONFLICT DO NOTHING"
            ),
            rows,
        )
