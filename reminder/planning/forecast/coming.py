"""Which sendings of a campaign are still possible: what planning, triage and opening will make of the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from reminder.domain.late import DueWave, fates
from reminder.domain.meant import Going
from reminder.domain.states import Channel, Reason, WaveState
from reminder.domain.waves import PlannedWave, Reader, StepPlan, next_window
from reminder.planning.waves import Part, Readers, parts_of
from reminder.store.standing import Standing
from reminder.store.tables import Campaign
from reminder.store.waves import WaveKey

StepKey = tuple[str, date]
# Why a sending does not come any more, by what became of it.
_GONE = {WaveState.SUPERSEDED: Reason.NEWER_ONE_WENT, WaveState.MISSED: Reason.TOO_LATE}


@dataclass(frozen=True, slots=True, eq=False)
class Coming:
    """A sending that is still possible; the same only as itself.

    `waits`: it is above the campaign's limit, an organiser must say go. `next_day`: it is what is left of a sending for
    those who had another reminder on its day.
    """

    step: StepPlan
    rhythm_id: int
    who: Reader
    going: Going
    open_until: datetime
    waits: bool = False
    next_day: bool = False


class Went:
    """A sending whose people have their promise already."""


WENT = Went()
Fate = Coming | Reason | Went


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign as it stands, or as it would stand if it were live now (`as_if`), with what became of its sendings."""

    campaign: Campaign
    steps: Sequence[StepPlan]
    standing: Mapping[WaveKey, Standing]
    as_if: bool

    def last_useful(self, step: StepPlan) -> bool:
        """Whether the step passes the weekly limit: not where the last useful one of an earlier date went already."""
        return step.last_useful and not any(
            was.last_useful and was.state is WaveState.OPEN and key[1] != step.anchor_on
            for key, was in self.standing.items()
        )


def fates_of(
    plan: Plan, readers: Readers, rhythm_id: int, now: datetime, catch_up: timedelta
) -> dict[StepKey, dict[Channel, Fate]]:
    """What becomes of each step for one rhythm, by each of its channels."""
    found: dict[StepKey, dict[Channel, Fate]] = {}
    for step in plan.steps:
        parts = parts_of(plan.campaign, step, {channel: readers[rhythm_id, channel] for channel in step.channels})
        found[step.step_key, step.anchor_on] = {
            channel: _fate(plan, step, rhythm_id, channel, readers[rhythm_id, channel], part, now)
            for channel, part in parts.items()
        }
    _judge_late(plan.campaign.id or 0, found, now, catch_up)
    return found


def _fate(
    plan: Plan,
    step: StepPlan,
    rhythm_id: int,
    channel: Channel,
    who: Reader | None,
    part: Part,
    now: datetime,
) -> Fate:
    target, unless = part.answer, part.unless
    was = plan.standing.get((step.step_key, step.anchor_on, rhythm_id, channel))
    if was is not None and was.state in {WaveState.OPENING, WaveState.OPEN} and was.refused:
        return was.refused
    if was is not None and was.state is WaveState.OPEN:
        return WENT
    if was is not None and was.state in _GONE:
        return _GONE[was.state]
    if who is None:
        return Reason.NO_HOUR
    last_useful = plan.last_useful(step)
    if was is not None and (
        was.state in {WaveState.OPENING, WaveState.WAITING} or _stays(plan, was, target, unless, now)
    ):
        waits = was.state is WaveState.WAITING
        if waits and now >= was.wave.not_after:
            return Reason.TOO_LATE
        wave = replace(was.wave, due_at=max(was.wave.due_at, now)) if waits else was.wave
        return _coming(step, rhythm_id, channel, who, wave, was.unless_channel, was.joined_by, last_useful, waits)
    if isinstance(target, Reason):
        return target
    return _coming(step, rhythm_id, channel, who, target, unless, target.due_at, last_useful)


def _stays(plan: Plan, was: Standing, target: PlannedWave | Reason, unless: int, now: datetime) -> bool:
    """A planned sending keeps its times where the plan still has it, and moving it would move it into the past."""
    if plan.as_if or was.state is not WaveState.PLANNED or isinstance(target, Reason):
        return False
    same = (target, unless) == (was.wave, was.unless_channel)
    return same or target.due_at <= now


def _coming(
    step: StepPlan,
    rhythm_id: int,
    channel: Channel,
    who: Reader,
    wave: PlannedWave,
    unless: int,
    joined_by: datetime,
    last_useful: bool,
    waits: bool = False,
) -> Coming:
    going = Going(
        channel=channel,
        unless=Channel(unless) if unless else None,
        local_on=wave.local_on,
        due_at=wave.due_at,
        not_after=wave.not_after,
        joined_by=joined_by,
        last_useful=last_useful,
    )
    return Coming(step, rhythm_id, who, going, wave.open_until, waits)


def _judge_late(
    campaign_id: int, found: dict[StepKey, dict[Channel, Fate]], now: datetime, catch_up: timedelta
) -> None:
    """What the triage will make of sendings that are due already: too late, given way to a newer one, or the morning."""
    late = [
        (key, channel, fate)
        for key, by_channel in found.items()
        for channel, fate in by_channel.items()
        if isinstance(fate, Coming) and fate.going.due_at <= now and not fate.waits
    ]
    due = [_due(number, campaign_id, key, fate) for number, (key, _, fate) in enumerate(late)]
    judged = fates(due, now, catch_up)
    for number, (key, channel, fate) in enumerate(late):
        if judged[number] is not WaveState.PLANNED:
            found[key][channel] = _GONE[judged[number]]
        elif fate.open_until <= now:
            found[key][channel] = put_off(fate, next_window(fate.who, now, fate.going.not_after)) or Reason.TOO_LATE


def _due(number: int, campaign_id: int, key: StepKey, fate: Coming) -> DueWave:
    going = fate.going
    return DueWave(
        wave_id=number,
        campaign_id=campaign_id,
        rhythm_id=fate.rhythm_id,
        step_key=key[0],
        anchor_on=key[1],
        local_on=going.local_on,
        due_at=going.due_at,
        open_until=fate.open_until,
        not_after=going.not_after,
        last_useful=going.last_useful,
    )


def put_off(coming: Coming, window: PlannedWave | None) -> Coming | None:
    """The sending in other hours; who is meant stays as it was. None where there are no such hours."""
    if window is None:
        return None
    going = replace(coming.going, local_on=window.local_on, due_at=window.due_at)
    return replace(coming, going=going, open_until=window.open_until)
