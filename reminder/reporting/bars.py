"""The chart of a report: one bar for each step, in the order of the days, and where the deadline falls among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reminder.reporting.report import Report, StepLine
from reminder.reporting.words import Line, short_day

# What a bar is made of, from left to right: the class of the part, its name in the legend, the lines it stands for.
PARTS: tuple[tuple[str, str, tuple[Line, ...]], ...] = (
    ("reached", "reached", (Line.DELIVERED, Line.ACCEPTED, Line.COMPLAINED)),
    ("failed", "came back or was refused", (Line.BOUNCED, Line.FAILED, Line.REFUSED)),
    ("unclear", "unclear or not sent yet", (Line.UNCLEAR, Line.WAITING)),
    ("unsent", "not sent", (Line.MISSED, Line.SKIPPED, Line.WITHDRAWN, Line.SET_ASIDE)),
)
_UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: where it begins and how long it is, in percent of the longest bar."""

    kind: str
    name: str
    count: int
    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its bar, or the deadline (`step` None). `place` is its day in percent of the way to the deadline."""

    step: StepLine | None
    words: str
    day: str
    people: int
    parts: tuple[Part, ...]
    place: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """`legend` holds the parts that occur. `first` and `last` are the ends of the line of days, empty without a deadline."""

    rows: tuple[Row, ...]
    legend: tuple[tuple[str, str], ...]
    first: str
    last: str


def bars(report: Report) -> Chart:
    """The chart; the deadline's row stands after the steps of its own day, as the end of that day does."""
    longest = max((sum(count for _, _, count in _counts(step)) for step in report.steps), default=0)
    days = [step.on for step in report.steps if step.on]
    first = min([*days, report.end.started_on] if report.end.started_on else days, default=None)
    rows = [_row(step, longest, first, report.deadline_on) for step in report.steps]
    if report.deadline_on is not None:
        before = sum(1 for step in report.steps if step.on is None or step.on <= report.deadline_on)
        place = _place(report.deadline_on, first, report.deadline_on)
        rows.insert(before, Row(None, "Deadline", short_day(report.deadline_on), 0, (), place))
    kinds = {part.kind for row in rows for part in row.parts}
    last = report.deadline_on
    return Chart(
        rows=tuple(rows),
        legend=tuple((kind, name) for kind, name, _ in PARTS if kind in kinds),
        first=short_day(first) if first and last else "",
        last=short_day(last) if first and last else "",
    )


def _counts(step: StepLine) -> Sequence[tuple[str, str, int]]:
    unsent = step.superseded + step.missed + step.over_limit
    return [
        (kind, name, sum(step.lines.get(line, 0) for line in lines) + (unsent if kind == _UNSENT else 0))
        for kind, name, lines in PARTS
    ]


def _row(step: StepLine, longest: int, first: date | None, last: date | None) -> Row:
    parts = []
    start = 0.0
    for kind, name, count in _counts(step):
        if not count:
            continue
        length = 100 * count / longest
        parts.append(Part(kind, name, count, round(start, 2), round(length, 2)))
        start += length
    return Row(
        step=step,
        words=step.words[0].upper() + step.words[1:],
        day=short_day(step.on) if step.on else "",
        people=step.people,
        parts=tuple(parts),
        place=_place(step.on, first, last),
    )


def _place(on: date | None, first: date | None, last: date | None) -> float | None:
    if on is None or first is None or last is None or not first <= on <= last:
        return None
    return round(100 * (on - first).days / max(1, (last - first).days), 2)
