"""Dates in the calendars of all languages: one reading or none."""

import datetime

import pytest
from babel.dates import format_date
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.domain.documents import DoubtCode
from reminder.intake.documents.dates import Calendar, Reading
from reminder.intake.documents.source import Source
from reminder.intake.documents.wording import languages

DAYS = st.dates(datetime.date(1961, 1, 1), datetime.date(2100, 12, 31))


def read(text: str, language: str = "en") -> Reading | None:
    return Calendar([languages()[language]]).read(Source(text), 0)


@settings(max_examples=300)
@given(day=DAYS, language=st.sampled_from(sorted(languages())))
def test_a_date_in_long_form_reads_back_in_every_language(day: datetime.date, language: str) -> None:
    reading = read(format_date(day, "long", locale=language), language)
    assert reading is not None
    assert reading.date == day


@settings(max_examples=200)
@given(day=DAYS, language=st.sampled_from(sorted(languages())))
def test_a_date_with_its_weekday_reads_back_in_every_language(day: datetime.date, language: str) -> None:
    written = format_date(day, "EEEE", locale=language) + ", " + format_date(day, "long", locale=language)
    reading = read(written, language)
    assert reading is not None
    assert reading.date == day


@given(day=DAYS)
def test_an_iso_date_reads_back(day: datetime.date) -> None:
    reading = read(day.isoformat())
    assert reading is not None
    assert reading.date == day


@given(day=DAYS, separator=st.sampled_from("/.-"))
def test_figures_have_one_reading_or_are_refused(day: datetime.date, separator: str) -> None:
    reading = read(f"{day.day}{separator}{day.month}{separator}{day.year}")
    assert reading is not None
    if day.day > 12 or day.day == day.month:
        assert reading.date == day
    else:
        assert (reading.date, reading.doubt) == (None, DoubtCode.AMBIGUOUS_DATE)


@given(day=DAYS)
def test_figures_with_dots_are_day_first_in_german(day: datetime.date) -> None:
    reading = read(f"{day.day:02}.{day.month:02}.{day.year}", "de")
    assert reading is not None
    assert reading.date == day


REFUSED = {
    "no year": ("29 December", DoubtCode.NO_YEAR),
    "no year, month first": ("December 29", DoubtCode.NO_YEAR),
    "short year": ("29 December 20", DoubtCode.TWO_DIGIT_YEAR),
    "short year in figures": ("29/12/20", DoubtCode.TWO_DIGIT_YEAR),
    "no such day": ("31 November 2020", DoubtCode.NO_SUCH_DAY),
    "no leap year": ("29 February 2100", DoubtCode.NO_SUCH_DAY),
    "day nought": ("0 May 2020", DoubtCode.NO_SUCH_DAY),
    "no month in figures": ("13/13/2020", DoubtCode.NO_SUCH_DAY),
    "month only": ("December 2020", DoubtCode.UNREADABLE_DATE),
    "year out of range": ("1 May 1900", DoubtCode.UNREADABLE_DATE),
    "misspelt": ("3 sepember 2020", DoubtCode.MISSPELT_MONTH),
    "wrong weekday": ("Monday 29 December 2020", DoubtCode.WRONG_WEEKDAY),
}


@pytest.mark.parametrize(("text", "doubt"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_certain_has_no_date(text: str, doubt: DoubtCode) -> None:
    reading = read(text)
    assert reading is not None
    assert (reading.date, reading.doubt) == (None, doubt)


NO_DATES = [
    "12/11",
    "488/2019",
    "10:12",
    "999513",
    "4.414",
    "1,80",
    "212 687-2020",
    "11/044/2012",
    "May",
    "no 380",
    "1.2.3.4",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_other_figures_are_no_dates(text: str) -> None:
    reading = read(text)
    assert reading is None or reading.date is None


def test_a_leap_day_is_a_day() -> None:
    reading = read("29 February 2024")
    assert reading is not None
    assert reading.date == datetime.date(2024, 2, 29)
