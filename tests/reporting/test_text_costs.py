"""What texts cost, told so that nobody can work out how few of them went where."""

import json
from collections import defaultdict
from itertools import product

from sqlalchemy import insert

from reminder.domain.cost import Cost, Money, TextCount
from reminder.reporting.make import make_report
from reminder.reporting.outline import outline
from reminder.reporting.small_counts import Hidden, breakdown
from reminder.reporting.text_costs import CountryLine, cost_words, texts_line
from reminder.store.budget import Budget, set_budget
from reminder.store.database import Database
from reminder.store.tables import SmsCost
from tests.reporting.world import ENDED, World, world

CENT, TWO = Money(10_000, "USD"), Money(20_000, "USD")
PRICES = {"GB": CENT, "KE": TWO, "US": Money(3_000, "USD")}


def line_of(counts: dict[str, int]) -> str:
    texts = [TextCount(country, number, 1, PRICES[country]) for country, number in counts.items() if number]
    return json.dumps(texts_line(texts, 1, None, str).to_json(), sort_keys=True)


def test_costs_stand_beside_their_country_and_add_up() -> None:
    counts = [TextCount("GB", 400, 1, CENT), TextCount("GB", 12, 2, CENT), TextCount("KE", 50, 1, TWO)]
    told = texts_line(counts, 1, None, str)
    assert told.by_country == {
        "GB": CountryLine(412, Cost(412, 424, {"USD": 4_240_000})),
        "KE": CountryLine(50, Cost(50, 50, {"USD": 1_000_000})),
    }
    assert (told.texts, told.cost.sums, told.at_most) == (462, {"USD": 5_240_000}, False)


def test_a_country_of_few_people_has_no_cost_and_the_whole_is_said_as_at_most() -> None:
    counts = [TextCount("GB", 400, 1, CENT), TextCount("KE", 3, 1, TWO), TextCount("US", 50, 1, PRICES["US"])]
    told = texts_line(counts, 1, None, str)
    assert told.by_country is not None
    assert told.by_country["KE"] == CountryLine(Hidden.FEW)
    assert told.at_most
    assert cost_words(told.cost, at_most=told.at_most).startswith("at most ")
    assert told.cost.sums["USD"] >= 400 * 10_000 + 3 * 20_000 + 50 * 3_000


def test_ten_texts_are_not_taken_for_ten_people() -> None:
    told = texts_line([TextCount("GB", 400, 1, CENT), TextCount("KE", 20, 1, TWO)], 3, None, str)
    assert told.by_country is not None
    assert told.by_country["KE"].texts is Hidden.FEW


def test_who_reads_a_long_text_alone_in_a_country_does_not_show_in_its_cost() -> None:
    def told(long: int) -> str:
        counts = [TextCount("GB", 400 - long, 1, CENT), TextCount("GB", long, 2, CENT)]
        return json.dumps(texts_line(counts, 1, None, str).to_json())

    assert len({told(long) for long in range(1, 10)}) == 1
    assert told(10) != told(1)


def test_a_price_that_nobody_knows_is_not_told_for_a_few_alone() -> None:
    def told(unknown: int) -> str:
        counts = [TextCount("GB", 400 - unknown, 1, CENT), TextCount("GB", unknown, 1, None)]
        return json.dumps(texts_line(counts, 1, None, str).to_json())

    assert len({told(unknown) for unknown in range(1, 10)}) == 1


def test_costs_tell_no_more_than_the_counts_that_are_shown() -> None:
    """Tables that look alike as counts by country, with their total, look alike with their costs."""
    alike = defaultdict(set)
    for values in product(range(22), repeat=3):
        counts = dict(zip(PRICES, values, strict=True))
        people = {country: number for country, number in counts.items() if number}
        by_size = dict(sorted(people.items(), key=lambda item: (-item[1], item[0])))
        shown = breakdown(by_size)
        seen = None if shown is None else tuple(sorted((name, str(count)) for name, count in shown.items()))
        key = (sum(values), seen, frozenset(people))
        alike[key].add(line_of(counts))
    assert {len(lines) for lines in alike.values()} == {1}


def test_what_is_at_most_is_never_less_than_what_it_costs() -> None:
    for values in product(range(0, 40, 3), repeat=3):
        counts = [TextCount(country, n, 1, PRICES[country]) for country, n in zip(PRICES, values, strict=True) if n]
        exact = sum(count.texts * count.price.amount for count in counts if count.price)
        assert texts_line(counts, 1, None, str).cost.sums.get("USD", 0) >= exact


def test_where_a_few_are_hidden_what_was_spent_of_a_budget_is_not_told() -> None:
    budget = Budget(Money(50_000_000, "USD"), Money(3 * 20_000, "USD"))
    few = texts_line([TextCount("KE", 3, 1, TWO), TextCount("GB", 400, 1, CENT)], 1, budget, str)
    assert few.to_json()["budget"] == {"currency": "USD", "millionths": 50_000_000, "spent_millionths": None}
    many = texts_line([TextCount("KE", 30, 1, TWO)], 1, budget, str)
    assert many.to_json()["budget"]["spent_millionths"] == 60_000


def with_texts(found: World, *texts: tuple[int, str, int]) -> World:
    for attempt, country, number in texts:
        row = {"attempt_id": attempt, "campaign_id": found.campaign_id, "country": country, "provider": "p"}
        row |= {"segments": 1, "texts": number, "price": CENT.amount, "currency": "USD"}
        found.database.write(lambda connection, row=row: connection.execute(insert(SmsCost).values(row)))
    return found


def test_the_report_says_what_texts_cost_by_country_and_the_budget(database: Database) -> None:
    found = with_texts(world(database), (1, "GB", 20), (2, "GB", 20), (3, "KE", 30))
    found.database.write(lambda connection: set_budget(connection, found.campaign_id, Money(5_000_000, "USD")))
    report = make_report(database, found.campaign_id, ENDED)
    told = outline(report)
    facts = dict(told.facts)
    assert facts["Texts"] == "70, cost 0.70 USD"
    assert facts["Budget for texts"] == "5.00 USD, of which 0.70 USD are spent"
    (table,) = [table for table in told.tables if table.title.startswith("Texts")]
    assert table.rows == (
        ("United Kingdom", "40", "0.40 USD"),
        ("Kenya", "30", "0.30 USD"),
        ("together", "70", "0.70 USD"),
    )
    assert report.to_json()["texts"]["cost_millionths"] == {"USD": 700_000}


def test_a_campaign_without_texts_says_nothing_of_them(database: Database) -> None:
    report = make_report(database, world(database).campaign_id, ENDED)
    told = outline(report)
    assert not any(label.startswith(("Texts", "Budget")) for label, _ in told.facts)
    assert not any(table.title.startswith("Texts") for table in told.tables)
