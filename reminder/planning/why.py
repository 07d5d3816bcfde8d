"""Why, or why not: each step of a campaign's plan, and what became of it or will become of it for one person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reminder.domain.late import CATCH_UP
from reminder.domain.meant import Going, Known, goes_by_other, is_over_limit, why_never, why_no_channel, why_not
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import (
    REASON_WORDS,
    CampaignState,
    Channel,
    DeliveryState,
    MessageState,
    Reason,
    Result,
    WaveState,
)
from reminder.domain.waves import EMAIL_MARGIN, StepPlan
from reminder.errors import Trouble
from reminder.planning.waves import UNLAWFUL, CountryZones, Part, parts_of, reader_of
from reminder.store.campaigns import Connection, read_campaign, steps_of
from reminder.store.database import Database
from reminder.store.people.rhythms import rhythm
from reminder.store.tables import Campaign
from reminder.store.why import PlannedFor, Promise, known_of, promises_to, rhythm_of, waves_for

_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}
_OF_CAMPAIGN = {
    CampaignState.EXPIRED: Reason.TOO_LATE,
    CampaignState.STOPPED: Reason.CAMPAIGN_STOPPED,
    CampaignState.CLOSED: Reason.CAMPAIGN_CLOSED,
    CampaignState.PAUSED: Reason.CAMPAIGN_PAUSED,
}
_OF_WAVE = {
    WaveState.SUPERSEDED: Reason.NEWER_ONE_WENT,
    WaveState.MISSED: Reason.TOO_LATE,
    WaveState.WITHDRAWN: Reason.PLAN_CHANGED,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One step for one person. `status` is a word of `STATUSES`; `at` is when it goes or went out, where that is known.

    `instead`: why it goes by email to somebody who chose texts.
    """

    step_key: str
    on: date
    channel: Channel | None
    status: str
    reason: Reason = Reason.NONE
    at: datetime | None = None
    result: Result | None = None
    instead: Reason = Reason.NONE


# The words of an item's status, and what each promises.
STATUSES = {
    "sent": "a provider took it",
    "on its way": "waits for its turn, or is tried again",
    "unclear": "may have arrived; nobody knows yet",
    "not sent": "the reason says why",
    "will be sent": "if nothing changes until then",
    "waits for you": "above the sending limit: an organiser says go",
    "not started": "would be sent if the campaign were live",
}


@dataclass(frozen=True, slots=True)
class WhyReport:
    """What one person got and will get of a campaign. Names the person by number alone."""

    campaign_id: int
    subscriber_id: int
    zone: str
    reason: Reason
    items: tuple[Item, ...]

    def as_json(self) -> dict[str, Any]:
        """The report for a program; times in UTC."""
        return {
            "campaign": self.campaign_id,
            "subscriber": self.subscriber_id,
            "zone": self.zone,
            "reason": REASON_WORDS[self.reason],
            "steps": [
                {
                    "step": item.step_key,
                    "day": item.on.isoformat(),
                    "channel": item.channel.name.lower() if item.channel else None,
                    "status": item.status,
                    "reason": REASON_WORDS[item.reason],
                    "at": item.at.isoformat() if item.at else None,
                    "result": item.result.name.lower() if item.result else None,
                    "instead_of_sms": REASON_WORDS[item.instead],
                }
                for item in self.items
            ],
        }

    def lines(self) -> list[str]:
        """The report for people, times as the person's clock shows them."""
        head = f"Subscriber {self.subscriber_id}, campaign {self.campaign_id} ({self.zone})"
        if self.reason:
            head += f": gets nothing more, {REASON_WORDS[self.reason]}"
        return [head, *(f"  {self._line(item)}" for item in self.items)]

    def _line(self, item: Item) -> str:
        at = item.at.astimezone(ZoneInfo(self.zone)) if item.at else None
        day: date = at.date() if at else item.on
        when = f"{day:%a} {day.day} {day:%b}" + (f", {at:%H:%M}" if at else "")
        parts = [item.step_key, when, *([_WORDS[item.channel]] if item.channel else [])]
        said = item.status
        if item.reason:
            said += f": {REASON_WORDS[item.reason]}"
        elif item.status == "unclear":
            said += ": may have arrived"
        elif item.result:
            said += f", {item.result.name.lower()}"
        if item.instead:
            said += f" (instead of a text: {REASON_WORDS[item.instead]})"
        return f"{', '.join(parts)}: {said}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Everything that was gathered."""

    now: datetime
    campaign: Campaign
    steps: Sequence[StepPlan]
    person: Known
    waves: Sequence[PlannedFor]
    promises: Sequence[Promise]
    parts: Callable[[StepPlan], Mapping[Channel, Part]]


