"""Which sendings stand in the next two days: added, moved and withdrawn as campaigns, plans and rhythms change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from reminder.domain.late import CATCH_UP
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
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
    without_law,
)
from reminder.store import campaigns, waves
from reminder.store.database import Database
from reminder.store.tables import Campaign
from reminder.store.waves import Desired, Existing, WaveKey

HORIZON = timedelta(hours=48)
# Zones, quiet hours and starts move a step by less than this from its day in UTC.
SPREAD = 3 * ONE_DAY
CountryZones = Callable[[str], Sequence[str]]
# Why nobody of a rhythm gets a text: the law of the number's country. Its people get a promise that says so.
UNLAWFUL = frozenset({Reason.NO_SMS_SENDER, Reason.NO_TEXTS_THEN})
# Why a step has no part by a channel at all, so that the other is for everybody.
CLOSED = UNLAWFUL | {Reason.NO_HOUR}


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
    texts: SmsRules = EVERYWHERE,
) -> PlanResult:
    """Bring the sendings of every live campaign that asks for it to what its plan wants for the next `horizon`.

    `country_zones` gives the zones of a country (two letters), for texts to people whose zone is unknown; where the rules
    for `texts` are others than the last time, every campaign is looked at. One transaction for each campaign; one that
    changes meanwhile is left to the next heartbeat.
    """
    _look_at_all_if_new(database, texts.digest())
    with database.read() as connection:
        to_plan = waves.campaigns_to_plan(connection, now)
        rhythms = waves.rhythms(connection) if to_plan else {}
    done = PlanResult()
    for campaign in to_plan:
        with database.read() as connection:
            steps = campaigns.steps_of(connection, campaign.id or 0)
            existing = waves.waves_of(connection, campaign.id or 0)
        readers = readers_of(rhythms, campaign.zone, country_zones, email_margin, texts)
        plan = decide(campaign, steps, readers, existing, now, horizon, catch_up)
        done = _add(done, _apply(database, campaign, plan, max(rhythms, default=0)))
    return done


def _look_at_all_if_new(database: Database, digest: str) -> None:
    """Other rules for texts: a plan made by the old ones counts no more."""
    with database.read() as connection:
        if waves.planned_by(connection) == digest:
            return
    database.write(lambda connection: waves.plan_all_by(connection, digest))


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
    rhythms: Mapping[int, Habits],
    zone: str,
    country_zones: CountryZones,
    email_margin: timedelta,
    texts: SmsRules = EVERYWHERE,
) -> dict[tuple[int, Channel], Reader | None]:
    """The clocks of every rhythm by each channel, in a campaign of `zone`."""
    return {
        (rhythm_id, channel): reader_of(habits, channel, zone, country_zones, email_margin, texts)
        for rhythm_id, habits in rhythms.items()
        for channel in Channel
    }


def reader_of(
    habits: Habits,
    channel: Channel,
    zone: str,
    country_zones: CountryZones,
    email_margin: timedelta,
    texts: SmsRules = EVERYWHERE,
) -> Reader | None:
    """The clocks of a rhythm by `channel` in a campaign of `zone`; None for a text where no clock is known."""
    zones = country_zones(habits.sms_country) if habits.sms_country else ()
    return reader(habits, channel, campaign_zone=zone, country_zones=zones, email_margin=email_margin, texts=texts)


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
            elif target and target.wave.due_at > now:
                target = _without_whom_it_has(existing, key, was, target)
                if target != was.desired:
                    plan.move[was.wave_id] = (was.state, target)
    return plan


def _without_whom_it_has(existing: Mapping[WaveKey, Existing], key: WaveKey, was: Existing, target: Desired) -> Desired:
    """Where a part of the step is opened by now, the other keeps leaving out whom it left out: a step comes once."""
    other = existing.get((*key[:3], Channel.SMS if key[3] is Channel.EMAIL else Channel.EMAIL))
    if other is None or other.state not in {WaveState.OPENING, WaveState.OPEN}:
        return target
    return replace(target, unless_channel=was.desired.unless_channel)


def _noon(step: StepPlan) -> datetime:
    return datetime.combine(step.local_on, time(12), UTC)


def _wanted(campaign: Campaign, step: StepPlan, readers: Readers) -> dict[WaveKey, Desired]:
    """The sendings of a step for every rhythm."""
    found: dict[WaveKey, Desired] = {}
    for rhythm_id in {rhythm_id for rhythm_id, _ in readers}:
        for channel, part in parts_of(campaign, step, {ch: readers[rhythm_id, ch] for ch in step.channels}).items():
            key = (step.step_key, step.anchor_on, rhythm_id, channel)
            if isinstance(part.answer, PlannedWave):
                found[key] = Desired(part.answer, step.last_useful, part.unless)
            elif part.unsent is not None:
                found[key] = Desired(part.unsent, False, part.unless, part.answer)
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """What one channel does of a step for one rhythm: the sending, or why there is none.

    `unless` is the channel whose people it leaves out, 0 for none. `unsent`: when a text would have gone whose answer is
    that the law forbids it; its people get a promise that says so.
    """

    answer: PlannedWave | Reason
    unless: int
    unsent: PlannedWave | None = None


def parts_of(campaign: Campaign, step: StepPlan, readers: Mapping[Channel, Reader | None]) -> dict[Channel, Part]:
    """The parts of a step for one rhythm, by each of its channels.

    A step reaches each person by one channel, the first she agreed to. Where that has no decent hour at all, or is a text
    that the law forbids, the second is for everybody. A text that the law lets go on another day only is for those who
    have nothing else: the others get it by email on the day itself.
    """
    last_on = campaign.deadline_on or campaign.review_on

    def plan(who: Reader | None) -> PlannedWave | Reason:
        return plan_wave(step, who, last_on=last_on, live_since=campaign.live_since) if who else Reason.NO_HOUR

    answers = {channel: plan(readers[channel]) for channel in step.channels}
    by_text, law = answers.get(Channel.SMS), readers.get(Channel.SMS)
    free = plan(without_law(law)) if law and (law.law or law.refused) else by_text
    first = step.channels[0]
    if isinstance(answers.get(Channel.EMAIL), PlannedWave) and (by_text in UNLAWFUL or _other_day(by_text, free)):
        first = Channel.EMAIL
    parts = {}
    for channel, answer in answers.items():
        unless = 0 if channel is first or answers[first] in CLOSED else int(first)
        unsent = free if channel is Channel.SMS and answer in UNLAWFUL and isinstance(free, PlannedWave) else None
        parts[channel] = Part(answer, unless, unsent)
    return parts


def _other_day(planned: PlannedWave | Reason | None, free: PlannedWave | Reason | None) -> bool:
    both = isinstance(planned, PlannedWave) and isinstance(free, PlannedWave)
    return both and planned.local_on != free.local_on  # type: ignore[union-attr]


def _next_look(steps: Sequence[StepPlan], now: datetime, horizon: timedelta) -> _Plan:
    """When to look again: in half the horizon if something may fall due soon after, else before the next step comes."""
    until = now + horizon
    ahead = [_noon(step) - SPREAD for step in steps if _noon(step) + SPREAD > until]
    if not ahead:
        return _Plan(until, None)
    quiet_until = max(until, min(ahead))
    return _Plan(quiet_until, quiet_until - horizon / 2)
