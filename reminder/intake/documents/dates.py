"""Dates in running text: read with certainty, or not at all and with the reason.

A reading starts at a given word. What has two readings (`01/02/2021`), lacks its year, is misspelt or names no day of the
calendar comes back without a date and with a code; nothing is completed from elsewhere.
"""

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reminder.domain.documents import DoubtCode
from reminder.intake.documents.source import Source
from reminder.intake.documents.wording import Language, Phrase

EARLIEST_YEAR = 1961
LATEST_YEAR = 2100
LONGEST_MONTH = 12
_SEPARATORS = frozenset("./-")
# Unlike enough to be no other month, near enough to be a slip of the finger.
_MISSPELT_RATIO = 0.8


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as it stands in the text: numbers of its first and last word; `date`, or `doubt` why there is none."""

    first: int
    last: int
    date: datetime.date | None = None
    doubt: DoubtCode | None = None


class Calendar:
    """The months, weekdays and habits of some languages, the first one being the document's."""

    def __init__(self, spoken: Iterable[Language]) -> None:
        self.months: dict[Phrase, int] = {}
        self.weekdays: dict[Phrase, int] = {}
        self.ordinals: set[str] = set()
        self.particles: set[str] = set()
        spoken = list(spoken)
        # An order of figures is taken from the leading language alone: a guess about the others would be a guess.
        self.figures: Mapping[str, str] = spoken[0].figures if spoken else {}
        self.signs: dict[str, set[str]] = {"year": set(), "month": set(), "day": set()}
        for language in spoken:
            self.months = {**language.months, **self.months}
            self.weekdays = {**language.weekdays, **self.weekdays}
            self.ordinals |= language.ordinals
            self.particles |= language.particles
            for part, signs in language.signs.items():
                self.signs[part] |= signs

    def read(self, source: Source, number: int) -> Reading | None:
        """The date that starts at this word (a weekday before it is read with it), or None."""
        weekday, start = self._weekday(source, number)
        reading = self._signed(source, start) or self._figures(source, start) or self._day_first(source, start)
        reading = reading or self._month_first(source, start)
        if reading is None:
            return None
        if reading.date and weekday is not None and reading.date.weekday() != weekday:
            return Reading(number, reading.last, None, DoubtCode.WRONG_WEEKDAY)
        return Reading(number, reading.last, reading.date, reading.doubt)

    def _weekday(self, source: Source, number: int) -> tuple[int | None, int]:
        for length in (3, 2, 1):
            phrase = _words(source, number, length)
            if phrase in self.weekdays and len(phrase) == length and _near(source.gap(number + length - 1)):
                start = number + length
                while _text(source, start) in self.particles and _near(source.gap(start)):
                    start += 1
                return self.weekdays[phrase], start
        return None, number

    def _signed(self, source: Source, number: int) -> Reading | None:
        """Year, month and day each with their sign, as in Chinese."""
        values = _words(source, number, 6)
        if len(values) < 6 or not self.signs["year"]:
            return None
        year, year_sign, month, month_sign, day, day_sign = values
        if (
            year_sign not in self.signs["year"]
            or month_sign not in self.signs["month"]
            or day_sign not in self.signs["day"]
        ):
            return None
        if not (year.isdecimal() and month.isdecimal() and day.isdecimal()):
            return None
        return _of_parts(number, number + 5, int(day), int(month), year)

    def _figures(self, source: Source, number: int) -> Reading | None:
        first, second = _text(source, number), _text(source, number + 1)
        if not (first.isdecimal() and second.isdecimal() and len(second) <= 2):
            return None
        separator = source.gap(number).strip()
        if separator not in _SEPARATORS or "\n" in source.gap(number) or _joined_before(source, number, separator):
            return None
        third = _text(source, number + 2)
        if not third.isdecimal() or source.gap(number + 1).strip() != separator:
            return self._without_year(source, number, separator)
        if _joined_after(source, number + 2, separator):
            return None
        if len(first) == 4 and len(third) <= 2:
            return _of_parts(number, number + 2, int(third), int(second), first)
        if len(first) > 2 or len(third) not in (2, 4):
            return None
        return self._ordered(number, int(first), int(second), third, separator)

    def _without_year(self, source: Source, number: int, separator: str) -> Reading | None:
        """Day and month in figures alone, only where the language writes dates with this separator."""
        first, second = int(_text(source, number)), int(_text(source, number + 1))
        if separator in self.figures and 1 <= first <= 31 and 1 <= second <= 12 and len(_text(source, number)) <= 2:
            return Reading(number, number + 1, None, DoubtCode.NO_YEAR)
        return None

    def _ordered(self, number: int, first: int, second: int, year: str, separator: str) -> Reading | None:
        readings = {(first, second), (second, first)}
        if self.figures.get(separator) == "dmy":
            readings = {(first, second)}
        possible = {(day, month) for day, month in readings if 1 <= month <= 12 and 1 <= day <= 31}
        if not possible:
            return (
                Reading(number, number + 2, None, DoubtCode.NO_SUCH_DAY)
                if 1 <= first <= 31 or 1 <= second <= 31
                else None
            )
        if len(possible) > 1:
            return Reading(number, number + 2, None, DoubtCode.AMBIGUOUS_DATE)
        day, month = possible.pop()
        return _of_parts(number, number + 2, day, month, year)

    def _day(self, word: str) -> int | None:
        """The day that a word gives, with or without an ordinal ending; 32 to 99 too, so that they can be refused."""
        for ending in ("", *sorted(self.ordinals, key=len, reverse=True)):
            figure = word.removesuffix(ending) if ending else word
            if word.endswith(ending) and figure.isdecimal() and len(figure) <= 2:
                return int(figure)
        return None

    def _month(self, source: Source, number: int) -> tuple[int, int] | None:
        """A month and its last word; a second name of the same month behind a slash belongs to it."""
        for length in (2, 1):
            phrase = _words(source, number, length)
            if len(phrase) == length and phrase in self.months:
                last = number + length - 1
                if source.gap(last).strip() == "/":
                    other = self._month(source, last + 1)
                    if other and other[0] == self.months[phrase]:
                        return other
                return self.months[phrase], last
        return None

    def _day_first(self, source: Source, number: int) -> Reading | None:
        day = self._day(_text(source, number))
        if day is None:
            return None
        place = number + 1
        if not _near(source.gap(number)) and source.gap(number).strip() not in ("º", "°", "."):
            return None
        if _text(source, place) in self.ordinals:
            place += 1
        while _text(source, place) in self.particles and _near(source.gap(place)):
            place += 1
        month = self._month(source, place)
        if month is None:
            return self._misspelt(source, number, place)
        year_at = month[1] + 1
        if _text(source, year_at) in self.particles and _is_year(_text(source, year_at + 1)):
            year_at += 1
        return _with_year(source, number, day, month, year_at)

    def _misspelt(self, source: Source, number: int, place: int) -> Reading | None:
        word, year = _text(source, place), _text(source, place + 1)
        names = [phrase[0] for phrase in self.months if len(phrase) == 1 and len(phrase[0]) >= 4]
        if not 4 <= len(word) <= LONGEST_MONTH or not word.isalpha() or not _is_year(year):
            return None
        if difflib.get_close_matches(word, names, 1, _MISSPELT_RATIO):
            return Reading(number, place + 1, None, DoubtCode.MISSPELT_MONTH)
        return None

    def _month_first(self, source: Source, number: int) -> Reading | None:
        month = self._month(source, number)
        if month is None:
            return None
        day_at = month[1] + 1
        if _is_year(_text(source, day_at)) and _near(source.gap(month[1])):
            return Reading(number, day_at, None, DoubtCode.UNREADABLE_DATE)
        day = self._day(_text(source, day_at))
        if day is None or not _near(source.gap(month[1])):
            return None
        return _with_year(source, number, day, month, day_at + 1, last_of_day=day_at)


