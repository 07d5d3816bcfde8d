"""What a forecast says of the cost of texts, by country and language, and of the campaign's budget."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from reminder.domain.cost import Money, Prices
from reminder.errors import NotAllowed, Trouble
from reminder.planning import campaigns
from reminder.planning.drafts import clone
from reminder.planning.forecast import Forecast, forecast
from reminder.planning.forecast.costs import TextCosts
from reminder.planning.sms_budget import change_budget, read_amount
from reminder.store.budget import read_budget
from reminder.store.campaigns import Connection
from tests.planning.world import BEGAN, WHO, World, zones_of

CENT = 10_000
DOLLARS = Prices({("GB", ""): Money(CENT, "USD")})
LONDON = "Europe/London"


def segments(connection: Connection, campaign_id: int, locale: str, on: date, country: str) -> int:
    """A French text takes two."""
    return {"fr": 2, "xx": 0}.get(locale, 1)


COSTS = TextCosts(segments, lambda country: DOLLARS.of(country, "p"))


def look_ahead(world: World, campaign_id: int, costs: TextCosts | None = COSTS) -> Forecast:
    return forecast(world.desk, campaign_id, now=BEGAN, limits={}, country_zones=zones_of, costs=costs)


def by_text(world: World, name: str, country: str = "GB", locale: str = "en", *, email: bool = False) -> None:
    """Somebody with a number; the default plan has two sendings by text."""
    person = world.person(name, LONDON, sms=True, email=email)
    rhythm = world.rhythm(zone=LONDON, sms_country=country)
    values = {"rhythm": rhythm, "locale": locale, "country": country, "person": person}
    sql = "UPDATE subscriber SET rhythm_id = :rhythm, locale = :locale, phone_country = :country WHERE id = :person"
    world.database.write(lambda connection: connection.execute(text(sql), values))


def test_texts_cost_their_segments_in_the_language_of_each_reader_by_country(mail_world: World) -> None:
    by_text(mail_world, "Clara")
    by_text(mail_world, "Davi", email=True)
    by_text(mail_world, "Ellen", locale="fr")
    by_text(mail_world, "Farid", "FR")
    found = look_ahead(mail_world, mail_world.create())
    said = found.cost.to_json()
    sendings = len({sending.step_key for sending in found.sendings if sending.texts})
    assert sendings >= 1
    assert (said["texts"], said["segments"], said["unknown_texts"]) == (4 * sendings, 5 * sendings, sendings)
    assert said["millionths"] == {"USD": 4 * CENT * sendings}
    assert {country: cost["texts"] for country, cost in said["by_country"].items()} == {
        "GB": 3 * sendings,
        "FR": sendings,
    }
    lines = "\n".join(found.text())
    assert f"GB: {3 * sendings} texts ({4 * sendings} segments), {0.04 * sendings:.2f} USD" in lines
    assert f"unknown for {sendings} text" in lines
    assert "SMS, 3 people, cost 0.04 USD)" in lines or "SMS, 4 people, cost 0.04 USD; unknown for 1 text)" in lines


def test_a_text_that_cannot_be_built_has_no_known_cost(mail_world: World) -> None:
    by_text(mail_world, "Clara", locale="xx")
    found = look_ahead(mail_world, mail_world.create())
    assert found.cost.to_json()["unknown_texts"] == found.cost.to_json()["texts"] > 0


def test_nothing_is_said_of_cost_where_nobody_gets_a_text(mail_world: World) -> None:
    mail_world.person("Clara", LONDON)
    found = look_ahead(mail_world, mail_world.create())
    assert found.cost.text() == []
    assert "cost" not in "\n".join(found.text())


def test_the_forecast_says_how_far_the_budget_goes_and_what_becomes_of_the_rest(mail_world: World) -> None:
    for name in ("Aigerim", "Bikash", "Clara"):
        by_text(mail_world, name)
    by_text(mail_world, "Davi", email=True)
    campaign_id = mail_world.create(sms_budget=Money(3 * CENT, "USD"))
    found = look_ahead(mail_world, campaign_id)
    said = found.cost.to_json()
    assert said["budget"] == {"currency": "USD", "millionths": 3 * CENT, "spent_millionths": 0}
    rest = said["texts"] - 3
    assert sum(said["unpaid_by_email"].values()) + sum(said["unpaid_unsent"].values()) == rest > 0
    assert list(said["unpaid_unsent"]) == ["the campaign's budget for texts is spent"]
    assert "Budget for texts: 0.03 USD, of which 0.00 USD are spent" in "\n".join(found.text())


def test_a_budget_pays_for_no_text_without_a_known_price(mail_world: World) -> None:
    by_text(mail_world, "Farid", "FR")
    found = look_ahead(mail_world, mail_world.create(sms_budget=Money(100 * CENT, "USD")))
    (reason,) = found.cost.to_json()["unpaid_unsent"]
    assert "nobody knows what a text to that country costs" in reason


def test_a_budget_can_be_set_raised_and_taken_away(mail_world: World) -> None:
    campaign_id = mail_world.live()
    for amount, words in ((Money(5 * CENT, "USD"), "0.05 USD"), (Money(CENT, "USD"), "0.01 USD"), (None, "no budget")):
        done = change_budget(mail_world.desk, campaign_id, amount, who=WHO, now=BEGAN)
        assert words in done.sentences[0]
        with mail_world.database.read() as connection:
            found = read_budget(connection, campaign_id)
        assert (found.amount if found else None) == amount
    assert mail_world.campaign(campaign_id).approved_version == mail_world.campaign(campaign_id).version


def test_a_clone_may_spend_as_much_as_its_model(mail_world: World) -> None:
    campaign_id = mail_world.create(sms_budget=Money(5 * CENT, "USD"))
    other = clone(mail_world.desk, campaign_id, who=WHO, now=BEGAN).campaign_id
    with mail_world.database.read() as connection:
        found = read_budget(connection, other)
    assert found is not None
    assert (found.amount, found.spent) == (Money(5 * CENT, "USD"), Money(0, "USD"))


def test_a_campaign_that_has_ended_gets_no_budget(mail_world: World) -> None:
    campaign_id = mail_world.live()
    campaigns.close(mail_world.desk, campaign_id, who=WHO, now=BEGAN + timedelta(hours=1))
    with pytest.raises(NotAllowed, match="cannot be given a budget"):
        change_budget(mail_world.desk, campaign_id, Money(1, "USD"), who=WHO, now=BEGAN)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("50", Money(50_000_000, "USD")),
        ("50 usd", Money(50_000_000, "USD")),
        (" 0.05USD ", Money(50_000, "USD")),
        ("none", None),
        ("0", Money(0, "USD")),
    ],
)
def test_an_amount_is_read_in_the_currency_of_the_prices(typed: str, amount: Money | None) -> None:
    assert read_amount(typed, DOLLARS) == amount


@pytest.mark.parametrize("typed", ["", "fifty", "-5", "5,00", "50 dollars", "50 EUR", "1.2.3", "0.00000001"])
def test_what_is_no_amount_in_that_currency_is_refused(typed: str) -> None:
    with pytest.raises(Trouble, match="The budget for texts"):
        read_amount(typed, DOLLARS)


def test_without_a_currency_in_common_it_must_be_named() -> None:
    with pytest.raises(Trouble, match="needs its currency"):
        read_amount("50", Prices())
    assert read_amount("50 EUR", Prices()) == Money(50_000_000, "EUR")
