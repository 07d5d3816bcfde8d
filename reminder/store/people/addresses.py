"""Whose an address is. Addresses are found by their keyed hash alone; nothing here sees one in clear."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, LargeBinary, bindparam, or_, select, text

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection

from reminder.domain.states import Channel
from reminder.store.tables import Subscriber

HASH_BYTES = 16
PERSON = Subscriber.__table__.c  # type: ignore[attr-defined]
HASH_OF = {Channel.EMAIL: PERSON.email_hash, Channel.SMS: PERSON.phone_hash}
SINCE_OF = {Channel.EMAIL: PERSON.email_since, Channel.SMS: PERSON.sms_since}
# Any number that no other lock of ours has.
_LOCK = 7_201


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An email address or a phone number, known by its keyed hash."""

    channel: Channel
    hash: bytes = field(repr=False)


def one_at_a_time(connection: Connection) -> None:
    """Until this transaction ends nobody else adds, closes or opens an address (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def among(column: ColumnElement[bytes], hashes: Collection[bytes]) -> ColumnElement[bool]:
    """The condition that `column` is one of `hashes`: a probe of its index for each."""
    return column.in_(bindparam(None, list(hashes), type_=LargeBinary, expanding=True))


def person_at(connection: Connection, address: Address) -> int | None:
    """The id of the supporter whose address this is."""
    found = connection.execute(select(PERSON.id).where(HASH_OF[address.channel] == address.hash)).scalar()
    return None if found is None else int(found)


def address_by_hash(connection: Connection, address_hash: bytes) -> tuple[int, Address] | None:
    """The supporter and the address that a link names; it does not say which channel the hash is of."""
    for channel, column in HASH_OF.items():
        found = connection.execute(select(PERSON.id).where(column == address_hash)).scalar()
        if found is not None:
            return int(found), Address(channel, address_hash)
    return None


def address_by_short(connection: Connection, first_bytes: bytes) -> tuple[int, Address] | None:
    """The supporter and the address whose hash begins with `first_bytes` (8, from a short link)."""
    highest = first_bytes + b"\xff" * (HASH_BYTES - len(first_bytes))
    for channel, column in HASH_OF.items():
        found = connection.execute(select(PERSON.id, column).where(column >= first_bytes, column <= highest)).first()
        if found is not None:
            return int(found[0]), Address(channel, bytes(found[1]))
    return None


def addresses_of(connection: Connection, subscriber_id: int) -> list[Address]:
    """The addresses we have of a supporter; none for an erased one."""
    row = connection.execute(select(PERSON.email_hash, PERSON.phone_hash).where(PERSON.id == subscriber_id)).first()
    if row is None:
        return []
    return [Address(channel, bytes(value)) for channel, value in zip(HASH_OF, row, strict=True) if value is not None]


def locale_of(connection: Connection, subscriber_id: int) -> str:
    """The language that a supporter reads."""
    return str(connection.execute(select(PERSON.locale).where(PERSON.id == subscriber_id)).scalar() or "en")


def open_channels(connection: Connection, subscriber_id: int) -> frozenset[Channel]:
    """The channels by which a supporter may still be written to."""
    row = connection.execute(
        select(PERSON.email_since, PERSON.sms_since).where(PERSON.id == subscriber_id, PERSON.state == 1)
    ).first()
    if row is None:
        return frozenset()
    return frozenset(channel for channel, since in zip(SINCE_OF, row, strict=True) if since is not None)


@dataclass(frozen=True, slots=True)
class Owner:
    """The supporter to whom an address belongs, with all of her addresses."""

    id: int
    addresses: tuple[Address, ...]


def owners(connection: Connection, addresses: Collection[Address]) -> dict[Address, Owner]:
    """The supporter of each of `addresses` that somebody has."""
    if not addresses:
        return {}
    rows = connection.execute(select(PERSON.id, PERSON.email_hash, PERSON.phone_hash).where(any_of(addresses)))
    found = [Owner(row[0], _addresses(row[1], row[2])) for row in rows]
    return {address: owner for owner in found for address in owner.addresses}


def any_of(addresses: Collection[Address]) -> ColumnElement[bool]:
    """The condition that a supporter has one of `addresses`."""
    return or_(
        *(
            among(column, [address.hash for address in addresses if address.channel is channel])
            for channel, column in HASH_OF.items()
        )
    )


def _addresses(*hashes: bytes | None) -> tuple[Address, ...]:
    """The addresses of a row's email hash and phone hash."""
    return tuple(Address(channel, bytes(value)) for channel, value in zip(HASH_OF, hashes, strict=True) if value)