def why(
    database: Database,
    campaign_id: int,
    subscriber_id: int,
    now: datetime,
    *,
    country_zones: CountryZones,
    email_margin: timedelta = EMAIL_MARGIN,
    texts: SmsRules = EVERYWHERE,
) -> WhyReport:
    """What a person got of a campaign, will get of it, or why not, step by step. `Trouble` where one is not known.

    The rules are those by which sendings are opened (store/eligible.py); what comes is as certain as the plan.
    """
    with database.read() as connection:
        seen, zone = _look(connection, campaign_id, subscriber_id, now, country_zones, email_margin, texts)
    reason = why_never(seen.person)
    items = [item for step in seen.steps for item in _of_step(seen, step)]
    items += _of_former_dates(seen)
    return WhyReport(campaign_id, subscriber_id, zone, reason, tuple(sorted(items, key=lambda item: item.on)))


def _look(
    connection: Connection,
    campaign_id: int,
    subscriber_id: int,
    now: datetime,
    country_zones: CountryZones,
    email_margin: timedelta,
    texts: SmsRules,
) -> tuple[_Seen, str]:
    campaign = read_campaign(connection, campaign_id)
    if campaign is None:
        raise Trouble(f"Campaign {campaign_id}", "is not known", "See `reminder campaign list`.")
    rhythm_id = rhythm_of(connection, subscriber_id)
    if rhythm_id is None:
        raise Trouble(f"Subscriber {subscriber_id}", "is not known", "Look the number up again.")
    habits = rhythm(connection, rhythm_id)
    steps = steps_of(connection, campaign_id)
    readers = {ch: reader_of(habits, ch, campaign.zone, country_zones, email_margin, texts) for ch in Channel}
    days = {step.local_on for step in steps}
    return _Seen(
        now=now,
        campaign=campaign,
        steps=steps,
        person=known_of(connection, campaign_id, subscriber_id, days),
        waves=waves_for(connection, campaign_id, rhythm_id),
        promises=promises_to(connection, campaign_id, subscriber_id, {(s.step_key, s.anchor_on) for s in steps}),
        parts=lambda step: parts_of(campaign, step, readers),
    ), habits.zone or campaign.zone


def _of_step(seen: _Seen, step: StepPlan) -> list[Item]:
    """What a step came to; a promise that was taken back counts only where nothing else is to be said."""
    made = [
        promise for promise in seen.promises if (promise.step_key, promise.anchor_on) == (step.step_key, step.anchor_on)
    ]
    kept = [_of_promise(promise) for promise in made if promise.state is not DeliveryState.WITHDRAWN]
    if kept:
        return kept
    outcomes = [_by_channel(seen, step, channel) for channel in step.channels]
    told = [item for item in outcomes if item is not None]
    return [_with_why_email(seen, step, item) for item in sorted(told, key=lambda item: _weight(seen, step, item))[:1]]


def _with_why_email(seen: _Seen, step: StepPlan, item: Item) -> Item:
    """Say why a step that prefers texts comes by email to somebody who can be sent texts."""
    by_email = item.channel is Channel.EMAIL and item.status != "not sent"
    if not by_email or Channel.SMS not in seen.person.since or step.channels[0] is not Channel.SMS:
        return item
    going = _going(seen, step, Channel.SMS, _wave(seen, step, Channel.SMS))
    reason = going if isinstance(going, Reason) else Reason.NO_TEXTS_THEN
    return replace(item, instead=reason) if reason in UNLAWFUL else item


def _weight(seen: _Seen, step: StepPlan, item: Item) -> tuple[int, bool]:
    """A step reaches a person by one channel: what it does by an open one says more than that another is not open.

    What became of a sending says more than why there was none.
    """
    was_planned = item.channel is not None and _wave(seen, step, item.channel) is not None
    if item.status != "not sent":
        return 0, not was_planned
    weight = {Reason.NO_CHANNEL: 3, Reason.NOT_CONFIRMED: 2, Reason.DO_NOT_CONTACT: 2}.get(item.reason, 1)
    return weight, not was_planned


