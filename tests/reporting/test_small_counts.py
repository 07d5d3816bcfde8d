"""No count from 1 to 9 is shown, and none can be worked out, even by somebody who knows the rule."""

from collections import defaultdict
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.reporting.small_counts import FEWEST_SHOWN, Breakdown, Hidden, breakdown

CASES = {
    "nobody": ({}, {}),
    "enough everywhere": ({"GB": 500, "NP": 10}, {"GB": 500, "NP": 10}),
    "nobody there is no secret": ({"email": 40, "sms": 0}, {"email": 40, "sms": 0}),
    "one small count takes another along": (
        {"email": 500, "sms": 5},
        {"email": Hidden.WITHHELD, "sms": Hidden.FEW},
    ),
    "the first by name goes along, not the smallest": (
        {"NP": 3, "GB": 500, "KZ": 40},
        {"NP": Hidden.FEW, "GB": Hidden.WITHHELD, "KZ": 40},
    ),
    "one that is too near to ten needs another": (
        {"AA": 10, "BB": 30, "CC": 99, "NP": 1},
        {"AA": Hidden.WITHHELD, "BB": Hidden.WITHHELD, "CC": 99, "NP": Hidden.FEW},
    ),
    "a handful of people": ({"email": 5, "sms": 3}, None),
    "all of them one by one": ({"GB": 1, "NP": 1}, None),
    "the only one": ({"GB": 9}, None),
    "nine and nine": ({"email": 9, "sms": 9}, None),
}


@pytest.mark.parametrize(("counts", "expected"), CASES.values(), ids=CASES.keys())
def test_what_may_be_told(counts: dict[str, int], expected: Breakdown) -> None:
    assert breakdown(counts) == expected


@pytest.mark.parametrize(("names", "highest"), [(("a", "b"), 45), (("a", "b", "c"), 24), (("a", "b", "c", "d"), 13)])
def test_who_knows_the_rule_and_the_total_cannot_work_out_a_small_count(names: tuple[str, ...], highest: int) -> None:
    alike = defaultdict(list)
    for values in product(range(highest + 1), repeat=len(names)):
        shown = breakdown(dict(zip(names, values, strict=True)))
        alike[sum(values), None if shown is None else tuple(shown.items())].append(values)
    # Larger tables than these would make more look alike, never fewer.
    found = [
        (total, names[place], sorted(possible))
        for (total, shown), tables in alike.items()
        for place in range(len(names))
        if (possible := {table[place] for table in tables})
        and any(0 < value < FEWEST_SHOWN for value in possible)
        and len(possible) < (2 if shown is None else 8)
        and total <= highest
    ]
    assert found == []


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 60), max_size=12))
def test_no_count_from_one_to_nine_is_ever_shown(counts: dict[str, int]) -> None:
    shown = breakdown(counts)
    if shown is not None:
        hidden = [name for name, count in shown.items() if isinstance(count, Hidden)]
        assert set(shown) == set(counts)
        assert list(shown)[len(shown) - len(hidden) :] == sorted(hidden)
        for name, count in counts.items():
            assert (shown[name] is Hidden.FEW) == (0 < count < FEWEST_SHOWN)
            assert shown[name] == count or isinstance(shown[name], Hidden)
            assert shown[name] is not Hidden.WITHHELD or count >= FEWEST_SHOWN
