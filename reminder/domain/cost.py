"""What texts cost: prices by country, sums by currency, and how many texts a budget still pays for.

Money is whole millionths of a currency's unit (0.0083 USD is 8,300), so that nothing is lost in adding up. A country
without a price is not guessed: its texts are counted as texts whose cost is unknown.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

MILLIONTHS = 1_000_000
_CENT = MILLIONTHS // 100
# More than anybody pays for a text, or has for a campaign, is a slip of the pen.
HIGHEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` millionths of the unit of `currency` (three letters)."""

    amount: int
    currency: str

    def words(self) -> str:
        """12.35 USD: to the next cent above, so that a cost is never said too small."""
        cents = -(-self.amount // _CENT)
        return f"{cents // 100:,}.{cents % 100:02d} {self.currency}"


@dataclass(frozen=True, slots=True)
class Prices:
    """Price of a segment by (country, provider). '' is any country and any provider; what is named more exactly counts."""

    rows: Mapping[tuple[str, str], Money] = field(default_factory=dict)

    def of(self, country: str, provider: str) -> Money | None:
        """What one segment to a country costs by a provider; None where nobody knows."""
        for key in ((country, provider), (country, ""), ("", provider), ("", "")):
            if key in self.rows:
                return self.rows[key]
        return None

    def as_by(self, name: str, provider_for: Callable[[str], str]) -> "Prices":
        """The same prices as if all texts went by the provider `name`, instead of that which each country has."""
        countries = {country for country, _ in self.rows}
        found = {(country, name): self.of(country, provider_for(country)) for country in countries}
        return Prices({key: price for key, price in found.items() if price is not None})

    @property
    def currency(self) -> str:
        """The currency of all prices that are not nothing; '' where there are several or none."""
        found = {price.currency for price in self.rows.values() if price.amount}
        return found.pop() if len(found) == 1 else ""


NO_PRICES = Prices()


def millionths(text: str) -> int:
    """The amount that somebody wrote in units of a currency ("0.0083", "50"). `ValueError` for what is none."""
    try:
        exact = Decimal(text.strip()) * MILLIONTHS
    except InvalidOperation:
        raise ValueError("is no number such as 0.0083") from None
    if not exact.is_finite() or exact < 0 or exact > HIGHEST * MILLIONTHS:
        raise ValueError("is no amount of money")
    if exact != exact.to_integral_value():
        raise ValueError("has more than six places behind the point")
    return int(exact)


def is_currency(code: str) -> bool:
    """Whether `code` looks like one of ISO 4217: three capital letters."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


@dataclass(frozen=True, slots=True)
class TextCount:
    """`texts` to one country, each of `segments`, at `price` a segment (None: nobody knows)."""

    country: str
    texts: int
    segments: int
    price: Money | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What texts cost: sums by currency, and how many texts have no known price. Empty: no texts."""

    texts: int = 0
    segments: int = 0
    sums: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0

    def words(self) -> str:
        """12.35 USD and 3.10 EUR; unknown for 12 texts."""
        known = " and ".join(
            Money(amount, currency).words() for currency, amount in sorted(self.sums.items()) if amount
        )
        if self.unknown:
            unknown = f"unknown for {self.unknown:,} {'text' if self.unknown == 1 else 'texts'}"
            return f"{known}; {unknown}" if known else unknown
        return known or "nothing"

    def to_json(self) -> dict[str, object]:
        """For a program: amounts in millionths of the unit."""
        return {
            "texts": self.texts,
            "segments": self.segments,
            "millionths": dict(sorted(self.sums.items())),
            "unknown_texts": self.unknown,
        }


def cost_of(counts: Iterable[TextCount]) -> Cost:
    """All of them together."""
    texts = segments = unknown = 0
    sums: dict[str, int] = {}
    for count in counts:
        texts += count.texts
        segments += count.texts * count.segments
        if count.price is None:
            unknown += count.texts
        else:
            currency = count.price.currency
            sums[currency] = sums.get(currency, 0) + count.texts * count.segments * count.price.amount
    return Cost(texts, segments, {currency: amount for currency, amount in sums.items() if amount}, unknown)


def by_country(counts: Iterable[TextCount]) -> dict[str, Cost]:
    """The cost of each country ('' is not known), the most texts first."""
    apart: dict[str, list[TextCount]] = {}
    for count in counts:
        apart.setdefault(count.country, []).append(count)
    found = {country: cost_of(of) for country, of in apart.items()}
    return dict(sorted(found.items(), key=lambda item: (-item[1].texts, item[0])))


def payable(left: Money, price: Money | None, segments: int, wanted: int) -> int:
    """How many of the `wanted` texts, each of `segments`, `left` still pays for.

    None where nobody knows the price, or it is in another currency: what cannot be counted may pass the budget.
    """
    if price is None or (price.amount and price.currency != left.currency):
        return 0
    each = price.amount * segments
    return wanted if not each else max(0, min(wanted, left.amount // each))
