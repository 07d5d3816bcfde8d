"""What a provider may be given, as it is written in a setting, and how much of a day is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.limits import Limits, Used, left_on_its_day, most_on_its_day, read_limits, read_warm_up


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", {}),
        ("sendgrid:50/s", {"sendgrid": Limits(50)}),
        (
            " sendgrid : 50/s , 100000/day ; postmark:0.5/s; ",
            {"sendgrid": Limits(50, 100_000), "postmark": Limits(0.5)},
        ),
        ("ses:200/day,14/s", {"ses": Limits(14, 200)}),
    ],
)
def test_limits_are_read_as_they_are_written(written: str, read: dict[str, Limits]) -> None:
    assert read_limits(written) == read


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("50/s", "must name a provider"),
        (":50/s", "must name a provider"),
        ("ses", "must name a provider"),
        ("ses:50", "must look like"),
        ("ses:50/h", "must look like"),
        ("ses:50/s,60/s", "must look like"),
        ("ses:0/s", "must look like"),
        ("ses:1.5/day", "must look like"),
        ("ses:-5/day", "must look like"),
        ("ses:٥/day", "must look like"),
        ("ses:", "must look like"),
        ("ses:5/s; ses:6/s", "names ses twice"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_limits(written)


def test_the_numbers_of_a_warm_up_are_read_and_nothing_else() -> None:
    assert read_warm_up("sendgrid:50; ses:200") == {"sendgrid": 50, "ses": 200}
    for wrong in ("sendgrid:0", "sendgrid:50/day", "sendgrid:many", "50"):
        with pytest.raises(ValueError, match="must"):
            read_warm_up(wrong)


@given(st.text(max_size=30))
def test_whatever_is_written_is_read_or_refused_with_words(written: str) -> None:
    for read in (read_limits, read_warm_up):
        try:
            read(written)
        except ValueError as error:
            assert str(error).startswith(("must ", "names "))  # noqa: PT017 - what is read is as good an end


def test_without_a_limit_a_day_has_no_end() -> None:
    assert not Limits()
    assert most_on_its_day(Limits(per_second=5), Used(1, 10**9)) is None


@given(st.lists(st.integers(0, 10_000), max_size=60), st.integers(1, 500), st.integers(0, 100_000))
def test_no_day_of_a_warm_up_takes_more_than_twice_the_best_before_or_than_the_quota(
    wanted: list[int], first: int, quota: int
) -> None:
    limits, used, best = Limits(per_day=quota, warm_up=first), Used(), 0
    for day, asked in enumerate(wanted, start=1):
        used = used.seen_on(day)
        taken = min(asked, left_on_its_day(limits, used) or 0)
        assert taken <= max(first, 2 * best)
        assert taken <= (quota or taken)
        used, best = Used(day, taken, used.most), max(best, taken)
