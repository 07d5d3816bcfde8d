"""The ledger of agreements and leavings (insert only), and the do-not-contact list that follows from it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    case,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.consent import EVERYTHING, STRENGTH, Closed, PersonState, Said
from reminder.domain.states import Channel
from reminder.store.people.addresses import (
    HASH_OF,
    PERSON,
    SINCE_OF,
    Address,
    addresses_of,
    among,
    one_at_a_time,
    owners,
)
from reminder.store.tables import Consent, DoNotContact, Subscriber

_CONSENT = Consent.__table__  # type: ignore[attr-defined]
_LIST = DoNotContact.__table__  # type: ignore[attr-defined]
_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the consent ledger. `evidence_ct` is encrypted by the caller (purpose b"evidence")."""

    address: Address
    said: Said
    subscriber_id: int | None = None
    basis: str = ""
    source: str = ""
    wording: str = ""
    given_on: date | None = None
    evidence_ct: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Closing:
    """An address that may no longer be written to. `since` is when that was said."""

    address: Address
    reason: Closed
    since: datetime

    def of_the_same_person(self, address: Address) -> "Closing":
        """What silence asked for by one address means for another; one word for all reasons, so that order is no matter."""
        return Closing(address, Closed.NEVER_AGAIN, self.since)


def record(connection: Connection, lines: Iterable[Line], now: datetime) -> None:
    """Add lines to the ledger."""
    rows = [
        {
            "at": now,
            "address_hash": line.address.hash,
            "channel": line.address.channel,
            "what": line.said,
            "basis": line.basis,
            "source": line.source,
            "wording": line.wording,
            "given_on": line.given_on,
            "evidence_ct": line.evidence_ct,
            "subscriber_id": line.subscriber_id,
        }
        for line in lines
    ]
    if rows:
        connection.execute(insert(_CONSENT), rows)


def forget(connection: Connection, addresses: Collection[Address]) -> None:
    """Remove every line about `addresses`: only for somebody who is erased."""
    for channel, hashes in _by_channel(addresses).items():
        connection.execute(
            delete(_CONSENT).where(among(_CONSENT.c.address_hash, hashes), _CONSENT.c.channel == channel)
        )


def closed_among(connection: Connection, addresses: Collection[Address]) -> dict[Address, Closing]:
    """The entries of the do-not-contact list that concern `addresses`."""
    found = {}
    for channel, hashes in _by_channel(addresses).items():
        rows = connection.execute(
            select(_LIST.c.address_hash, _LIST.c.reason, _LIST.c.since).where(
                _LIST.c.channel == channel, among(_LIST.c.address_hash, hashes)
            )
        )
        for address_hash, reason, since in rows:
            address = Address(channel, bytes(address_hash))
            found[address] = Closing(address, Closed(reason), since)
    return found


def own_confirmations(connection: Connection, addresses: Collection[Address]) -> dict[Address, datetime]:
    """When each of `addresses` last said yes by itself."""
    found = {}
    for channel, hashes in _by_channel(addresses).items():
        rows = connection.execute(
            select(_CONSENT.c.address_hash, func.max(_CONSENT.c.at))
            .where(among(_CONSENT.c.address_hash, hashes), _CONSENT.c.channel == channel)
            .where(_CONSENT.c.what == Said.CONFIRMED)
            .group_by(_CONSENT.c.address_hash)
        )
        found.update({Address(channel, bytes(address_hash)): at for address_hash, at in rows})
    return found


def _by_channel(addresses: Collection[Address]) -> dict[Channel, list[bytes]]:
    hashes: dict[Channel, list[bytes]] = {}
    for address in addresses:
        hashes.setdefault(address.channel, []).append(address.hash)
    return hashes


def close(connection: Connection, closings: Collection[Closing], now: datetime, source: str = "") -> set[Address]:
    """Put addresses on the do-not-contact list; returns those that were not closed for as strong a reason before.

    "Never again", "has died" and "erased" close every address of the same person, except one that the person has
    confirmed since. Order and repetition do not matter: the strongest reason stays, with the first time it was given.
    What is older than the address's own confirmation was answered by it and changes nothing.
    """
    if not closings:
        return set()
    one_at_a_time(connection)
    confirmed = own_confirmations(connection, {closing.address for closing in closings})
    closings = [closing for closing in closings if not _answered(closing, confirmed)]
    wanted = _strongest([*closings, *_of_the_same_people(connection, closings)])
    if not wanted:
        return set()
    before = closed_among(connection, wanted.keys())
    _upsert(connection, wanted.values())
    _end_agreements(connection, wanted.keys())
    new = {
        address: closing
        for address, closing in wanted.items()
        if address not in before or STRENGTH[before[address].reason] < STRENGTH[closing.reason]
    }
    people = owners(connection, new.keys())
    lines = [
        Line(
            address,
            Said.CLOSED,
            people[address].id if address in people else None,
            source=source,
            wording=closing.reason,
            given_on=closing.since.date(),
        )
        for address, closing in new.items()
    ]
    record(connection, lines, now)
    return set(new)


