"""What a campaign's texts cost, as a report may tell it: nothing of it gives fewer than 10 people away.

Prices are no secret, so a cost is a count in another coin: from an exact sum one could work out how many texts went to a
country, or in a language, that is not shown. Where that is so, all texts that are not told apart are counted at the price
of the dearest of them, and the cost is said as "at most".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reminder.domain.cost import Cost, TextCount, cost_of
from reminder.reporting.small_counts import FEWEST_SHOWN, Hidden, Shown, breakdown
from reminder.store.budget import Budget


@dataclass(frozen=True, slots=True)
class CountryLine:
    """The texts of one country, or why their number is not shown, and then without a cost."""

    texts: Shown
    cost: Cost | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class TextsLine:
    """All texts that a provider took, or may have taken. `by_country` is None where only the whole may be told."""

    texts: int = 0
    cost: Cost = field(default_factory=Cost)
    at_most: bool = False
    by_country: Mapping[str, CountryLine] | None = field(default_factory=dict)
    budget: Budget | None = None

    def to_json(self) -> dict[str, Any]:
        """Amounts in millionths of the currency's unit."""
        countries = None
        if self.by_country is not None:
            countries = {name: _country_json(line) for name, line in self.by_country.items()}
        budget = None
        if self.budget is not None:
            amount, spent = self.budget.amount, self.budget.spent
            budget = {
                "currency": amount.currency,
                "millionths": amount.amount,
                "spent_millionths": None if self.at_most else spent.amount,
            }
        return {
            "texts": self.texts,
            "cost_millionths": dict(self.cost.sums),
            "at_most": self.at_most,
            "unknown_texts": self.cost.unknown,
            "by_country": countries,
            "budget": budget,
        }


def _country_json(line: CountryLine) -> dict[str, Any]:
    if isinstance(line.texts, Hidden) or line.cost is None:
        return {"texts": str(line.texts)}
    return {"texts": line.texts, "cost_millionths": dict(line.cost.sums), "at_most": line.at_most}


def cost_words(cost: Cost, *, at_most: bool) -> str:
    """at most 12.35 USD."""
    words = cost.words()
    return f"at most {words}" if at_most and cost.sums else words


def texts_line(
    counts: Sequence[TextCount], each_person: int, budget: Budget | None, country_name: Callable[[str], str]
) -> TextsLine:
    """What may be told of `counts`. `each_person`: how many texts one person may have had, so that ten texts are not taken
    for ten people."""
    apart: dict[str, list[TextCount]] = {}
    for count in counts:
        apart.setdefault(country_name(count.country) or "not known", []).append(count)
    texts = {name: sum(count.texts for count in of) for name, of in apart.items()}
    by_size = sorted(texts, key=lambda name: (-texts[name], name))
    people = {name: max(1, texts[name] // max(1, each_person)) for name in by_size}
    told = breakdown(people)
    shown = [] if told is None else [name for name, number in told.items() if not isinstance(number, Hidden)]
    parts = {name: _told(apart[name], each_person) for name in shown}
    rest = [count for name, of in apart.items() if name not in shown for count in of]
    if rest:
        parts[""] = (_as_the_dearest(rest), True)
    lines: dict[str, CountryLine] | None = None
    if told is not None:
        lines = {name: CountryLine(texts[name], *parts[name]) for name in shown}
        lines |= {name: CountryLine(hidden) for name, hidden in told.items() if isinstance(hidden, Hidden)}
    return TextsLine(
        texts=sum(texts.values()),
        cost=_together([cost for cost, _ in parts.values()]),
        at_most=any(at_most for _, at_most in parts.values()),
        by_country=lines,
        budget=budget,
    )


def _told(counts: Sequence[TextCount], each_person: int) -> tuple[Cost, bool]:
    """The cost of a country that is shown; exact where no length or price of a text is that of a few people alone."""
    by_price: dict[tuple[int, object], int] = {}
    for count in counts:
        by_price[count.segments, count.price] = by_price.get((count.segments, count.price), 0) + count.texts
    if len(by_price) == 1 or all(texts >= FEWEST_SHOWN * each_person for texts in by_price.values()):
        return cost_of(counts), False
    return _as_the_dearest(counts), True


def _as_the_dearest(counts: Sequence[TextCount]) -> Cost:
    """As if each of these texts cost as much as the dearest of its currency; where one has no price, none is told."""
    texts = sum(count.texts for count in counts)
    sums: dict[str, int] = {}
    for count in counts:
        if count.price is not None and count.price.amount:
            dearest = texts * count.segments * count.price.amount
            sums[count.price.currency] = max(sums.get(count.price.currency, 0), dearest)
    return Cost(texts, 0, sums, texts if any(count.price is None for count in counts) else 0)


def _together(costs: Sequence[Cost]) -> Cost:
    sums: dict[str, int] = {}
    for cost in costs:
        for currency, amount in cost.sums.items():
            sums[currency] = sums.get(currency, 0) + amount
    return Cost(
        sum(cost.texts for cost in costs),
        sum(cost.segments for cost in costs),
        sums,
        sum(cost.unknown for cost in costs),
    )
