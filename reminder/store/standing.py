"""How the sendings of a campaign stand, and what else a forecast looks at beside the people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, text

from reminder.domain.states import Channel, Reason, WaveState
from reminder.domain.waves import PlannedWave
from reminder.store.columns import day, ordinal
from reminder.store.eligible import CADENCE_DAYS_MAX
from reminder.store.tables import Wave
from reminder.store.waves import WaveKey

_WAVE = Wave.metadata.tables["wave"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A sending as it stands in the database. `joined_by`: who joined later is not meant."""

    state: WaveState
    wave: PlannedWave
    joined_by: datetime
    unless_channel: int
    last_useful: bool
    refused: Reason


def standing(connection: Connection, campaign_id: int) -> dict[WaveKey, Standing]:
    """Every sending that was ever planned for a campaign."""
    rows = connection.execute(select(_WAVE).where(_WAVE.c.campaign_id == campaign_id))
    return {
        (row.step_key, row.anchor_on, row.rhythm_id, row.channel): Standing(
            state=row.state,
            wave=PlannedWave(row.local_on, row.due_at, row.open_until, row.not_after),
            joined_by=min(row.due_at, row.opened_at or row.due_at),
            unless_channel=row.unless_channel,
            last_useful=row.last_useful,
            refused=row.refused,
        )
        for row in rows
    }


def over_limit(connection: Connection, campaign_id: int) -> set[tuple[str, date]]:
    """The steps that an organiser let go although more people get them than the campaign's limit."""
    rows = connection.execute(
        text("SELECT step_key, anchor_on FROM step WHERE campaign_id = :campaign AND over_limit"),
        {"campaign": campaign_id},
    )
    return {(row.step_key, day(row.anchor_on)) for row in rows}


def promised_steps(
    connection: Connection, campaign_id: int, steps: Iterable[tuple[str, date, Channel]]
) -> list[tuple[str, date, Channel]]:
    """Those of the steps of which any promise was made."""
    probe = text(
        "SELECT 1 FROM delivery WHERE campaign_id = :campaign AND step_key = :step AND anchor_on = :anchor"
        " AND channel = :channel LIMIT 1"
    )
    found = []
    for step_key, anchor_on, channel in steps:
        bound = {"campaign": campaign_id, "step": step_key, "anchor": ordinal(anchor_on), "channel": int(channel)}
        if connection.execute(probe, bound).first() is not None:
            found.append((step_key, anchor_on, channel))
    return found


def days_with_reminders(connection: Connection, first: date, last: date) -> list[date]:
    """The local days, from so long before `first` as a cadence may reach, on which any reminder went."""
    probe = text("SELECT 1 FROM message WHERE kind = 1 AND void = 0 AND local_on = :day LIMIT 1")
    days = range(ordinal(first) - CADENCE_DAYS_MAX + 1, ordinal(last) + 1)
    return [day(one) for one in days if connection.execute(probe, {"day": one}).first() is not None]


def days_of_others(connection: Connection, campaign_id: int, first: date, last: date) -> frozenset[date]:
    """The days for which other live campaigns plan reminders, as their plans name them."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT s.anchor_on + s.offset_days FROM campaign c JOIN step s ON s.campaign_id = c.id"
            " WHERE c.state = 3 AND c.question = '' AND c.approved_version = c.version AND c.id <> :campaign"
            " AND s.anchor_on + s.offset_days BETWEEN :first AND :last"
        ),
        {"campaign": campaign_id, "first": ordinal(first), "last": ordinal(last)},
    )
    return frozenset(day(one) for one in rows.scalars())
