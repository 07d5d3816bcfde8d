"""Who gets each coming sending, and who does not, for which reason: classes of people against the rules."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from reminder.domain.meant import goes_by_other, is_over_limit, why_not
from reminder.domain.plan import AT_HOUR
from reminder.domain.states import Channel, Reason
from reminder.domain.waves import StepPlan, next_day
from reminder.planning.forecast.coming import Coming, Fate, StepKey, Went, put_off
from reminder.planning.waves import UNLAWFUL
from reminder.store.alike import Alike

# Of several reasons for getting nothing at all, the first of these is said.
ORDER = (
    Reason.PAUSED_BY_PERSON,
    Reason.ONLY_LAST_48,
    Reason.JOINED_LATER,
    Reason.WEEKLY_LIMIT,
    Reason.DAILY_LIMIT,
    Reason.NEWER_ONE_WENT,
    Reason.NO_HOUR,
    Reason.NO_SMS_SENDER,
    Reason.NO_TEXTS_THEN,
    Reason.TOO_LATE,
    Reason.PAST_AT_START,
    Reason.NO_CHANNEL,
)
# Somebody who has a reminder on each of so many days in a row is not looked after any longer.
_DAYS_AHEAD = 7
Promises = Sequence[tuple[str, date, Channel]]
Laters = dict[Coming, Coming | None]
# People of a sending by text and a language: how many can be reached by email as well, how many cannot.
Texts = dict[tuple[Coming, str], tuple[int, int]]


@dataclass(slots=True)
class StepCount:
    """What a step comes to: people who get it, who have it already, and who do not, by reason.

    `instead`: how many of those who get it chose texts and get email, by reason.
    """

    going: int = 0
    went: int = 0
    nothing: Counter[Reason] = field(default_factory=Counter)
    instead: Counter[Reason] = field(default_factory=Counter)


@dataclass(slots=True)
class People:
    """What the whole plan comes to. `sendings`: people of each; `fewer`: how many of these other campaigns' reminders of
    the same week may leave out. `meant`: who is meant by a step and channel before any limit."""

    sendings: Counter[Coming] = field(default_factory=Counter)
    fewer: Counter[Coming] = field(default_factory=Counter)
    steps: dict[StepKey, StepCount] = field(default_factory=dict)
    meant: Counter[tuple[StepKey, Channel]] = field(default_factory=Counter)
    channels: Counter[Channel] = field(default_factory=Counter)
    texts: Texts = field(default_factory=dict)
    reached: int = 0
    had_all: int = 0
    nothing: Counter[Reason] = field(default_factory=Counter)


def count_people(
    steps: Sequence[StepPlan],
    fates: Mapping[int, Mapping[StepKey, Mapping[Channel, Fate]]],
    classes: Sequence[Alike],
    promises: Promises,
    others: Collection[date],
    *,
    without_steps: Reason,
) -> People:
    """Judge each class by the rules by which sendings are opened. `promises` are those whose places `Alike.had` names;
    `others` the days on which other campaigns plan reminders; `without_steps` says why nothing comes of an empty plan."""
    found = People(steps={(step.step_key, step.anchor_on): StepCount() for step in steps})
    laters: Laters = {}
    for of in classes:
        if not steps:
            found.nothing[without_steps] += of.people
            continue
        for channel in of.known.since:
            found.channels[channel] += of.people
        had = {promises[place] for place in of.had}
        outcomes = {
            (step.step_key, step.anchor_on): _outcome(step, of, fates[of.rhythm_id][step.step_key, step.anchor_on], had)
            for step in steps
        }
        going = [outcome for outcome in outcomes.values() if isinstance(outcome, Coming)]
        for each in going:
            found.meant[(each.step.step_key, each.step.anchor_on), each.going.channel] += of.people
        placed = _place(of, going, laters)
        _add(found, of, outcomes, placed, fates[of.rhythm_id])
        _add_fewer(found, of, placed.values(), others)
    return found


def _outcome(
    step: StepPlan, of: Alike, by_channel: Mapping[Channel, Fate], had: set[tuple[str, date, Channel]]
) -> Fate:
    """What the step does for people of a class: by the first channel that they have agreed to."""
    reasons: list[Reason] = []
    went: Went | None = None
    for channel in step.channels:
        if channel not in of.known.since:
            continue
        fate = by_channel[channel]
        if isinstance(fate, Coming):
            if goes_by_other(of.known, fate.going):
                continue
            reason = why_not(of.known, fate.going)
            if (step.step_key, step.anchor_on, channel) in had:
                went = Went()
            elif not reason:
                return fate
            else:
                reasons.append(reason)
        elif isinstance(fate, Went):
            went = fate
        else:
            reasons.append(fate)
    return went or next(iter(reasons), Reason.NO_CHANNEL)


def _place(of: Alike, going: Sequence[Coming], laters: Laters) -> dict[Coming, Coming | Reason]:
    """Day by day: one reminder a day, so many in so many days. Who has today's already waits for the next day."""
    placed: dict[Coming, Coming | Reason] = {}
    known = of.known
    taken = {*known.reminded_on, *of.refused_on}
    opened: set[date] = set()
    ahead = [(each, each) for each in going]
    while ahead:
        ahead.sort(key=lambda pair: _order(pair[1]))
        original, each = ahead.pop(0)
        day = each.going.local_on
        if day in taken and day not in opened and (later := _tomorrow(original, each, laters)) is not None:
            ahead.append((original, later))
        elif day in taken:
            placed[original] = Reason.DAILY_LIMIT
        elif is_over_limit(known, each.going):
            placed[original] = Reason.WEEKLY_LIMIT
        else:
            placed[original] = each
            taken.add(day)
            opened.add(day)
            known = replace(known, reminded_on=(*known.reminded_on, day))
    return placed


