import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.results import combined
from reminder.domain.states import Result

CASES = {
    "nothing was told": ({}, Result.UNKNOWN),
    "one attempt": ({1: Result.SENT}, Result.SENT),
    "an older attempt's failure does not cover a newer delivery": (
        {1: Result.FAILED, 2: Result.DELIVERED},
        Result.DELIVERED,
    ),
    "delivered by any attempt is delivered": ({1: Result.DELIVERED, 2: Result.BOUNCED}, Result.DELIVERED),
    "delivered and bounced afterwards is bounced": ({1: Result.BOUNCED}, Result.BOUNCED),
    "a bounce comes from the newest attempt": ({1: Result.BOUNCED, 2: Result.DEFERRED}, Result.DEFERRED),
    "a complaint counts of any attempt": ({1: Result.COMPLAINED, 2: Result.DELIVERED}, Result.COMPLAINED),
}


@pytest.mark.parametrize(("told", "result"), CASES.values(), ids=CASES.keys())
def test_the_result_of_a_message_is_made_of_those_of_its_attempts(told: dict, result: Result) -> None:
    assert combined(told) is result


@given(st.dictionaries(st.integers(1, 4), st.sampled_from(Result)))
def test_a_delivery_of_any_attempt_is_never_lost_but_for_a_complaint(told: dict[int, Result]) -> None:
    if Result.DELIVERED in told.values():
        assert combined(told) in (Result.DELIVERED, Result.COMPLAINED)
