"""What the demo prints: at most 60 lines, none too wide for a terminal of 100 columns."""

import textwrap
from collections.abc import Iterable

from reminder.demo.cast import SAID
from reminder.demo.stage import END, SUPPLIED, Appeal, Shown
from reminder.demo.words import not_sent, what, who
from reminder.domain.states import MessageKind
from reminder.intake.documents.describe import describe
from reminder.rehearsal.story import CHANNEL_WORDS, OFFICE_KINDS, Entry, city
from reminder.reporting.report import Report
from reminder.reporting.words import day_words

WIDTH = 100
# What of a document fits on a terminal; the page shows all of it.
_TOLD = ("Deadline:", "For:", "Write in:", "Write to:", "Late letters:", "number,")


def lines(shown: Shown) -> list[str]:
    """Everything from the document to the report."""
    first, second = shown.appeals
    said = ["1. A document comes in: what was understood"]
    said += [f"   {line.strip()}" for line in describe(first.document) if line.strip().startswith(_TOLD)]
    said += ["2. Its reminder plan: post from London takes 15 days in December, so letters must go by the 14th"]
    said += [f"   {line}" for line in first.campaign.sentences[1:]]
    said += _beside(second)
    said += _people(shown)
    said += ["4. December 2020, each at the reader's own hour"]
    said += _timeline(shown)
    said += ["5. What was not sent, and why"]
    said += [f"   {reason} ({number}): {names}" for reason, number, names in not_sent(shown)]
    said += ["6. The reports at expiry"]
    said += [f"   {_reported(shown, report)}" for report in shown.story.reports]
    return [textwrap.shorten(line.strip(), WIDTH - 3, placeholder=" …").join(("   ", "")) if _long(line) else line for line in said]


def closing_lines(shown: Shown) -> list[str]:
    """Where everything lies, and how to go on."""
    folder = shown.folder.name
    return [
        f"Look at every mail and text: open {folder}/index.html  (the files: {folder}/messages, the ledger: {folder}/data)",
        "next: start the product with `make run`",
    ]


def _long(line: str) -> bool:
    return len(line) > WIDTH


def _beside(appeal: Appeal) -> Iterable[str]:
    document, supplied = appeal.document, SUPPLIED[appeal.file]
    days = ", ".join(line.split(" 2020")[0] for line in appeal.campaign.sentences[1:])
    until = day_words(document.deadline) if document.deadline else "no date"
    yield f"   Beside it runs a second appeal, by email or post, until {until}: {days}"
    yield f"   (the organiser added its organisation, {supplied.organisation}, and its country, {supplied.country})"


def _people(shown: Shown) -> Iterable[str]:
    imported = shown.imported
    yield (
        f"3. The people: {imported.rows} rows of a list; {imported.added} kept, {imported.waiting} of them waiting for"
        f" evidence, {imported.closed} had left before"
    )
    people = [
        f"{shown.cast.name(person.person_id)} ({city(person.zone)})" for person in shown.story.people
    ]
    yield from textwrap.wrap(", ".join(people), WIDTH - 3, initial_indent="   ", subsequent_indent="   ")


def _timeline(shown: Shown) -> list[str]:
    """One line for what went at one wall-clock hour, and one for each thing that people did."""
    told = [entry for entry in shown.story.entries if entry.kind not in OFFICE_KINDS]
    office = [entry for entry in shown.story.entries if entry.kind in OFFICE_KINDS]
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in told:
        groups.setdefault((entry.local.replace(tzinfo=None), entry.channel, entry.kind, entry.steps), []).append(entry)
    lines = []
    for group in groups.values():
        one = group[0]
        lines.append(
            f"   {one.local:%a %d, %H:%M}  {CHANNEL_WORDS[one.channel]:5}  {what(shown, one)}: {who(shown, group)}"
        )
    mails = sum(entry.kind is MessageKind.REPORT for entry in office)
    lines.append(f"   The office got {mails} mails: each Monday what expires, and two reports at expiry.")
    return lines + [f"   {name} {sentence}." for name, sentence in SAID.items()]


def _reported(shown: Shown, report: Report) -> str:
    return (
        f"Campaign {report.campaign_id}, {report.end.words}: {report.reminded} people reminded, {report.accepted} reminders"
        f" taken, {report.letters.total} letters reported, {report.left} left"
    )