def _with_year(
    source: Source, number: int, day: int, month: tuple[int, int], year_at: int, last_of_day: int | None = None
) -> Reading:
    last = month[1] if last_of_day is None else last_of_day
    year = _text(source, year_at)
    if not (year.isdecimal() and len(year) in (2, 4) and _near(source.gap(year_at - 1))):
        return Reading(number, last, None, DoubtCode.NO_YEAR)
    if len(year) == 2 and "'" not in source.gap(year_at - 1) and "\n" in source.gap(year_at - 1):
        return Reading(number, last, None, DoubtCode.NO_YEAR)
    return _of_parts(number, year_at, day, month[0], year)


def _of_parts(first: int, last: int, day: int, month: int, year: str) -> Reading:
    if len(year) != 4:
        return Reading(first, last, None, DoubtCode.TWO_DIGIT_YEAR)
    if not EARLIEST_YEAR <= int(year) <= LATEST_YEAR:
        return Reading(first, last, None, DoubtCode.UNREADABLE_DATE)
    try:
        return Reading(first, last, datetime.date(int(year), month, day))
    except ValueError:
        return Reading(first, last, None, DoubtCode.NO_SUCH_DAY)


def _text(source: Source, number: int) -> str:
    return source.texts[number] if 0 <= number < len(source.texts) else ""


def _words(source: Source, number: int, count: int) -> Phrase:
    return source.texts[number : number + count]


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isdecimal()


def _near(gap: str) -> bool:
    """Whether two words of one date may stand so far apart: a space, a comma, a dot, a line break."""
    return len(gap) <= 30 and gap.count("\n") <= 1 and gap.strip() in ("", ",", ".", "'", "-", ".,", "،", "’")


def _joined_before(source: Source, number: int, separator: str) -> bool:
    return number > 0 and source.gap(number - 1).strip(" ") == separator and _text(source, number - 1).isdecimal()


def _joined_after(source: Source, number: int, separator: str) -> bool:
    return source.gap(number) == separator and _text(source, number + 1).isdecimal()
