"""What texts cost by country: an editable table with a source in each row."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reminder.domain.cost import Money, Prices, is_currency, millionths
from reminder.errors import BadSetting
from reminder.planning.table_files import rows_of

TABLE = Path(__file__).with_name("sms_prices.toml")
SETTING = "SMS_PRICES_FILE"
_KEYS = {"country", "provider", "price", "currency", "source", "fact_on"}


def load(path: Path | None, providers: Collection[str]) -> Prices:
    """The prices of `path`, or of the table that comes with the product. `BadSetting` names the row that is wrong.

    `providers` are the names that a row may give.
    """
    rows = rows_of(path or TABLE, SETTING)
    found: dict[tuple[str, str], Money] = {}
    for number, row in enumerate(rows, 1):
        countries, provider, price = _row(number, row, providers)
        for country in countries:
            if (country, provider) in found:
                raise _wrong(number, f"names {country or 'any country'} a second time for this provider")
            found[country, provider] = price
    return Prices(found)


def _wrong(number: int, reason: str) -> BadSetting:
    return BadSetting(SETTING, f"row {number} {reason}", f"See the comments at the top of {TABLE.name}.")


def _row(number: int, row: Mapping[str, Any], providers: Collection[str]) -> tuple[list[str], str, Money]:
    if set(row) != _KEYS:
        raise _wrong(number, f"must have exactly the keys {', '.join(sorted(_KEYS))}")
    countries = row["country"] if isinstance(row["country"], list) else [row["country"]]
    if not all(_is_country(code) for code in countries):
        raise _wrong(number, 'names a country that is no two-letter code (or "" for any)')
    if row["provider"] and row["provider"] not in providers:
        raise _wrong(number, "names a provider of texts that does not exist")
    if not isinstance(row["currency"], str) or not is_currency(row["currency"]):
        raise _wrong(number, "has a currency that is not like USD")
    if not isinstance(row["price"], str):
        raise _wrong(number, 'has a price that is not in quotation marks, such as "0.0083"')
    try:
        price = Money(millionths(row["price"]), row["currency"])
    except ValueError as error:
        raise _wrong(number, f"has a price that {error}") from None
    if not isinstance(row["source"], str) or not row["source"].strip():
        raise _wrong(number, "has no source")
    if not isinstance(row["fact_on"], date) or isinstance(row["fact_on"], datetime):
        raise _wrong(number, "has a fact_on that is no date such as 2026-11-09")
    return [code.upper() for code in countries], row["provider"], price


def _is_country(code: object) -> bool:
    return isinstance(code, str) and (not code or (len(code) == 2 and code.isascii() and code.isalpha()))
