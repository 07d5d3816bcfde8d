"""One supporter at a time: joining, confirming, closing an address, and what a supporter may set. Nothing is sent here;
what is to be sent is queued in the same transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reminder.domain.consent import Closed, Said
from reminder.domain.sms_asking import REFUSED, Answer, Asking
from reminder.domain.states import Channel, MessageKind
from reminder.domain.times import is_zone
from reminder.domain.waves import STEPS_HOUR, Habits, Hours
from reminder.errors import NotAllowed, Trouble
from reminder.intake.sms_asking import may_ask
from reminder.intake.typed import seal_email, seal_phone, typed_email, typed_phone
from reminder.store.database import Database
from reminder.store.people import choices
from reminder.store.people.addresses import (
    Address,
    Connection,
    addresses_of,
    one_at_a_time,
    open_channels,
    person_at,
)
from reminder.store.people.answering import was_asked_last
from reminder.store.people.choices import Newcomer, Wishes
from reminder.store.people.entries import Sealed
from reminder.store.people.ledger import Closing, Line, close, closed_among, record
from reminder.store.queueing import Addressee, at_once, queue
from reminder.store.vault import Vault

HOURS = range(24)
_WHAT = {Channel.EMAIL: "The email address", Channel.SMS: "The phone number"}


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody who wants to join tells us. `wording` is what she read and agreed to; '' is "not said".

    `own_request`: she asks herself, by a page, a mail or a text; else somebody of the office adds her.
    """

    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    locale: str = "en"
    country: str = ""
    zone: str = ""
    email_hour: int | None = None
    sms_hour: int | None = None
    subscriptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    source: str = "organiser"
    wording: str = ""
    own_request: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """`to_confirm` are the channels that were asked today. `text` is what became of a text that was to ask a number, None where
    none was to; `subscriber_id` 0: nobody was kept.

    For the office alone: a door for the public says the same whatever stands here, or it would tell who is known.
    """

    subscriber_id: int
    known: bool
    to_confirm: frozenset[Channel]
    text: Answer | None = None


_NO_LIMITS = Asking()


def add_subscriber(
    database: Database, vault: Vault, joining: Joining, now: datetime, asking: Asking = _NO_LIMITS
) -> Joined:
    """Keep somebody as not confirmed and queue the question whether she meant it, at most one a day for each channel.

    Somebody we know keeps everything as it is: whoever typed the address may be somebody else. An address on the
    do-not-contact list is asked only at the person's own request; for anybody else `NotAllowed`, and nothing is kept.
    `asking` says which numbers may be asked by a text; one that may not is kept only where the office adds it.
    """
    newcomer = _newcomer(vault, joining)
    if not newcomer.addresses:
        raise Trouble("A supporter", "needs an email address or a phone number", "Give at least one of the two.")
    number = typed_phone(joining.phone, joining.country) if joining.phone else None

    def work(connection: Connection) -> Joined:
        one_at_a_time(connection)
        if not joining.own_request:
            _refuse_closed(connection, newcomer)
        known = {
            channel: person
            for channel, sealed in newcomer.addresses.items()
            if (person := person_at(connection, sealed.address)) is not None
        }
        mine = set(newcomer.addresses)
        if known:
            mine = {channel for channel, person in known.items() if person == known[min(known)]}
            mine -= open_channels(connection, known[min(known)])
        said = may_ask(connection, vault, number, asking, now) if number and Channel.SMS in mine else None
        kept = newcomer
        if said in REFUSED:
            mine.discard(Channel.SMS)
            kept = _without_number(newcomer) if joining.own_request else newcomer
        if not known and not kept.addresses:
            return Joined(0, known=False, to_confirm=frozenset(), text=said)
        subscriber_id = known[min(known)] if known else choices.add(connection, kept, now)
        asked = mine if said in {None, Answer.QUEUED} else mine - {Channel.SMS}
        _ask(connection, joining, newcomer, subscriber_id, sorted(asked), now)
        return Joined(subscriber_id, bool(known), frozenset(mine), said)

    return database.write(work)


def _without_number(newcomer: Newcomer) -> Newcomer:
    addresses: dict[Channel, Sealed] = {ch: sealed for ch, sealed in newcomer.addresses.items() if ch != Channel.SMS}
    return replace(newcomer, addresses=addresses, habits=replace(newcomer.habits, sms_country=""))


def _ask(
    connection: Connection,
    joining: Joining,
    newcomer: Newcomer,
    subscriber_id: int,
    channels: Sequence[Channel],
    now: datetime,
) -> None:
    """Queue the question, and put on record that it is asked."""
    lines = [
        Line(newcomer.addresses[channel].address, Said.ASKED, subscriber_id, "", joining.source, joining.wording)
        for channel in channels
    ]
    record(connection, lines, now)
    queue(
        connection,
        MessageKind.CONFIRMATION,
        [Addressee(subscriber_id, channel, joining.locale) for channel in channels],
        dedupe=f"confirm:{now.date().isoformat()}",
        payload={"wording": joining.wording, "own_request": joining.own_request},
        when=at_once(MessageKind.CONFIRMATION, now),
        now=now,
    )


def _refuse_closed(connection: Connection, newcomer: Newcomer) -> None:
    if closed_among(connection, [sealed.address for sealed in newcomer.addresses.values()]):
        raise NotAllowed(
            "That address",
            "is on the do-not-contact list",
            "Nothing is sent to it; only the person's own new yes lifts that.",
        )


