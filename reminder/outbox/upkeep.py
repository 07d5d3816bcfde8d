"""What the heartbeat does for the outbox besides opening: rescue, put off, sweep, settle."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from reminder.domain.states import Channel, MessageKind, Reason, Result
from reminder.domain.waves import EMAIL_MARGIN, next_window, reader
from reminder.domain.wire import wire_ids
from reminder.errors import NotAllowed, Trouble
from reminder.outbox.opening import CountryZones
from reminder.providers.contract import CALL_LIMIT_SECONDS, Provider
from reminder.store import handover, puttingoff, upkeep
from reminder.store.campaigns import zone_of
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.handover import Claimed
from reminder.store.people.rhythms import rhythm
from reminder.store.upkeep import Unclear
from reminder.store.vault import Vault
from reminder.store.withdraw import sweep_withdrawn

log = structlog.get_logger()
SWEEP_BATCHES = 20
# Look-ups under way at a time: a provider that hangs holds the heartbeat up for one of them, not for each.
LOOK_UPS = 10

Answers = dict[int, Result | None]


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one pass came to."""

    rescued: int
    put_off: int
    missed: int
    swept: int


def tidy(
    database: Database,
    now: datetime,
    *,
    zones_of: CountryZones,
    email_margin: timedelta = EMAIL_MARGIN,
    nobody_else: bool = False,
    go_on: Callable[[], bool] = lambda: True,
) -> Tidied:
    """Rescue what dead senders left, put off what its hours ended for, let withdrawn rows follow.

    When `go_on` says no, the rest waits for the next heartbeat.
    """
    rescued, unclear = database.write(partial(handover.rescue, now=now, nobody_else=nobody_else))
    if rescued:
        log.warning("batches_rescued", batches=rescued, unclear_attempts=unclear)
    put_off, missed = _shut(database, now, zones_of, email_margin, go_on)
    swept = 0
    while go_on() and (batches := database.write(partial(sweep_withdrawn, limit=SWEEP_BATCHES))):
        swept += batches
    return Tidied(rescued, put_off, missed, swept)


def _shut(
    database: Database, now: datetime, zones_of: CountryZones, email_margin: timedelta, go_on: Callable[[], bool]
) -> tuple[int, int]:
    put_off = missed = 0

    def one(connection: Connection) -> tuple[int, int] | None:
        claimed = upkeep.shut_batch(connection, now)
        return None if claimed is None else _put_off_or_miss(connection, claimed, now, zones_of, email_margin)

    while go_on() and (outcome := database.write(one)) is not None:
        put_off += outcome[0]
        missed += outcome[1]
    return put_off, missed


