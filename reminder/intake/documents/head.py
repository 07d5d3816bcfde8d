"""What the head of a document says of itself: number, index, date of issue, kind, title, country, organisation."""

import datetime
import re
from dataclasses import dataclass

from reminder.domain.documents import DeadlineKind, DocumentKind, Doubt, DoubtCode
from reminder.domain.numbers import CaseNumber, find_case_numbers, find_indexes, find_sequence, read_subject, same_index
from reminder.intake.documents.deadline import Deadline
from reminder.intake.documents.layout import Layout
from reminder.intake.documents.wording import Hit

# In a longer line only the first part is head, the rest is story.
LONGEST_HEAD_LINE = 120
_URL = re.compile(r"https?://[^\s<>\"”)\]]{4,300}")
_BARE = re.compile(r"[ :：#]{0,3}(?P<number>[0-9]{1,3})/(?P<year>[0-9]{2})(?![0-9/.-])")
_TIME_OF_DAY = re.compile(r"\b[0-9]{1,2}:[0-9]{2}\b")


@dataclass(frozen=True, slots=True)
class Head:
    """The head as read."""

    number: CaseNumber | None
    sequence: int | None
    index: str | None
    issued_on: datetime.date | None
    previous_ua: str | None
    doubts: tuple[Doubt, ...]


def read_head(layout: Layout, deadline: Deadline) -> Head:
    """Number, index, date of issue and link; what is printed in two ways stays empty with a doubt."""
    number, number_doubts = _number(layout)
    index = _index(layout)
    issued_on, date_doubts = _issued_on(layout, deadline)
    subject = next((found for _, line in _head_lines(layout) if (found := read_subject(line))), None)
    number = number or (subject if not number_doubts else None)
    sequence = (number.sequence if number else None) or _sequence(layout) or (subject.sequence if subject else None)
    return Head(number, sequence, index, issued_on, _previous(layout), (*number_doubts, *date_doubts))


def _head_lines(layout: Layout) -> list[tuple[int, str]]:
    """The lines that may name this document, links and the line on the previous one left out."""
    previous = {layout.line(hit) for hit in layout.headings["previous"]}
    lines = set(layout.head_lines)
    for role in ("number", "index"):
        lines |= {layout.line(hit) + step for hit in layout.headings[role] for step in (0, 1)}
    last = len(layout.source.lines)
    return [
        (line, _URL.sub(" ", layout.source.lines[line]))
        for line in sorted(lines)
        if line < last and line not in previous
    ]


def _number(layout: Layout) -> tuple[CaseNumber | None, list[Doubt]]:
    numbers = [number for _, line in _head_lines(layout) for number in find_case_numbers(line)] or _bare_numbers(layout)
    texts = list(dict.fromkeys(number.text for number in numbers))
    if len(texts) > 1:
        message = f"Several numbers are printed ({', '.join(texts)}). Give the number of this case."
        return None, [Doubt(DoubtCode.NUMBERS_DIFFER, message)]
    if not numbers:
        return None, []
    best = next((number for number in numbers if number.sequence), numbers[0])
    if best.odd:
        message = f"The number “{best.raw.strip()}” is higher than any year has had. Check it."
        return best, [Doubt(DoubtCode.ODD_NUMBER, message)]
    return best, []


def _bare_numbers(layout: Layout) -> list[CaseNumber]:
    """Numbers right behind the words for the series itself, for languages that print no letters before them."""
    found = []
    for hit in [*layout.hits["marks"], *layout.hits["first"], *layout.headings["number"]]:
        match = _BARE.match(layout.source.text, layout.source.words[hit.last].end)
        if match and layout.line(hit) in layout.head_lines:
            number = f"{int(match['number'])}/{match['year']}"
            found.append(CaseNumber(number, match.group().strip(" :："), int(match["year"])))
    return found


def _sequence(layout: Layout) -> int | None:
    sequence = next((place for _, line in _head_lines(layout) if (place := find_sequence(line))), None)
    return sequence or (1 if _is_marked(layout, "first") else None)


def _index(layout: Layout) -> str | None:
    found = [index for _, line in _head_lines(layout) for index in find_indexes(line)]
    if any(not same_index(found[0], other) for other in found[1:]):
        return None
    return max(found, key=len, default=None)


def _previous(layout: Layout) -> str | None:
    for hit in [*layout.headings["previous"], *layout.hits["previous"]]:
        value = layout.value(hit)
        link = _URL.search(value)
        if link:
            return link.group().rstrip(".,;")
        if (
            layout.is_heading(hit)
            and layout.has_colon(hit)
            and (other := [*find_indexes(value), *(n.text for n in find_case_numbers(value))])
        ):
            return other[0]
    return None


