"""What a segment of a text costs, by country and provider."""

from pathlib import Path

import pytest

from reminder.domain.cost import Money
from reminder.errors import BadSetting
from reminder.planning.sms_prices import TABLE, load

PROVIDERS = ("twilio", "vonage", "sms-folder")
ROW = {
    "country": '"GB"',
    "provider": '"twilio"',
    "price": '"0.04"',
    "currency": '"USD"',
    "source": '"the price list"',
    "fact_on": "2026-11-09",
}


def _file(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "prices.toml"
    path.write_text(
        "\n".join("[[row]]\n" + "\n".join(f"{key} = {value}" for key, value in (ROW | row).items()) for row in rows)
    )
    return path


def test_the_table_that_comes_along_can_be_read_and_texts_into_a_folder_cost_nothing() -> None:
    table = load(None, PROVIDERS)
    assert table.of("GB", "sms-folder") == table.of("", "sms-folder") == Money(0, "USD")
    assert table.of("US", "twilio") == Money(14_500, "USD")
    assert TABLE.read_text(encoding="utf-8").count("source = ") == 2


def test_a_country_that_no_row_names_has_no_price() -> None:
    table = load(None, PROVIDERS)
    assert table.of("GB", "twilio") is None
    assert table.of("US", "vonage") is None
    assert table.of("", "twilio") is None


def test_the_row_that_says_it_most_exactly_counts(tmp_path: Path) -> None:
    table = load(
        _file(
            tmp_path,
            {},
            {"provider": '""', "price": '"0.05"'},
            {"country": '""', "price": '"0.06"'},
            {"country": '""', "provider": '""', "price": '"0.07"'},
        ),
        PROVIDERS,
    )
    asked = [("GB", "twilio"), ("GB", "vonage"), ("FR", "twilio"), ("FR", "vonage"), ("", "twilio")]
    amounts = [price.amount for key in asked if (price := table.of(*key))]
    assert amounts == [40_000, 50_000, 60_000, 70_000, 60_000]


def test_a_row_may_name_several_countries_in_small_letters(tmp_path: Path) -> None:
    table = load(_file(tmp_path, {"country": '["gb", "ie"]'}), PROVIDERS)
    assert table.of("GB", "twilio") == table.of("IE", "twilio") == Money(40_000, "USD")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"country": '"United Kingdom"'}, "row 1 names a country"),
        ({"provider": '"pigeon"'}, "row 1 names a provider"),
        ({"price": "0.04"}, "quotation marks"),
        ({"price": '"cheap"'}, "is no number"),
        ({"price": '"NaN"'}, "is no amount"),
        ({"price": '"-1"'}, "is no amount"),
        ({"price": '"0.00000001"'}, "six places"),
        ({"currency": '"dollars"'}, "a currency"),
        ({"source": '" "'}, "no source"),
        ({"fact_on": '"today"'}, "fact_on"),
        ({"more": "1"}, "exactly the keys"),
        ({"country": '["GB", "GB"]'}, "a second time"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, row: dict[str, str], reason: str) -> None:
    with pytest.raises(BadSetting, match=reason):
        load(_file(tmp_path, row), PROVIDERS)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("row = 3")
    (tmp_path / "worse.toml").write_text("[[row")
    for name, reason in (("bad", "rows"), ("worse", "TOML"), ("none", "cannot be read")):
        with pytest.raises(BadSetting, match=reason):
            load(tmp_path / f"{name}.toml", PROVIDERS)
