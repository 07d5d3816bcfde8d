"""Opens the sendings that are due, chunk by chunk: deliveries, messages and batches come about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.late import CATCH_UP
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.waves import EMAIL_MARGIN, next_day, reader
from reminder.store import movers, opening
from reminder.store.database import Connection, Database
from reminder.store.eligible import Sending
from reminder.store.opening import Opened, Tomorrow
from reminder.store.people.rhythms import rhythm
from reminder.store.picking import Written

log = structlog.get_logger()
AT_HOUR = 9
# On SQLite the web and the sender wait while a chunk is written: at most 150 ms. PostgreSQL lets them pass, and a small
# chunk costs it twice as much for each person (4.4 times the bare INSERT at 20,000, 2.2 times at 100,000).
CHUNK_ON_SQLITE, CHUNK_ON_POSTGRESQL = 7_500, 100_000
# While callbacks or pages wait for the writer, a chunk is so much smaller: 15 ms instead of 120.
SMALLER_IN_DEMAND = 15

CountryZones = Callable[[str], Sequence[str]]


@dataclass(slots=True)
class OpenedToday:
    """What opening came to."""

    sendings: int = 0
    messages: int = 0
    skipped: int = 0


def chunk_for(database: Database) -> int:
    """How many people go into one transaction, unless an operator says otherwise."""
    return CHUNK_ON_SQLITE if database.is_sqlite else CHUNK_ON_POSTGRESQL


def open_due(
    database: Database,
    now: datetime,
    *,
    chunk: int,
    zones_of: CountryZones,
    catch_up: timedelta = CATCH_UP,
    email_margin: timedelta = EMAIL_MARGIN,
    go_on: Callable[[], bool] = lambda: True,
    texts: SmsRules = EVERYWHERE,
) -> OpenedToday:
    """Open every sending that is due; each chunk is a transaction of its own, so that nobody waits for a million.

    Who moved behind a sending that was opened within `catch_up` still gets it. When `go_on` says no, what is half-way
    waits for the next heartbeat, as after a crash.
    """
    total = OpenedToday()
    with database.read() as connection:
        groups = opening.due_groups(connection, now)
    for rhythm_id, local_on in groups:
        while go_on():
            with database.read() as connection:
                sendings = opening.sendings_of(connection, rhythm_id, local_on)
            if not sendings:
                break
            tomorrow = _tomorrows(database, sendings, zones_of, email_margin, texts)
            _open_group(database, sendings, total, chunk=chunk, tomorrow=tomorrow, now=now, go_on=go_on)
    if go_on():
        _open_for_movers(database, total, now - catch_up, now, go_on)
    return total


def _open_for_movers(
    database: Database, total: OpenedToday, since: datetime, now: datetime, go_on: Callable[[], bool]
) -> None:
    with database.read() as connection:
        found = movers.movers(connection, since, now)

    def open_one(connection: Connection, mover: movers.Mover) -> Written | None:
        sendings = movers.sendings_behind(connection, mover, since, now)
        return movers.open_for(connection, mover, sendings, now) if sendings else None

    for mover in found:
        if not go_on():
            return
        written = database.write(partial(open_one, mover=mover))
        if written is not None:
            total.messages += written.messages
            total.skipped += written.skipped


def _open_group(
    database: Database,
    sendings: Sequence[Sending],
    total: OpenedToday,
    *,
    chunk: int,
    tomorrow: Mapping[int, Tomorrow],
    now: datetime,
    go_on: Callable[[], bool],
) -> None:
    while True:
        if not go_on():
            return
        size = max(1, chunk // SMALLER_IN_DEMAND) if database.is_in_demand() else chunk
        opened: Opened = database.write(
            partial(opening.open_chunk, sendings=sendings, size=size, now=now, tomorrow=tomorrow)
        )
        if opened.changed:
            return
        total.messages += opened.messages
        total.skipped += opened.skipped
        if opened.finished:
            break
    total.sendings += len(sendings)
    for sending in sendings:
        log.info("sending_opened", campaign=sending.campaign_id, step=sending.step_key, sending=sending.wave_id)


def _tomorrows(
    database: Database,
    sendings: Sequence[Sending],
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> dict[int, Tomorrow]:
    """Where each sending goes on for those who had another reminder today; those missing have no tomorrow."""
    found: dict[int, Tomorrow] = {}
    with database.read() as connection:
        habits = rhythm(connection, sendings[0].rhythm_id)
    for sending in sendings:
        who = reader(
            habits,
            sending.channel,
            campaign_zone=sending.zone,
            country_zones=zones_of(habits.sms_country),
            email_margin=email_margin,
            texts=texts,
        )
        next_one = next_day(who, AT_HOUR, sending.local_on, sending.not_after) if who else None
        if next_one is not None:
            found[sending.wave_id] = Tomorrow(next_one.local_on, next_one.due_at, next_one.open_until)
    return found
