"""Campaigns and the steps of their plans. Every change is one guarded update: the state and version that were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import delete, insert, select, text, update

from reminder.domain.plan import channels_text, read_channels
from reminder.domain.states import CampaignState, Reason, WaveState
from reminder.domain.waves import StepPlan
from reminder.store.columns import seconds
from reminder.store.tables import Campaign, Step
from reminder.store.withdraw import Withdrawn, withdraw_campaign

_CAMPAIGN = Campaign.metadata.tables["campaign"]
_STEP = Step.metadata.tables["step"]
# As `plan_again_at`: look at the next heartbeat.
AT_ONCE = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one campaign that is still in `state` at `version`.

    `steps` is the whole new plan. `withdraw` takes back what has not left, for that reason. `again_since`: sendings that
    were missed or taken back but due from then on may go after all.
    """

    campaign_id: int
    state: CampaignState
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[StepPlan] | None = None
    withdraw: Reason | None = None
    again_since: datetime | None = None


def read_campaign(connection: Connection, campaign_id: int) -> Campaign | None:
    """The row as it is; to look at, never to save."""
    row = connection.execute(select(_CAMPAIGN).where(_CAMPAIGN.c.id == campaign_id)).mappings().first()
    return None if row is None else Campaign(**row)


def zone_of(connection: Connection, campaign_id: int) -> str:
    """The zone that counts for readers of whom none is known; '' where there is no such campaign."""
    found = connection.execute(text("SELECT zone FROM campaign WHERE id = :id"), {"id": campaign_id}).scalar()
    return "" if found is None else str(found)


def read_campaigns(connection: Connection, case_id: int | None = None) -> list[Campaign]:
    """All campaigns, or those of one case, the oldest first."""
    wanted = select(_CAMPAIGN).order_by(_CAMPAIGN.c.id)
    if case_id is not None:
        wanted = wanted.where(_CAMPAIGN.c.case_id == case_id)
    return [Campaign(**row) for row in connection.execute(wanted).mappings()]


def create_campaign(connection: Connection, new: Campaign, steps: Sequence[StepPlan]) -> int:
    """Keep a draft with its plan; returns its id."""
    values = new.model_dump(exclude={"id"})
    campaign_id = int(connection.execute(insert(_CAMPAIGN).values(values).returning(_CAMPAIGN.c.id)).scalar_one())
    replace_steps(connection, campaign_id, steps)
    return campaign_id


def change_campaign(connection: Connection, change: Change, now: datetime) -> Withdrawn | None:
    """Apply a change in the caller's transaction; None, and nothing is written, if the campaign is not as it was read.

    The campaign comes first: an attempt that reads it under lock sees either all of the change or nothing.
    """
    as_read = (
        (_CAMPAIGN.c.id == change.campaign_id)
        & (_CAMPAIGN.c.state == change.state)
        & (_CAMPAIGN.c.version == change.version)
    )
    values = {"version": change.version, **change.values}
    if connection.execute(update(_CAMPAIGN).where(as_read).values(values)).rowcount != 1:
        return None
    if change.steps is not None:
        replace_steps(connection, change.campaign_id, change.steps)
    if change.again_since is not None:
        _plan_missed_again(connection, change.campaign_id, change.again_since, now)
    if change.withdraw is None:
        return Withdrawn(0, 0)
    return withdraw_campaign(connection, change.campaign_id, change.withdraw)


def _plan_missed_again(connection: Connection, campaign_id: int, since: datetime, now: datetime) -> None:
    """What was missed, and what was open when it was taken back: its promises that never left may be made again."""
    connection.execute(
        text(
            "UPDATE wave SET state = :planned, n_people = 0, chunk_locale = '', chunk_end = 0"
            " WHERE campaign_id = :campaign AND due_at >= :since AND not_after > :now AND (state = :missed OR (state = :open"
            " AND EXISTS (SELECT 1 FROM delivery d WHERE d.campaign_id = wave.campaign_id AND d.step_key = wave.step_key"
            " AND d.anchor_on = wave.anchor_on AND d.channel = wave.channel AND d.wave_id = wave.id AND d.state = 3)))"
        ),
        {
            "planned": int(WaveState.PLANNED),
            "campaign": campaign_id,
            "missed": int(WaveState.MISSED),
            "open": int(WaveState.OPEN),
            "since": seconds(since),
            "now": seconds(now),
        },
    )


