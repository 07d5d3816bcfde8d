"""May one more text ask a number to confirm?"""

from datetime import date

import pytest

from reminder.domain.sms_asking import ANSWER_WORDS, RANGE_PER_HOUR, Answer, AskedSoFar, Asking, answer, range_of
from reminder.domain.sms_rules import CountryRule, SenderKind, SmsRules, SmsSender

KIND = next(iter(SenderKind))
RULES = SmsRules(
    rows={"GB": CountryRule("GB", frozenset({KIND}), "somebody", date(2026, 11, 1))},
    countries=frozenset({"GB"}),
    default=SmsSender("12345", KIND),
)
ASKING = Asking(RULES, per_day=3)


@pytest.mark.parametrize(
    ("country", "so_far", "said"),
    [
        ("GB", AskedSoFar(0, 2, RANGE_PER_HOUR - 1), Answer.QUEUED),
        ("GB", AskedSoFar(0, 3, 0), Answer.DAY_FULL),
        ("GB", AskedSoFar(1, 3, 0), Answer.NUMBER),
        ("GB", AskedSoFar(1, 3, RANGE_PER_HOUR), Answer.RANGE),
        ("CU", AskedSoFar(0, 0, 0), Answer.COUNTRY),
        ("?", AskedSoFar(0, 0, 0), Answer.COUNTRY),
    ],
)
def test_what_becomes_of_one_more_asking(country: str, so_far: AskedSoFar, said: Answer) -> None:
    assert answer(ASKING, country, so_far) is said


def test_a_range_is_the_first_seven_digits() -> None:
    assert range_of("+447700900123") == range_of("+447700999999") == "+4477009"


def test_every_answer_has_words() -> None:
    assert set(ANSWER_WORDS) == set(Answer)
