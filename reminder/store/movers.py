"""Movers: who comes to a rhythm, or back from a break, after its sending was opened still gets it, within the catch-up window.

Who goes from Los Angeles to London two hours after London was reminded would else lose the reminder. Who had it already
by the old rhythm keeps that one: a promise names no rhythm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from reminder.domain.states import WaveState
from reminder.store.columns import seconds
from reminder.store.eligible import Sending
from reminder.store.opening import sending_of
from reminder.store.picking import Chunk, Written, open_people


@dataclass(frozen=True, slots=True)
class Mover:
    """Somebody whose rhythm or break changed after sendings of that rhythm and day were opened."""

    subscriber_id: int
    locale: str
    rhythm_id: int
    local_on: int


def movers(connection: Connection, since: datetime, now: datetime) -> list[Mover]:
    """Those who moved after `since` behind a sending opened after `since` that is still open; found by small indexes."""
    rows = connection.execute(
        text(
            # Apart from the rest, or SQLite would walk through everybody to have them in the order of their ids.
            "WITH moved AS MATERIALIZED (SELECT id, locale, rhythm_id, rhythm_since FROM subscriber"
            " WHERE rhythm_since IS NOT NULL AND rhythm_since >= :since)"
            " SELECT DISTINCT s.id, s.locale, s.rhythm_id, w.local_on FROM moved s JOIN wave w"
            " ON w.rhythm_id = s.rhythm_id AND w.state = 3 AND w.opened_at >= :since"
            " WHERE s.rhythm_since >= w.opened_at AND w.open_until > :now ORDER BY s.id"
        ),
        {"since": seconds(since), "now": seconds(now)},
    )
    return [Mover(*row) for row in rows]


def sendings_behind(connection: Connection, mover: Mover, since: datetime, now: datetime) -> Sequence[Sending]:
    """The open sendings that this person came too late for, the most useful first; of live campaigns only."""
    rows = connection.execute(
        text(
            "SELECT w.*, c.zone, c.case_id, c.round, c.audience, c.named, f.country, f.topics FROM wave w"
            " JOIN campaign c ON c.id = w.campaign_id JOIN casefile f ON f.id = c.case_id"
            " WHERE w.rhythm_id = :rhythm AND w.local_on = :day AND w.state = :open AND w.opened_at >= :since"
            " AND w.open_until > :now AND c.state = 3 AND c.question = '' AND c.approved_version = c.version"
        ),
        {
            "rhythm": mover.rhythm_id,
            "day": mover.local_on,
            "open": int(WaveState.OPEN),
            "since": seconds(since),
            "now": seconds(now),
        },
    ).mappings()
    found = [sending_of(connection, dict(row)) for row in rows]
    return sorted(found, key=lambda s: (not s.last_useful, s.not_after, s.due_at, s.campaign_id, s.wave_id))


def open_for(connection: Connection, mover: Mover, sendings: Sequence[Sending], now: datetime) -> Written:
    """Open these sendings for one person; nothing where the promise is made already."""
    chunk = Chunk(mover.locale, mover.subscriber_id - 1, mover.subscriber_id)
    return open_people(connection, sendings, chunk, now, ())
