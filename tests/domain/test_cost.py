"""Money in whole millionths: adding up, saying it, and what a budget pays for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.cost import Cost, Money, Prices, TextCount, by_country, cost_of, millionths, payable

CENT = Money(10_000, "USD")


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0.00 USD"),
        (1, "0.01 USD"),
        (10_000, "0.01 USD"),
        (10_001, "0.02 USD"),
        (1_234_567_890_000, "1,234,567.89 USD"),
    ],
)
def test_a_cost_is_said_in_cents_and_never_too_small(amount: int, words: str) -> None:
    assert Money(amount, "USD").words() == words


def test_an_amount_is_read_without_rounding() -> None:
    assert millionths("0.0083") == 8_300
    assert millionths(" 50 ") == 50_000_000
    for wrong in ("", "5,00", "1e400", "Infinity", "-1", "0.0000001"):
        with pytest.raises(ValueError, match=r"is no|six places"):
            millionths(wrong)


def test_texts_without_a_price_are_counted_and_never_taken_for_free() -> None:
    counts = [TextCount("GB", 100, 2, CENT), TextCount("FR", 7, 1, None), TextCount("CH", 5, 1, Money(50_000, "CHF"))]
    cost = cost_of(counts)
    assert cost == Cost(112, 212, {"USD": 2_000_000, "CHF": 250_000}, 7)
    assert cost.words() == "0.25 CHF and 2.00 USD; unknown for 7 texts"
    assert cost_of([TextCount("FR", 1, 1, None)]).words() == "unknown for 1 text"
    assert cost_of([TextCount("", 9, 1, Money(0, "USD"))]).words() == "nothing"


def test_the_country_with_the_most_texts_comes_first() -> None:
    counts = [TextCount("CH", 5, 1, CENT), TextCount("GB", 3, 1, CENT), TextCount("GB", 4, 2, CENT)]
    assert {country: cost.texts for country, cost in by_country(counts).items()} == {"GB": 7, "CH": 5}
    assert list(by_country(counts)) == ["GB", "CH"]


def test_prices_of_several_currencies_have_no_currency_in_common() -> None:
    assert Prices({("GB", ""): CENT, ("", "folder"): Money(0, "EUR")}).currency == "USD"
    assert Prices({("GB", ""): CENT, ("CH", ""): Money(1, "CHF")}).currency == ""


def test_a_budget_pays_for_nothing_that_cannot_be_counted_on_it() -> None:
    left = Money(1_000_000, "USD")
    assert payable(left, None, 1, 5) == 0
    assert payable(left, Money(1, "EUR"), 1, 5) == 0
    assert payable(left, Money(0, "EUR"), 1, 5) == 5
    assert payable(Money(-5, "USD"), CENT, 1, 5) == 0


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 10), st.integers(0, 1_000))
def test_what_a_budget_pays_for_never_passes_it_and_leaves_less_than_one_text(
    left: int, price: int, segments: int, wanted: int
) -> None:
    texts = payable(Money(left, "USD"), Money(price, "USD"), segments, wanted)
    assert 0 <= texts <= wanted
    assert texts * price * segments <= left
    assert texts == wanted or (texts + 1) * price * segments > left


def test_a_rehearsal_pays_what_the_provider_of_each_country_would_cost() -> None:
    prices = Prices({("GB", "twilio"): CENT, ("KE", ""): Money(7, "USD"), ("", "folder"): Money(0, "USD")})
    rehearsed = prices.as_by("folder", lambda country: "twilio")
    assert rehearsed.of("GB", "folder") == CENT
    assert rehearsed.of("KE", "folder") == Money(7, "USD")
    assert rehearsed.of("FR", "folder") is None
    assert prices.as_by("folder", lambda country: "folder").of("GB", "folder") == Money(0, "USD")
