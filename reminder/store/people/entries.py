"""One row of a list against what is known of that person: what is new, what is filled in, what stays as it is.

Pure: the database is gathered before (importing.py) and written after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from reminder.domain.consent import EVERYTHING, PersonState, Said
from reminder.domain.states import Channel
from reminder.domain.waves import Habits
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing, Line
from reminder.store.people.rhythms import filled


@dataclass(frozen=True, slots=True)
class Sealed:
    """An address with its ciphertext. `country` is a phone number's."""

    address: Address
    ct: bytes = field(repr=False)
    country: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why we may write by one channel. Without all of its evidence it is not `complete` and the channel waits."""

    complete: bool
    basis: str = ""
    source: str = ""
    wording: str = ""
    given_on: date | None = None
    evidence_ct: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a list, ready to store. '' and −1 are "not said". Without grounds it only closes addresses."""

    line: int
    addresses: Mapping[Channel, Sealed]
    grounds: Mapping[Channel, Grounds]
    name_ct: bytes | None = field(default=None, repr=False)
    locale: str = ""
    country: str = ""
    zone: str = ""
    email_hour: int = -1
    sms_hour: int = -1
    scopes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    closings: tuple[Closing, ...] = ()


@dataclass(slots=True)
class Person:
    """A supporter as she stands, and as she will. `id` 0: not stored yet. `scopes` and `left_out` are what is added."""

    id: int
    addresses: dict[Channel, Address]
    habits: Habits = field(default_factory=Habits)
    since: dict[Channel, datetime] = field(default_factory=dict)
    state: PersonState = PersonState.ACTIVE
    has_name: bool = False
    locale: str = ""
    country: str = ""
    known_scopes: set[str] = field(default_factory=set)
    known_left_out: set[str] = field(default_factory=set)
    new_addresses: dict[Channel, Sealed] = field(default_factory=dict)
    name_ct: bytes | None = field(default=None, repr=False)
    scopes: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    moved: bool = False
    changes: int = 0


class Change(Enum):
    """What became of one row."""

    ADDED = 1
    FILLED = 2
    NONE = 3
    LEFT = 4  # silence by every channel, or by each that the row is about


# What can be wrong with a row that was read well: its line, and the code of the problem.
Conflict = tuple[int, str]
PHONE_TAKEN = "phone_taken"
OTHER_ADDRESS = "other_address"


@dataclass(slots=True)
class World:
    """The people and do-not-contact entries that a chunk of rows concerns."""

    people: dict[Address, Person]
    closed: Mapping[Address, Closing]
    conflicts: list[Conflict] = field(default_factory=list)

    def everybody(self) -> list[Person]:
        """Each person once, in the order in which they were met."""
        return list({id(person): person for person in self.people.values()}.values())


def keep_entry(world: World, entry: Entry, now: datetime) -> Change:
    """Take one row in; where the person asked for silence by every channel nothing of it is kept.

    What a person has, an import never changes: it fills in what is missing and adds subscriptions. The date of an
    agreement stands in the ledger; the channel counts from `now`, so that nobody gets what was due before.
    """
    person = _find(world, entry)
    new = person is None
    if person is None:
        if any(_silent(world, sealed.address) for sealed in entry.addresses.values()):
            return Change.LEFT
        person = Person(0, {}, locale=entry.locale or "en")
    elif person.state in (PersonState.LEFT, PersonState.ERASED):
        return Change.LEFT
    before = person.changes
    attached = _attach(world, person, entry)
    _fill(person, entry)
    _agree(world, person, entry, attached, now)
    if new:
        return Change.ADDED
    if _stays_closed(world, entry):
        return Change.LEFT
    return Change.FILLED if person.changes > before else Change.NONE


def _stays_closed(world: World, entry: Entry) -> bool:
    """Whether nothing can go by any channel for which the row brings an agreement."""
    about = [sealed.address for channel, sealed in entry.addresses.items() if channel in entry.grounds]
    return bool(about) and all(address in world.closed for address in about)


def _silent(world: World, address: Address) -> bool:
    return address in world.closed and world.closed[address].reason in EVERYTHING


def _find(world: World, entry: Entry) -> Person | None:
    """The person of the row's email address, else the one of its number unless that has another email address."""
    email, phone = (entry.addresses.get(channel) for channel in (Channel.EMAIL, Channel.SMS))
    if email is not None and email.address in world.people:
        return world.people[email.address]
    owner = None if phone is None else world.people.get(phone.address)
    if owner is not None and email is not None and Channel.EMAIL in owner.addresses:
        return None
    return owner


def _attach(world: World, person: Person, entry: Entry) -> set[Channel]:
    """Give the person the row's addresses; returns the channels whose address is new. One that is taken is told of."""
    attached = set()
    for channel, sealed in entry.addresses.items():
        owner = world.people.get(sealed.address)
        if owner is person:
            continue
        if owner is not None:
            world.conflicts.append((entry.line, PHONE_TAKEN))
        elif channel in person.addresses:
            world.conflicts.append((entry.line, OTHER_ADDRESS))
        else:
            person.addresses[channel] = sealed.address
            person.new_addresses[channel] = sealed
            world.people[sealed.address] = person
            attached.add(channel)
            person.changes += 1
    return attached


def _fill(person: Person, entry: Entry) -> None:
    phone = person.new_addresses.get(Channel.SMS)
    habits = filled(
        person.habits,
        zone=entry.zone,
        phone_country=phone.country if phone else "",
        email_hour=entry.email_hour,
        sms_hour=entry.sms_hour,
    )
    if habits != person.habits:
        person.habits, person.moved = habits, True
        person.changes += 1
    if entry.name_ct is not None and not person.has_name:
        person.name_ct, person.has_name = entry.name_ct, True
        person.changes += 1
    if entry.country and not person.country:
        person.country = entry.country
        person.changes += 1
    # What somebody left out by their own choice no list brings back.
    scopes = set(entry.scopes) - person.known_scopes - person.known_left_out
    left_out = set(entry.left_out) - person.known_left_out
    person.scopes |= scopes
    person.known_scopes |= scopes
    person.left_out |= left_out
    person.known_left_out |= left_out
    person.changes += len(scopes) + len(left_out)


def _agree(world: World, person: Person, entry: Entry, attached: set[Channel], now: datetime) -> None:
    for channel, grounds in entry.grounds.items():
        sealed = entry.addresses.get(channel)
        if sealed is None or person.addresses.get(channel) != sealed.address or channel in person.since:
            continue
        if sealed.address in world.closed:
            continue
        if grounds.complete:
            person.since[channel] = now
            person.state = PersonState.ACTIVE
            person.changes += 1
        elif channel not in attached:
            continue
        elif person.id == 0 and not person.since:
            person.state = PersonState.WAITS
        person.lines.append(
            Line(
                sealed.address,
                Said.AGREED if grounds.complete else Said.WAITS,
                basis=grounds.basis,
                source=grounds.source,
                wording=grounds.wording,
                given_on=grounds.given_on,
                evidence_ct=grounds.evidence_ct,
            )
        )
