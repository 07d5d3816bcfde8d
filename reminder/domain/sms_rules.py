"""In which countries, from which sender and when a text is lawful.

A country needs all of it: a place on the operator's allow-list, a row in the table of countries, and a sender of ours of
a kind that is lawful there. Hours, weekdays and holidays are those of the row, by the clock of whoever reads the text.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

EVERY_DAY = frozenset(range(7))
DAY_HOURS = 24
# A month and day of every year, one date, or days after Easter Sunday.
Holiday = tuple[int, int] | date | int


class SenderKind(StrEnum):
    """What a text comes from."""

    ALPHA = "alpha"  # a name; nobody can answer it
    LONG = "long"  # an ordinary number
    SHORT = "short"  # a number of three to eight digits that operators hand out
    TOLL_FREE = "toll-free"  # a number that costs the caller nothing


@dataclass(frozen=True, slots=True)
class CountryRule:
    """The row of one country (two letters).

    `senders` are the kinds that may be used, `registration` those of them that must be registered first, `two_way` those
    that people can answer. Texts may be sent at whole hours from `hours_from` until before `hours_to` (24 is midnight) on
    `weekdays` (0 is Monday), never on `holidays`. `source` and `checked_on` are for the senders, `hours_source` for the
    hours and days; "unverified" in a source says that nobody has found it in writing.
    """

    country: str
    senders: frozenset[SenderKind]
    source: str
    checked_on: date
    registration: frozenset[SenderKind] = frozenset()
    two_way: frozenset[SenderKind] = frozenset()
    hours_from: int = 0
    hours_to: int = DAY_HOURS
    weekdays: frozenset[int] = EVERY_DAY
    holidays: frozenset[Holiday] = frozenset()
    hours_source: str = ""
    note: str = ""

    @property
    def is_always_open(self) -> bool:
        """Whether there is no hour and no day on which texts are not allowed."""
        return (self.hours_from, self.hours_to, self.weekdays) == (0, DAY_HOURS, EVERY_DAY) and not self.holidays

    def open_on_day(self, on: date) -> bool:
        """Whether texts are allowed on the local day `on` at all."""
        if on.weekday() not in self.weekdays:
            return False
        return not ({on, (on.month, on.day), (on - easter(on.year)).days} & self.holidays)


@dataclass(frozen=True, slots=True)
class SmsSender:
    """A number or name of ours. `countries`: where it may be used; none is wherever its kind needs no registration."""

    identity: str
    kind: SenderKind
    two_way: bool = False
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class SmsRules:
    """The table with the operator's settings. `everywhere`: messages leave this machine by no provider, so no rule holds."""

    rows: Mapping[str, CountryRule] = field(default_factory=dict)
    countries: frozenset[str] = frozenset()
    senders: tuple[SmsSender, ...] = ()
    default: SmsSender | None = None
    everywhere: bool = False

    def rule(self, country: str) -> CountryRule | None:
        """The row of a country (two letters, in any case); None where there is none."""
        return self.rows.get(country.upper())

    def allowed(self, country: str) -> bool:
        """Whether texts may go to numbers of a country: it is on the allow-list, and we have a lawful sender for it."""
        return not self.why_not(country)

    def why_not(self, country: str) -> str:
        """Why texts may not go to numbers of a country, in words that follow "no texts to XX: "; '' where they may."""
        if self.everywhere:
            return ""
        if country.upper() not in self.countries:
            return "it is not in SMS_COUNTRIES"
        if self.rule(country) is None:
            return "the table of countries has no row for it"
        return "" if self.sender_for(country) else "no sender of ours is of a kind that is lawful there"

    def open_on(self, country: str, local_on: date, hour: int) -> bool:
        """Whether the country's hours and days let a text go in the local hour `hour` (0 to 23) of the day `local_on`."""
        if self.everywhere:
            return True
        rule = self.rule(country)
        return rule is not None and rule.open_on_day(local_on) and rule.hours_from <= hour < rule.hours_to

    def hours_of(self, country: str) -> CountryRule | None:
        """The row whose hours and days count; None where no hour is closed."""
        rule = None if self.everywhere else self.rule(country)
        return None if rule is None or rule.is_always_open else rule

    def sender_for(self, country: str) -> SmsSender | None:
        """Who a text to a country comes from: the first sender that names it, else the default one; None if none is lawful.

        A kind that must be registered is lawful only for a sender that names the country: so the operator says that it is.
        It is two-way only where its kind can be answered there.
        """
        if self.everywhere:
            return self.default
        rule, code = self.rule(country), country.upper()
        if rule is None:
            return None
        named = [each for each in self.senders if code in each.countries and each.kind in rule.senders]
        anywhere = [each for each in (*self.senders, self.default) if each is not None and not each.countries]
        free = [each for each in anywhere if each.kind in rule.senders - rule.registration]
        sender = next(iter([*named, *free]), None)
        return replace(sender, two_way=sender.two_way and sender.kind in rule.two_way) if sender else None

    def route_of(self, country: str) -> str:
        """What a batch of texts to a country is told apart by: the country; '' where no rule holds."""
        return "" if self.everywhere else country.upper()

    def digest(self) -> str:
        """The same for the same rules: what has been planned is planned anew when it changes."""
        rows = [(code, self.sender_for(code), _plain(rule)) for code, rule in sorted(self.rows.items())]
        said = repr((self.everywhere, sorted(self.countries), rows))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def _plain(rule: CountryRule) -> object:
    return rule.hours_from, rule.hours_to, sorted(rule.weekdays), sorted(map(repr, rule.holidays))


# Without a provider that texts really leave by, everybody may be written to: rehearsals, demos, folders.
EVERYWHERE = SmsRules(everywhere=True)


def easter(year: int) -> date:
    """Easter Sunday of the western churches (the algorithm of Meeus, Jones and Butcher)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leaps, rest = divmod(century, 4)
    moved = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moved + 15) % 30
    to_sunday = (32 + 2 * rest + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * to_sunday) // 451
    month, day = divmod(epact + to_sunday - 7 * late + 114, 31)
    return date(year, month, 1) + timedelta(days=day)
