"""What every form of a report or a list is made from: facts, tables and notes, already in words.

The mail, the terminal, the spreadsheet and the page all show one outline, so that they cannot differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from reminder.domain.plan import channels_text
from reminder.domain.states import REASON_WORDS, Channel, Reason
from reminder.rendering.views import Table
from reminder.reporting.report import Report, StepLine
from reminder.reporting.small_counts import Breakdown, Hidden
from reminder.reporting.text_costs import cost_words
from reminder.reporting.words import (
    ALWAYS,
    BY_REASON,
    LINE_WORDS,
    Line,
    count_words,
    day_words,
    instant_words,
    short_day,
)

TOO_FEW = "too few to be shown"
PROTECTED = (
    "No count of fewer than 10 people is shown by country, language or channel; where it could be worked out from the"
    " others, one of them is not shown either."
)
PAID = "Texts that are unclear count as sent; each costs what a segment cost on that day, by the table of prices."
A_CLAIM = "A letter reported is what supporters say of themselves; nobody checks it."
AFTER = "What became of the person came after the appeal; a report does not say that it came because of it."


@dataclass(frozen=True, slots=True)
class Outline:
    """`subject` is discreet and may stand in a mailbox; `heading` and the rest may name the case."""

    subject: str
    heading: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]

    def payload(self) -> dict[str, Any]:
        """What a report mail is made from."""
        return {
            "subject": self.subject,
            "facts": [list(fact) for fact in self.facts],
            "tables": [
                {"title": table.title, "header": list(table.header), "rows": [list(row) for row in table.rows]}
                for table in self.tables
            ],
            "notes": list(self.notes),
        }


def outline(report: Report) -> Outline:
    """The whole report."""
    name = report.case.number if report.case.key else report.case.code
    return Outline(
        subject=_subject(report),
        heading=f"Report on campaign {report.campaign_id}: {name}",
        facts=tuple(_facts(report)),
        tables=tuple(table for table in _tables(report) if table.rows),
        notes=tuple(_notes(report)),
    )


def _subject(report: Report) -> str:
    if report.version == 0:
        return f"Report on campaign {report.campaign_id}"
    final = ", final" if report.final else ""
    return f"Report on campaign {report.campaign_id}: version {report.version}{final}"


def _facts(report: Report) -> Iterable[tuple[str, str]]:
    case, letters = report.case, report.letters
    yield "Case", ", ".join(filter(None, (case.number, case.index, f"code {case.code}")))
    yield from _known(("Title", case.title), ("Organisation", case.organisation), ("Country", case.country))
    yield "Deadline", _deadline(report)
    printed = f"“{report.deadline_printed}”" if report.deadline_printed else "the document prints none"
    yield "As printed", printed
    yield from _known(("Moved because", report.deadline_because))
    yield "Time zone", report.zone
    yield "State", report.end.words[0].upper() + report.end.words[1:]
    if report.end.started_on:
        yield "Started", day_words(report.end.started_on)
    if report.end.at:
        yield "Ended", instant_words(report.end.at, report.zone)
    yield from _known(("By", report.end.by), ("Because", report.end.because))
    yield "People reminded", f"{report.reminded:,}"
    yield "Reminders accepted", f"{report.accepted:,}"
    yield from _texts(report)
    yield "Letters reported", _letters(report)
    if letters.late:
        yield "Reported late", f"{letters.late:,}, not among those above"
    yield "Left afterwards", f"{report.left:,}"
    known = f" (known since {day_words(report.outcome_on)})" if report.outcome and report.outcome_on else ""
    yield "Outcome", (report.outcome or "nothing is known") + known
    yield "Made", instant_words(report.made_at, report.zone)


def _texts(report: Report) -> Iterable[tuple[str, str]]:
    """What texts cost; nothing where there were none and no budget for any."""
    texts, budget = report.texts, report.texts.budget
    if texts.texts:
        yield "Texts", f"{texts.texts:,}, cost {cost_words(texts.cost, at_most=texts.at_most)}"
    if budget is not None:
        spent = "" if texts.at_most else f", of which {budget.spent.words()} are spent"
        yield "Budget for texts", f"{budget.amount.words()}{spent}"


def _known(*facts: tuple[str, str]) -> Iterable[tuple[str, str]]:
    return ((label, value) for label, value in facts if value)


def _deadline(report: Report) -> str:
    if report.deadline_on:
        return f"{day_words(report.deadline_on)}, that whole day included"
    return f"none; look again on {day_words(report.review_on)}" if report.review_on else "none"


def _letters(report: Report) -> str:
    letters = report.letters
    if letters.total == letters.people:
        return f"{letters.total:,}"
    return f"{letters.total:,} by {count_words(letters.people, 'person', 'people')}"


def _tables(report: Report) -> Iterable[Table]:
    yield Table(
        "Documents, oldest first",
        ("", "Kind", "Number", "Issued", "Deadline", "As printed"),
        tuple(
            (
                str(document.place),
                document.kind,
                ", ".join(filter(None, (document.number, document.index))),
                _short(document.issued_on),
                _short(document.given or document.deadline) + (" (given)" if document.given else ""),
                f"“{document.phrase}”" if document.phrase else "",
            )
            for document in report.documents
        ),
    )
    yield Table(
        "People reminded, by step",
        ("Step", "Day", "Email", "SMS", "Together"),
        tuple(
            (
                step.words,
                short_day(step.on) if step.on else "",
                *(_by_channel(step, channel) for channel in Channel),
                f"{step.people:,}",
            )
            for step in report.steps
        ),
    )
    yield Table("What became of each reminder", ("", "Reminders"), tuple(_ledger(report)))
    yield Table("Never begun, so that nothing was promised", ("", "People"), tuple(_never_begun(report)))
    yield _broken_down("Letters reported, by way", "Letters", report.letters.by_way, report.letters.total)
    yield _broken_down("People reminded, by country", "People", report.by_country, report.reminded)
    yield _cost_by_country(report)
    yield _broken_down("People reminded, by language", "People", report.by_language, report.reminded)


def _short(iso: str) -> str:
    return short_day(date.fromisoformat(iso)) if iso else ""


def _by_channel(step: StepLine, channel: Channel) -> str:
    return "not shown" if step.by_channel is None else _count(step.by_channel[channels_text([channel])])


def _count(count: int | Hidden) -> str:
    return count.value if isinstance(count, Hidden) else f"{count:,}"


def _ledger(report: Report) -> Iterable[tuple[str, str]]:
    for line in Line:
        count = report.lines.get(line, 0)
        if line in BY_REASON:
            yield from _by_reason(report, line)
        elif count or line in ALWAYS:
            yield LINE_WORDS[line], f"{count:,}"
    yield "together", f"{report.promised:,}"


def _by_reason(report: Report, line: Line) -> Iterable[tuple[str, str]]:
    reasons = {reason: count for (of, reason), count in report.reasons.items() if of is line}
    for reason, count in sorted(reasons.items()):
        yield _why(line, reason), f"{count:,}"


def _why(line: Line, reason: Reason) -> str:
    """The reason's own words where they say already what the line says."""
    words, start = REASON_WORDS[reason], LINE_WORDS[line]
    if not words or words.startswith(start):
        return words or start
    return f"{start}: {words}"