def _issued_on(layout: Layout, deadline: Deadline) -> tuple[datetime.date | None, list[Doubt]]:
    """The date behind a label; else the one beside number or index; else one alone in a line of the head."""
    for dates in (_labelled_dates(layout), _dates_beside_number(layout, deadline), _dates_alone(layout, deadline)):
        certain = list(dict.fromkeys(date for date, _ in dates if date))
        if len(certain) > 1:
            listed = ", ".join(date.isoformat() for date in certain)
            return None, [
                Doubt(
                    DoubtCode.ISSUE_DATES_DIFFER, f"Several dates of issue are printed ({listed}). Give the right one."
                )
            ]
        if certain:
            return certain[0], []
        if dates:
            message = f"The date of issue “{dates[0][1]}” cannot be read with certainty. Give it as 2020-12-29."
            return None, [Doubt(DoubtCode.UNCERTAIN_ISSUE_DATE, message)]
    return None, []


Dated = list[tuple[datetime.date | None, str]]


def _labelled_dates(layout: Layout) -> Dated:
    found: Dated = []
    for hit in layout.hits["issued"]:
        line = layout.line(hit)
        if line not in layout.head_lines and not layout.is_heading(hit):
            continue
        gap = layout.source.gap(hit.last)
        if gap.count("\n") > 1 or set(gap.strip()) - set(":.-–—|("):
            continue
        reading = layout.calendar(hit.language).read(layout.source, hit.last + 1)
        after = layout.source.text[layout.source.words[reading.last].end :][:12] if reading else ""
        if reading and not _TIME_OF_DAY.search(after):
            found.append((reading.date, _printed(layout, reading.first, reading.last)))
    return found


def _dates_beside_number(layout: Layout, deadline: Deadline) -> Dated:
    for line, text in _head_lines(layout):
        if not (find_case_numbers(text) or find_indexes(text)):
            continue
        dates = _dates_in_line(layout, line, deadline)
        if len(text) > LONGEST_HEAD_LINE:
            dates = [dated for dated in dates if text.find(dated[1]) < LONGEST_HEAD_LINE]
        if len([date for date, _ in dates if date]) == 1:
            return dates
    return []


def _dates_alone(layout: Layout, deadline: Deadline) -> Dated:
    """Dates that fill a line of the head, a place or a weekday before them at most."""
    found: Dated = []
    for line in layout.head_lines:
        text = layout.source.lines[line].strip()
        dates = _dates_in_line(layout, line, deadline) if len(text) <= 60 and not _TIME_OF_DAY.search(text) else []
        if (
            len(dates) == 1
            and len(text) - len(dates[0][1]) <= 20
            and text.rstrip(" .").endswith(dates[0][1])
            and dates[0][0]
        ):
            found += dates
    return found[:1] if found else []


def _dates_in_line(layout: Layout, line: int, deadline: Deadline) -> Dated:
    """The dates of a line, those of the deadline left out."""
    calendar, source = layout.calendar(), layout.source
    found: Dated = []
    start, end = source.line_span(line)
    place = source.words_between(start, end)
    number = place.start
    while number < place.stop:
        reading = calendar.read(source, number)
        if reading is None or reading.last >= place.stop:
            number += 1
            continue
        printed = _printed(layout, reading.first, reading.last)
        if not (deadline.phrase and printed in deadline.phrase):
            found.append((reading.date, printed))
        number = reading.last + 1
    return found


def _printed(layout: Layout, first: int, last: int) -> str:
    return layout.source.text[layout.source.words[first].start : layout.source.words[last].end]


def read_kind(
    layout: Layout, head: Head, deadline: Deadline, status: str | None, has_targets: bool
) -> DocumentKind | None:
    """First, update, outcome or letter, by the words of the document; None where a number of another year leaves it open."""
    if (
        layout.letter.start == 0
        and layout.letter.end
        and not (head.number or head.index or deadline.phrase or layout.hits["marks"])
    ):
        return DocumentKind.LETTER
    if _is_marked(layout, "update") or (head.sequence or 1) > 1 or head.previous_ua:
        return DocumentKind.UPDATE
    if status and deadline.kind in (None, DeadlineKind.ENDED_ON) and head.number is None:
        return DocumentKind.OUTCOME
    if head.sequence == 1 or _is_marked(layout, "first"):
        return DocumentKind.FIRST
    dated = head.issued_on or deadline.date
    if head.number and dated and head.number.year != dated.year % 100 and dated.month > 1:
        return None
    return DocumentKind.FIRST if head.number or deadline.phrase or layout.hits["marks"] or has_targets else None


def _is_marked(layout: Layout, role: str) -> bool:
    """Whether words of this role head the document: at the start of one of its first lines, or right behind its mark."""
    hits = [hit for hit in layout.hits[role] if layout.line(hit) in layout.head_lines]
    marks = {hit.last + 1 for hit in layout.hits["marks"]}
    return any(layout.begins_segment(hit) or hit.first in marks or _heads_number(layout, hit) for hit in hits)


def _heads_number(layout: Layout, hit: Hit) -> bool:
    end = layout.source.words[hit.last].end
    return bool(find_case_numbers(layout.source.text[end - 6 : end + 25]))
