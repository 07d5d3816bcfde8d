"""What we hold of one supporter, and of all: values as they are stored, to be decrypted by the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select

from reminder.domain.consent import PersonState
from reminder.store.lastchecks import TO_ORGANISERS
from reminder.store.people.addresses import HASH_OF, PERSON, Address, addresses_of, among
from reminder.store.people.ledger import Closing, closed_among
from reminder.store.people.rhythms import HABITS
from reminder.store.tables import Consent, Delivery, Exclusion, Letter, Message, Rhythm, Subscriber, Subscription, Wave

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_SUBSCRIPTION = Subscription.__table__  # type: ignore[attr-defined]
_EXCLUSION = Exclusion.__table__  # type: ignore[attr-defined]
_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
_CONSENT = Consent.__table__  # type: ignore[attr-defined]
_LETTER = Letter.__table__  # type: ignore[attr-defined]
_MESSAGE = Message.__table__  # type: ignore[attr-defined]
_DELIVERY = Delivery.__table__  # type: ignore[attr-defined]
_WAVE = Wave.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Holding:
    """One supporter's rows: column name → value. `person` holds the rhythm's columns too."""

    person: dict[str, Any]
    subscriptions: list[str]
    left_out: list[str]
    ledger: list[dict[str, Any]]
    closings: list[Closing]
    letters: list[dict[str, Any]]
    promises: list[dict[str, Any]]
    messages: list[dict[str, Any]]


def holding(connection: Connection, subscriber_id: int) -> Holding | None:
    """Everything about one supporter; None where there is no such row."""
    person = connection.execute(_people().where(PERSON.id == subscriber_id)).mappings().first()
    if person is None:
        return None
    addresses = addresses_of(connection, subscriber_id)
    return Holding(
        person=dict(person),
        subscriptions=_words(connection, _SUBSCRIPTION.c.scope, _SUBSCRIPTION.c.subscriber_id, subscriber_id),
        left_out=_words(connection, _EXCLUSION.c.what, _EXCLUSION.c.subscriber_id, subscriber_id),
        ledger=ledger_of(connection, addresses),
        closings=sorted(closed_among(connection, addresses).values(), key=lambda closing: closing.address),
        letters=_rows(connection, select(_LETTER).where(_LETTER.c.subscriber_id == subscriber_id)),
        promises=_promises(connection, subscriber_id),
        messages=_rows(
            connection,
            select(_MESSAGE)
            .where(_MESSAGE.c.subscriber_id == subscriber_id, _MESSAGE.c.kind.not_in(TO_ORGANISERS))
            .order_by(_MESSAGE.c.id),
        ),
    )


def _people() -> Any:
    return select(_SUBSCRIBER, *HABITS).join(_RHYTHM, _RHYTHM.c.id == PERSON.rhythm_id)


def _words(connection: Connection, column: Any, owner: Any, subscriber_id: int) -> list[str]:
    return list(connection.execute(select(column).where(owner == subscriber_id).order_by(column)).scalars())


def _rows(connection: Connection, statement: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(statement).mappings()]


def ledger_of(connection: Connection, addresses: Sequence[Address]) -> list[dict[str, Any]]:
    """The lines of the consent ledger about `addresses`, oldest first."""
    lines = []
    for channel in HASH_OF:
        hashes = [address.hash for address in addresses if address.channel is channel]
        lines += _rows(
            connection,
            select(_CONSENT).where(among(_CONSENT.c.address_hash, hashes), _CONSENT.c.channel == channel),
        )
    return sorted(lines, key=lambda line: line["id"])


def _promises(connection: Connection, subscriber_id: int) -> list[dict[str, Any]]:
    """Found by a probe for each sending there ever was: nothing but the promise is indexed."""
    promise = ("campaign_id", "step_key", "anchor_on", "channel")
    sendings = select(*(_WAVE.c[name] for name in promise)).distinct().subquery()
    return _rows(
        connection,
        select(_DELIVERY)
        .join(sendings, and_(*(_DELIVERY.c[name] == sendings.c[name] for name in promise)))
        .where(_DELIVERY.c.subscriber_id == subscriber_id)
        .order_by(_DELIVERY.c.local_on, _DELIVERY.c.id),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """One supporter for the list of all."""

    person: dict[str, Any]
    subscriptions: list[str]
    left_out: list[str]
    ledger: list[dict[str, Any]]
    closings: list[Closing]


def page(connection: Connection, after: int, size: int) -> list[Listed]:
    """Supporters with id > `after`, in the order of their ids; erased ones are no supporters."""
    rows = connection.execute(
        _people().where(PERSON.id > after, PERSON.state != PersonState.ERASED).order_by(PERSON.id).limit(size)
    ).mappings()
    people = {row["id"]: dict(row) for row in rows}
    found = {
        number: [Address(channel, bytes(row[column.name])) for channel, column in HASH_OF.items() if row[column.name]]
        for number, row in people.items()
    }
    every = [address for addresses in found.values() for address in addresses]
    closed = closed_among(connection, every)
    lines = _grouped(ledger_of(connection, every), lambda line: Address(line["channel"], bytes(line["address_hash"])))
    scopes = _grouped(_rows(connection, select(_SUBSCRIPTION).where(_SUBSCRIPTION.c.subscriber_id.in_(people))), _owner)
    left_out = _grouped(_rows(connection, select(_EXCLUSION).where(_EXCLUSION.c.subscriber_id.in_(people))), _owner)
    return [
        Listed(
            person=row,
            subscriptions=sorted(each["scope"] for each in scopes.get(number, [])),
            left_out=sorted(each["what"] for each in left_out.get(number, [])),
            ledger=[line for address in found[number] for line in lines.get(address, [])],
            closings=[closed[address] for address in found[number] if address in closed],
        )
        for number, row in people.items()
    ]


def _owner(row: dict[str, Any]) -> Any:
    return row["subscriber_id"]


def _grouped(rows: Sequence[dict[str, Any]], key: Any) -> dict[Any, list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
