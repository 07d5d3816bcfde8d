"""What an organiser should look at before saying yes: hours against the deadline, post that cannot arrive, nobody there."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from reminder.domain.plan import advice
from reminder.domain.sms_rules import SmsRules
from reminder.domain.states import Channel
from reminder.domain.times import at_wall_clock, local_day
from reminder.domain.waves import STEPS_HOUR, StepPlan
from reminder.planning.desk import Look
from reminder.planning.forecast.coming import Coming, Plan, StepKey
from reminder.planning.forecast.outlook import CHANNEL_WORDS, SendingLine, day_words, people
from reminder.planning.forecast.people import People


def look_at(
    seen: Look,
    plan: Plan,
    found: People,
    sendings: Sequence[SendingLine],
    allowed: Collection[StepKey],
    zone_unknown: int,
    now: datetime,
    texts: SmsRules,
) -> list[str]:
    """One sentence for each trouble that shows before anything is sent."""
    today = local_day(now, plan.campaign.zone)
    to_come = [step for step in plan.steps if step.local_on >= today]
    return [
        *_early(found.sendings),
        *_cannot_arrive(seen, plan, to_come),
        *_nobody_by_sms(plan.steps, found),
        *_no_country(plan.steps, texts),
        *_above_limit(seen, plan, found, allowed),
        *_too_slow(sendings),
        *_unknown_zones(plan, zone_unknown),
    ]


def _no_country(steps: Sequence[StepPlan], texts: SmsRules) -> Iterable[str]:
    """A real provider of texts without an allow-list."""
    if not texts.everywhere and not texts.countries and any(Channel.SMS in step.channels for step in steps):
        yield "Nobody gets a text: SMS_COUNTRIES names no country."


def _early(sendings: Mapping[Coming, int]) -> Iterable[str]:
    """Quiet hours that reach to the end of the last useful day."""
    early: dict[str, int] = {}
    for each, number in sendings.items():
        step = each.step
        hour = step.at_hour if each.who.hours.own == STEPS_HOUR else each.who.hours.own
        asked = max(at_wall_clock(step.local_on, hour, zone) for zone in each.who.zones)
        if step.anchor_at is None and each.going.due_at < asked:
            early[step.step_key] = early.get(step.step_key, 0) + number
    for key, number in early.items():
        yield f"{key} goes earlier than its hour to {people(number)}: quiet hours leave no time between it and the end."


def _cannot_arrive(seen: Look, plan: Plan, steps: Sequence[StepPlan]) -> Iterable[str]:
    campaign = plan.campaign
    if not seen.reach:
        yield f"Nothing is on record by which a letter can reach the target of case {seen.case.code}."
        return
    for step in steps:
        if advice(seen.reach, step.local_on, campaign.post_by_on, campaign.deadline_on) == "any":
            by = (
                f"it had to be posted by {day_words(campaign.post_by_on)}"
                if campaign.post_by_on
                else "nobody knows how long the post takes"
            )
            yield f"{step.step_key} ({day_words(step.local_on)}) asks for a letter that may not arrive: {by}."


def _nobody_by_sms(steps: Sequence[StepPlan], found: People) -> Iterable[str]:
    by_sms = [step.step_key for step in steps if Channel.SMS in step.channels]
    if by_sms and not found.channels[Channel.SMS]:
        yield f"Nobody in the audience has agreed to texts: nothing of {', '.join(by_sms)} goes by SMS."


def _above_limit(seen: Look, plan: Plan, found: People, allowed: Collection[StepKey]) -> Iterable[str]:
    limit = plan.campaign.sending_limit
    for (key, channel), number in found.meant.items():
        if limit and number > limit and key not in allowed:
            yield (
                f"{key[0]} is for {people(number)} by {CHANNEL_WORDS[channel]}, above the limit of {limit:,}:"
                f" it will wait for you (`reminder campaign send {seen.campaign_id}`)."
            )


def _too_slow(sendings: Sequence[SendingLine]) -> Iterable[str]:
    for channel in Channel:
        mine = [each for each in sendings if each.channel is channel and each.too_late]
        if late := sum(each.too_late for each in mine):
            what = "daily limit" if any(each.by_limit for each in mine) else "rate"
            yield f"The {what} by {CHANNEL_WORDS[channel]} does not suffice: {people(late)} cannot be reached in time."


def _unknown_zones(plan: Plan, number: int) -> Iterable[str]:
    if number:
        yield (
            f"The zone of {people(number)} is not known: email goes by the clock of {plan.campaign.zone}, a text waits until"
            " it is day everywhere in the number's country."
        )
