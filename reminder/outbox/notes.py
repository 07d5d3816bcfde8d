"""Notes to supporters that are no reminders: after a stop, after the deadline, how it ended. They too come at a decent hour."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from reminder.domain.states import Channel, MessageKind
from reminder.domain.waves import next_window, reader
from reminder.outbox.opening import CountryZones
from reminder.store import queueing
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.people.rhythms import rhythm
from reminder.store.queueing import USEFUL, Addressee, Later, queue


def queue_stop_note(database: Database, campaign_id: int, now: datetime, *, zones_of: CountryZones, zone: str) -> int:
    """The neutral "please do not write for now" to everybody reminded of a campaign; returns how many are new."""
    return database.write(
        lambda connection: _queue(
            connection,
            MessageKind.NOTE,
            campaign_id,
            queueing.nudged(connection, campaign_id),
            says="stop",
            now=now,
            zones_of=zones_of,
            zone=zone,
        )
    )


def queue_closing(
    database: Database, campaign_id: int, now: datetime, *, outcome: bool, zones_of: CountryZones, zone: str
) -> int:
    """The closing note, or how it ended, to those who ticked that box; returns how many are new."""
    return database.write(
        lambda connection: _queue(
            connection,
            MessageKind.CLOSING,
            campaign_id,
            queueing.wants_closing(connection, campaign_id, outcome=outcome),
            says="outcome" if outcome else "closing",
            now=now,
            zones_of=zones_of,
            zone=zone,
        )
    )


def _queue(
    connection: Connection,
    kind: MessageKind,
    campaign_id: int,
    addressees: Sequence[Addressee],
    *,
    says: str,
    now: datetime,
    zones_of: CountryZones,
    zone: str,
) -> int:
    alike: dict[tuple[int, Channel], list[Addressee]] = defaultdict(list)
    for each in addressees:
        alike[each.rhythm_id, each.channel].append(each)
    last = now + USEFUL[kind]
    queued = 0
    for (rhythm_id, channel), people in sorted(alike.items()):
        habits = rhythm(connection, rhythm_id)
        who = reader(habits, channel, campaign_zone=zone, country_zones=zones_of(habits.sms_country))
        window = next_window(who, now, last) if who else None
        if window is None:
            continue
        queued += queue(
            connection,
            kind,
            people,
            dedupe=f"{says}:{campaign_id}",
            items=[[campaign_id, says, ordinal(now.date()), int(channel)]],
            payload={"says": says},
            when=Later(max(window.due_at, now), last, last),
            now=now,
        )
    return queued
