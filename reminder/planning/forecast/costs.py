"""What the texts of a forecast will cost by country, and how far the campaign's budget goes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reminder.domain.cost import Cost, Money, TextCount, by_country, cost_of, payable
from reminder.domain.states import REASON_WORDS, Reason
from reminder.domain.waves import Habits
from reminder.planning.forecast.coming import Coming
from reminder.planning.forecast.people import Texts
from reminder.store.budget import Budget, read_budget
from reminder.store.campaigns import Connection


@dataclass(frozen=True, slots=True)
class TextCosts:
    """How a forecast learns what a text costs.

    `segments`: what the reminder of a campaign takes in a language on a local day to a country; 0 where it cannot be
    built. `price`: of a segment to a country, by the provider that is used first.
    """

    segments: Callable[[Connection, int, str, date, str], int]
    price: Callable[[str], Money | None]


@dataclass(frozen=True, slots=True)
class CostOutlook:
    """Texts by country and price, `of` each sending as well; and of those the budget does not pay for, by reason: how many
    people get email instead, and how many no text and no email."""

    of: Mapping[Coming, tuple[TextCount, ...]] = field(default_factory=dict)
    budget: Budget | None = None
    by_email: Mapping[Reason, int] = field(default_factory=dict)
    unsent: Mapping[Reason, int] = field(default_factory=dict)

    @property
    def counts(self) -> list[TextCount]:
        """Every text that is planned."""
        return [count for counts in self.of.values() for count in counts]

    def to_json(self) -> dict[str, Any]:
        """For a program; amounts in millionths of the currency's unit, reasons in words."""
        return {
            **cost_of(self.counts).to_json(),
            "by_country": {country: cost.to_json() for country, cost in by_country(self.counts).items()},
            "budget": _budget_json(self.budget),
            "unpaid_by_email": {REASON_WORDS[reason]: number for reason, number in self.by_email.items()},
            "unpaid_unsent": {REASON_WORDS[reason]: number for reason, number in self.unsent.items()},
        }

    def text(self) -> list[str]:
        """For people; nothing where nobody gets a text."""
        if not self.of and self.budget is None:
            return []
        lines = ["", f"Texts: {texts_words(cost_of(self.counts))}, at the prices of now"]
        lines += [f"  {country or 'country not known'}: {texts_words(cost)}" for country, cost in self._countries()]
        if self.budget is not None:
            amount, spent = self.budget.amount.words(), self.budget.spent.words()
            lines.append(f"  Budget for texts: {amount}, of which {spent} are spent")
        for reason in {**self.by_email, **self.unsent}:
            by_email, unsent = self.by_email.get(reason, 0), self.unsent.get(reason, 0)
            lines.append(
                f"  It does not pay for {by_email + unsent:,} of them: {by_email:,} go by email instead,"
                f" {unsent:,} not at all ({REASON_WORDS[reason]})"
            )
        return lines

    def _countries(self) -> list[tuple[str, Cost]]:
        return list(by_country(self.counts).items())


def texts_words(cost: Cost) -> str:
    """412 texts (824 segments), 12.35 USD; unknown for 12 texts."""
    texts = f"{cost.texts:,} {'text' if cost.texts == 1 else 'texts'}"
    segments = f" ({cost.segments:,} segments)" if cost.segments != cost.texts else ""
    said = cost.words()
    return f"{texts}{segments}, cost {said}" if said.startswith("unknown") else f"{texts}{segments}, {said}"


def _budget_json(budget: Budget | None) -> dict[str, Any] | None:
    if budget is None:
        return None
    return {
        "currency": budget.amount.currency,
        "millionths": budget.amount.amount,
        "spent_millionths": budget.spent.amount,
    }


def cost_outlook(
    connection: Connection, costs: TextCosts, campaign_id: int, texts: Texts, rhythms: Mapping[int, Habits]
) -> CostOutlook:
    """What the planned `texts` cost. The budget pays for what goes first; of one sending for part of its people, with and
    without email alike."""
    found: dict[Coming, list[TextCount]] = {}
    budget = read_budget(connection, campaign_id)
    left = budget.left if budget else None
    by_email: Counter[Reason] = Counter()
    unsent: Counter[Reason] = Counter()
    ahead = sorted(texts, key=lambda key: (key[0].going.due_at, key[0].rhythm_id, key[1]))
    for coming, locale in ahead:
        with_email, without = texts[coming, locale]
        country = rhythms[coming.rhythm_id].sms_country
        segments = costs.segments(connection, campaign_id, locale, coming.going.local_on, country)
        price = costs.price(country) if segments else None
        count = TextCount(country, with_email + without, segments, price)
        found.setdefault(coming, []).append(count)
        if left is None:
            continue
        paid = payable(left, price, segments, count.texts)
        left = Money(left.amount - paid * segments * (price.amount if price else 0), left.currency)
        unpaid = count.texts - paid
        reason = Reason.SMS_BUDGET_SPENT if price and price.currency == left.currency else Reason.NO_SMS_PRICE
        alone = -(-unpaid * without // count.texts)
        by_email[reason] += unpaid - alone
        unsent[reason] += alone
    return CostOutlook(
        {coming: tuple(counts) for coming, counts in found.items()}, budget, dict(+by_email), dict(+unsent)
    )
