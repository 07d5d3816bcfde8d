"""Addresses on more than one line: do-not-contact wins wherever it stands, else the first line stays."""

from itertools import permutations

import pytest

from reminder.domain.states import Channel
from tests.intake.subscribers.lists import read

HEAD = "email,phone,sms_consented_on,sms_status,status\n"
BOTH = (Channel.EMAIL, Channel.SMS)


def told(outcome_lines: list[str]) -> list[tuple[int, str, int | None]]:
    return [
        (problem.line, problem.code, problem.other_line) for problem in read(HEAD + "\n".join(outcome_lines)).problems
    ]


def test_the_same_address_in_another_case_is_the_same_person() -> None:
    assert told(["clara@example.org,,,,", "davi@example.org,,,,", "Clara@EXAMPLE.org,,,,"]) == [(4, "repeated", 2)]


def test_who_left_above_is_not_taken_up_again_below() -> None:
    assert told(["clara@example.org,,,,unsubscribed", "clara@example.org,,,,active"]) == [(3, "closed_above", 2)]


def test_who_left_below_closes_the_address_taken_up_above() -> None:
    outcome = read(HEAD + "clara@example.org,,,,active\nclara@example.org,,,,unsubscribed\n")
    assert [row.only_blocks for row in outcome.rows] == [False, True]
    assert outcome.blocked() == {(Channel.EMAIL, "clara@example.org")}


def test_the_same_leaving_twice_counts_once_but_a_wish_for_silence_is_more_than_a_leaving() -> None:
    lines = ["clara@example.org,,,,unsubscribed", "clara@example.org,,,,cleaned", "clara@example.org,,,,do not contact"]
    assert told(lines) == [(3, "repeated", 2)]
    assert [row.blocks[0].everything for row in read(HEAD + "\n".join(lines)).rows] == [False, True]


def test_a_wish_for_silence_reaches_the_texts_of_later_lines() -> None:
    lines = ["clara@example.org,,,,do not contact", "clara@example.org,+447700900123,2020-01-01,,"]
    assert told(lines) == [(3, "closed_above", 2)]


def test_a_closed_channel_leaves_the_other_one() -> None:
    outcome = read(HEAD + "clara@example.org,,,,cleaned\nclara@example.org,+447700900123,2020-01-01,,\n")
    assert [[agreement.channel for agreement in row.agreements] for row in outcome.rows] == [[], [Channel.SMS]]
    assert outcome.codes == [(3, "channel_closed_above")]


def test_one_number_belongs_to_one_person() -> None:
    outcome = read(
        HEAD + "clara@example.org,+447700900123,2020-01-01,,\ndavi@example.org,+44 7700 900 123,2020-01-01,,\n"
    )
    assert [row.phone is not None for row in outcome.rows] == [True, False]
    assert [(problem.code, problem.other_line) for problem in outcome.problems] == [("phone_repeated", 2)]


def test_a_repeated_row_still_closes_what_it_says() -> None:
    outcome = read(HEAD + "clara@example.org,,,,\nclara@example.org,+447700900123,,stop,\n")
    assert [row.only_blocks for row in outcome.rows] == [False, True]
    assert outcome.blocked() == {(Channel.SMS, "+447700900123")}


LINES = (
    "clara@example.org,+447700900123,2020-01-01,,",
    "clara@example.org,,,,unsubscribed",
    "davi@example.org,+447700900123,,stop,",
    "ellen@example.org,,,,do not contact",
    "ellen@example.org,+447700900124,2020-01-01,,",
)


@pytest.mark.parametrize("lines", [*permutations(LINES)])
def test_the_order_of_the_lines_does_not_change_who_is_closed(lines: tuple[str, ...]) -> None:
    assert read(HEAD + "\n".join(lines)).blocked() == {
        (Channel.EMAIL, "clara@example.org"),
        (Channel.SMS, "+447700900123"),
        (Channel.EMAIL, "ellen@example.org"),
    }