def _put_off_or_miss(
    connection: Connection, claimed: Claimed, now: datetime, zones_of: CountryZones, email_margin: timedelta
) -> tuple[int, int]:
    """(messages that go on next morning, messages that are too late)."""
    last = upkeep.last_instant(connection, claimed)
    if last is None or claimed.kind is not MessageKind.NUDGE:
        return 0, upkeep.give_up(connection, claimed, Reason.TOO_LATE)
    habits = rhythm(connection, claimed.rhythm_id)
    who = reader(
        habits,
        claimed.channel,
        # Of several appeals the first one's.
        campaign_zone=zone_of(connection, claimed.items[0][0]),
        country_zones=zones_of(habits.sms_country),
        email_margin=email_margin,
    )
    window = next_window(who, now, last) if who and last > now else None
    if window is None:
        shorter = puttingoff.without_what_ends_first(connection, claimed)
        if shorter is not None:
            return _put_off_or_miss(connection, shorter, now, zones_of, email_margin)
        return 0, upkeep.give_up(connection, claimed, Reason.TOO_LATE)
    waiting = puttingoff.put_off(
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


def settle(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    epoch: bytes,
    now: datetime,
    *,
    settle_after: timedelta,
    wait_for: Callable[[Coroutine[Any, Any, Answers]], Answers],
    go_on: Callable[[], bool] = lambda: True,
) -> Settled:
    """Settle unclear messages: by the provider's look-up, else by the channel's rule once the time has passed.

    An email is sent again by itself, once, only where the provider keeps our Message-ID, no later step will reach that
    person, the settle time has passed and it still is the day and hour that it was made for; an SMS never. What remains
    waits for an organiser and stands in the report. `wait_for` runs the look-ups, and only those, where the wire is. A
    provider that cannot be asked now is asked again by the next pass; `go_on` is asked between some look-ups.
    """
    settled, after = Settled(), 0
    asked = {name for name, provider in providers.items() if provider.capabilities.look_up}
    keeping = {name for name, each in providers.items() if each.capabilities.keeps_message_id} - asked
    while go_on():
        with database.read() as connection:
            page = upkeep.to_settle(
                connection, now, asked=asked, keeping=keeping, sent_by=now - settle_after, after=after, limit=LOOK_UPS
            )
            questions = _questions(connection, vault, epoch, [each for each in page if each.provider in asked])
        if not page:
            break
        after = page[-1].message_id
        answers = wait_for(_ask(providers, questions)) if questions else {}
        for unclear in page:
            _settle_one(database, unclear, answers, now, asks=unclear.provider in asked, settled=settled)
        # One that does not answer is not waited for once more for each of its messages.
        asked -= {unclear.provider for unclear, _ in questions if unclear.message_id not in answers}
    with database.read() as connection:
        settled.still_unclear = upkeep.count_unclear(connection)
    return settled


def _questions(
    connection: Connection, vault: Vault, epoch: bytes, page: Sequence[Unclear]
) -> list[tuple[Unclear, str]]:
    """What to ask for, with its wire id; nothing for a person who is erased: their ids cannot be made again."""
    found = []
    for unclear in page:
        digest = upkeep.address_hash_of(connection, unclear)
        if digest is not None:
            day, ids = unclear.wire_on, [unclear.message_id]
            [wire_id] = wire_ids(vault.wire_key, epoch, unclear.channel, day, ids, [digest])
            found.append((unclear, wire_id))
    return found


async def _ask(providers: Mapping[str, Provider], questions: Sequence[tuple[Unclear, str]]) -> Answers:
    """By message id what the provider knows, None where it has never seen the message; without those it did not answer."""
    answers: Answers = {}

    async def one(unclear: Unclear, wire_id: str) -> None:
        try:
            async with asyncio.timeout(CALL_LIMIT_SECONDS):
                answers[unclear.message_id] = await providers[unclear.provider].look_up(
                    wire_id, sent_at=unclear.sent_at
                )
        except Exception as error:  # noqa: BLE001 - whatever it was, the message stays unclear and the others go on
            log.warning(
                "look_up_failed", message=unclear.message_id, provider=unclear.provider, kind=type(error).__name__
            )

    await asyncio.gather(*(one(unclear, wire_id) for unclear, wire_id in questions))
    return answers


def _settle_one(
    database: Database, unclear: Unclear, answers: Answers, now: datetime, *, asks: bool, settled: Settled
) -> None:
    """One message that may be settled now: it arrived, it goes again, or it stays as it is."""
    known = answers.get(unclear.message_id)
    if known is not None:
        moved = database.write(partial(upkeep.settle_unclear, unclear=unclear, arrived=True, result=known))
        settled.arrived += moved
        return
    # The provider itself says that it has never seen the message: sending it is no repetition.
    never_seen = unclear.message_id in answers
    if now >= unclear.not_after or (asks and not never_seen):
        return
    if not asks:
        with database.read() as connection:
            if upkeep.later_step_reaches(connection, unclear):
                return
    again = partial(upkeep.send_again, unclear=unclear, send_at=now, possibly_twice=not never_seen)
    if database.write(again):
        settled.sent_again += 1
        log.warning("sent_again", message=unclear.message_id, provider=unclear.provider)


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
