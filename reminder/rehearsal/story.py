"""What a rehearsal tells: values for programs, lines for people. Supporters are named by number, links without their keys."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from reminder.domain.states import REASON_WORDS, Channel, MessageKind, Reason
from reminder.reporting.forms import as_text
from reminder.reporting.outline import outline
from reminder.reporting.report import Report
from reminder.reporting.words import count_words, short_day, step_words

CHANNEL_WORDS = {Channel.EMAIL: "email", Channel.SMS: "SMS"}
KIND_WORDS = {
    MessageKind.CLOSING: "closing note",
    MessageKind.CONFIRMATION: "question whether it was meant",
    MessageKind.ANSWER: "answer",
    MessageKind.REPORT: "report to the office",
    MessageKind.ALERT: "alert to the office",
    MessageKind.INVITATION: "invitation to the office",
    MessageKind.TEST: "test to the office",
    MessageKind.NOTE: "note: please do not write for now",
}
PEOPLE_NAMED = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """A message that a provider took. `at` is UTC, `zone` the reader's own or her campaign's.

    `steps` are (campaign id, step key) of each appeal in it. `says` is the subject of an email, the text of an SMS.
    `file` is where the message lies, below the folder of the messages; '' where they were not kept.
    """

    at: datetime
    zone: str
    message_id: int
    person_id: int
    channel: Channel
    kind: MessageKind
    locale: str
    steps: tuple[tuple[int, str], ...]
    also_open: int
    says: str
    file: str

    @property
    def local(self) -> datetime:
        """The wall clock of the reader."""
        return self.at.astimezone(ZoneInfo(self.zone))

    @property
    def what(self) -> str:
        """What it is for: a kind, or the steps and their campaigns."""
        if self.kind is not MessageKind.NUDGE:
            return KIND_WORDS[self.kind]
        return what_words(self.steps)


@dataclass(frozen=True, slots=True)
class NotSent:
    """A step that did not reach a person, and why."""

    campaign_id: int
    step_key: str
    on: date
    reason: Reason


@dataclass(frozen=True, slots=True)
class Person:
    """One supporter in a rehearsal: how many reminders came, and each that did not."""

    person_id: int
    zone: str
    reminders: int
    not_sent: tuple[NotSent, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A rehearsal from `begin` to `until` (UTC). `done` says what was done to the copy that nobody has done yet.

    `entries` are the first `len(entries)` of `messages`, `people` the first of all supporters. `reports` are the reports
    of the campaigns as they stand at the end.
    """

    campaigns: tuple[int, ...]
    begin: datetime
    until: datetime
    zone: str
    done: tuple[str, ...]
    entries: tuple[Entry, ...]
    messages: int
    people: tuple[Person, ...]
    reports: tuple[Report, ...]

    @property
    def nudges(self) -> tuple[Entry, ...]:
        """The reminders alone."""
        return tuple(entry for entry in self.entries if entry.kind is MessageKind.NUDGE)

    def text(self) -> list[str]:
        """Lines for a screen: what went when, who got nothing and why, the report."""
        lines = [f"Rehearsal of {_campaigns(self.campaigns)}, {self._span()}. Nothing was sent."]
        lines += [f"  {sentence}" for sentence in self.done]
        lines += ["", "Timeline, in each reader's own time:"]
        lines += [f"  {line}" for line in self._timeline()]
        if self.messages > len(self.entries):
            lines.append(f"  and {self.messages - len(self.entries):,} messages more")
        lines += ["", "Not sent:", *(f"  {line}" for line in not_sent_lines(self.people, _numbers))]
        for report in self.reports:
            lines += ["", *as_text(outline(report)).rstrip().splitlines()]
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain values for a program; instants in ISO, UTC."""
        return {
            "campaigns": list(self.campaigns),
            "begin": self.begin.isoformat(),
            "until": self.until.isoformat(),
            "done_in_the_copy": list(self.done),
            "messages": self.messages,
            "timeline": [_entry_json(entry) for entry in self.entries],
            "people": [_person_json(person) for person in self.people],
            "reports": [report.to_json() for report in self.reports],
        }

    def _span(self) -> str:
        zone = ZoneInfo(self.zone)
        first, last = self.begin.astimezone(zone), self.until.astimezone(zone)
        return f"{short_day(first.date())} to {short_day(last.date())}"

    def _timeline(self) -> Iterable[str]:
        if not self.entries:
            yield "nothing is due"
        for group in alike(self.entries):
            first = group[0]
            where = "" if first.kind in OFFICE_KINDS else f" ({', '.join(cities(group))})"
            who = "" if first.kind in OFFICE_KINDS else f": {_numbers([entry.person_id for entry in group])}"
            yield f"{first.local:%a %d %b, %H:%M}{where}, {CHANNEL_WORDS[first.channel]}, {first.what}{who}"
            yield f"    {first.says}"


OFFICE_KINDS = frozenset({MessageKind.REPORT, MessageKind.ALERT, MessageKind.INVITATION, MessageKind.TEST})


def alike(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries that read the same on the same wall clock, in the order in which the first of them left."""
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries:
        key = (entry.local.replace(tzinfo=None), entry.channel, entry.kind, entry.steps, entry.locale, entry.says)
        groups.setdefault(key, []).append(entry)
    return list(groups.values())


