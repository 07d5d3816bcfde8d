"""Storing the rows of a list, a few hundred in a transaction: gather, decide (entries.py), apply."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.consent import EVERYTHING, PersonState
from reminder.domain.states import Channel
from reminder.domain.waves import Habits
from reminder.store.people.addresses import HASH_OF, PERSON, Address, any_of, one_at_a_time, owners
from reminder.store.people.entries import Change, Conflict, Entry, Person, World, keep_entry
from reminder.store.people.ledger import Closing, close, closed_among, record
from reminder.store.people.rhythms import HABITS, habits_from, rhythm_ids
from reminder.store.tables import Exclusion, Rhythm, Subscriber, Subscription

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_SUBSCRIPTION = Subscription.__table__  # type: ignore[attr-defined]
_EXCLUSION = Exclusion.__table__  # type: ignore[attr-defined]
_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
_CT = {Channel.EMAIL: "email_ct", Channel.SMS: "phone_ct"}
_HASH = {Channel.EMAIL: "email_hash", Channel.SMS: "phone_hash"}
_SINCE = {Channel.EMAIL: "email_since", Channel.SMS: "sms_since"}


@dataclass(slots=True)
class Kept:
    """What a chunk came to, in rows; `closed` counts addresses that came on the do-not-contact list."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left: int = 0
    closed: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


def keep_entries(connection: Connection, entries: Sequence[Entry], now: datetime, source: str) -> Kept:
    """Store `entries` in the caller's transaction. What they close is closed first; nothing that is closed is opened."""
    one_at_a_time(connection)
    kept = Kept(closed=len(close(connection, _closings(connection, entries), now, source)))
    addresses = {sealed.address for entry in entries for sealed in entry.addresses.values()}
    world = World(_people(connection, addresses), closed_among(connection, addresses))
    counts = Counter(keep_entry(world, entry, now) for entry in entries if entry.grounds)
    kept.added, kept.changed = counts[Change.ADDED], counts[Change.FILLED]
    kept.unchanged, kept.left = counts[Change.NONE], counts[Change.LEFT]
    changed = [person for person in world.everybody() if person.changes]
    _write(connection, changed, now)
    kept.conflicts = world.conflicts
    return kept


def _closings(connection: Connection, entries: Sequence[Entry]) -> list[Closing]:
    """What the rows close, and the other addresses of rows that name somebody who asked for silence by every channel."""
    direct = [closing for entry in entries for closing in entry.closings]
    several = [entry for entry in entries if entry.grounds and len(entry.addresses) > 1]
    standing = closed_among(connection, {sealed.address for entry in several for sealed in entry.addresses.values()})
    silent = {address: closing for address, closing in standing.items() if closing.reason in EVERYTHING}
    silent |= {closing.address: closing for closing in direct if closing.reason in EVERYTHING}
    spread = []
    for entry in several:
        named = [sealed.address for sealed in entry.addresses.values()]
        spread += [
            silent[address].of_the_same_person(other)
            for address in named
            if address in silent
            for other in named
            if other != address
        ]
    return direct + spread


def _people(connection: Connection, addresses: Collection[Address]) -> dict[Address, Person]:
    """Everybody to whom one of `addresses` belongs, under each of her addresses."""
    rows = connection.execute(
        select(_SUBSCRIBER, *HABITS)
        .join(_RHYTHM, _RHYTHM.c.id == PERSON.rhythm_id, isouter=True)
        .where(any_of(addresses))
    ).mappings()
    people = [_person(row) for row in rows]
    _gather_choices(connection, {person.id: person for person in people})
    return {address: person for person in people for address in person.addresses.values()}


def _person(row: Any) -> Person:
    return Person(
        id=row[PERSON.id],
        addresses={
            channel: Address(channel, bytes(row[column]))
            for channel, column in HASH_OF.items()
            if row[column] is not None
        },
        habits=habits_from([row[column] for column in HABITS]),
        since={channel: row[name] for channel, name in _SINCE.items() if row[name] is not None},
        state=PersonState(row[PERSON.state]),
        has_name=row[PERSON.name_ct] is not None,
        locale=row[PERSON.locale],
        country=row[PERSON.country],
    )