def _order(coming: Coming) -> tuple[date, bool, object, object]:
    """Day after day; within a day as they are opened, the most useful first."""
    going = coming.going
    return going.local_on, not going.last_useful, going.not_after, going.due_at


def _tomorrow(original: Coming, coming: Coming, laters: Laters) -> Coming | None:
    """What is left of a sending on the next day, the same for everybody."""
    going = coming.going
    if (going.local_on - original.going.local_on).days >= _DAYS_AHEAD:
        return None
    if coming not in laters:
        later = put_off(coming, next_day(coming.who, AT_HOUR, going.local_on, going.not_after))
        laters[coming] = replace(later, next_day=True) if later else None
    return laters[coming]


def _why_by_email(of: Alike, coming: Coming, by_channel: Mapping[Channel, Fate]) -> Reason:
    """Why somebody who chose texts gets by email a step that prefers texts; NONE where that is not the law's doing."""
    if coming.going.channel is Channel.SMS or coming.step.channels[0] is not Channel.SMS:
        return Reason.NONE
    fate = by_channel[Channel.SMS]
    if isinstance(fate, Coming) and goes_by_other(of.known, fate.going) and Channel.SMS in of.known.since:
        return Reason.NO_TEXTS_THEN
    return fate if isinstance(fate, Reason) and fate in UNLAWFUL and Channel.SMS in of.known.since else Reason.NONE


def _add(
    found: People,
    of: Alike,
    outcomes: Mapping[StepKey, Fate],
    placed: Mapping[Coming, Coming | Reason],
    fates: Mapping[StepKey, Mapping[Channel, Fate]],
) -> None:
    reasons: set[Reason] = set()
    for key, outcome in outcomes.items():
        fate: Fate = placed[outcome] if isinstance(outcome, Coming) else outcome
        count = found.steps[key]
        if isinstance(fate, Coming):
            count.going += of.people
            if reason := _why_by_email(of, fate, fates[key]):
                count.instead[reason] += of.people
            found.sendings[fate] += of.people
            if fate.going.channel is Channel.SMS:
                with_email, without = found.texts.get((fate, of.locale), (0, 0))
                more = (of.people, 0) if Channel.EMAIL in of.known.since else (0, of.people)
                found.texts[fate, of.locale] = (with_email + more[0], without + more[1])
        elif isinstance(fate, Went):
            count.went += of.people
        else:
            count.nothing[fate] += of.people
            reasons.add(fate)
    goes = any(isinstance(fate, Coming) for fate in placed.values())
    if goes:
        found.reached += of.people
    elif any(isinstance(outcome, Went) for outcome in outcomes.values()):
        found.had_all += of.people
    else:
        found.nothing[next((reason for reason in ORDER if reason in reasons), Reason.NO_CHANNEL)] += of.people


def _add_fewer(found: People, of: Alike, placed: Collection[Coming | Reason], others: Collection[date]) -> None:
    """Count those whom a reminder of another campaign in the same days would leave out."""
    going = [fate for fate in placed if isinstance(fate, Coming)]
    days = {*of.known.reminded_on, *(each.going.local_on for each in going), *others}
    for each in going:
        first = each.going.local_on - timedelta(days=of.known.cadence_days)
        lately = sum(first < day < each.going.local_on for day in days)
        if not each.going.last_useful and lately >= of.known.cadence_n:
            found.fewer[each] += of.people