def _never_begun(report: Report) -> Iterable[tuple[str, str]]:
    for words, people in (
        ("skipped, a newer one went", report.superseded),
        ("too late, not sent", report.missed_sendings),
        ("waiting for you, above the sending limit", report.over_limit),
    ):
        if people:
            yield words, f"{people:,}"


def _broken_down(title: str, unit: str, counts: Breakdown, total: int) -> Table:
    if counts is None:
        return Table(title, ("", unit), ((TOO_FEW, ""), ("together", f"{total:,}")))
    rows = [(name, _count(count)) for name, count in counts.items()]
    return Table(title, ("", unit), (*rows, ("together", f"{total:,}")) if rows else ())


def _cost_by_country(report: Report) -> Table:
    texts = report.texts
    together = ("together", f"{texts.texts:,}", cost_words(texts.cost, at_most=texts.at_most))
    header = ("", "Texts", "Cost")
    if texts.by_country is None:
        return Table("Texts, by country of the number", header, ((TOO_FEW, "", ""), together))
    rows = [
        (name, _count(line.texts), cost_words(line.cost, at_most=line.at_most) if line.cost else "")
        for name, line in texts.by_country.items()
    ]
    return Table("Texts, by country of the number", header, (*rows, together) if rows else ())


def _notes(report: Report) -> Iterable[str]:
    if report.end.on_arrival:
        yield "The deadline had passed when this appeal was added: nobody was reminded."
    if report.still_open:
        yield "Still open when this report was made: " + " ".join(report.still_open)
        if report.version and report.final:
            yield "This version is the last: three days after the end the rest is left as it is."
        elif report.version:
            yield "Another version follows when that is settled, or three days after the end."
    if report.unclear_messages:
        ids = ", ".join(map(str, report.unclear_messages))
        unclear = report.lines.get(Line.UNCLEAR, 0)
        more = f" and {unclear - len(report.unclear_messages):,} more" if unclear > len(report.unclear_messages) else ""
        yield f"Unclear, by number of the message: {ids}{more}. Decide with `reminder messages decide`."
    if report.possibly_twice:
        yield f"Possibly twice, by number of the message: {', '.join(map(str, report.possibly_twice))}."
    if report.texts.texts:
        yield PAID
    if report.reminded:
        yield PROTECTED
    if report.letters.total or report.letters.late:
        yield A_CLAIM
    if report.outcome:
        yield AFTER
