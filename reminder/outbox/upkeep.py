"""What the heartbeat does for the outbox besides opening: rescue, put off, sweep, settle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.states import Channel, MessageKind, Reason, Result
from reminder.domain.waves import next_window, reader
from reminder.domain.wire import wire_ids
from reminder.errors import NotAllowed, Trouble
from reminder.outbox.opening import CountryZones
from reminder.providers.contract import Provider
from reminder.store import handover, records, upkeep
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.handover import Claimed
from reminder.store.people.rhythms import rhythm
from reminder.store.upkeep import Unclear
from reminder.store.vault import Vault
from reminder.store.withdraw import sweep_withdrawn

log = structlog.get_logger()
SWEEP_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one pass came to."""

    rescued: int
    put_off: int
    missed: int
    swept: int


def tidy(database: Database, now: datetime, *, zones_of: CountryZones, zone: str, nobody_else: bool = False) -> Tidied:
    """Rescue what dead senders left, put off what its hours ended for, let withdrawn rows follow."""
    rescued, unclear = database.write(partial(handover.rescue, now=now, nobody_else=nobody_else))
    if rescued:
        log.warning("batches_rescued", batches=rescued, unclear_attempts=unclear)
    put_off, missed = _shut(database, now, zones_of, zone)
    swept = 0
    while batches := database.write(partial(sweep_withdrawn, limit=SWEEP_BATCHES)):
        swept += batches
    return Tidied(rescued, put_off, missed, swept)


def _shut(database: Database, now: datetime, zones_of: CountryZones, zone: str) -> tuple[int, int]:
    put_off = missed = 0

    def one(connection: Connection) -> tuple[int, int] | None:
        claimed = upkeep.shut_batch(connection, now)
        return None if claimed is None else _put_off_or_miss(connection, claimed, now, zones_of, zone)

    while (outcome := database.write(one)) is not None:
        put_off += outcome[0]
        missed += outcome[1]
    return put_off, missed


def _put_off_or_miss(
    connection: Connection, claimed: Claimed, now: datetime, zones_of: CountryZones, zone: str
) -> tuple[int, int]:
    """(messages that go on next morning, messages that are too late)."""
    last = upkeep.last_instant(connection, claimed)
    if last is None or last <= now or claimed.kind is not MessageKind.NUDGE:
        return 0, upkeep.give_up(connection, claimed, Reason.TOO_LATE)
    habits = rhythm(connection, claimed.rhythm_id)
    who = reader(habits, claimed.channel, campaign_zone=zone, country_zones=zones_of(habits.sms_country))
    window = next_window(who, now, last) if who else None
    if window is None:
        return 0, upkeep.give_up(connection, claimed, Reason.TOO_LATE)
    waiting = records.put_off(
        connection,
        claimed,
        local_on=ordinal(window.local_on),
        send_at=window.due_at,
        open_until=window.open_until,
    )
    return waiting, 0


@dataclass(slots=True)
class Settled:
    """What became of unclear messages in one pass."""

    arrived: int = 0
    sent_again: int = 0
    still_unclear: int = 0


async def settle(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    epoch: bytes,
    now: datetime,
    *,
    settle_after: timedelta,
) -> Settled:
    """Settle unclear messages: by the provider's look-up, else by the channel's rule once the time has passed.

    An email is sent again by itself, once, only where the provider keeps our Message-ID, no later step will reach that
    person, the settle time has passed and it still is the day and hour that it was made for; an SMS never. What remains
    waits for an organiser and stands in the report.
    """
    settled, after = Settled(), 0
    while True:
        with database.read() as connection:
            page = upkeep.unclear_messages(connection, after=after)
        if not page:
            return settled
        after = page[-1].message_id
        for unclear in page:
            provider = providers.get(unclear.provider)
            if await _settle_by_look_up(database, vault, provider, epoch, unclear):
                settled.arrived += 1
            elif _may_go_again(database, provider, unclear, now, settle_after) and database.write(
                partial(
                    upkeep.send_again,
                    unclear=unclear,
                    send_at=now,
                    possibly_twice=provider is None or not provider.capabilities.look_up,
                )
            ):
                settled.sent_again += 1
                log.warning("sent_again", message=unclear.message_id, provider=unclear.provider)
            else:
                settled.still_unclear += 1


async def _settle_by_look_up(
    database: Database, vault: Vault, provider: Provider | None, epoch: bytes, unclear: Unclear
) -> bool:
    if provider is None or not provider.capabilities.look_up:
        return False
    known = await _look_up(database, vault, provider, epoch, unclear)
    if known is None:
        return False
    return database.write(partial(upkeep.settle_unclear, unclear=unclear, arrived=True, result=known))


def _may_go_again(
    database: Database, provider: Provider | None, unclear: Unclear, now: datetime, settle_after: timedelta
) -> bool:
    if provider is None or now >= unclear.not_after:
        return False
    if provider.capabilities.look_up:
        # The provider itself says that it has never seen the message: sending it is no repetition.
        return True
    if not _may_repeat(provider, unclear) or not unclear.sent_at + settle_after <= now < unclear.open_until:
        return False
    with database.read() as connection:
        return not upkeep.later_step_reaches(connection, unclear)


def _may_repeat(provider: Provider, unclear: Unclear) -> bool:
    return unclear.channel is Channel.EMAIL and provider.capabilities.keeps_message_id and not unclear.resent


async def _look_up(
    database: Database, vault: Vault, provider: Provider, epoch: bytes, unclear: Unclear
) -> Result | None:
    with database.read() as connection:
        digest = upkeep.address_hash_of(connection, unclear)
    if digest is None:
        return None
    [wire_id] = wire_ids(vault.wire_key, epoch, unclear.channel, unclear.local_on, [unclear.message_id], [digest])
    return await provider.look_up(wire_id, sent_at=unclear.sent_at)


def decide(database: Database, message_id: int, decision: str, now: datetime) -> str:
    """An organiser's word on an unclear message: "arrived", "send-again" or "give-up"; returns the next step.

    A text is never sent again, and nothing after its last instant.
    """
    with database.read() as connection:
        next_ones = upkeep.unclear_messages(connection, after=message_id - 1, limit=1)
    found = [each for each in next_ones if each.message_id == message_id]
    if not found:
        raise Trouble(
            f"Message {message_id}", "is not unclear", "`reminder messages list --unclear` shows those that are."
        )
    unclear = found[0]
    if decision == "send-again":
        if unclear.channel is Channel.SMS:
            raise NotAllowed(
                f"Message {message_id}", "is a text, which is never sent a second time", "Say arrived or give-up."
            )
        if now >= unclear.not_after:
            raise NotAllowed(f"Message {message_id}", "would come too late", "Say arrived or give-up.")
        done = database.write(partial(upkeep.send_again, unclear=unclear, send_at=now))
    else:
        done = database.write(partial(upkeep.settle_unclear, unclear=unclear, arrived=decision == "arrived"))
    if not done:
        raise Trouble(f"Message {message_id}", "was settled meanwhile", "Nothing needs to be done.")
    return "next: reminder messages list --unclear"
