"""What one supporter says: joining, confirming, and everything she may set for herself."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.consent import Closed, PersonState, Said
from reminder.domain.states import Channel
from reminder.domain.waves import Habits
from reminder.store.people.addresses import PERSON, SINCE_OF, addresses_of, open_channels
from reminder.store.people.entries import Sealed
from reminder.store.people.ledger import Closing, Line, close, lift, record
from reminder.store.people.rhythms import HABITS, habits_from, in_zone, rhythm_ids
from reminder.store.tables import Exclusion, Rhythm, Subscriber, Subscription

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_SUBSCRIPTION = Subscription.__table__  # type: ignore[attr-defined]
_EXCLUSION = Exclusion.__table__  # type: ignore[attr-defined]
_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
NOT_ERASED = PERSON.state != PersonState.ERASED


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who wants to join, or whom an organiser adds; every value is already sealed or harmless."""

    addresses: Mapping[Channel, Sealed]
    name_ct: bytes | None = None
    locale: str = "en"
    country: str = ""
    habits: Habits = Habits()  # noqa: RUF009 - a frozen value
    scopes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a supporter may set at once; None leaves it as it is. Cadence: at most `cadence_n` in `cadence_days` days."""

    locale: str | None = None
    named: bool | None = None
    closing_note: bool | None = None
    tell_outcome: bool | None = None
    cadence_n: int | None = None
    cadence_days: int | None = None
    last48: bool | None = None


def add(connection: Connection, newcomer: Newcomer, now: datetime) -> int:
    """A supporter who gets nothing but the question whether she meant it; returns the id."""
    rhythm_id = rhythm_ids(connection, [newcomer.habits])[newcomer.habits]
    values = {
        "name_ct": newcomer.name_ct,
        "locale": newcomer.locale,
        "country": newcomer.country,
        "rhythm_id": rhythm_id,
        "joined_at": now,
    }
    for channel, sealed in newcomer.addresses.items():
        name = "email" if channel is Channel.EMAIL else "phone"
        values |= {f"{name}_ct": sealed.ct, f"{name}_hash": sealed.address.hash}
    if phone := newcomer.addresses.get(Channel.SMS):
        values["phone_country"] = phone.country
    subscriber_id = int(connection.execute(insert(_SUBSCRIBER).values(**values).returning(PERSON.id)).scalar_one())
    subscribe(connection, subscriber_id, newcomer.scopes)
    leave_out(connection, subscriber_id, newcomer.left_out)
    return subscriber_id


def confirm(
    connection: Connection, subscriber_id: int, channel: Channel, now: datetime, *, source: str, wording: str
) -> bool:
    """The supporter's own yes, by the address itself: opens the channel and lifts a do-not-contact entry of it.

    False where there is no such address (any more) or the channel was open already.
    """
    address = next((each for each in addresses_of(connection, subscriber_id) if each.channel is channel), None)
    if address is None or channel in open_channels(connection, subscriber_id):
        return False
    lift(connection, address, subscriber_id)
    connection.execute(
        update(_SUBSCRIBER)
        .where(PERSON.id == subscriber_id, NOT_ERASED)
        .values({SINCE_OF[channel]: now, PERSON.state: PersonState.ACTIVE})
    )
    record(connection, [Line(address, Said.CONFIRMED, subscriber_id, "consent", source, wording, now.date())], now)
    return True


def keep_only(connection: Connection, subscriber_id: int, channels: Collection[Channel], now: datetime) -> None:
    """Close the channels that a supporter unticks. Ticking one again needs `confirm`."""
    dropped = [address for address in addresses_of(connection, subscriber_id) if address.channel not in channels]
    still_open = open_channels(connection, subscriber_id)
    closings = [Closing(address, Closed.OPTED_OUT, now) for address in dropped if address.channel in still_open]
    close(connection, closings, now, "own choice")


def move(
    connection: Connection,
    subscriber_id: int,
    now: datetime,
    *,
    zone: str | None = None,
    email_hour: int | None = None,
    sms_hour: int | None = None,
    phone_country: str = "",
) -> bool:
    """Another zone or another hour (−1: the step's). Says whether anything changed.

    Sendings of the last hours that reached the new zone before she came there are made up for (`rhythm_since`).
    """
    row = connection.execute(
        select(*HABITS)
        .join(_SUBSCRIBER, PERSON.rhythm_id == _RHYTHM.c.id)
        .where(PERSON.id == subscriber_id, NOT_ERASED)
    ).first()
    if row is None:
        return False
    old = habits_from(row)
    new = old if zone is None else in_zone(old, zone, phone_country)
    if email_hour is not None:
        new = replace(new, email=replace(new.email, own=email_hour))
    if sms_hour is not None:
        new = replace(new, sms=replace(new.sms, own=sms_hour))
    if new == old:
        return False
    rhythm_id = rhythm_ids(connection, [new])[new]
    connection.execute(
        update(_SUBSCRIBER).where(PERSON.id == subscriber_id, NOT_ERASED).values(rhythm_id=rhythm_id, rhythm_since=now)
    )
    return True


def pause(connection: Connection, subscriber_id: int, until: datetime | None, now: datetime) -> bool:
    """A break until an instant; None ends it, and what was sent to others in the last hours then still comes."""
    changed = connection.execute(
        update(_SUBSCRIBER)
        .where(PERSON.id == subscriber_id, NOT_ERASED)
        .where(PERSON.paused_until.is_distinct_from(until))
        .values(paused_until=until, rhythm_since=now)
    )
    return changed.rowcount == 1


def choose(connection: Connection, subscriber_id: int, wishes: Wishes) -> bool:
    """Set what `wishes` names; says whether there is such a supporter."""
    values = {name: value for name, value in asdict(wishes).items() if value is not None}
    if not values:
        return True
    changed = connection.execute(update(_SUBSCRIBER).where(PERSON.id == subscriber_id, NOT_ERASED).values(**values))
    return changed.rowcount == 1


def subscribe(connection: Connection, subscriber_id: int, scopes: Collection[str]) -> None:
    """Add subscriptions; one that she had left out is no longer left out."""
    if not scopes:
        return
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(
        insert_new(_SUBSCRIPTION).on_conflict_do_nothing(),
        [{"scope": scope, "subscriber_id": subscriber_id} for scope in scopes],
    )
    connection.execute(
        delete(_EXCLUSION).where(_EXCLUSION.c.subscriber_id == subscriber_id, _EXCLUSION.c.what.in_(scopes))
    )


def unsubscribe(connection: Connection, subscriber_id: int, scopes: Collection[str]) -> None:
    """Take subscriptions away and remember it, so that no list brings them back."""
    connection.execute(
        delete(_SUBSCRIPTION).where(_SUBSCRIPTION.c.subscriber_id == subscriber_id, _SUBSCRIPTION.c.scope.in_(scopes))
    )
    leave_out(connection, subscriber_id, scopes)


def leave_out(connection: Connection, subscriber_id: int, what: Collection[str]) -> bool:
    """Countries ("CN"), cases ("case:12") and subscriptions that she does not want. False where all were left out."""
    if not what or not _is_there(connection, subscriber_id):
        return False
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    known = set(
        connection.execute(select(_EXCLUSION.c.what).where(_EXCLUSION.c.subscriber_id == subscriber_id)).scalars()
    )
    rows = [{"subscriber_id": subscriber_id, "what": each} for each in sorted(set(what) - known)]
    if rows:
        connection.execute(insert_new(_EXCLUSION).on_conflict_do_nothing(), rows)
    return bool(rows)


def take_in(connection: Connection, subscriber_id: int, what: Collection[str]) -> None:
    """The opposite of `leave_out`."""
    connection.execute(
        delete(_EXCLUSION).where(_EXCLUSION.c.subscriber_id == subscriber_id, _EXCLUSION.c.what.in_(what))
    )


def _is_there(connection: Connection, subscriber_id: int) -> bool:
    return connection.execute(select(PERSON.id).where(PERSON.id == subscriber_id, NOT_ERASED)).first() is not None
