"""What supporters tell us: "I wrote" and leaving. Each may come twice, late, or in any order, and the end is the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.domain.consent import LEAVING, Leaving, still_comes
from reminder.domain.states import Channel
from reminder.domain.times import end_of_day
from reminder.errors import Trouble
from reminder.store.database import Database
from reminder.store.people.addresses import (
    Address,
    Connection,
    address_by_hash,
    address_by_short,
    addresses_of,
    locale_of,
    open_channels,
    person_at,
)
from reminder.store.people.choices import leave_out
from reminder.store.people.erasing import erase
from reminder.store.people.ledger import Closing, close
from reminder.store.people.letters import (
    Writing,
    case_of,
    count_letters,
    keep_letter,
    letter_of,
    set_way,
    take_back,
    writing,
)

UNDO_WITHIN = timedelta(hours=24)
# How it was told, and by which way a letter went, where somebody likes to say.
BY_LINK = "link"
WAYS = ("post", "email", "fax", "phone", "form", "embassy", "other")
# What may be told of others: a smaller number could name somebody.
FEWEST_OTHERS = 10


@dataclass(frozen=True, slots=True)
class Reported:
    """`new` is False where the letter was reported before; `late`: after the last day had ended for that reader."""

    new: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What leaving came to: the channels that stay open, and the English sentences that say so, each to be translated."""

    what: Leaving
    still: frozenset[Channel]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a link. `who` is the supporter, or the address alone where nobody (any more) has it; `locale` is hers."""

    who: int | Address
    channel: Channel
    locale: str = ""


def holder_of(database: Database, address_hash: bytes) -> Holder:
    """Whose the address is that a genuine link names; an address that nobody has is taken for one of email."""
    with database.read() as connection:
        found = address_by_hash(connection, address_hash)
        if found is None:
            return Holder(Address(Channel.EMAIL, address_hash), Channel.EMAIL)
        subscriber_id, address = found
        return Holder(subscriber_id, address.channel, locale_of(connection, subscriber_id))


def holder_of_short(database: Database, first_bytes: bytes) -> Holder | None:
    """Whose the short link of a text is; None where nobody (any more) has an address that begins like that."""
    with database.read() as connection:
        found = address_by_short(connection, first_bytes)
        if found is None:
            return None
        subscriber_id, address = found
        return Holder(subscriber_id, address.channel, locale_of(connection, subscriber_id))


def report_letter(database: Database, campaign_id: int, subscriber_id: int, how: str, now: datetime) -> Reported:
    """A supporter says "I wrote": no more reminders of this round of the campaign. Repeating it changes nothing."""

    def work(connection: Connection) -> Reported:
        facts = _writing(connection, campaign_id, subscriber_id)
        late = facts.deadline_on is not None and now >= end_of_day(facts.deadline_on, facts.zone)
        new = keep_letter(connection, campaign_id, facts.round, subscriber_id, how=how, late=late, now=now)
        return Reported(new, late)

    return database.write(work)


@dataclass(frozen=True, slots=True)
class Told:
    """What one supporter told us of one appeal: `at` is None where she has not written. `way` '' is "not said"."""

    at: datetime | None
    late: bool = False
    way: str = ""
    may_undo: bool = False

    @classmethod
    def of(cls, database: Database, campaign_id: int, subscriber_id: int, now: datetime) -> "Told | None":
        """None where there is no such campaign or supporter."""
        with database.read() as connection:
            facts = writing(connection, campaign_id, subscriber_id)
            if facts is None:
                return None
            letter = letter_of(connection, campaign_id, facts.round, subscriber_id)
        if letter is None:
            return cls(None)
        way = letter.how if letter.how in WAYS else ""
        return cls(letter.at, letter.late, way, now - letter.at <= UNDO_WITHIN)


def say_how(database: Database, campaign_id: int, subscriber_id: int, way: str) -> bool:
    """By which way she wrote; False where that is no way, or she has not said that she wrote."""
    if way not in WAYS:
        return False

    def work(connection: Connection) -> bool:
        facts = writing(connection, campaign_id, subscriber_id)
        return facts is not None and set_way(connection, campaign_id, facts.round, subscriber_id, way)

    return database.write(work)


def letters_of_others(database: Database, campaign_id: int) -> int:
    """How many say that they wrote for an appeal; 0 where they are too few to be told."""
    with database.read() as connection:
        many = count_letters(connection, campaign_id)
    return many if many >= FEWEST_OTHERS else 0


def take_letter_back(database: Database, campaign_id: int, subscriber_id: int, now: datetime) -> bool:
    """Undo "I wrote" within 24 hours; False where there is nothing to undo (any more)."""

    def work(connection: Connection) -> bool:
        facts = _writing(connection, campaign_id, subscriber_id)
        return take_back(connection, campaign_id, facts.round, subscriber_id, now - UNDO_WITHIN)

    return database.write(work)


def _writing(connection: Connection, campaign_id: int, subscriber_id: int) -> Writing:
    facts = writing(connection, campaign_id, subscriber_id)
    if facts is None:
        raise Trouble(
            f"Campaign {campaign_id} or subscriber {subscriber_id}", "is not known", "Look the numbers up again."
        )
    return facts


def leave(
    database: Database, what: Leaving, who: int | Address, now: datetime, *, campaign_id: int | None = None
) -> Left:
    """Somebody leaves, by the table in domain/consent.py. `who` is a supporter's id, or an address that wrote to us.

    An address that nobody has is closed all the same. "Not this appeal" needs the campaign.
    """

    def work(connection: Connection) -> Left:
        person = who if isinstance(who, int) else person_at(connection, who)
        _close(connection, what, who, person, now)
        if LEAVING[what].this_case and person is not None:
            leave_out(connection, person, [f"case:{_case(connection, campaign_id)}"])
        if LEAVING[what].erases and person is not None:
            erase(connection, person, now)
        still = frozenset() if person is None else open_channels(connection, person)
        return Left(what, still, still_comes(what, still))

    return database.write(work)


def _close(connection: Connection, what: Leaving, who: int | Address, person: int | None, now: datetime) -> None:
    effect = LEAVING[what]
    addresses = [] if person is None else addresses_of(connection, person)
    if isinstance(who, Address) and who not in addresses:
        addresses.append(who)
    if effect.reason is not None:
        closings = [Closing(each, effect.reason, now) for each in addresses if each.channel in effect.closes]
        close(connection, closings, now, what)


def _case(connection: Connection, campaign_id: int | None) -> int:
    case_id = None if campaign_id is None else case_of(connection, campaign_id)
    if case_id is None:
        raise Trouble("The appeal", "is not known", "Say which campaign the person leaves.")
    return case_id
