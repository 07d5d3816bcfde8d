"""How the demo speaks of its people and its two appeals, on the terminal and on the page."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from reminder.demo.stage import Shown
from reminder.domain.states import REASON_WORDS, Channel, MessageKind, Reason
from reminder.domain.waves import StepPlan
from reminder.rehearsal.story import CHANNEL_WORDS, KIND_WORDS, OFFICE_KINDS, Entry
from reminder.reporting.words import step_words


def who(shown: Shown, entries: Iterable[Entry]) -> str:
    """The readers of messages by first name."""
    names = [shown.cast.name(each.person_id) for each in entries if each.kind not in OFFICE_KINDS]
    return ", ".join(names) or "the office"


def which(shown: Shown, steps: Sequence[tuple[int, str]]) -> str:
    """ "both appeals", "first appeal", "second appeal"."""
    campaigns = {campaign_id for campaign_id, _ in steps}
    if len(campaigns) > 1:
        return "both appeals"
    return "first appeal" if campaigns == {shown.appeals[0].campaign_id} else "second appeal"


def what(shown: Shown, entry: Entry) -> str:
    """What a message is for: "first appeal, 7 days before the last day to post"."""
    if entry.kind not in {MessageKind.NUDGE, MessageKind.CLOSING}:
        return KIND_WORDS[entry.kind]
    steps = list(dict.fromkeys(step_words(key) for _, key in entry.steps))
    said = " and ".join(steps) if entry.kind is MessageKind.NUDGE else KIND_WORDS[entry.kind]
    return f"{which(shown, entry.steps)}, {said}"


def plan(steps: Iterable[StepPlan]) -> list[str]:
    """The reminders of a plan: "Mon 7 Dec, email: 7 days before the last day to post"."""
    return [
        f"{step.local_on:%a} {step.local_on.day} {step.local_on:%b}, {_else(step.channels)}: {step_words(step.step_key)}"
        for step in steps
    ]


def post_days(shown: Shown) -> int:
    """How many days before its deadline the first appeal asks for the last time to post a letter."""
    deadline, steps = shown.appeals[0].document.deadline, shown.appeals[0].steps
    return (deadline - steps[-1].local_on).days if deadline else 0


def _else(channels: Sequence[Channel]) -> str:
    return ", else ".join(CHANNEL_WORDS[channel] for channel in channels)


def not_sent(shown: Shown) -> list[tuple[str, str, str]]:
    """(reason, how many, names with their days) of each reminder that did not go, the most frequent reason first."""
    found: dict[Reason, dict[str, list[date]]] = {}
    for person in shown.story.people:
        for each in person.not_sent:
            days = found.setdefault(each.reason, {}).setdefault(shown.cast.name(person.person_id), [])
            days.append(each.on)
    ordered = sorted(found.items(), key=lambda item: -sum(map(len, item[1].values())))
    return [(REASON_WORDS[reason], str(sum(map(len, people.values()))), _named(people)) for reason, people in ordered]


def _named(people: dict[str, list[date]]) -> str:
    """People with the days on which something would have gone; those with the same days together."""
    alike = sorted(((sorted(set(days)), name) for name, days in people.items()), key=lambda pair: pair)
    parts = []
    for days, group in groupby(alike, key=lambda pair: pair[0]):
        parts.append(f"{', '.join(name for _, name in group)} ({', '.join(str(day.day) for day in days)} Dec)")
    return ", ".join(parts)
