"""The default reminder plan, computed from what the document says: its dates and how its target can be reached.

    target can be reached by               steps
    email, fax, phone, form, embassy       start, half-time, 7 and 2 days before the deadline, its morning
    post, sending by the date counts       start, half-time, 7 and 2 days before the deadline; its morning is too late
                                           for many to find an open counter
    post, days of the way are known        start, half-time, 7 and 2 days before the post-by day, and that day
    post, days are not known               no date is promised: the same steps before a day 14 days before the deadline
    no deadline                            start, half-time of the time to the review day

Half-time comes only if 21 days or more remain to the plan's last day. Steps at most a day apart become one: the start
takes in what would follow at once, of two others the later one stays. If the plan's last day has passed, the plan is
empty: nothing that could still arrive can be asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from reminder.domain.states import Channel
from reminder.domain.waves import StepPlan

Way = Literal["post", "email", "fax", "phone", "form", "embassy", "any"]
# Ways that arrive at once, the least effort first.
FAST: tuple[Way, ...] = ("email", "form", "fax", "phone", "embassy")
# Those that reach the target itself at a desk: a letter is not needed beside them.
DIRECT: tuple[Way, ...] = ("email", "form")

AT_HOUR = 9
HALF_TIME_FROM_DAYS = 21
# Where nobody knows how long the post takes, nobody is asked to post later than this before the deadline.
UNKNOWN_POST_DAYS = 14

EMAIL = (Channel.EMAIL,)
SMS_FIRST = (Channel.SMS, Channel.EMAIL)
_EMBASSY_WORDS = (
    "embassy",
    "consulate",
    "ambassade",
    "consulat",
    "embajada",
    "consulado",
    "посольств",
    "سفارة",
    "使馆",
)
_WORDS = {Channel.EMAIL: "email", Channel.SMS: "sms"}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A dated event of the case, such as an execution or a hearing. `name` is part of its steps' keys."""

    name: str
    on: date


@dataclass(frozen=True, slots=True)
class Update:
    """A new letter to write: its `round` (2 or more) and when the organiser said so."""

    round: int
    at: datetime
    on: date


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a default plan is made of.

    `start_on` is the day of `start_at` in the campaign's zone. `post_by_on` is the last day on which a letter can be
    posted; None where the days of the way are not known. `sent_by_counts`: the organiser says that sending by the
    deadline is enough.
    """

    start_at: datetime
    start_on: date
    deadline_on: date | None
    review_on: date | None
    reach: frozenset[Way]
    post_by_on: date | None = None
    sent_by_counts: bool = False
    occasions: tuple[Occasion, ...] = ()
    update: Update | None = None


def default_plan(facts: PlanFacts) -> list[StepPlan]:
    """The steps in the order of their days; empty if the plan's last day lies before the start."""
    last = last_day(facts)
    if last is not None and last < facts.start_on:
        return []
    steps = [*_half_time(facts, last), *_before_the_end(facts, last), *_before_occasions(facts, last)]
    in_time = [s for s in steps if facts.start_on <= s.local_on and (last is None or s.local_on <= last)]
    return _collapse(_openings(facts, last), in_time)


def last_day(facts: PlanFacts) -> date | None:
    """The last local day on which a reminder asks for something that can still arrive; None: no day is known."""
    deadline = facts.deadline_on
    if deadline is None:
        return facts.review_on
    if not _postal_only(facts.reach) or facts.sent_by_counts:
        return deadline
    return facts.post_by_on or deadline - timedelta(days=UNKNOWN_POST_DAYS)


def advice(reach: frozenset[Way], today: date, post_by: date | None, deadline: date | None) -> Way:
    """The one thing to do now, by a channel that can still arrive: "any" if none is known to.

    What arrives for sure and with the least effort comes first (email, a form), then a letter as long as it arrives, then
    what is left. `post_by` equals the deadline where sending by the date is enough; None: nobody knows how long the post takes.
    """
    if deadline is not None and today > deadline:
        return "any"
    if at_once := [way for way in DIRECT if way in reach]:
        return at_once[0]
    if "post" in reach and _letter_arrives(today, post_by, deadline):
        return "post"
    return next((way for way in FAST if way in reach), "any")


def _letter_arrives(today: date, post_by: date | None, deadline: date | None) -> bool:
    if post_by is None and deadline is not None:
        post_by = deadline - timedelta(days=UNKNOWN_POST_DAYS)
    return post_by is None or today <= post_by


