"""When a message that was put off is tried again: with patience, and never too late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.retry import LONG_WAIT, WAITS, retry_at

NOW = datetime(2020, 12, 22, 9, tzinfo=UTC)
FAR = NOW + timedelta(days=7)
MINUTE = timedelta(minutes=1)


def wait(
    tries: int, retry_after: int | None = None, not_after: datetime = FAR, open_until: datetime | None = None
) -> timedelta | None:
    """How long a try waits; the day's hours end with the last one unless said otherwise."""
    at = retry_at(tries, retry_after, now=NOW, open_until=open_until or not_after, not_after=not_after)
    return None if at is None else at - NOW


@pytest.mark.parametrize(
    ("tries", "minutes"),
    [(1, 1), (2, 5), (3, 15), (4, 60), (5, 180), (6, 180), (11, 180), (12, 180), (13, 720), (500, 720)],
)
def test_each_try_waits_longer_up_to_half_a_day(tries: int, minutes: int) -> None:
    assert wait(tries) == minutes * MINUTE


@given(st.integers(1, 10_000), st.integers(1, 28))
def test_nothing_is_given_up_while_there_are_days_left(tries: int, days: int) -> None:
    assert wait(tries, 4 * 3600, NOW + timedelta(days=days)) is not None


@pytest.mark.parametrize(("retry_after", "minutes"), [(30, 1), (60, 1), (61, 61 / 60), (3600, 60)])
def test_a_providers_own_wait_is_never_shortened(retry_after: int, minutes: float) -> None:
    assert wait(1, retry_after) == minutes * MINUTE


def test_what_was_not_begun_is_tried_at_once_however_often() -> None:
    assert wait(1, 0) == timedelta()
    assert wait(len(WAITS) + 5, 0) == timedelta()
    assert wait(1, 0, not_after=NOW) is None


@pytest.mark.parametrize(
    ("left", "tries", "retry_after", "minutes"),
    [
        (timedelta(minutes=60), 4, None, 59),  # the last chance, a minute before the end
        (timedelta(minutes=60, seconds=1), 4, None, 60),
        (timedelta(minutes=2), 2, None, None),  # no time for a last chance
        (timedelta(minutes=2, seconds=1), 2, None, 61 / 60),
        (timedelta(minutes=60), 4, 3600, None),  # the provider itself says that it is too long
        (timedelta(minutes=60), 4, 59 * 60 + 1, None),
        (timedelta(minutes=60), 4, 59 * 60, 59),
        (timedelta(minutes=100), 5, 900, 99),  # only our own wait is too long
    ],
)
def test_near_the_end_there_is_a_last_chance(
    left: timedelta, tries: int, retry_after: int | None, minutes: float | None
) -> None:
    assert wait(tries, retry_after, NOW + left) == (None if minutes is None else minutes * MINUTE)


@pytest.mark.parametrize(
    ("open_hours", "until_end", "minutes"),
    [
        (100, timedelta(hours=4), 99),  # the last day: its evening is the end
        (181, timedelta(hours=4), 180),
        (1, timedelta(hours=23), None),
        (100, timedelta(minutes=100, days=1), 180),  # the night puts it off, and another morning follows
        (100, timedelta(days=7), 180),
    ],
)
def test_on_the_last_day_the_last_chance_comes_before_the_evening(
    open_hours: int, until_end: timedelta, minutes: int | None
) -> None:
    found = wait(5, 900, NOW + until_end, NOW + open_hours * MINUTE)
    assert found == (None if minutes is None else minutes * MINUTE)


@given(
    st.integers(1, 20),
    st.none() | st.integers(0, 10**6),
    st.integers(-86_400, 86_400 * 8).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.integers(0, 86_400 * 8).map(lambda seconds: timedelta(seconds=seconds)),
)
def test_no_try_is_after_the_end_before_now_or_before_the_providers_wait(
    tries: int, retry_after: int | None, not_after: datetime, shut: timedelta
) -> None:
    at = retry_at(tries, retry_after, now=NOW, open_until=not_after - shut, not_after=not_after)
    assert at is None or NOW <= at < not_after
    assert at is None or at >= NOW + timedelta(seconds=retry_after or 0)
    assert (
        at is None
        or retry_after == 0
        or NOW + WAITS[0] <= at <= NOW + max(LONG_WAIT, timedelta(seconds=retry_after or 0))
    )
