"""Whether what the providers take suffices: by table and as a rule."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.limits import Limits, Used
from reminder.planning.forecast.pace import Load, Way, left_over
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


def made(loads: list[tuple[int, int, int]]) -> list[Load]:
    """Loads from (hours until it starts, hours until it ends, people)."""
    return [Load(BEGAN + start * HOUR, BEGAN + end * HOUR, people) for start, end, people in loads]


@pytest.mark.parametrize(("loads", "rate", "left"), CASES.values(), ids=CASES.keys())
def test_what_is_left_when_the_hours_end(loads: list[tuple[int, int, int]], rate: float, left: list[int]) -> None:
    assert left_over(made(loads), [Way(Limits(per_second=rate))]) == left


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.integers(0, 100_000)), max_size=8),
    st.floats(0.001, 50),
)
def test_no_more_is_handed_over_than_the_rate_allows_and_nobody_is_lost(
    loads: list[tuple[int, int, int]], rate: float
) -> None:
    waiting = made([(start, start + hours, people) for start, hours, people in loads])
    left = left_over(waiting, [Way(Limits(per_second=rate))])
    assert all(0 <= rest <= load.people for rest, load in zip(left, waiting, strict=True))
    for load, rest in zip(waiting, left, strict=True):
        assert load.people - rest <= (load.end - load.start).total_seconds() * rate + 1
    open_hours = {load.start + hour * HOUR for load in waiting for hour in range((load.end - load.start) // HOUR)}
    assert sum(load.people for load in waiting) - sum(left) <= len(open_hours) * 3_600 * rate + len(waiting)
    if rate * 3_600 > sum(load.people for load in waiting):
        assert all(rest == 0 or load.start >= load.end for rest, load in zip(left, waiting, strict=True))


TODAY = BEGAN.toordinal()
# BEGAN is at 09:00 UTC: fifteen hours are left of its day.
DAY_LIMITS = {
    "a day has room for so many": ([Way(Limits(per_day=4_800))], [(0, 12, 8_000)], [3_200]),
    "what went today is gone": ([Way(Limits(per_day=4_800), Used(TODAY, 4_000))], [(0, 12, 8_000)], [7_200]),
    "midnight opens it again": ([Way(Limits(per_day=4_800))], [(0, 16, 8_000)], [0]),
    "what another day took does not count": ([Way(Limits(per_day=10), Used(TODAY - 1, 10))], [(0, 1, 10)], [0]),
    "the next provider takes the rest": ([Way(Limits(per_day=100)), Way(Limits(per_day=50))], [(0, 1, 160)], [10]),
    "at its own rate": ([Way(Limits(per_day=100)), Way(Limits(per_second=1))], [(0, 1, 3_710)], [10]),
    "what ends first takes the room": ([Way(Limits(per_day=100))], [(0, 9, 80), (0, 1, 80)], [60, 0]),
    "a first day of warm-up": ([Way(Limits(warm_up=50))], [(0, 1, 80)], [30]),
    "twice as many on the next": ([Way(Limits(warm_up=50))], [(0, 1, 50), (24, 25, 101), (48, 49, 200)], [0, 1, 0]),
    "nothing doubles that was not used": ([Way(Limits(warm_up=50))], [(0, 1, 5), (24, 25, 60)], [0, 10]),
}


@pytest.mark.parametrize(("ways", "loads", "left"), DAY_LIMITS.values(), ids=DAY_LIMITS.keys())
def test_what_is_left_when_the_days_limit_ends_it(
    ways: list[Way], loads: list[tuple[int, int, int]], left: list[int]
) -> None:
    assert left_over(made(loads), ways) == left