def cities(entries: Iterable[Entry]) -> list[str]:
    """The zones of entries as places, each once."""
    return list(dict.fromkeys(city(entry.zone) for entry in entries))


def city(zone: str) -> str:
    """A zone as a place: "Los Angeles"."""
    return zone.rpartition("/")[2].replace("_", " ")


def what_words(steps: Sequence[tuple[int, str]]) -> str:
    """The steps that a reminder stands for: "start (campaigns 1 and 2)"."""
    said = []
    for key, group in groupby(sorted(steps, key=lambda step: (step[1], step[0])), key=lambda step: step[1]):
        said.append(f"{step_words(key)} ({_campaigns([campaign_id for campaign_id, _ in group])})")
    return " and ".join(said)


def not_sent_lines(people: Iterable[Person], name: Callable[[Sequence[int]], str]) -> list[str]:
    """What did not reach whom, by reason, the reasons with the most first; `name` makes words of a list of person ids."""
    by_reason: dict[tuple[Reason, bool], dict[int, int]] = {}
    for person in people:
        for each in person.not_sent:
            counts = by_reason.setdefault((each.reason, person.reminders == 0), {})
            counts[person.person_id] = counts.get(person.person_id, 0) + 1
    lines = []
    for (reason, nothing), counts in sorted(by_reason.items(), key=lambda item: -sum(item[1].values())):
        number = count_words(sum(counts.values()), "reminder", "reminders")
        got = ", and got no other" if nothing else ""
        lines.append(f"{REASON_WORDS[reason]}: {number}, {name(list(counts))}{got}")
    return lines or ["everything reached everybody"]


def _numbers(people: Sequence[int]) -> str:
    numbers = list(dict.fromkeys(people))
    shown = ", ".join(map(str, numbers[:PEOPLE_NAMED]))
    more = f" and {len(numbers) - PEOPLE_NAMED:,} more" if len(numbers) > PEOPLE_NAMED else ""
    return f"{'person' if len(numbers) == 1 else 'people'} {shown}{more}"


def _campaigns(ids: Sequence[int]) -> str:
    numbers = list(dict.fromkeys(ids))
    return f"campaign {numbers[0]}" if len(numbers) == 1 else f"campaigns {' and '.join(map(str, numbers))}"


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "local": entry.local.replace(tzinfo=None).isoformat(),
        "zone": entry.zone,
        "message": entry.message_id,
        "person": None if entry.kind in OFFICE_KINDS else entry.person_id,
        "channel": entry.channel.name.lower(),
        "kind": entry.kind.name.lower(),
        "locale": entry.locale,
        "steps": [{"campaign": campaign_id, "step": key} for campaign_id, key in entry.steps],
        "says": entry.says,
        "file": entry.file,
    }


def _person_json(person: Person) -> dict[str, Any]:
    return {
        "person": person.person_id,
        "zone": person.zone,
        "reminders": person.reminders,
        "not_sent": [
            {
                "campaign": each.campaign_id,
                "step": each.step_key,
                "day": each.on.isoformat(),
                "reason": REASON_WORDS[each.reason],
            }
            for each in person.not_sent
        ],
    }
