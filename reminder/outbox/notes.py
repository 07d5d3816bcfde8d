"""Notes to supporters that are no reminders: after a stop, after the deadline, how it ended. They too come at a decent hour.

Each page of people is a transaction of its own. What is cut short is made up for by asking again: nobody is told twice of
one occasion, nor by two campaigns of one case: the newest of them tells, so it comes first.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import Channel, MessageKind
from reminder.domain.waves import PlannedWave, next_window, reader
from reminder.outbox.opening import CountryZones
from reminder.store import notes
from reminder.store.campaigns import read_campaigns
from reminder.store.columns import ordinal
from reminder.store.database import Database
from reminder.store.notes import Occasion
from reminder.store.people.rhythms import rhythm
from reminder.store.queueing import USEFUL, Addressee, Later, queue
from reminder.store.withdraw import sweep_withdrawn

log = structlog.get_logger()
SWEEP_BATCHES = 20


def queue_stop_note(
    database: Database,
    campaign_id: int,
    now: datetime,
    *,
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules = EVERYWHERE,
) -> int:
    """The neutral "please do not write for now" to everybody reminded of a campaign; returns how many are new."""
    return _queue(database, MessageKind.NOTE, campaign_id, "stop", now, zones_of, email_margin, texts)


def queue_stop_notes(
    database: Database,
    campaigns: Collection[int],
    now: datetime,
    *,
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules = EVERYWHERE,
) -> int:
    """The same for the campaigns of a case."""
    return sum(
        queue_stop_note(database, campaign_id, now, zones_of=zones_of, email_margin=email_margin, texts=texts)
        for campaign_id in sorted(campaigns, reverse=True)
    )


def queue_outcome(
    database: Database, case_id: int, now: datetime, *, zones_of: CountryZones, email_margin: timedelta
) -> int:
    """How a case ended, to those of all its campaigns who asked for it; returns how many are new."""
    with database.read() as connection:
        found = [campaign.id or 0 for campaign in read_campaigns(connection, case_id)]
    return sum(
        queue_closing(database, campaign_id, now, outcome=True, zones_of=zones_of, email_margin=email_margin)
        for campaign_id in sorted(found, reverse=True)
    )


def queue_closing(
    database: Database,
    campaign_id: int,
    now: datetime,
    *,
    outcome: bool,
    zones_of: CountryZones,
    email_margin: timedelta,
) -> int:
    """The closing note, or how it ended, to those who ticked that box; returns how many are new."""
    says = "outcome" if outcome else "closing"
    return _queue(database, MessageKind.CLOSING, campaign_id, says, now, zones_of, email_margin, EVERYWHERE)


def queue_closing_due(
    database: Database,
    now: datetime,
    *,
    zones_of: CountryZones,
    email_margin: timedelta,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """The closing notes of every campaign that has expired and owes some; returns how many are new.

    A campaign that fails keeps none of the others waiting; its fault is raised when they are done.
    """
    with database.read() as connection:
        due = notes.closing_due(connection)
    queued, fault = 0, None
    for campaign_id, since in due:
        if not go_on():
            break
        try:
            queued += queue_closing(
                database, campaign_id, now, outcome=False, zones_of=zones_of, email_margin=email_margin
            )
        except Exception as error:  # noqa: BLE001 - raised again below
            log.error("closing_notes_failed", campaign=campaign_id, kind=type(error).__name__)
            fault = error
        else:
            database.write(partial(notes.closing_done, campaign_id=campaign_id, since=since))
    if fault is not None:
        raise fault
    return queued


def _queue(
    database: Database,
    kind: MessageKind,
    campaign_id: int,
    says: str,
    now: datetime,
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> int:
    # What was taken back gives its name back first, or it could not be told again.
    while database.write(partial(sweep_withdrawn, limit=SWEEP_BATCHES)):
        pass
    with database.read() as connection:
        occasion = notes.occasion_of(connection, campaign_id, says)
    queued = 0
    for channel in (Channel.EMAIL, Channel.SMS) if kind is MessageKind.NOTE else (Channel.EMAIL,):
        with database.read() as connection:
            groups = notes.groups(connection, channel)
        for rhythm_id, locale in groups:
            last = now + USEFUL[kind]
            window = _window(database, occasion, channel, rhythm_id, now, last, zones_of, email_margin, texts)
            if window is not None:
                queued += _queue_group(database, kind, occasion, channel, rhythm_id, locale, window, now)
    return queued


def _window(
    database: Database,
    occasion: Occasion,
    channel: Channel,
    rhythm_id: int,
    now: datetime,
    last: datetime,
    zones_of: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> PlannedWave | None:
    with database.read() as connection:
        habits = rhythm(connection, rhythm_id)
    who = reader(
        habits,
        channel,
        campaign_zone=occasion.zone,
        country_zones=zones_of(habits.sms_country),
        email_margin=email_margin,
        texts=texts,
    )
    return next_window(who, now, last) if who else None


def _queue_group(
    database: Database,
    kind: MessageKind,
    occasion: Occasion,
    channel: Channel,
    rhythm_id: int,
    locale: str,
    window: PlannedWave,
    now: datetime,
) -> int:
    last = now + USEFUL[kind]
    # A mail may lie there at night; a text wakes people, and after dark it may be against the law.
    open_until = window.open_until if channel is Channel.SMS else last
    queued, after = 0, 0
    while True:
        with database.read() as connection:
            people = notes.page(connection, occasion, channel, rhythm_id, locale, after=after)
        if not people:
            return queued
        after = people[-1]
        queued += database.write(
            partial(
                queue,
                kind=kind,
                addressees=[Addressee(person, channel, locale, rhythm_id) for person in people],
                dedupe=occasion.dedupe,
                items=[[occasion.campaign_id, occasion.says, ordinal(now.date()), int(channel)]],
                payload={"says": occasion.says},
                when=Later(max(window.due_at, now), open_until, last),
                now=now,
            )
        )