def _gather_choices(connection: Connection, people: dict[int, Person]) -> None:
    if not people:
        return
    for subscriber_id, scope in connection.execute(
        select(_SUBSCRIPTION.c.subscriber_id, _SUBSCRIPTION.c.scope).where(_SUBSCRIPTION.c.subscriber_id.in_(people))
    ):
        people[subscriber_id].known_scopes.add(scope)
    for subscriber_id, what in connection.execute(
        select(_EXCLUSION.c.subscriber_id, _EXCLUSION.c.what).where(_EXCLUSION.c.subscriber_id.in_(people))
    ):
        people[subscriber_id].known_left_out.add(what)


def _write(connection: Connection, people: Sequence[Person], now: datetime) -> None:
    rhythms = rhythm_ids(connection, {person.habits for person in people})
    known = [person for person in people if person.id != 0]
    _add(connection, [person for person in people if person.id == 0], rhythms, now)
    _update(connection, [_filled_row(person, rhythms[person.habits], now) for person in known])
    pairs = [{"scope": scope, "subscriber_id": person.id} for person in people for scope in sorted(person.scopes)]
    _insert_new(connection, _SUBSCRIPTION, pairs)
    left_out = [{"subscriber_id": person.id, "what": what} for person in people for what in sorted(person.left_out)]
    _insert_new(connection, _EXCLUSION, left_out)
    record(connection, _lines(people), now)


def _add(connection: Connection, fresh: Sequence[Person], rhythms: Mapping[Habits, int], now: datetime) -> None:
    """Insert people in bulk. Their ids are looked up afterwards: asked to return them, SQLite inserts row by row."""
    if not fresh:
        return
    connection.execute(insert(_SUBSCRIBER), [_new_row(person, rhythms[person.habits], now) for person in fresh])
    found = owners(connection, [address for person in fresh for address in person.addresses.values()])
    for person in fresh:
        person.id = found[next(iter(person.addresses.values()))].id


def _lines(people: Iterable[Person]) -> Iterable[Any]:
    return [replace(line, subscriber_id=person.id) for person in people for line in person.lines]


def _new_row(person: Person, rhythm_id: int, now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name_ct": person.name_ct,
        "locale": person.locale,
        "country": person.country,
        "rhythm_id": rhythm_id,
        "state": person.state,
        "joined_at": now,
    }
    for channel in Channel:
        sealed = person.new_addresses.get(channel)
        row[_CT[channel]] = sealed.ct if sealed else None
        row[_HASH[channel]] = sealed.address.hash if sealed else None
        row[_SINCE[channel]] = person.since.get(channel)
    row["phone_country"] = _phone_country(person)
    return row


def _phone_country(person: Person) -> str:
    phone = person.new_addresses.get(Channel.SMS)
    return phone.country if phone else ""


def _filled_row(person: Person, rhythm_id: int, now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "of": person.id,
        "new_name": person.name_ct,
        "new_country": person.country,
        "new_rhythm": rhythm_id,
        "new_rhythm_since": now if person.moved else None,
        "new_state": person.state,
    }
    for channel in Channel:
        sealed = person.new_addresses.get(channel)
        row[f"new_{_CT[channel]}"] = sealed.ct if sealed else None
        row[f"new_{_HASH[channel]}"] = sealed.address.hash if sealed else None
        row[f"new_{_SINCE[channel]}"] = person.since.get(channel)
    row["new_phone_country"] = _phone_country(person)
    return row


def _update(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Fill in what is missing: what stands in a column stays, whoever wrote it meanwhile."""
    if not rows:
        return
    kept = [*_CT.values(), *_HASH.values(), *_SINCE.values()]
    values = {name: func.coalesce(PERSON[name], bindparam(f"new_{name}", type_=PERSON[name].type)) for name in kept}
    connection.execute(
        update(_SUBSCRIBER)
        .where(PERSON.id == bindparam("of"), PERSON.state.in_((PersonState.ACTIVE, PersonState.WAITS)))
        .values(
            **values,
            name_ct=func.coalesce(PERSON.name_ct, bindparam("new_name", type_=PERSON.name_ct.type)),
            country=bindparam("new_country"),
            phone_country=case(
                (PERSON.phone_country == "", bindparam("new_phone_country")), else_=PERSON.phone_country
            ),
            rhythm_id=bindparam("new_rhythm"),
            rhythm_since=func.coalesce(
                bindparam("new_rhythm_since", type_=PERSON.rhythm_since.type), PERSON.rhythm_since
            ),
            state=bindparam("new_state"),
        ),
        rows,
    )


def _insert_new(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert_new(table).on_conflict_do_nothing(), rows)