def _newcomer(vault: Vault, joining: Joining) -> Newcomer:
    if joining.zone and not is_zone(joining.zone):
        raise Trouble("The zone", "is not known", "Write it like Europe/London, or leave it out.")
    sealed = {}
    if joining.email:
        sealed[Channel.EMAIL] = seal_email(vault, typed_email(joining.email))
    phone = typed_phone(joining.phone, joining.country) if joining.phone else None
    if phone is not None:
        sealed[Channel.SMS] = seal_phone(vault, phone)
    return Newcomer(
        addresses=sealed,
        name_ct=vault.encrypt(joining.name, b"name") if joining.name else None,
        locale=joining.locale,
        country=joining.country,
        habits=Habits(
            joining.zone,
            phone.country if phone is not None else "",
            Hours(_hour(joining.email_hour)),
            Hours(_hour(joining.sms_hour)),
        ),
        scopes=joining.subscriptions,
        left_out=joining.left_out,
    )


def _hour(hour: int | None) -> int:
    if hour is not None and hour not in HOURS:
        raise Trouble("The hour", "is not a whole hour from 0 to 23", "Write 9 for nine in the morning.")
    return STEPS_HOUR if hour is None else hour


def read_address(vault: Vault, text: str, country: str = "") -> Address:
    """The address that somebody typed, an email address or a phone number; `country` reads a number without "+"."""
    if "@" in text:
        return seal_email(vault, typed_email(text)).address
    return seal_phone(vault, typed_phone(text, country)).address


def find_by_address(database: Database, vault: Vault, text: str, country: str = "") -> int | None:
    """The id of the supporter with this address, None if we have none; `Trouble` where it is no address at all."""
    address = read_address(vault, text, country)
    with database.read() as connection:
        return person_at(connection, address)


def confirm(
    database: Database,
    subscriber_id: int,
    channel: Channel,
    now: datetime,
    *,
    source: str = "confirmation link",
    wording: str = "",
    subscriptions: Collection[str] = (),
) -> bool:
    """The person's own yes: from now on the channel is open, also where it had been closed. False if it was open."""

    def work(connection: Connection) -> bool:
        opened = choices.confirm(connection, subscriber_id, channel, now, source=source, wording=wording)
        choices.subscribe(connection, subscriber_id, subscriptions)
        return opened

    return database.write(work)


def answer_question(database: Database, subscriber_id: int, channel: Channel, now: datetime) -> bool:
    """Her yes to the question whether she meant it; also to one that she has said yes to. False where nobody asked her since
    she left: an old mail opens nothing again."""

    def work(connection: Connection) -> bool:
        if channel in open_channels(connection, subscriber_id):
            return True
        mine = [each for each in addresses_of(connection, subscriber_id) if each.channel is channel]
        if not mine or not was_asked_last(connection, mine[0]):
            return False
        return choices.confirm(connection, subscriber_id, channel, now, source="confirmation link", wording="")

    return database.write(work)


def block(
    database: Database,
    vault: Vault,
    text: str,
    now: datetime,
    *,
    country: str = "",
    everything: bool = False,
    source: str = "organiser",
) -> int | None:
    """Put an address on the do-not-contact list, whether we know it or not; returns the id of its supporter, if any.

    `everything`: her other address too. Only her own new confirmation lifts it.
    """
    reason = Closed.NEVER_AGAIN if everything else Closed.BLOCKED
    address = read_address(vault, text, country)

    def work(connection: Connection) -> int | None:
        close(connection, [Closing(address, reason, now)], now, source)
        return person_at(connection, address)

    return database.write(work)


def move(
    database: Database,
    subscriber_id: int,
    now: datetime,
    *,
    zone: str | None = None,
    email_hour: int | None = None,
    sms_hour: int | None = None,
) -> bool:
    """Another zone, another hour of the day (−1: the plan's). Says whether anything changed."""
    if zone and not is_zone(zone):
        raise Trouble("The zone", "is not known", "Write it like Europe/London.")
    for hour in (email_hour, sms_hour):
        if hour != STEPS_HOUR:
            _hour(hour)
    return database.write(
        lambda connection: choices.move(
            connection, subscriber_id, now, zone=zone, email_hour=email_hour, sms_hour=sms_hour
        )
    )


def pause(database: Database, subscriber_id: int, until: datetime | None, now: datetime) -> bool:
    """A break until an instant, or its end (None)."""
    return database.write(lambda connection: choices.pause(connection, subscriber_id, until, now))


def choose(database: Database, subscriber_id: int, wishes: Wishes) -> bool:
    """Language, discreet or named, closing note, cadence: what `wishes` names."""
    return database.write(lambda connection: choices.choose(connection, subscriber_id, wishes))


def keep_only(database: Database, subscriber_id: int, channels: Collection[Channel], now: datetime) -> None:
    """Close the channels that are not ticked; ticking one again needs `add_subscriber` and `confirm`."""
    database.write(lambda connection: choices.keep_only(connection, subscriber_id, channels, now))


def subscribe(database: Database, subscriber_id: int, scopes: Collection[str]) -> None:
    """Add subscriptions of a supporter's own choice."""
    database.write(lambda connection: choices.subscribe(connection, subscriber_id, scopes))


def unsubscribe(database: Database, subscriber_id: int, scopes: Collection[str]) -> None:
    """Take subscriptions away, so that no list brings them back."""
    database.write(lambda connection: choices.unsubscribe(connection, subscriber_id, scopes))


def leave_out(database: Database, subscriber_id: int, countries: Collection[str]) -> bool:
    """Leave out appeals about these countries; no reason is kept."""
    return database.write(lambda connection: choices.leave_out(connection, subscriber_id, countries))
