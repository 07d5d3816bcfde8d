"""What the demo prints: at most 60 lines, none wider than 100 columns."""

import textwrap
from collections.abc import Iterable
from datetime import datetime

from reminder.demo.cast import DEEDS
from reminder.demo.stage import SUPPLIED, Shown
from reminder.demo.words import not_sent, plan, post_days, what, who
from reminder.domain.states import MessageKind
from reminder.intake.documents.describe import describe
from reminder.rehearsal.story import CHANNEL_WORDS, OFFICE_KINDS, Entry, city
from reminder.reporting.report import Report
from reminder.reporting.words import count_words

WIDTH = 100
_INDENT = 3
# What of a document fits on a terminal; the page shows all of it.
_TOLD = ("Deadline:", "For:", "Write to:", "Late letters:")


def lines(shown: Shown) -> list[str]:
    """Everything from the document to the report."""
    return [
        "1. A document comes in: what was understood",
        *_document(shown),
        f"2. Its reminder plan: the post takes {post_days(shown)} days, so nothing asks for a letter after {_last_post(shown)}",
        *_wrapped("; ".join(plan(shown.appeals[0].steps))),
        *_beside(shown),
        *_people(shown),
        "4. December 2020, each at the reader's own hour",
        *_timeline(shown),
        "5. What was not sent, and why",
        *(line for reason, number, names in not_sent(shown) for line in _wrapped(f"{reason} ({number}): {names}")),
        "6. The reports at expiry",
        *(line for report in shown.story.reports for line in _wrapped(_reported(report))),
    ]


def closing_lines(shown: Shown) -> list[str]:
    """Where everything lies, and how to go on."""
    folder = shown.folder.name
    return [
        f"Each mail and text: open {folder}/index.html (files: {folder}/messages, ledger: {folder}/data)",
        "next: start the product with `make run`",
    ]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * _INDENT, subsequent_indent=" " * (_INDENT + 2))


def _short(text: str) -> str:
    return " " * _INDENT + textwrap.shorten(text, WIDTH - _INDENT, placeholder=" …")


def _document(shown: Shown) -> Iterable[str]:
    told = [line.strip() for line in describe(shown.appeals[0].document)]
    yield from (_short(line) for line in told if line.startswith(_TOLD))
    if "The text does not say:" in told:
        yield _short(f"The text does not say: {told[told.index('The text does not say:') + 1]}")


def _last_post(shown: Shown) -> str:
    on = shown.appeals[0].steps[-1].local_on
    return f"{on.day} {on:%B}"


def _beside(shown: Shown) -> Iterable[str]:
    second = shown.appeals[1]
    days = ", ".join(f"{step.local_on:%a} {step.local_on.day}" for step in second.steps)
    until = f"{second.document.deadline:%d %B}" if second.document.deadline else "no date"
    country = SUPPLIED[second.file].country
    yield from _wrapped(f"Beside it a second appeal ({country}, by email too) until {until}: {days}")


def _people(shown: Shown) -> Iterable[str]:
    imported = shown.imported
    yield (
        f"3. The people: a list of {imported.rows}; {imported.added} kept, {imported.waiting} of them without evidence,"
        f" {imported.closed} had left before"
    )
    people = []
    for person in shown.story.people:
        name = shown.cast.name(person.person_id)
        people.append(f"{name} ({city(person.zone)}, {shown.cast.ways[name]})")
    yield from _wrapped(", ".join(people))


def _timeline(shown: Shown) -> Iterable[str]:
    """What went at one wall-clock hour, and each thing that people did, in the order in which it happened."""
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in shown.story.entries:
        if entry.kind not in OFFICE_KINDS | {MessageKind.CONFIRMATION}:
            key = (entry.local.replace(tzinfo=None), entry.channel, entry.kind, entry.steps)
            groups.setdefault(key, []).append(entry)
    told: list[tuple[datetime, str]] = [(group[0].at, _went(shown, group)) for group in groups.values()]
    told += [(deed.at, f"{deed.at:%a %d, %H:%M}  {name} {deed.sentence}") for name, deed in DEEDS.items()]
    for _, line in sorted(told, key=lambda pair: pair[0]):
        yield from _wrapped(line)
    mails = sum(entry.kind is MessageKind.REPORT for entry in shown.story.entries)
    yield from _wrapped(f"The office got {mails} mails: each Monday what expires, and a report on each appeal's expiry")


def _went(shown: Shown, group: list[Entry]) -> str:
    one = group[0]
    return f"{one.local:%a %d, %H:%M}  {CHANNEL_WORDS[one.channel]}, {what(shown, one)}: {who(shown, group)}"


def _reported(report: Report) -> str:
    letters = count_words(report.letters.total, "letter", "letters")
    return (
        f"Campaign {report.campaign_id} has expired: {report.reminded} people reminded, {report.accepted} reminders taken,"
        f" {letters} reported, {report.left} left"
    )
