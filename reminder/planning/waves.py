"""Which sendings stand in the next two days: added, moved and withdrawn as campaigns, plans and rhythms change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from reminder.domain.late import CATCH_UP
from reminder.domain.states import Channel, Reason, WaveState
from reminder.domain.times import ONE_DAY
from reminder.domain.waves import (
    EMAIL_MARGIN,
    Habits,
    PlannedWave,
    Reader,
    StepPlan,
    plan_wave,
    reader,
)
from reminder.store import campaigns, waves
from reminder.store.database import Database
from reminder.store.tables import Campaign
from reminder.store.waves import Desired, Existing, WaveKey

HORIZON = timedelta(hours=48)
# Zones, quiet hours and starts move a step by less than this from its day in UTC.
SPREAD = 3 * ONE_DAY
CountryZones = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What planning changed; nothing at all when it is repeated."""

    campaigns: int = 0
    added: int = 0
    moved: int = 0
    withdrawn: int = 0


@dataclass(slots=True)
class _Plan:
    """What planning one campaign comes to."""

    planned_until: datetime
    plan_again_at: datetime | None = None
    add: dict[WaveKey, Desired] = field(default_factory=dict)
    move: dict[int, tuple[WaveState, Desired]] = field(default_factory=dict)
    withdraw: dict[int, tuple[WaveState, int]] = field(default_factory=dict)


def plan_waves(
    database: Database,
    now: datetime,
    *,
    country_zones: CountryZones,
    horizon: timedelta = HORIZON,
    catch_up: timedelta = CATCH_UP,
    email_margin: timedelta = EMAIL_MARGIN,
) -> PlanResult:
    """Bring the sendings of every live campaign that asks for it to what its plan wants for the next `horizon`.

    `country_zones` gives the zones of a country (two letters), for texts to people whose zone is unknown. One
    transaction for each campaign; one that changes meanwhile is left to the next heartbeat.
    """
    with database.read() as connection:
        to_plan = waves.campaigns_to_plan(connection, now)
        rhythms = waves.rhythms(connection) if to_plan else {}
    done = PlanResult()
    for campaign in to_plan:
        with database.read() as connection:
            steps = campaigns.steps_of(connection, campaign.id or 0)
            existing = waves.waves_of(connection, campaign.id or 0)
        readers = readers_of(rhythms, campaign.zone, country_zones, email_margin)
        plan = decide(campaign, steps, readers, existing, now, horizon, catch_up)
        done = _add(done, _apply(database, campaign, plan, max(rhythms, default=0)))
    return done


def _apply(database: Database, campaign: Campaign, plan: _Plan, newest_rhythm: int) -> PlanResult:
    def work(connection: campaigns.Connection) -> PlanResult:
        kept = waves.keep_look(
            connection,
            campaign,
            plan_again_at=plan.plan_again_at,
            planned_until=plan.planned_until,
            newest_rhythm=newest_rhythm,
        )
        if not kept:
            return PlanResult()
        return PlanResult(
            1,
            waves.add_waves(connection, campaign.id or 0, plan.add),
            waves.move_waves(connection, plan.move),
            waves.settle_waves(connection, plan.withdraw, WaveState.PLANNED),
        )

    return database.write(work)


def _add(one: PlanResult, other: PlanResult) -> PlanResult:
    return PlanResult(
        one.campaigns + other.campaigns,
        one.added + other.added,
        one.moved + other.moved,
        one.withdrawn + other.withdrawn,
    )


Readers = Mapping[tuple[int, Channel], Reader | None]


def readers_of(
    rhythms: Mapping[int, Habits], zone: str, country_zones: CountryZones, email_margin: timedelta
) -> dict[tuple[int, Channel], Reader | None]:
    """The clocks of every rhythm by each channel, in a campaign of `zone`."""
    return {
        (rhythm_id, channel): reader_of(habits, channel, zone, country_zones, email_margin)
        for rhythm_id, habits in rhythms.items()
        for channel in Channel
    }


def reader_of(
    habits: Habits, channel: Channel, zone: str, country_zones: CountryZones, email_margin: timedelta
) -> Reader | None:
    """The clocks of a rhythm by `channel` in a campaign of `zone`; None for a text where no clock is known."""
    zones = country_zones(habits.sms_country) if habits.sms_country and not habits.zone else ()
    return reader(habits, channel, campaign_zone=zone, country_zones=zones, email_margin=email_margin)


