"""The default plan: what is asked when, by a channel that can still arrive."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.plan import (
    FAST,
    HALF_TIME_FROM_DAYS,
    Occasion,
    PlanFacts,
    Update,
    Way,
    advice,
    channels_text,
    default_plan,
    last_day,
    reach_of,
    read_channels,
    step_key,
)
from reminder.domain.states import Channel
from reminder.domain.waves import StepPlan

POST: frozenset[Way] = frozenset({"post"})
MAIL: frozenset[Way] = frozenset({"post", "email"})
DEADLINE = date(2020, 12, 29)
POST_BY = date(2020, 12, 14)


def facts(
    start: date = date(2020, 12, 1),
    deadline: date | None = DEADLINE,
    reach: frozenset[Way] = POST,
    post_by: date | None = POST_BY,
    *,
    review: date | None = None,
    sent_by_counts: bool = False,
    occasions: tuple[Occasion, ...] = (),
    update: Update | None = None,
) -> PlanFacts:
    at = datetime(start.year, start.month, start.day, 10, tzinfo=UTC)
    return PlanFacts(at, start, deadline, review, reach, post_by, sent_by_counts, occasions, update)


def shown(steps: list[StepPlan]) -> list[tuple[str, str, str]]:
    return [(step.step_key, step.local_on.isoformat(), channels_text(step.channels)) for step in steps]


def test_the_founding_case_by_post_from_london_to_urumqi() -> None:
    steps = default_plan(facts())
    assert shown(steps) == [
        ("start+0d", "2020-12-01", "email"),
        ("post-by-7d", "2020-12-07", "email"),
        ("post-by-2d", "2020-12-12", "sms,email"),
        ("post-by+0d", "2020-12-14", "sms,email"),
    ]
    assert [step.last_useful for step in steps] == [False, False, False, True]
    assert {step.until_on for step in steps} == {POST_BY}


def test_the_founding_case_where_the_target_has_an_email_address() -> None:
    steps = default_plan(facts(reach=MAIL))
    assert shown(steps) == [
        ("start+0d", "2020-12-01", "email"),
        ("half+0d", "2020-12-15", "email"),
        ("deadline-7d", "2020-12-22", "email"),
        ("deadline-2d", "2020-12-27", "sms,email"),
        ("deadline-0d", "2020-12-29", "sms,email"),
    ]
    assert steps[-1].last_useful
    assert {step.until_on for step in steps} == {DEADLINE}


def test_where_sending_by_the_date_is_enough_the_last_reminder_leaves_time_to_find_a_counter() -> None:
    steps = default_plan(facts(post_by=DEADLINE, sent_by_counts=True))
    assert shown(steps)[-2:] == [("deadline-7d", "2020-12-22", "email"), ("deadline-2d", "2020-12-27", "sms,email")]
    assert steps[-1].last_useful


def test_where_nobody_knows_how_long_the_post_takes_the_plan_ends_14_days_before() -> None:
    steps = default_plan(facts(date(2020, 11, 20), post_by=None))
    assert shown(steps) == [
        ("start+0d", "2020-11-20", "email"),
        ("half+0d", "2020-12-02", "email"),
        ("deadline-21d", "2020-12-08", "email"),
        ("deadline-16d", "2020-12-13", "sms,email"),
        ("deadline-14d", "2020-12-15", "sms,email"),
    ]
    assert {step.until_on for step in steps} == {date(2020, 12, 15)}


def test_a_target_of_which_no_way_is_known_is_treated_as_slow() -> None:
    assert last_day(facts(reach=frozenset(), post_by=None)) == date(2020, 12, 15)


def test_an_appeal_without_a_deadline_has_a_start_and_a_half_time() -> None:
    review = date(2021, 2, 1)
    steps = default_plan(facts(deadline=None, post_by=None, review=review))
    assert shown(steps) == [("start+0d", "2020-12-01", "email"), ("half+0d", "2021-01-01", "email")]
    assert {step.until_on for step in steps} == {review}


def test_without_any_date_there_is_only_the_start() -> None:
    assert shown(default_plan(facts(deadline=None, post_by=None))) == [("start+0d", "2020-12-01", "email")]


HALF_TIMES = {"22 days remain": (22, True), "21 days remain": (21, True), "20 days remain": (20, False)}


@pytest.mark.parametrize(("days", "has_half"), HALF_TIMES.values(), ids=HALF_TIMES.keys())
def test_half_time_comes_only_if_enough_days_remain(days: int, has_half: bool) -> None:
    steps = default_plan(facts(DEADLINE - timedelta(days=days), reach=MAIL))
    assert ("half+0d" in [step.step_key for step in steps]) is has_half


LATE_STARTS = {
    "9 days before": (9, ["start+0d", "deadline-7d", "deadline-2d", "deadline-0d"]),
    "8 days before: the 7-day step would follow at once": (8, ["start+0d", "deadline-2d", "deadline-0d"]),
    "7 days before": (7, ["start+0d", "deadline-2d", "deadline-0d"]),
    "3 days before": (3, ["start+0d", "deadline-0d"]),
    "2 days before": (2, ["start+0d", "deadline-0d"]),
    "1 day before": (1, ["start+0d"]),
    "on the last day": (0, ["start+0d"]),
    "a day after": (-1, []),
}


@pytest.mark.parametrize(("days", "keys"), LATE_STARTS.values(), ids=LATE_STARTS.keys())
def test_a_late_start_takes_in_what_would_follow_at_once(days: int, keys: list[str]) -> None:
    steps = default_plan(facts(DEADLINE - timedelta(days=days), reach=MAIL))
    assert [step.step_key for step in steps] == keys


def test_a_start_that_takes_in_a_text_message_is_one() -> None:
    (start, last) = default_plan(facts(DEADLINE - timedelta(days=2), reach=MAIL))
    assert (start.channels, start.last_useful) == ((Channel.SMS, Channel.EMAIL), False)
    assert last.last_useful
    (only,) = default_plan(facts(DEADLINE, reach=MAIL))
    assert only.last_useful


def test_after_the_post_by_day_nobody_is_asked_for_a_letter_that_cannot_arrive() -> None:
    assert default_plan(facts(POST_BY + timedelta(days=1))) == []
    assert shown(default_plan(facts(POST_BY))) == [("start+0d", "2020-12-14", "sms,email")]


def test_an_event_brings_reminders_before_it() -> None:
    hanging = (Occasion("execution", date(2020, 12, 21)),)
    steps = default_plan(facts(reach=MAIL, occasions=hanging))
    found = {step.step_key: step for step in steps}
    assert found["execution-2d"].local_on == date(2020, 12, 19)
    assert found["execution-2d"].until_on == date(2020, 12, 21)
    assert found["execution-2d"].anchor == "event"
    # The half-time of the 15th stands a day after the seventh before the event: one of them is enough.
    assert [key for key in found if key in {"execution-7d", "half+0d"}] == ["half+0d"]


def test_a_new_letter_starts_again() -> None:
    told = Update(2, datetime(2020, 12, 21, 15, tzinfo=UTC), date(2020, 12, 21))
    steps = default_plan(facts(reach=MAIL, update=told))
    keys = [step.step_key for step in steps]
    assert keys == ["start+0d", "half+0d", "update-2+0d", "deadline-2d", "deadline-0d"]


ADVICE: dict[str, tuple[frozenset[Way], str, date | None, Way]] = {
    "a letter on the post-by day": (POST, "2020-12-14", POST_BY, "post"),
    "the day after nothing is known to arrive": (POST, "2020-12-15", POST_BY, "any"),
    "email before a letter that would arrive too": (MAIL, "2020-12-14", POST_BY, "email"),
    "a letter before a fax": (frozenset({"post", "fax"}), "2020-12-14", POST_BY, "post"),
    "then the fax": (frozenset({"post", "fax"}), "2020-12-15", POST_BY, "fax"),
    "on the last day email": (MAIL, "2020-12-29", POST_BY, "email"),
    "after it nothing": (MAIL, "2020-12-30", POST_BY, "any"),
    "unknown post: a letter 14 days before": (frozenset({"post", "phone"}), "2020-12-15", None, "post"),
    "unknown post: then a call": (frozenset({"post", "phone"}), "2020-12-16", None, "phone"),
    "sending counts: a letter on the last day": (POST, "2020-12-29", DEADLINE, "post"),
    "fax and phone": (frozenset({"phone", "fax"}), "2020-12-20", None, "fax"),
    "a form before a fax": (frozenset({"form", "fax"}), "2020-12-20", None, "form"),
    "an embassy": (frozenset({"post", "embassy"}), "2020-12-20", POST_BY, "embassy"),
    "nothing known": (frozenset(), "2020-12-20", None, "any"),
}


@pytest.mark.parametrize(("reach", "today", "post_by", "way"), ADVICE.values(), ids=ADVICE.keys())
def test_the_one_thing_to_do_now(reach: frozenset[Way], today: str, post_by: date | None, way: Way) -> None:
    assert advice(reach, date.fromisoformat(today), post_by, DEADLINE) == way


def test_without_a_deadline_a_letter_is_never_too_late() -> None:
    assert advice(POST, date(2021, 6, 1), None, None) == "post"


REACHES = {
    "postal address only": ({"postal_address": "No. 1"}, {"post"}),
    "everything": (
        {"postal_address": "x", "email": ["a@example.org"], "fax": "1", "phone": "2", "social": "@x"},
        {"post", "email", "fax", "phone", "form"},
    ),
    "empty list of emails": ({"email": []}, set()),
    "a copy by email": ({"email": ["a@example.org"], "copy": True}, {"embassy"}),
    "a copy to an embassy by post": ({"postal_address": "x", "role": "Embassy of China", "copy": True}, {"embassy"}),
    "a copy to an office far away": ({"postal_address": "x", "role": "Minister", "copy": True}, set()),
}


@pytest.mark.parametrize(("target", "ways"), REACHES.values(), ids=REACHES.keys())
def test_ways_to_reach_a_target(target: dict[str, object], ways: set[Way]) -> None:
    assert reach_of([target]) == ways


@pytest.mark.parametrize(
    ("name", "offset", "key"),
    [
        ("start", 0, "start+0d"),
        ("deadline", -7, "deadline-7d"),
        ("deadline", 0, "deadline-0d"),
        ("post-by", 0, "post-by+0d"),
    ],
)
def test_step_keys(name: str, offset: int, key: str) -> None:
    assert step_key(name, offset) == key


@pytest.mark.parametrize("text", ["email", "sms,email", "sms"])
def test_channels_are_read_as_they_are_written(text: str) -> None:
    assert channels_text(read_channels(text)) == text


@pytest.mark.parametrize("text", ["", "pigeon", "email,", "email, sms"])
def test_unknown_channels_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no list of channels"):
        read_channels(text)


ways = st.frozensets(st.sampled_from(["post", *FAST]), max_size=3)


@given(
    st.integers(-3, 120), ways, st.one_of(st.none(), st.integers(1, 40)), st.booleans(), st.lists(st.integers(-2, 60))
)
def test_no_plan_asks_for_what_cannot_arrive_and_none_crowds(
    days: int, reach: frozenset[Way], post_days: int | None, sent_by_counts: bool, events: list[int]
) -> None:
    start = DEADLINE - timedelta(days=days)
    post_by = DEADLINE if sent_by_counts else DEADLINE - timedelta(days=post_days) if post_days else None
    occasions = tuple(Occasion(f"hearing-{n}", start + timedelta(days=on)) for n, on in enumerate(events))
    made = facts(start, DEADLINE, reach, post_by, sent_by_counts=sent_by_counts, occasions=occasions)
    steps = default_plan(made)
    on = [step.local_on for step in steps]
    assert on == sorted(on)
    assert all((later - earlier).days > 1 for earlier, later in pairwise(on))
    assert len({step.step_key for step in steps}) == len(steps)
    last = last_day(made)
    assert last is not None
    assert all(start <= day <= last for day in on)
    assert bool(steps) is (start <= last)
    if steps and not reach & frozenset(FAST) and "post" in reach:
        assert all(advice(reach, day, post_by, DEADLINE) == "post" for day in on)
    assert ("half+0d" in [step.step_key for step in steps]) <= ((last - start).days >= HALF_TIME_FROM_DAYS)