def reach_of(targets: Iterable[Mapping[str, Any]]) -> frozenset[Way]:
    """How the targets of a document (keys of `Target.to_json`) can be reached.

    A copy to an embassy is a way of its own: it is near, and passes the appeal on. Other copies by post are none.
    """
    ways: set[Way] = set()
    for target in targets:
        own: set[Way] = set()
        own |= {"email"} if target.get("email") else set()
        own |= {"fax"} if target.get("fax") else set()
        own |= {"phone"} if target.get("phone") else set()
        own |= {"form"} if target.get("social") else set()
        if target.get("copy"):
            named = f"{target.get('name') or ''} {target.get('role') or ''}".casefold()
            near = bool(target.get("postal_address")) and any(word in named for word in _EMBASSY_WORDS)
            ways |= {"embassy"} if own or near else set()
        else:
            ways |= own | ({"post"} if target.get("postal_address") else set())
    return frozenset(ways)


def channels_text(channels: Sequence[Channel]) -> str:
    """The order of preference as the plan shows it: "sms,email"."""
    return ",".join(_WORDS[channel] for channel in channels)


def read_channels(text: str) -> tuple[Channel, ...]:
    """The reverse of `channels_text`; an unknown word is a ValueError."""
    named = {word: channel for channel, word in _WORDS.items()}
    if not text or any(word not in named for word in text.split(",")):
        raise ValueError(f"{text!r} is no list of channels")
    return tuple(named[word] for word in text.split(","))


def step_key(name: str, offset_days: int) -> str:
    """What a step hangs on, in a word: "deadline-7d", "post-by+0d", "hearing-1d"."""
    sign = "-" if offset_days < 0 or (offset_days == 0 and name == "deadline") else "+"
    return f"{name}{sign}{abs(offset_days)}d"


def _postal_only(reach: frozenset[Way]) -> bool:
    return not reach & frozenset(FAST)


def _openings(facts: PlanFacts, last: date | None) -> list[StepPlan]:
    start = StepPlan("start+0d", "start", facts.start_on, 0, AT_HOUR, EMAIL, anchor_at=facts.start_at, until_on=last)
    if facts.update is None:
        return [start]
    key = step_key(f"update-{facts.update.round}", 0)
    again = replace(start, step_key=key, anchor="update", anchor_on=facts.update.on, anchor_at=facts.update.at)
    return [start, again]


def _half_time(facts: PlanFacts, last: date | None) -> list[StepPlan]:
    if last is None or (last - facts.start_on).days < HALF_TIME_FROM_DAYS:
        return []
    middle = facts.start_on + timedelta(days=(last - facts.start_on).days // 2)
    return [StepPlan("half+0d", "half", middle, 0, AT_HOUR, EMAIL, until_on=last)]


def _before_the_end(facts: PlanFacts, last: date | None) -> list[StepPlan]:
    if facts.deadline_on is None or last is None:
        return []
    anchor, on = "deadline", facts.deadline_on
    if not _postal_only(facts.reach):
        offsets = [-7, -2, 0]
    elif facts.sent_by_counts:
        offsets = [-7, -2]
    elif facts.post_by_on is not None:
        anchor, on, offsets = "post-by", facts.post_by_on, [-7, -2, 0]
    else:
        offsets = [days - UNKNOWN_POST_DAYS for days in (-7, -2, 0)]
    return [
        StepPlan(
            step_key(anchor, offset),
            anchor,
            on,
            offset,
            AT_HOUR,
            EMAIL if offset == offsets[0] else SMS_FIRST,
            last_useful=offset == offsets[-1],
            until_on=last,
        )
        for offset in offsets
    ]


def _before_occasions(facts: PlanFacts, last: date | None) -> list[StepPlan]:
    """7 and 2 days before each: what is dated may be over before the deadline is."""
    steps = []
    for occasion in facts.occasions:
        until = min(occasion.on, last or occasion.on)
        for offset, channels in ((-7, EMAIL), (-2, SMS_FIRST)):
            key = step_key(occasion.name, offset)
            steps.append(StepPlan(key, "event", occasion.on, offset, AT_HOUR, channels, until_on=until))
    return steps


def _collapse(openings: list[StepPlan], others: list[StepPlan]) -> list[StepPlan]:
    """Steps at most a day apart become one."""
    kept = []
    for opening in openings:
        at_once = [step for step in others if 0 <= (step.local_on - opening.local_on).days <= 1]
        others = [step for step in others if step not in at_once]
        if at_once:
            latest = max(at_once, key=lambda step: step.local_on)
            opening = replace(opening, channels=latest.channels, last_useful=any(s.last_useful for s in at_once))
        kept.append(opening)
    later: list[StepPlan] = []
    for step in sorted(others, key=lambda step: (step.local_on, step.last_useful), reverse=True):
        if not later or (later[-1].local_on - step.local_on).days > 1:
            later.append(step)
    return sorted([*kept, *later], key=lambda step: step.local_on)