def _answered(closing: Closing, confirmed: Mapping[Address, datetime]) -> bool:
    return closing.address in confirmed and closing.since < confirmed[closing.address]


def _strongest(closings: Iterable[Closing]) -> dict[Address, Closing]:
    wanted: dict[Address, Closing] = {}
    for closing in closings:
        other = wanted.get(closing.address)
        if other is None or _rank(closing) > _rank(other):
            wanted[closing.address] = closing
    return wanted


def _rank(closing: Closing) -> tuple[int, float]:
    return STRENGTH[closing.reason], -closing.since.timestamp()


def _of_the_same_people(connection: Connection, closings: Collection[Closing]) -> list[Closing]:
    """The other addresses of those who asked for silence by every channel; their state becomes "left"."""
    silent = [closing for closing in closings if closing.reason in EVERYTHING]
    people = owners(connection, [closing.address for closing in silent])
    confirmed = own_confirmations(connection, people.keys())
    more = []
    left = set()
    for closing in silent:
        if closing.address not in people:
            continue
        owner = people[closing.address]
        others = [address for address in owner.addresses if address != closing.address]
        wider = [closing.of_the_same_person(address) for address in others]
        more += [each for each in wider if not _answered(each, confirmed)]
        if not any(_answered(each, confirmed) for each in wider):
            left.add(owner.id)
    if left:
        connection.execute(
            update(_SUBSCRIBER)
            .where(PERSON.id.in_(left), PERSON.state.in_((PersonState.ACTIVE, PersonState.WAITS)))
            .values(state=PersonState.LEFT)
        )
    return more


def _upsert(connection: Connection, closings: Iterable[Closing]) -> None:
    connection.execute(
        _upsert_on(connection.dialect.name),
        [
            {
                "channel": closing.address.channel,
                "address_hash": closing.address.hash,
                "reason": closing.reason,
                "since": closing.since,
            }
            for closing in closings
        ],
    )


@cache
def _upsert_on(database: str) -> Insert:
    """Made once: to make it takes longer than to run it."""
    statement = (sqlite.insert if database == "sqlite" else postgresql.insert)(_LIST)
    new, old = statement.excluded, _LIST.c
    stronger = _strength(new.reason) > _strength(old.reason)
    earlier = (new.reason == old.reason) & (new.since < old.since)
    return statement.on_conflict_do_update(
        index_elements=[old.channel, old.address_hash],
        set_={
            "reason": case((stronger, new.reason), else_=old.reason),
            "since": case((or_(stronger, earlier), new.since), else_=old.since),
        },
    )


def _strength(reason: ColumnElement[str]) -> ColumnElement[int]:
    # Spelled out: as parameters they would be bound anew for each row, which takes five times as long as the row.
    ranks: list[tuple[ColumnElement[bool], ColumnElement[int]]] = [
        (reason == literal_column(f"'{word}'"), literal_column(str(rank))) for word, rank in STRENGTH.items()
    ]
    return case(*ranks, else_=literal_column("-1"))


def _end_agreements(connection: Connection, addresses: Collection[Address]) -> None:
    """A closed channel has no agreement, so that a step which prefers it goes by the other one."""
    for channel, hashes in _by_channel(addresses).items():
        since = SINCE_OF[channel]
        connection.execute(
            update(_SUBSCRIBER).where(among(HASH_OF[channel], hashes), since.is_not(None)).values({since: None})
        )


def lift(connection: Connection, address: Address, subscriber_id: int) -> None:
    """Take an address off the list: only for the person's own new confirmation by that very address.

    The person's other addresses stay closed, each for itself.
    """
    one_at_a_time(connection)
    connection.execute(delete(_LIST).where(_LIST.c.channel == address.channel, _LIST.c.address_hash == address.hash))
    for other in addresses_of(connection, subscriber_id):
        connection.execute(
            update(_LIST)
            .where(_LIST.c.channel == other.channel, _LIST.c.address_hash == other.hash)
            .where(_LIST.c.reason.in_(EVERYTHING))
            .values(reason=Closed.OPTED_OUT)
        )
