"""The deadline of one text: label first, and never a guess.

A date counts only behind a label ("deadline for appeals"), behind a short heading at the start of a line ("Until:"), or
behind "by", "until" and the like in a sentence that asks the reader to write. Dates in the letter and in the
background are dates of events.
"""

import datetime
from dataclasses import dataclass

from reminder.domain.documents import DeadlineKind, Doubt, DoubtCode
from reminder.intake.documents.labelled import Candidate, Labelled
from reminder.intake.documents.layout import Layout

_NO_DEADLINE = "No deadline stands in the text. Give one with its source, or a day on which to review the case."
_MESSAGES = {
    DoubtCode.NO_YEAR: "The deadline “{}” has no year. Give the whole date.",
    DoubtCode.TWO_DIGIT_YEAR: "The deadline “{}” has a year of two figures. Give the whole date.",
    DoubtCode.AMBIGUOUS_DATE: "The deadline “{}” can be read day first or month first. Give the date as 2020-12-29.",
    DoubtCode.NO_SUCH_DAY: "The deadline “{}” is no day of the calendar. Ask the publisher and give the right date.",
    DoubtCode.MISSPELT_MONTH: "The month in “{}” is misspelt. Give the date that is meant.",
    DoubtCode.UNREADABLE_DATE: "Behind the label “{}” stands no date that can be read. Give the deadline.",
    DoubtCode.WRONG_WEEKDAY: "In “{}” the day of the week does not fit the date. Ask the publisher which is right.",
    DoubtCode.RELATIVE_DATE: "The deadline “{}” is a period, not a date. Count it from the issue and give the date.",
    DoubtCode.OPEN_ENDED: "“{}” names no date. Give a deadline, or a day on which to review the case.",
    DoubtCode.DATE_RANGE: "“{}” holds more than one date. Give the last day on which to write.",
    DoubtCode.NEGATED: "“{}” says what not to do, so its date is not taken for the deadline. Give the deadline.",
    DoubtCode.LATE_SENTENCE_DATE: "A date stands only in the sentence on late appeals: “{}”. If it is the deadline, give it.",
    DoubtCode.DEADLINES_DIFFER: "Several deadlines are printed ({}). Ask which one holds and give it.",
}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a text says about its deadline; `date` is None where it is not certain."""

    date: datetime.date | None = None
    phrase: str | None = None
    operator: str | None = None
    kind: DeadlineKind | None = None
    line: int | None = None
    doubts: tuple[Doubt, ...] = ()


def find_deadline(layout: Layout) -> Deadline:
    """Every labelled date weighed: one certain date, or none and the reasons."""
    finder = Labelled(layout)
    return _decide(finder.candidates(), finder.late_dates())


def _decide(found: list[Candidate], late: list[tuple[datetime.date, str]]) -> Deadline:
    doubts = [_doubt(one.reading.doubt, one.phrase) for one in found if one.reading.doubt]
    opened = [one for one in found if one.reading.date and one.kind is not DeadlineKind.ENDED_ON]
    ended = [one for one in found if one.reading.date and one.kind is DeadlineKind.ENDED_ON]
    days = {one.reading.date for one in opened}
    if len(days) > 1 or any(one.differs for one in opened):
        listed = "; ".join(dict.fromkeys(one.phrase for one in opened))
        doubts.append(_doubt(DoubtCode.DEADLINES_DIFFER, listed))
        return _of(opened[0], None, doubts)
    if not opened and ended:
        return _of(ended[-1], ended[-1].reading.date, doubts)
    if opened:
        differing = [
            _doubt(DoubtCode.DEADLINES_DIFFER, f"{opened[0].phrase}; {text}") for day, text in late if day not in days
        ]
        if differing:
            return _of(opened[0], None, [*doubts, *differing])
        extension = next((one for one in opened if one.kind is DeadlineKind.EXTENSION), opened[0])
        return _of(extension, extension.reading.date, doubts)
    doubts += [_doubt(DoubtCode.LATE_SENTENCE_DATE, text) for _, text in late]
    if found:
        return _of(found[0], None, doubts)
    if not doubts:
        doubts.append(Doubt(DoubtCode.NO_DEADLINE, _NO_DEADLINE))
    return Deadline(doubts=tuple(dict.fromkeys(doubts)))


def _of(one: Candidate, date: datetime.date | None, doubts: list[Doubt]) -> Deadline:
    return Deadline(date, one.phrase, one.operator, one.kind, one.line, tuple(dict.fromkeys(doubts)))


def _doubt(code: DoubtCode, phrase: str) -> Doubt:
    return Doubt(code, _MESSAGES[code].format(" ".join(phrase.split())))
