"""A forecast as it is shown: the sendings still to come, the people, and what to look at."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reminder.domain.cost import TextCount, cost_of
from reminder.domain.states import REASON_WORDS, CampaignState, Channel, Reason
from reminder.planning.forecast.costs import CostOutlook

CHANNEL_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}


@dataclass(frozen=True, slots=True)
class SendingLine:
    """One step for one rhythm by one channel.

    `zones` are those of its people, one of which is theirs. `at_most_fewer` of the `people` may be left out for other
    campaigns' reminders of the same days. `waits`: an organiser must say go. `next_day`: for those who had another
    reminder the day before. At the provider's rate the sending alone needs `needs_s` seconds (None: no limit), and
    `next_morning` or `too_late` of its people are not reached in its hours, `by_limit` of them for a daily limit. `texts`
    says what they cost, empty where nobody asked.
    """

    step_key: str
    rhythm_id: int
    channel: Channel
    local_on: date
    at: datetime
    open_until: datetime
    not_after: datetime
    zones: tuple[str, ...]
    people: int
    at_most_fewer: int
    waits: bool
    next_day: bool
    needs_s: int | None
    next_morning: int
    too_late: int
    by_limit: int = 0
    texts: tuple[TextCount, ...] = ()

    @property
    def local_time(self) -> str:
        """09:00 London; where several zones must be awake, by the clock of the one that is furthest behind."""
        zone = min(self.zones, key=lambda name: self.at.astimezone(ZoneInfo(name)).replace(tzinfo=None))
        city = zone.rsplit("/", 1)[-1].replace("_", " ")
        everywhere = " or later" if len(self.zones) > 1 else ""
        return f"{self.at.astimezone(ZoneInfo(zone)):%H:%M} {city}{everywhere}"

    def to_json(self) -> dict[str, Any]:
        """For a program; instants in UTC."""
        return {
            "step": self.step_key,
            "rhythm": self.rhythm_id,
            "channel": self.channel.name.lower(),
            "day": self.local_on.isoformat(),
            "local_time": self.local_time,
            "at": self.at.isoformat(),
            "open_until": self.open_until.isoformat(),
            "not_after": self.not_after.isoformat(),
            "zones": list(self.zones),
            "people": self.people,
            "at_most_fewer": self.at_most_fewer,
            "waits_for_you": self.waits,
            "next_day": self.next_day,
            "needs_seconds": self.needs_s,
            "next_morning": self.next_morning,
            "too_late": self.too_late,
            "by_daily_limit": self.by_limit,
            "cost": cost_of(self.texts).to_json() if self.texts else None,
        }


@dataclass(frozen=True, slots=True)
class StepLine:
    """What a step comes to for the whole audience: `going` + `went` + `nothing` are everybody in it.

    `over`: no sending of it is possible any more. `instead`: how many of `going` get email for want of a lawful text.
    """

    step_key: str
    on: date
    channels: tuple[Channel, ...]
    over: bool
    going: int
    went: int
    nothing: Mapping[Reason, int]
    instead: Mapping[Reason, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For a program; reasons in words."""
        return {
            "step": self.step_key,
            "day": self.on.isoformat(),
            "channels": [channel.name.lower() for channel in self.channels],
            "over": self.over,
            "people": self.going,
            "have_it": self.went,
            "nothing": in_words(self.nothing),
            "email_instead_of_sms": in_words(self.instead),
        }


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign will send, and who gets nothing of it.

    `as_if` says under which condition it is true, "" for a live campaign. `against`: what speaks against sending anything
    now. `reached` + `had_all` + `nothing` are the `audience`; `had_all` get nothing more, because they had it already.
    """

    campaign_id: int
    state: CampaignState
    as_if: str
    against: tuple[str, ...]
    supporters: int
    audience: int
    reached: int
    had_all: int
    nothing: Mapping[Reason, int]
    zone_unknown: int
    steps: tuple[StepLine, ...]
    sendings: tuple[SendingLine, ...]
    look_at: tuple[str, ...]
    rates: Mapping[Channel, float]
    cost: CostOutlook = field(default_factory=CostOutlook)

    @property
    def days(self) -> dict[date, Counter[Channel]]:
        """Messages by local day and channel."""
        found: dict[date, Counter[Channel]] = defaultdict(Counter)
        for sending in self.sendings:
            found[sending.local_on][sending.channel] += sending.people
        return dict(sorted(found.items()))

    def to_json(self) -> dict[str, Any]:
        """For a program; days and instants as ISO 8601, reasons in words."""
        return {
            "campaign": self.campaign_id,
            "state": self.state.name.lower(),
            "as_if": self.as_if,
            "against": list(self.against),
            "supporters": self.supporters,
            "audience": self.audience,
            "not_in_the_audience": self.supporters - self.audience,
            "get_something": self.reached,
            "have_it_already": self.had_all,
            "nothing": in_words(self.nothing),
            "zone_unknown": self.zone_unknown,
            "steps": [step.to_json() for step in self.steps],
            "sendings": [sending.to_json() for sending in self.sendings],
            "days": [
                {"day": on.isoformat(), **{channel.name.lower(): number for channel, number in sorted(by.items())}}
                for on, by in self.days.items()
            ],
            "look_at": list(self.look_at),
            "rates": {channel.name.lower(): rate for channel, rate in sorted(self.rates.items())},
            "texts": self.cost.to_json(),
            "counted": list(COUNTED),
        }

    def text(self) -> list[str]:
        """For people."""
        draft = "a " if self.state is CampaignState.DRAFT else ""
        head = f"Campaign {self.campaign_id} is {draft}{self.state.name.lower()}"
        lines = [f"{head}; this is what it would send {self.as_if}." if self.as_if else f"{head}."]
        lines += [f"Nothing goes: {reason}" for reason in self.against]
        lines += self._people()
        for step in self.steps:
            lines += ["", *self._step(step)]
        if self.sendings:
            lines += ["", "Messages by local day:"]
            lines += [f"  {day_words(on)}: {_by_channel(by)}" for on, by in self.days.items()]
        lines += self.cost.text()
        if self.look_at:
            lines += ["", "Look at this:", *(f"  {each}" for each in self.look_at)]
        return [*lines, "", *COUNTED]

    def _people(self) -> list[str]:
        lines = [
            f"Audience: {people(self.audience)}, of {self.supporters:,} supporters.",
            f"  {people(self.reached)} will get at least one reminder.",
        ]
        if self.had_all:
            lines.append(f"  {people(self.had_all)} had theirs; nothing more comes.")
        lines += [f"  {people(number)} will get nothing: {why}." for why, number in in_words(self.nothing).items()]
        return lines

    def _step(self, step: StepLine) -> list[str]:
        head = f"{step.step_key} ({day_words(step.on)})"
        if step.over:
            left_out = sum(step.nothing.values())
            return [f"{head} is past: it was for {people(step.went)} and left out {left_out:,}."]
        lines = [f"{head}: {people(step.going)}"]
        alike: dict[tuple[Any, ...], list[SendingLine]] = defaultdict(list)
        for sending in self.sendings:
            if sending.step_key == step.step_key:
                key = (sending.local_on, sending.local_time, sending.channel, sending.waits, sending.next_day)
                alike[key].append(sending)
        lines += [f"  {self._sendings(same)}" for same in alike.values()]
        if step.went:
            lines.append(f"  {people(step.went)}: their sending has gone already")
        lines += [f"  email instead of a text to {people(n)}: {why}" for why, n in in_words(step.instead).items()]
        lines += [f"  nothing to {people(number)}: {why}" for why, number in in_words(step.nothing).items()]
        return lines

    def _sendings(self, same: Sequence[SendingLine]) -> str:
        """sending (Tue 22 Dec, 09:00 London, email, 412 people), and what is special about it."""
        one = same[0]
        number = sum(each.people for each in same)
        when = f"{day_words(one.local_on)}, {one.local_time}"
        costs = [count for each in same for count in each.texts]
        cost = f", cost {cost_of(costs).words()}" if costs else ""
        line = f"sending ({when}, {CHANNEL_WORDS[one.channel]}, {people(number)}{cost})"
        fewer, morning, late = (
            sum(each.at_most_fewer for each in same),
            sum(each.next_morning for each in same),
            sum(each.too_late for each in same),
        )
        rate = self.rates.get(one.channel, 0)
        said = ["waiting for you"] if one.waits else []
        said += ["for those who had another reminder the day before"] if one.next_day else []
        if limited := sum(each.by_limit for each in same):
            said.append(f"with that day's limit {limited:,} of {number:,} will not get this in time")
        elif morning or late:
            said.append(f"needs {duration(number / rate)} at {rate:g}/s" if rate else "has no hours left on that day")
        said += [f"{morning:,} go the next morning"] if morning else []
        said += [f"{late:,} will be too late"] if late else []
        said += [f"up to {fewer:,} fewer: other campaigns remind in the same days"] if fewer else []
        return f"{line}: {', '.join(said)}" if said else line


# What the numbers take into account, and what nobody can know yet.
COUNTED = (
    "Counted: agreements, breaks, letters reported, exclusions and reminders as they are now, one reminder a day, the"
    " weekly limit within this campaign and after reminders that have gone.",
    "Only as an upper bound: reminders that other live campaigns plan for the same week, as if everybody were in their"
    " audiences.",
    "Not counted: who joins, leaves or writes from now on, other campaigns' use of the provider's rate and its daily"
    " quota, more than three appeals for one person on one day.",
)


def in_words(nothing: Mapping[Reason, int]) -> dict[str, int]:
    """People by reason in words, the most frequent reason first."""
    return {REASON_WORDS[reason]: number for reason, number in sorted(nothing.items(), key=lambda pair: -pair[1])}


def people(number: int) -> str:
    """1 person; 1,234 people."""
    return f"{number:,} {'person' if number == 1 else 'people'}"


def day_words(on: date) -> str:
    """Tue 22 Dec."""
    return f"{on:%a} {on.day} {on:%b}"


def duration(seconds: float) -> str:
    """14 h; 25 min; 40 s."""
    if seconds >= 3600:
        return f"{seconds / 3600:.0f} h" if seconds >= 36000 else f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _by_channel(by: Mapping[Channel, int]) -> str:
    return ", ".join(f"{number:,} by {CHANNEL_WORDS[channel]}" for channel, number in sorted(by.items()))
