"""Whether a provider's rate suffices: by table and as a rule."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.planning.forecast.pace import Load, left_over
from tests.planning.world import BEGAN

HOUR = timedelta(hours=1)

CASES = {
    "nothing at all": ([], 20, []),
    "exactly enough": ([(0, 10, 720_000)], 20, [0]),
    "one more than that": ([(0, 10, 720_001)], 20, [1]),
    "no limit": ([(0, 1, 10_000_000)], 0, [0]),
    "no limit, but no time either": ([(3, 3, 5)], 0, [5]),
    "less than one an hour": ([(0, 10, 3)], 1 / 14_400, [1]),
    "two at once share the rate, what ends first goes first": ([(0, 2, 3_600), (0, 1, 3_600)], 1, [0, 0]),
    "what ends first leaves too little for the other": ([(0, 2, 3_610), (0, 1, 3_600)], 1, [10, 0]),
    "one that starts later and ends sooner comes between": ([(0, 4, 7_200), (1, 2, 3_600)], 1, [0, 0]),
    "apart they do not disturb each other": ([(0, 1, 3_700), (5, 6, 3_600)], 1, [100, 0]),
}


@pytest.mark.parametrize(("loads", "rate", "left"), CASES.values(), ids=CASES.keys())
def test_what_is_left_when_the_hours_end(loads: list[tuple[int, int, int]], rate: float, left: list[int]) -> None:
    assert left_over([Load(BEGAN + a * HOUR, BEGAN + b * HOUR, people) for a, b, people in loads], rate) == left


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 100_000)), max_size=8),
    st.floats(0.001, 50),
)
def test_no_more_is_handed_over_than_the_rate_allows_and_nobody_is_lost(
    loads: list[tuple[int, int, int]], rate: float
) -> None:
    made = [Load(BEGAN + start * HOUR, BEGAN + (start + hours) * HOUR, people) for start, hours, people in loads]
    left = left_over(made, rate)
    assert all(0 <= rest <= load.people for rest, load in zip(left, made, strict=True))
    for load, rest in zip(made, left, strict=True):
        assert load.people - rest <= (load.end - load.start).total_seconds() * rate + 1
    open_seconds = {
        second
        for load in made
        for second in range((load.end - load.start) // HOUR)
        for second in [load.start + second * HOUR]
    }
    assert sum(load.people for load in made) - sum(left) <= len(open_seconds) * 3_600 * rate + len(made)
    if rate * 3_600 > sum(load.people for load in made):
        assert all(rest == 0 or load.start >= load.end for rest, load in zip(left, made, strict=True))
