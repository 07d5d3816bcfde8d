"""How long a letter takes, and until when it can be posted."""

from datetime import date
from pathlib import Path

import pytest

from reminder.errors import BadSetting
from reminder.planning.post_days import PostDays, load, post_by

FACT = date(2020, 10, 24)
ROW = PostDays("GB", ("CN",), 15, "a post office", FACT, ((12, 1), (12, 31)))
ALL_YEAR = PostDays("GB", ("CN",), 8, "a post office", FACT)
OVER_THE_YEAR = PostDays("GB", ("CN",), 20, "a post office", FACT, ((12, 20), (1, 5)))


def test_the_table_that_comes_along_has_a_source_in_every_row() -> None:
    table = load()
    assert all(row.source and row.fact_on.year >= 2020 for row in table)
    assert {"GB", "IE"} <= {row.from_country for row in table}


def test_a_letter_from_london_to_urumqi_must_be_posted_by_14_december() -> None:
    answer = post_by(load(), "GB", "CN", date(2020, 12, 29))
    assert answer is not None
    assert (answer.on, answer.because.days) == (date(2020, 12, 14), 15)
    assert "Royal Mail" in answer.because.source


def test_where_no_row_knows_no_date_is_promised() -> None:
    assert post_by(load(), "KZ", "CN", date(2020, 12, 29)) is None
    assert post_by(load(), "GB", "CN", date(2021, 6, 15)) is None


SEASONS = {
    "in season": (ROW, date(2020, 12, 29), True),
    "posted before, on its way in the season": (ROW, date(2020, 12, 5), True),
    "posted in the season, due after it": (ROW, date(2021, 1, 10), True),
    "out of season": (ROW, date(2021, 1, 20), False),
    "the day before its first day": (ROW, date(2020, 11, 30), False),
    "its first day": (ROW, date(2020, 12, 1), True),
    "over the new year, before": (OVER_THE_YEAR, date(2020, 12, 21), True),
    "over the new year, after": (OVER_THE_YEAR, date(2021, 1, 5), True),
    "over the new year, posted in it": (OVER_THE_YEAR, date(2021, 1, 25), True),
    "over the new year, too late": (OVER_THE_YEAR, date(2021, 1, 27), False),
    "all year": (ALL_YEAR, date(2021, 7, 1), True),
}


@pytest.mark.parametrize(("row", "deadline", "counts"), SEASONS.values(), ids=SEASONS.keys())
def test_seasons(row: PostDays, deadline: date, counts: bool) -> None:
    assert (post_by([row], "GB", "CN", deadline) is not None) is counts


def test_of_several_rows_the_slowest_counts() -> None:
    answer = post_by([ALL_YEAR, ROW], "gb", "cn", date(2020, 12, 29))
    assert answer is not None
    assert answer.because is ROW


def test_a_sunday_is_brought_forward() -> None:
    answer = post_by([ROW], "GB", "CN", date(2020, 12, 28))
    assert answer is not None
    assert answer.on == date(2020, 12, 12)


GOOD = 'from = "GB"\nto = "CN"\ndays = 9\nsource = "a post office"\nfact_on = 2020-10-24\n'
WRONG = {
    "not TOML": ("[[row", "no TOML"),
    "a key is missing": ("[[row]]\n" + GOOD.replace('source = "a post office"\n', ""), "POST_DAYS_FILE: row 1"),
    "an unknown key": ("[[row]]\n" + GOOD + "weeks = 2\n", "POST_DAYS_FILE: row 1"),
    "no country": ("[[row]]\n" + GOOD + "[[row]]\n" + GOOD.replace('"CN"', '"China"'), "POST_DAYS_FILE: row 2"),
    "no days": ("[[row]]\n" + GOOD.replace("days = 9", "days = 0"), "days outside"),
    "empty source": ("[[row]]\n" + GOOD.replace("a post office", " "), "no source"),
    "fact_on in words": ("[[row]]\n" + GOOD.replace("2020-10-24", '"autumn"'), "fact_on"),
    "season in words": ("[[row]]\n" + GOOD + 'season = "winter"\n', "season"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_row_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "days.toml"
    path.write_text(text)
    with pytest.raises(BadSetting, match=says):
        load(path)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="POST_DAYS_FILE"):
        load(tmp_path / "nowhere.toml")


def test_an_organisers_own_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "days.toml"
    path.write_text("[[row]]\n" + GOOD)
    assert load(path) == (PostDays("GB", ("CN",), 9, "a post office", FACT),)
