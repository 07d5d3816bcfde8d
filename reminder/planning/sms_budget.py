"""A campaign's budget for texts: what organisers type, set, raise and take away. It never changes what is said to whom."""

import re
from datetime import datetime

from reminder.domain.cost import Money, Prices, cost_of, is_currency, millionths
from reminder.domain.states import CampaignState
from reminder.errors import Trouble
from reminder.planning.desk import Desk, Done, look, refuse_other_states
from reminder.store.audit import record
from reminder.store.budget import Budget, set_budget, texts_of
from reminder.store.campaigns import Connection

NONE = "none"
_AMOUNT = re.compile(r"\s*([0-9][0-9.]*)\s*([A-Za-z]{3})?\s*")
_NOT_ENDED = {CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.LIVE, CampaignState.PAUSED}


def read_amount(typed: str, prices: Prices) -> Money | None:
    """The budget that somebody typed: "50", "50 EUR" or "none". `Trouble` for anything else.

    The currency is that of the prices; another one could not be counted.
    """
    if typed.strip().lower() == NONE:
        return None
    found = _AMOUNT.fullmatch(typed)
    if found is None:
        raise Trouble("The budget for texts", "is no amount", "Write it like 50 or 50 EUR, or none.")
    currency = (found[2] or prices.currency).upper()
    if not is_currency(currency):
        raise Trouble("The budget for texts", "needs its currency", "Write it like 50 EUR.")
    if prices.currency and currency != prices.currency:
        raise Trouble(
            "The budget for texts",
            f"is in {currency}, and the prices of texts are in {prices.currency}",
            f"Write it in {prices.currency}; SMS_PRICES_FILE names the table of prices.",
        )
    try:
        return Money(millionths(found[1]), currency)
    except ValueError as error:
        raise Trouble("The budget for texts", str(error), "Write it like 50 or 50 EUR.") from None


def change_budget(desk: Desk, campaign_id: int, amount: Money | None, *, who: str, now: datetime) -> Done:
    """Give a campaign a budget, another one, or none. What it has spent already counts."""
    with desk.database.read() as connection:
        seen = look(connection, campaign_id)
    refuse_other_states(seen, _NOT_ENDED, "be given a budget for texts")

    def work(connection: Connection) -> tuple[Budget | None, int]:
        budget = set_budget(connection, campaign_id, amount)
        said = amount.words() if amount else NONE
        record(connection, desk.vault, who, "campaign budget", f"campaign:{campaign_id}", {"texts": said}, now)
        return budget, cost_of(texts_of(connection, campaign_id)).unknown

    budget, unknown = desk.database.write(work)
    said = [f"{seen.name} has no budget for texts any more: they may cost what they cost."]
    if budget is not None:
        said = [f"{seen.name} may spend {budget.amount.words()} on texts; {budget.spent.words()} of it are spent."]
        said += ["Then people with an email address get email instead; the others get no text."]
        if unknown:
            said.append(f"{unknown:,} texts went before without a known price: what they cost is not among it.")
    return Done(
        campaign_id=campaign_id,
        state=seen.campaign.state,
        sentences=tuple(said),
        next=f"see what texts will cost with `reminder forecast {campaign_id}`",
    )
