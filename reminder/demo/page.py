"""The demo's page: the story of December at a glance, then each message as it looks on a screen, then the reports.

One file without script and without a request to anybody; the mails stand in frames that may do nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import groupby
from pathlib import Path
from typing import Any

from reminder.app import App
from reminder.demo.cast import DEEDS
from reminder.demo.stage import BEGIN, Shown
from reminder.demo.words import not_sent, plan, post_days, what, which, who
from reminder.domain.states import Channel, MessageKind
from reminder.intake.documents.describe import describe
from reminder.rehearsal.story import OFFICE_KINDS, Entry, alike, cities, city
from reminder.rehearsal.telling import sms_text
from reminder.rendering.segments import GSM_SINGLE, UCS2_SINGLE, Alphabet, count_segments
from reminder.reporting.forms import page_values
from reminder.reporting.outline import Outline, outline
from reminder.reporting.words import day_words

PAGE = "index.html"
FIRST_DAY, DAYS = BEGIN.date(), 31
_MARKS = {"both appeals": "both", "first appeal": "one", "second appeal": "two"}


@dataclass(frozen=True, slots=True)
class Card:
    """A message as one of its readers saw it. `text` is an SMS, `html` a mail; the other one is empty."""

    hour: str
    where: str
    who: str
    what: str
    sender: str
    subject: str
    html: str
    text: str
    segments: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in one cell of the month: a message (email or sms, of which appeal) or a deed."""

    kind: str
    appeal: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One person's month."""

    name: str
    place: str
    cells: tuple[tuple[Mark, ...], ...]


def write_page(app: App, shown: Shown) -> Path:
    """Write the page into the demo's folder; returns where."""
    path = shown.folder / PAGE
    path.write_text(app.templates.render("report/demo.html", _values(shown)), encoding="utf-8")
    return path


def _values(shown: Shown) -> dict[str, Any]:
    first, second = shown.appeals
    head = Outline(
        subject="Reminder: the demo",
        heading="From a document to a report: December 2020",
        facts=(),
        tables=(),
        notes=(
            "Everybody on this page but the person for whom the first appeal was written is invented. The demo names its"
            " people by first name; what the service itself writes names supporters by number alone.",
        ),
    )
    entries = shown.story.entries
    return {
        **page_values(head),
        "first": first,
        "second": second,
        "understood": [_understood(describe(appeal.document)) for appeal in shown.appeals],
        "plans": [plan(appeal.steps) for appeal in shown.appeals],
        "post_days": post_days(shown),
        "imported": shown.imported,
        "days": [_day_head(shown, FIRST_DAY + timedelta(days=number)) for number in range(DAYS)],
        "rows": [_row(shown, person.person_id, person.zone) for person in shown.story.people],
        "timeline": _timeline(shown, entries),
        "deeds": [(name, deed.at, deed.sentence, city(str(deed.at.tzinfo))) for name, deed in DEEDS.items()],
        "not_sent": not_sent(shown),
        "reports": [outline(report) for report in shown.story.reports],
        "counts": _counts(shown),
    }