def _of_promise(promise: Promise) -> Item:
    status, reason = _promise_status(promise)
    result = promise.result if status == "sent" and promise.result else None
    return Item(promise.step_key, promise.local_on, promise.channel, status, reason, result=result)


def _promise_status(promise: Promise) -> tuple[str, Reason]:
    if promise.state is DeliveryState.CARRIED:
        return "sent", Reason.NONE
    if promise.state is DeliveryState.MISSED:
        return "not sent", promise.reason or Reason.TOO_LATE
    if promise.state is not DeliveryState.DUE:
        return "not sent", promise.reason
    return ("unclear" if promise.message_state is MessageState.AMBIGUOUS else "on its way"), Reason.NONE


def _of_former_dates(seen: _Seen) -> list[Item]:
    """Promises of dates that are no longer in the plan."""
    in_plan = {(step.step_key, step.anchor_on) for step in seen.steps}
    return [_of_promise(promise) for promise in seen.promises if (promise.step_key, promise.anchor_on) not in in_plan]


def _by_channel(seen: _Seen, step: StepPlan, channel: Channel) -> Item | None:
    """What the part of a step by `channel` does for this person; None where the step prefers another channel for her."""
    wave = _wave(seen, step, channel)
    going = _going(seen, step, channel, wave)
    if isinstance(going, Reason):
        closed = why_no_channel(seen.person, channel)
        return Item(step.step_key, step.local_on, channel, "not sent", _first(why_never(seen.person), closed, going))
    if goes_by_other(seen.person, going):
        return None

    def item(status: str, reason: Reason = Reason.NONE) -> Item:
        return Item(step.step_key, going.local_on, channel, status, reason, going.due_at)

    past = wave.state if wave else WaveState.PLANNED
    reason = why_not(seen.person, going)
    if past in _OF_WAVE and not _returns(seen, wave):
        return item("not sent", _first(why_never(seen.person), why_no_channel(seen.person, channel), _OF_WAVE[past]))
    if reason:
        return item("not sent", reason)
    if past is WaveState.OPEN:
        # Opened without this person, who would be meant today: what kept her out then has changed since.
        return item("not sent", Reason.JOINED_LATER)
    if seen.campaign.state in _OF_CAMPAIGN:
        return item("not sent", _OF_CAMPAIGN[seen.campaign.state])
    not_planned = wave is None or past is WaveState.WITHDRAWN
    if seen.now >= going.not_after or (not_planned and seen.now - going.due_at > CATCH_UP):
        return item("not sent", Reason.TOO_LATE)
    if is_over_limit(seen.person, going):
        return item("not sent", Reason.WEEKLY_LIMIT)
    if past is WaveState.WAITING:
        return item("waits for you")
    return item("will be sent" if seen.campaign.state is CampaignState.LIVE else "not started")


def _first(*reasons: Reason) -> Reason:
    return next((reason for reason in reasons if reason), Reason.NONE)


def _returns(seen: _Seen, wave: PlannedFor | None) -> bool:
    """A sending that was taken back comes again if the plan of a live campaign still has it ahead."""
    live_since = seen.campaign.live_since
    return (
        wave is not None
        and wave.state is WaveState.WITHDRAWN
        and seen.campaign.state is CampaignState.LIVE
        and live_since is not None
        and wave.due_at >= live_since
    )


def _wave(seen: _Seen, step: StepPlan, channel: Channel) -> PlannedFor | None:
    for wave in seen.waves:
        if (wave.step_key, wave.anchor_on, wave.channel) == (step.step_key, step.anchor_on, channel):
            return wave
    return None


def _going(seen: _Seen, step: StepPlan, channel: Channel, wave: PlannedFor | None) -> Going | Reason:
    """The sending as it was planned, else as it will be."""
    if wave is not None and wave.refused:
        return wave.refused
    if wave is not None:
        return Going(channel, wave.unless, wave.local_on, wave.due_at, wave.not_after, wave.joined_by, wave.last_useful)
    part = seen.parts(step)[channel]
    planned = part.answer
    if isinstance(planned, Reason):
        return planned
    return Going(
        channel=channel,
        unless=Channel(part.unless) if part.unless else None,
        local_on=planned.local_on,
        due_at=planned.due_at,
        not_after=planned.not_after,
        joined_by=planned.due_at,
        last_useful=step.last_useful,
    )
