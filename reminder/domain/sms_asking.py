"""Whether a text may ask somebody to confirm a number: a form that sends texts is a way to make us pay for them.

Numbers whose owners are paid for every text they get (SMS pumping) come in ranges: many of them with the same first
digits, in few countries, in a short time. What is refused is not told to whoever asks.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from reminder.domain.sms_rules import EVERYWHERE, SmsRules

RANGE_DIGITS = 7
RANGE_PER_HOUR = 10
RANGE_TIME = timedelta(hours=1)


class Answer(IntEnum):
    """What became of somebody's asking. Kept in the database: the numbers never change their meaning."""

    QUEUED = 0  # a text asks the number to confirm
    COUNTRY = 1  # no text may go to numbers of that country
    DAY_FULL = 2  # as many texts as a day may have were queued already
    NUMBER = 3  # this number was asked today already
    RANGE = 4  # too many numbers with the same first digits were asked for in the last hour


# No text went today, and none will: the number is not to be kept for one that never comes.
REFUSED = frozenset({Answer.COUNTRY, Answer.DAY_FULL, Answer.RANGE})
ANSWER_WORDS = {
    Answer.QUEUED: "asked to confirm",
    Answer.COUNTRY: "refused: no text may go to numbers of that country",
    Answer.DAY_FULL: "refused: no more texts that day (SMS_CONFIRMATIONS_PER_DAY)",
    Answer.NUMBER: "not asked twice on one day",
    Answer.RANGE: "refused: too many numbers with the same first digits in an hour",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What texts that ask to confirm a number must keep to: the rules of countries, and how many a day (UTC)."""

    rules: SmsRules = EVERYWHERE
    per_day: int = 200


@dataclass(frozen=True, slots=True)
class AskedSoFar:
    """Texts that were queued today, to this number and in all, and how often its range was asked for in the last hour."""

    to_number: int
    today: int
    of_range: int


def range_of(number: str) -> str:
    """The range that a number (+447700900123) lies in: its first digits."""
    return number[: 1 + RANGE_DIGITS]


def answer(asking: Asking, country: str, so_far: AskedSoFar) -> Answer:
    """What becomes of one more asking."""
    if not asking.rules.allowed(country):
        return Answer.COUNTRY
    if so_far.of_range >= RANGE_PER_HOUR:
        return Answer.RANGE
    if so_far.to_number:
        return Answer.NUMBER
    return Answer.DAY_FULL if so_far.today >= asking.per_day else Answer.QUEUED