def decide(
    campaign: Campaign,
    steps: Sequence[StepPlan],
    readers: Readers,
    existing: Mapping[WaveKey, Existing],
    now: datetime,
    horizon: timedelta,
    catch_up: timedelta,
) -> _Plan:
    """What must be added, moved and withdrawn so that the sendings are as the plan wants them.

    New ones are due between the end of the last planning (or the catch-up window, the earlier) and the horizon. What is
    late stays as it is: the triage decides. Nothing is planned while an organiser's answer or approval is missing.
    """
    until = now + horizon
    if campaign.question or campaign.approved_version != campaign.version:
        planned = {e.wave_id: (WaveState.WITHDRAWN, 0) for e in existing.values() if e.state is WaveState.PLANNED}
        return _Plan(until, None, withdraw=planned)
    since = min(now - catch_up, campaign.planned_until or now - catch_up)
    near = [step for step in steps if _noon(step) - SPREAD <= until and _noon(step) + SPREAD >= since]
    wanted = {key: desired for step in near for key, desired in _wanted(campaign, step, readers).items()}
    plan = _next_look(steps, now, horizon)
    plan.add = {
        key: desired for key, desired in wanted.items() if key not in existing and since <= desired.wave.due_at < until
    }
    in_plan = {(step.step_key, step.anchor_on) for step in steps}
    looked_at = {(step.step_key, step.anchor_on) for step in near}
    for key, was in existing.items():
        target = wanted.get(key)
        if was.state is WaveState.WITHDRAWN:
            if target and since <= target.wave.due_at < until and target.wave.not_after > now:
                plan.move[was.wave_id] = (was.state, target)
        elif was.state is WaveState.PLANNED:
            if key[:2] not in in_plan or (key[:2] in looked_at and target is None):
                plan.withdraw[was.wave_id] = (WaveState.WITHDRAWN, 0)
            elif target and target != was.desired and target.wave.due_at > now:
                plan.move[was.wave_id] = (was.state, target)
    return plan


def _noon(step: StepPlan) -> datetime:
    return datetime.combine(step.local_on, time(12), UTC)


def _wanted(campaign: Campaign, step: StepPlan, readers: Readers) -> dict[WaveKey, Desired]:
    """The sendings of a step for every rhythm."""
    found: dict[WaveKey, Desired] = {}
    for rhythm_id in {rhythm_id for rhythm_id, _ in readers}:
        answers = answers_of(campaign, step, readers, rhythm_id)
        for channel, answer in answers.items():
            if isinstance(answer, PlannedWave):
                key = (step.step_key, step.anchor_on, rhythm_id, channel)
                found[key] = Desired(answer, step.last_useful, unless_of(step, channel, answers))
    return found


def answers_of(
    campaign: Campaign, step: StepPlan, readers: Readers, rhythm_id: int
) -> dict[Channel, PlannedWave | Reason]:
    """The sending of a step for one rhythm by each of its channels, or why there is none."""
    last_on = campaign.deadline_on or campaign.review_on
    return {
        channel: plan_wave(step, who, last_on=last_on, live_since=campaign.live_since)
        if (who := readers[rhythm_id, channel])
        else Reason.NO_HOUR
        for channel in step.channels
    }


def unless_of(step: StepPlan, channel: Channel, answers: Mapping[Channel, PlannedWave | Reason]) -> int:
    """The channel whose people this part of a step leaves out, 0 for none.

    A step reaches each person by one channel, the first she agreed to. Where the first has no decent hour at all, the
    second is for everybody.
    """
    first = step.channels[0]
    return 0 if channel is first or answers[first] is Reason.NO_HOUR else int(first)


def _next_look(steps: Sequence[StepPlan], now: datetime, horizon: timedelta) -> _Plan:
    """When to look again: in half the horizon if something may fall due soon after, else before the next step comes."""
    until = now + horizon
    ahead = [_noon(step) - SPREAD for step in steps if _noon(step) + SPREAD > until]
    if not ahead:
        return _Plan(until, None)
    quiet_until = max(until, min(ahead))
    return _Plan(quiet_until, quiet_until - horizon / 2)