def _understood(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Label and value of each line that was understood; the last line of all stands alone."""
    pairs = [line.strip().partition(": ") for line in lines if line.startswith("  ") and ": " in line]
    return [(label, value) for label, _, value in pairs]


def _counts(shown: Shown) -> list[tuple[str, str]]:
    nudges = shown.story.nudges
    by_channel = [sum(entry.channel is channel for entry in nudges) for channel in (Channel.EMAIL, Channel.SMS)]
    zones = {person.zone for person in shown.story.people}
    return [
        (str(len(shown.story.people)), "people"),
        (str(len(zones)), "time zones"),
        (str(by_channel[0]), "reminders by email"),
        (str(by_channel[1]), "reminders by SMS"),
        (str(sum(_is_late(shown, entry) for entry in nudges)), "sent after the date"),
    ]


def _is_late(shown: Shown, entry: Entry) -> bool:
    """Whether a reminder came after the last day of an appeal in it, where its reader lives."""
    until = {appeal.campaign_id: appeal.document.deadline for appeal in shown.appeals}
    days = [until[campaign_id] for campaign_id, _ in entry.steps]
    return any(day is not None and entry.local.date() > day for day in days)


def _day_head(shown: Shown, day: date) -> dict[str, Any]:
    """A column of the month: its number, whether it is a weekend, and what ends on it."""
    first, second = (appeal.document.deadline for appeal in shown.appeals)
    last_posts = {step.local_on for step in shown.appeals[0].steps if step.last_useful}
    ends = [
        words
        for on, words in ((first, "first appeal: the deadline"), (second, "second appeal: the deadline"))
        if on == day
    ]
    ends += ["first appeal: the last day to post"] if day in last_posts else []
    return {"number": day.day, "weekend": day.weekday() >= 5, "ends": ", ".join(ends)}


def _row(shown: Shown, person_id: int, zone: str) -> Row:
    name = shown.cast.name(person_id)
    cells: list[list[Mark]] = [[] for _ in range(DAYS)]
    for entry in shown.story.entries:
        column = (entry.local.date() - FIRST_DAY).days
        if entry.person_id == person_id and entry.kind not in OFFICE_KINDS and 0 <= column < DAYS:
            cells[column].append(_mark(shown, entry))
    if name in DEEDS:
        deed = DEEDS[name]
        cells[(deed.at.date() - FIRST_DAY).days].append(
            Mark("deed", deed.mark, f"{deed.at:%a %d %b, %H:%M}: {deed.sentence}")
        )
    return Row(name, city(zone), tuple(tuple(cell) for cell in cells))


def _mark(shown: Shown, entry: Entry) -> Mark:
    appeal = _MARKS[which(shown, entry.steps)] if entry.kind is MessageKind.NUDGE else "none"
    channel = entry.channel.name.lower()
    return Mark(channel, appeal, f"{entry.local:%a %d %b, %H:%M}, {channel}: {what(shown, entry)}")


def _timeline(shown: Shown, entries: Sequence[Entry]) -> list[tuple[str, list[Card]]]:
    """Cards by the reader's day."""
    groups = sorted(alike(entries), key=lambda group: (group[0].local.date(), group[0].at))
    return [
        (day_words(day), [_card(shown, group) for group in of_day])
        for day, of_day in groupby(groups, key=lambda group: group[0].local.date())
    ]


def _card(shown: Shown, group: Sequence[Entry]) -> Card:
    one = group[0]
    path = shown.folder / "messages" / one.file
    office = one.kind in OFFICE_KINDS
    mail = _mail(path) if one.channel is Channel.EMAIL else None
    text = "" if mail else sms_text(path)
    body = mail.get_body(("html",)) if mail else None
    return Card(
        hour=f"{one.local:%H:%M}",
        where="" if office else ", ".join(cities(group)),
        who=who(shown, group),
        what=what(shown, one),
        sender=_sender(mail) if mail else path.read_text(encoding="utf-8").splitlines()[0].removeprefix("From: "),
        subject=one.says if mail else "",
        html=str(body.get_content()) if body else "",
        text=text,
        segments="" if mail else _segments(text),
    )


def _mail(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        message = BytesParser(policy=policy.default).parse(file)
    assert isinstance(message, EmailMessage), "the default policy makes these"
    return message


def _sender(mail: EmailMessage) -> str:
    addresses: Iterable[Any] = mail["From"].addresses
    return next(iter(addresses)).display_name or str(mail["From"])


def _segments(text: str) -> str:
    counted = count_segments(text)
    places = GSM_SINGLE if counted.alphabet is Alphabet.GSM7 else UCS2_SINGLE
    segments = "1 segment" if counted.count == 1 else f"{counted.count} segments"
    return f"{segments}, {counted.alphabet}, {counted.units} of {places} places"
