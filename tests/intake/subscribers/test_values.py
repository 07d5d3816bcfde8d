"""Text, dates, hours, yes and no."""

import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.intake.subscribers.values import plain_text, read_date, read_flag, read_hour
from tests.intake.subscribers.lists import NOW


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2020-03-01", date(2020, 3, 1)),
        ("2020-03-01T10:00:00Z", date(2020, 3, 1)),
        ("2020-03-01 10:00:00", date(2020, 3, 1)),
        ("2020-03-01 10:00:00 UTC", date(2020, 3, 1)),
        ("2020-03-01 02:00:00 +0600", date(2020, 2, 29)),
        ("2020-03-01T23:00:00-05:00", date(2020, 3, 2)),
        ("2020-12-01T12:00:00Z", date(2020, 12, 1)),  # this very instant
        ("2020-12-01T12:00:01Z", "future_date"),
        ("2021-01-01", "future_date"),
        ("01/03/2020", "bad_date"),
        ("3 March 2020", "bad_date"),
        ("20200301", "bad_date"),
        ("2020-W10-1", "bad_date"),
        ("2020-02-30", "bad_date"),
        ("2020-03-01 25:00:00", "bad_date"),
        ("0001-01-01T00:00:00+14:00", "bad_date"),
        ("٢٠٢٠-٠٣-٠١", "bad_date"),
        ("2020", "bad_date"),
    ],
)
def test_a_day_is_read_as_iso_or_not_at_all(text: str, day: date | str) -> None:
    assert read_date(text, NOW) == day


def test_a_day_that_has_begun_somewhere_is_not_in_the_future() -> None:
    begins = datetime(2020, 12, 1, 10, 0, tzinfo=UTC)  # at UTC+14
    assert read_date("2020-12-02", begins) == date(2020, 12, 2)
    assert read_date("2020-12-02", begins - timedelta(seconds=1)) == "future_date"


@pytest.mark.parametrize(
    ("text", "hour"),
    [("9", 9), ("09:00", 9), ("0", 0), ("23", 23), ("24", None), ("9:30", None), ("-1", None), ("", None)],
)
def test_hours_are_whole(text: str, hour: int | None) -> None:
    assert read_hour(text) == hour


@pytest.mark.parametrize(
    ("text", "answer"),
    [("1", True), ("Yes", True), ("0", False), ("", False), ("No", False), ("maybe", None), ("nein", None)],
)
def test_a_word_that_is_neither_yes_nor_no_is_neither(text: str, answer: bool | None) -> None:
    assert read_flag(text) is answer


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Clara", "Clara"),
        ("=1+1", "=1+1"),
        ("  Clara \t B\r\n", "Clara B"),
        ("Cla\u202era\u2066", "Clara"),
        ("Aigerim\x00\x1b[31m", "Aigerim[31m"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ue000\u200b", None),
        ("Jose\u0301", "José"),
    ],
)
def test_names_lose_what_is_no_writing(typed: str, kept: str | None) -> None:
    assert plain_text(typed, 120) == kept


@given(st.text(max_size=200), st.integers(min_value=1, max_value=120))
def test_plain_text_is_one_line_and_harmless(text: str, limit: int) -> None:
    kept = plain_text(text, limit) or "x"
    assert len(kept) <= limit
    assert kept == kept.strip()
    assert not [char for char in kept if unicodedata.category(char)[0] == "C" and char not in "\u200c\u200d"]


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{5,8}([+-][0-9]{4})?)?", fullmatch=True)
)
def test_no_text_breaks_the_reading_of_days_and_none_is_later_than_now(text: str) -> None:
    day = read_date(text, NOW)
    assert day in ("bad_date", "future_date") or (isinstance(day, date) and day <= date(2020, 12, 2))
