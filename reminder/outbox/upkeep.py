"""What the heartbeat does for the outbox besides opening and settling: rescue, put off, sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import MessageKind, Reason
from reminder.domain.waves import EMAIL_MARGIN, next_window, reader
from reminder.outbox.opening import CountryZones
from reminder.store import handover, puttingoff, upkeep
from reminder.store.campaigns import zone_of
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.handover import Claimed
from reminder.store.people.rhythms import rhythm
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


def tidy(
    database: Database,
    now: datetime,
    *,
    zones_of: CountryZones,
    email_margin: timedelta = EMAIL_MARGIN,
    nobody_else: bool = False,
    go_on: Callable[[], bool] = lambda: True,
    texts: SmsRules = EVERYWHERE,
) -> Tidied:
    """Rescue what dead senders left, put off what its hours ended for, let withdrawn rows follow.

    When `go_on` says no, the rest waits for the next heartbeat.
    """
    rescued, unclear = database.write(partial(handover.rescue, now=now, nobody_else=nobody_else))
    if rescued:
        log.warning("batches_rescued", batches=rescued, unclear_attempts=unclear)
    put_off, missed = _shut(database, now, zones_of, email_margin, go_on, texts)
    swept = 0
    while go_on() and (batches := database.write(partial(sweep_withdrawn, limit=SWEEP_BATCHES))):
        swept += batches
    return Tidied(rescued, put_off, missed, swept)


def _shut(
    database: Database,
    now: datetime,
    zones_of: CountryZones,
    email_margin: timedelta,
    go_on: Callable[[], bool],
    texts: SmsRules,
) -> tuple[int, int]:
    put_off = missed = 0

    def one(connection: Connection) -> tuple[int, int] | None:
        claimed = upkeep.shut_batch(connection, now)
        return None if claimed is None else _put_off_or_miss(connection, claimed, now, zones_of, email_margin, texts)

    while go_on() and (outcome := database.write(one)) is not None:
        put_off += outcome[0]
        missed += outcome[1]
    return put_off, missed


def _put_off_or_miss(
    connection: Connection,
    claimed: Claimed,
    now: datetime,
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> tuple[int, int]:
    """(messages that go on next morning, messages that are too late)."""
    last = upkeep.last_instant(connection, claimed)
    if last is None or claimed.kind not in {MessageKind.NUDGE, MessageKind.NOTE}:
        return 0, upkeep.give_up(connection, claimed, Reason.TOO_LATE)
    habits = rhythm(connection, claimed.rhythm_id)
    who = reader(
        habits,
        claimed.channel,
        # Of several appeals the first one's.
        campaign_zone=zone_of(connection, claimed.items[0][0]),
        country_zones=zones_of(habits.sms_country),
        email_margin=email_margin,
        texts=texts,
    )
    window = next_window(who, now, last) if who and last > now else None
    if window is None:
        shorter = puttingoff.without_what_ends_first(connection, claimed)
        if shorter is not None:
            return _put_off_or_miss(connection, shorter, now, zones_of, email_margin, texts)
        return 0, upkeep.give_up(connection, claimed, who.refused if who and who.refused else Reason.TOO_LATE)
    waiting = puttingoff.put_off(
        connection,
        claimed,
        local_on=ordinal(window.local_on),
        send_at=window.due_at,
        open_until=window.open_until,
    )
    return waiting, 0
