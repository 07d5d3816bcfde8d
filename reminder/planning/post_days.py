"""How long a letter takes: an editable table with a source in each row, and the last day on which one can be posted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from reminder.domain.times import weekday_before
from reminder.errors import BadSetting
from reminder.planning.table_files import rows_of

TABLE = Path(__file__).with_name("post_days.toml")
SETTING = "POST_DAYS_FILE"
SUNDAY = 6
LONGEST_DAYS = 120
_KEYS = {"from", "to", "season", "days", "source", "fact_on"}


@dataclass(frozen=True, slots=True)
class PostDays:
    """Days of the calendar from posting to arrival. `season`: (month, day) of its first and last day; None: all year."""

    from_country: str
    to_countries: tuple[str, ...]
    days: int
    source: str
    fact_on: date
    season: tuple[tuple[int, int], tuple[int, int]] | None = None

    def counts_on(self, day: date) -> bool:
        """Whether `day` lies in the season of this row."""
        if self.season is None:
            return True
        first, last = self.season
        here = (day.month, day.day)
        return first <= here <= last if first <= last else here >= first or here <= last


@dataclass(frozen=True, slots=True)
class PostBy:
    """The last day on which a letter can be posted, and the row that says so."""

    on: date
    because: PostDays


def post_by(table: Sequence[PostDays], from_country: str, to_country: str, deadline: date) -> PostBy | None:
    """The last day on which a letter still arrives by `deadline`; None where no row knows. A Sunday is brought forward."""
    found = [
        PostBy(weekday_before(posted, SUNDAY), row)
        for row in table
        if row.from_country == from_country.upper() and to_country.upper() in row.to_countries
        if row.counts_on(posted := deadline - timedelta(days=row.days)) or row.counts_on(deadline)
    ]
    return min(found, key=lambda answer: answer.on, default=None)


def load(path: Path | None = None) -> tuple[PostDays, ...]:
    """The rows of `path`, or of the table that comes with the product. `BadSetting` names the row that is wrong."""
    rows = rows_of(path or TABLE, SETTING)
    return tuple(_row(number, row) for number, row in enumerate(rows, 1))


def _row(number: int, row: Mapping[str, Any]) -> PostDays:
    def wrong(reason: str) -> BadSetting:
        return BadSetting(SETTING, f"row {number} {reason}", f"See the comments at the top of {TABLE.name}.")

    if set(row) - _KEYS or _KEYS - {"season"} - set(row):
        raise wrong(f"must have exactly the keys {', '.join(sorted(_KEYS))} (season may be left out)")
    to = row["to"] if isinstance(row["to"], list) else [row["to"]]
    if not all(isinstance(code, str) and len(code) == 2 and code.isalpha() for code in [row["from"], *to]):
        raise wrong("names a country that is no two-letter code")
    if not isinstance(row["days"], int) or not 0 < row["days"] <= LONGEST_DAYS:
        raise wrong(f"has days outside of 1 to {LONGEST_DAYS}")
    if not isinstance(row["source"], str) or not row["source"].strip():
        raise wrong("has no source")
    if not isinstance(row["fact_on"], date) or isinstance(row["fact_on"], datetime):
        raise wrong("has a fact_on that is no date such as 2020-10-24")
    try:
        season = _season(row["season"]) if "season" in row else None
    except ValueError:
        raise wrong("has a season that is not like 12-01..12-31") from None
    codes = tuple(code.upper() for code in to)
    return PostDays(row["from"].upper(), codes, row["days"], row["source"].strip(), row["fact_on"], season)


def _season(text: str) -> tuple[tuple[int, int], tuple[int, int]]:
    first, _, last = str(text).partition("..")
    days = [datetime.strptime(f"2020-{day}", "%Y-%m-%d") for day in (first, last)]  # noqa: DTZ007 - a day of the year
    return (days[0].month, days[0].day), (days[1].month, days[1].day)
