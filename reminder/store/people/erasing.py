"""Erasing a supporter: nothing personal stays but keyed hashes that keep the addresses from being added again."""

from datetime import datetime

from sqlalchemy import Connection, delete, update

from reminder.domain.consent import Closed, PersonState
from reminder.store.people.addresses import PERSON, addresses_of
from reminder.store.people.ledger import Closing, close, forget
from reminder.store.tables import Exclusion, InboxRow, Subscriber, Subscription

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_SUBSCRIPTION = Subscription.__table__  # type: ignore[attr-defined]
_INBOX = InboxRow.__table__  # type: ignore[attr-defined]
_EXCLUSION = Exclusion.__table__  # type: ignore[attr-defined]
NOBODYS_RHYTHM = 0
_AS_NEW = {
    "locale": "en",
    "country": "",
    "phone_country": "",
    "named": False,
    "closing_note": False,
    "tell_outcome": False,
    "last48": False,
    "cadence_n": 2,
    "cadence_days": 7,
}


def erase(connection: Connection, subscriber_id: int, now: datetime) -> bool:
    """Remove everything about a supporter but the keyed hashes on the do-not-contact list.

    The row stays, empty, because promises, messages and letters count by its number. Repeating it changes nothing.
    """
    addresses = addresses_of(connection, subscriber_id)
    close(connection, [Closing(address, Closed.ERASED, now) for address in addresses], now)
    forget(connection, addresses)
    connection.execute(delete(_SUBSCRIPTION).where(_SUBSCRIPTION.c.subscriber_id == subscriber_id))
    connection.execute(delete(_INBOX).where(_INBOX.c.subscriber_id == subscriber_id))
    connection.execute(delete(_EXCLUSION).where(_EXCLUSION.c.subscriber_id == subscriber_id))
    empty = {column.name: None for column in PERSON if column.nullable}
    erased = connection.execute(
        update(_SUBSCRIBER)
        .where(PERSON.id == subscriber_id, PERSON.state != PersonState.ERASED)
        .values(**empty, **_AS_NEW, rhythm_id=NOBODYS_RHYTHM, state=PersonState.ERASED)
    )
    return erased.rowcount == 1
