"""What a provider may be given: messages by the second, by the day (UTC), and few at first while its address is new.

A sending address that nobody knows must begin with little. SendGrid's own schedule begins with 50 on the first day and
about doubles each day, and starts anew for an address unused for more than 30 days
(https://www.twilio.com/docs/sendgrid/concepts/reputation/warm-up-ip-addresses).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# An address that was quiet for longer is new again.
FORGOTTEN_AFTER_DAYS = 30
_LIMIT = re.compile(r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*/\s*(?P<unit>s|day)")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_second` messages (0: as fast as it takes them), `per_day` messages by UTC day (0: any number).

    `warm_up`: the number of the first day; then twice the most that went on a day before (0: none). False where nothing
    is limited.
    """

    per_second: float = 0
    per_day: int = 0
    warm_up: int = 0

    def __bool__(self) -> bool:
        return bool(self.per_second or self.per_day or self.warm_up)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Used:
    """What a provider took: `today` messages on `day` (an ordinal, UTC), and `most` on any earlier day."""

    day: int = 0
    today: int = 0
    most: int = 0

    def seen_on(self, day: int) -> "Used":
        """The same on another day, of which nothing is used yet."""
        if day == self.day:
            return self
        return Used(day, 0, 0 if day - self.day > FORGOTTEN_AFTER_DAYS else max(self.most, self.today))


UNUSED = Used()


def most_on_its_day(limits: Limits, used: Used) -> int | None:
    """How many messages may go on the day of `used` in all; None for any number.

    It is what really went that doubles, not the days that passed: a test mail a day warms nothing up.
    """
    quota = limits.per_day or None
    if not limits.warm_up:
        return quota
    warm = max(limits.warm_up, 2 * used.most)
    return warm if quota is None else min(warm, quota)


def left_on_its_day(limits: Limits, used: Used) -> int | None:
    """How many more messages may go on the day of `used`; None for any number."""
    most = most_on_its_day(limits, used)
    return None if most is None else max(0, most - used.today)


def read_limits(written: str) -> dict[str, Limits]:
    """ "sendgrid:50/s,100000/day; postmark:20/s" by provider. `ValueError` with words for who wrote it."""
    found = {}
    for name, value in _pairs(written):
        parts = [_LIMIT.fullmatch(part.strip()) for part in value.split(",")]
        numbers = {part["unit"]: part["number"] for part in parts if part}
        if len(numbers) != len(parts) or not all(map(float, numbers.values())) or "." in numbers.get("day", ""):
            raise ValueError("must look like sendgrid:50/s,100000/day; postmark:20/s")
        found[name] = Limits(float(numbers.get("s", 0)), int(numbers.get("day", 0)))
    return found


def read_warm_up(written: str) -> dict[str, int]:
    """ "sendgrid:50; ses:200" as the first day's number by provider. `ValueError` with words for who wrote it."""
    found = {}
    for name, value in _pairs(written):
        if not _NUMBER.fullmatch(value):
            raise ValueError("must look like sendgrid:50; ses:200, with the number of the first day")
        found[name] = int(value)
    return found


def _pairs(written: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for pair in filter(None, (piece.strip() for piece in written.split(";"))):
        name, colon, value = (piece.strip() for piece in pair.partition(":"))
        if not name or not colon:
            raise ValueError("must name a provider before each colon, and separate providers by semicolons")
        if name in seen:
            raise ValueError(f"names {name} twice")
        seen.add(name)
        yield name, value
