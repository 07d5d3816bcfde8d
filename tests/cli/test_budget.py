"""reminder campaign … --sms-budget, campaign budget: what a campaign may spend on texts."""

import json

from tests.cli.office import SUPPORTERS, URGENT, Office


def test_a_budget_is_given_shown_raised_and_taken_away(office: Office) -> None:
    office.done("subscribers import", SUPPORTERS)
    code = office.code_of(URGENT)
    drafted = office.done(f"campaign create {code} --audience all --sms-budget 50")
    assert "It may spend 50.00 USD on texts." in drafted.out
    assert "Budget for texts: 50.00 USD, of which 0.00 USD are spent" in office.done("forecast 1").out
    texts = json.loads(office.done("forecast 1 --json").out)["texts"]
    assert texts["budget"] == {"currency": "USD", "millionths": 50_000_000, "spent_millionths": 0}
    raised = office.done("campaign budget 1 '80.50 USD'")
    assert "may spend 80.50 USD on texts; 0.00 USD of it are spent" in raised.out
    assert raised.next == "see what texts will cost with `reminder forecast 1`"
    assert "has no budget for texts any more" in office.done("campaign budget 1 none").out
    assert "Budget" not in office.done("forecast 1").out


def test_an_amount_that_is_none_is_told_with_an_example(office: Office) -> None:
    office.done("subscribers import", SUPPORTERS)
    code = office.code_of(URGENT)
    for amount in ("much", "'50 EUR'"):
        assert "Write it" in office.say(f"campaign create {code} --audience all --sms-budget {amount}").errors[0]
    assert json.loads(office.done("campaign list --json").out) == []
