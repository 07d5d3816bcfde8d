"""What a reply is about: the reminder that it answers, and what the person last said of the channel."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, select, text

from reminder.domain.consent import Said
from reminder.store.columns import json_value, ordinal
from reminder.store.people.addresses import Address
from reminder.store.tables import Consent

_CONSENT = Consent.__table__  # type: ignore[attr-defined]
# A reply without any reference answers the newest reminder of this time.
REMEMBERED = timedelta(days=31)
_ITEMS = "SELECT c.items FROM message m JOIN batch b ON b.id = m.batch_id JOIN content c ON c.id = b.content_id WHERE"


def campaigns_of_message(connection: Connection, message_id: int, subscriber_id: int) -> list[int]:
    """The campaigns that a reminder to this person spoke of."""
    found = connection.execute(
        text(f"{_ITEMS} m.id = :message AND m.subscriber_id = :person AND m.kind = 1"),
        {"message": message_id, "person": subscriber_id},
    ).scalar()
    return _campaigns(found)


def campaigns_last_reminded_of(connection: Connection, subscriber_id: int, today: date) -> list[int]:
    """The campaigns of the newest reminder that this person got, or may have got."""
    days = ", ".join(str(ordinal(today) + 1 - number) for number in range(REMEMBERED.days))
    found = connection.execute(
        # The days as they stand: a range would read everybody's messages of that time.
        text(
            f"{_ITEMS} m.kind = 1 AND m.void = 0 AND m.state IN (2, 5) AND m.local_on IN ({days})"
            " AND m.subscriber_id = :person ORDER BY m.local_on DESC LIMIT 1"
        ),
        {"person": subscriber_id},
    ).scalar()
    return _campaigns(found)


def _campaigns(items: object) -> list[int]:
    rows: Sequence[Sequence[int]] = json_value(items) if items else ()
    return list(dict.fromkeys(row[0] for row in rows))


def was_asked_last(connection: Connection, address: Address) -> bool:
    """Whether the last line of the ledger about an address is our question: then a plain "yes" is its answer."""
    last = connection.execute(
        select(_CONSENT.c.what)
        .where(_CONSENT.c.address_hash == address.hash, _CONSENT.c.channel == address.channel)
        .order_by(_CONSENT.c.id.desc())
        .limit(1)
    ).scalar()
    return last == Said.ASKED