def steps_of(connection: Connection, campaign_id: int) -> list[StepPlan]:
    """The plan of a campaign, in the order of its days."""
    rows = connection.execute(select(_STEP).where(_STEP.c.campaign_id == campaign_id).order_by(_STEP.c.id))
    return sorted((step_plan(row) for row in rows), key=lambda step: step.local_on)


def step_plan(row: Any) -> StepPlan:
    """The step of a row with its columns."""
    return StepPlan(
        step_key=row.step_key,
        anchor=row.anchor,
        anchor_on=row.anchor_on,
        offset_days=row.offset_days,
        at_hour=row.at_hour,
        channels=read_channels(row.channels),
        last_useful=row.last_useful,
        anchor_at=row.anchor_at,
        until_on=row.until_on,
    )


def replace_steps(connection: Connection, campaign_id: int, steps: Sequence[StepPlan]) -> None:
    """Make `steps` the whole plan. A go-ahead over the sending limit stays with a step whose date stays."""
    allowed = select(_STEP.c.step_key, _STEP.c.anchor_on).where(
        _STEP.c.campaign_id == campaign_id, _STEP.c.over_limit.is_(True)
    )
    over_limit = {(row.step_key, row.anchor_on) for row in connection.execute(allowed)}
    connection.execute(delete(_STEP).where(_STEP.c.campaign_id == campaign_id))
    rows = [_step_row(campaign_id, step, over_limit) for step in steps]
    if rows:
        connection.execute(insert(_STEP), rows)


def _step_row(campaign_id: int, step: StepPlan, over_limit: set[tuple[str, date]]) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "step_key": step.step_key,
        "anchor": step.anchor,
        "anchor_on": step.anchor_on,
        "offset_days": step.offset_days,
        "at_hour": step.at_hour,
        "channels": channels_text(step.channels),
        "last_useful": step.last_useful,
        "anchor_at": step.anchor_at,
        "until_on": step.until_on,
        "over_limit": (step.step_key, step.anchor_on) in over_limit,
    }


def let_go(connection: Connection, campaign_id: int, now: datetime) -> int:
    """An organiser says go to what waits above the limit, and to the rest of those steps; returns how many sendings.

    They are due now. Who joined while they waited is not meant: `opened_at` keeps the instant they were due.
    """
    waiting = (
        "SELECT w.step_key FROM wave w WHERE w.campaign_id = :campaign AND w.state = 7 AND w.anchor_on = step.anchor_on"
    )
    bound = {"campaign": campaign_id, "now": seconds(now), "planned": int(WaveState.PLANNED)}
    connection.execute(
        text(f"UPDATE step SET over_limit = :yes WHERE campaign_id = :campaign AND step_key IN ({waiting})"),
        {"campaign": campaign_id, "yes": True},
    )
    return connection.execute(
        text(
            "UPDATE wave SET state = :planned, opened_at = coalesce(opened_at, due_at), due_at = :now, n_people = 0"
            " WHERE campaign_id = :campaign AND state = 7 AND not_after > :now"
        ),
        bound,
    ).rowcount


def to_expire(connection: Connection, now: datetime) -> list[int]:
    """Ids of campaigns whose deadline's day has ended for the last reader on earth."""
    # The states are written as the partial index has them, or the statement would look at every campaign.
    ended = text("SELECT id FROM campaign WHERE state IN (2, 3, 4) AND expires_at <= :now ORDER BY expires_at")
    return [int(campaign_id) for campaign_id in connection.execute(ended, {"now": seconds(now)}).scalars()]


def expire(connection: Connection, now: datetime) -> list[int]:
    """Move those to expired; their report and their closing notes are due. Returns the ids of those that were moved."""
    moved = connection.execute(
        text(
            "UPDATE campaign SET state = :expired, ended_at = expires_at, report_due_at = :now, closing_due_at = :now,"
            " plan_again_at = NULL"
            " WHERE state IN (2, 3, 4) AND expires_at <= :now RETURNING id"
        ),
        {"expired": int(CampaignState.EXPIRED), "now": seconds(now)},
    )
    return sorted(moved.scalars())
