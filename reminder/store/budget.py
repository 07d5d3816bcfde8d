"""What texts cost and what a campaign may spend on them: reserved before a provider hears of them, by a guarded update.

What an attempt may cost is taken from the budget in the transaction that begins it, and given back only for texts that the
provider certainly did not take: so no order of sends, retries, crashes and late answers passes the budget by one text.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.cost import Money, TextCount, payable
from reminder.domain.states import Channel
from reminder.store.columns import statement
from reminder.store.handover import Claimed

_KEEP_COST = (
    "INSERT INTO sms_cost (attempt_id, campaign_id, country, provider, segments, texts, price, currency)"
    " VALUES (:attempt, :campaign, :country, :provider, :segments, :texts, :price, :currency)"
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a campaign may spend on texts, and what it has spent, in the same currency."""

    amount: Money
    spent: Money

    @property
    def left(self) -> Money:
        """What may still be spent; less than nothing where the budget was made smaller than what was spent."""
        return Money(self.amount.amount - self.spent.amount, self.amount.currency)


def payer_of(claimed: Claimed) -> int:
    """The campaign that pays for the texts of a batch: the first of several appeals; 0 where they belong to none."""
    return claimed.items[0][0] if claimed.items else 0


def hold(connection: Connection, claimed: Claimed) -> None:
    """On PostgreSQL, let one hand-over of a campaign's texts follow the other: the first lock that its transaction takes.

    Campaign and provider are locked later; two that lock in the same order never wait for each other.
    """
    if connection.dialect.name == "sqlite" or claimed.channel is not Channel.SMS:
        return
    connection.execute(
        text("SELECT campaign_id FROM sms_budget WHERE campaign_id = :campaign FOR UPDATE"),
        {"campaign": payer_of(claimed)},
    )


def read_budget(connection: Connection, campaign_id: int) -> Budget | None:
    """The budget of a campaign; None where it may spend what texts cost."""
    row = connection.execute(
        statement("SELECT amount, currency, spent FROM sms_budget WHERE campaign_id = :campaign"),
        {"campaign": campaign_id},
    ).one_or_none()
    return None if row is None else Budget(Money(row.amount, row.currency), Money(row.spent, row.currency))


def reserve(connection: Connection, campaign_id: int, price: Money | None, segments: int, wanted: int) -> int:
    """Take what up to `wanted` texts cost from the campaign's budget; returns how many of them it pays for."""
    budget = read_budget(connection, campaign_id)
    if budget is None:
        return wanted
    texts = payable(budget.left, price, segments, wanted)
    if not texts or price is None or not price.amount:
        return texts
    taken = connection.execute(
        statement(
            "UPDATE sms_budget SET spent = spent + :cost WHERE campaign_id = :campaign AND currency = :currency"
            " AND spent + :cost <= amount"
        ),
        {"cost": texts * segments * price.amount, "campaign": campaign_id, "currency": price.currency},
    ).rowcount
    # Another machine spent some at this moment, or an organiser changed it.
    return texts if taken else reserve(connection, campaign_id, price, segments, wanted)


def keep_cost(connection: Connection, attempt_id: int, campaign_id: int, provider: str, count: TextCount) -> None:
    """Write what the texts of an attempt may cost, with the price of today; in the transaction that begins it."""
    values = {
        "attempt": attempt_id,
        "campaign": campaign_id,
        "country": count.country,
        "provider": provider,
        "segments": count.segments,
        "texts": count.texts,
        "price": None if count.price is None else count.price.amount,
        "currency": "" if count.price is None else count.price.currency,
    }
    connection.execute(statement(_KEEP_COST), values)


def settle(connection: Connection, attempt_id: int, texts: int) -> None:
    """Only `texts` of an attempt were taken or may have been: what the others cost goes back into the budget, once."""
    row = connection.execute(
        statement("SELECT campaign_id, segments, texts, price, currency FROM sms_cost WHERE attempt_id = :attempt"),
        {"attempt": attempt_id},
    ).one_or_none()
    if row is None or row.texts <= texts:
        return
    bound = {"attempt": attempt_id, "texts": texts, "was": row.texts}
    settled = connection.execute(
        statement("UPDATE sms_cost SET texts = :texts WHERE attempt_id = :attempt AND texts = :was"), bound
    ).rowcount
    if settled and row.price:
        back = (row.texts - texts) * row.segments * row.price
        connection.execute(
            statement(
                "UPDATE sms_budget SET spent = spent - :back WHERE campaign_id = :campaign AND currency = :currency"
            ),
            {"back": back, "campaign": row.campaign_id, "currency": row.currency},
        )


def set_budget(connection: Connection, campaign_id: int, amount: Money | None) -> Budget | None:
    """Give a campaign a budget, another one, or none. What it has spent already in that currency counts."""
    bound: dict[str, Any] = {"campaign": campaign_id}
    if amount is None:
        connection.execute(text("DELETE FROM sms_budget WHERE campaign_id = :campaign"), bound)
        return None
    bound |= {"amount": amount.amount, "currency": amount.currency}
    connection.execute(
        text(
            "INSERT INTO sms_budget (campaign_id, amount, currency, spent) VALUES (:campaign, :amount, :currency, 0)"
            " ON CONFLICT (campaign_id) DO UPDATE SET amount = excluded.amount, currency = excluded.currency"
        ),
        bound,
    )
    if connection.dialect.name != "sqlite":
        # Attempts under way that knew of no budget are committed before what they cost is added up.
        connection.execute(text("SELECT id FROM campaign WHERE id = :campaign FOR UPDATE"), bound)
    connection.execute(
        text(
            "UPDATE sms_budget SET spent = (SELECT coalesce(sum(texts * segments * price), 0) FROM sms_cost"
            " WHERE sms_cost.campaign_id = :campaign AND sms_cost.currency = :currency) WHERE campaign_id = :campaign"
        ),
        bound,
    )
    return read_budget(connection, campaign_id)


def texts_of(connection: Connection, campaign_id: int) -> list[TextCount]:
    """The texts that a campaign paid for: taken, or possibly taken, by a provider; by country and price."""
    rows = connection.execute(
        text(
            "SELECT country, segments, price, currency, sum(texts) AS texts FROM sms_cost"
            " WHERE campaign_id = :campaign AND texts > 0 GROUP BY country, segments, price, currency"
            " ORDER BY country, segments, price"
        ),
        {"campaign": campaign_id},
    )
    return [
        TextCount(
            row.country, int(row.texts), row.segments, None if row.price is None else Money(row.price, row.currency)
        )
        for row in rows
    ]
