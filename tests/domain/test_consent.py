import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import (
    EVERY_CHANNEL,
    EVERYTHING,
    LEAVING,
    STILL_SENTENCES,
    STRENGTH,
    Closed,
    Leaving,
    closed_because,
    still_comes,
)
from reminder.domain.states import Channel
from reminder.intake.subscribers.rows import Asked

EMAIL, SMS = Channel.EMAIL, Channel.SMS

# What leaving means: the way out, the channels it closes for every campaign, whether it ends this case by all channels,
# whether everything is erased.
TABLE = [
    (Leaving.ONE_CLICK, {EMAIL}, False, False),
    (Leaving.COMPLAINT, {EMAIL}, False, False),
    (Leaving.ALL_EMAIL, {EMAIL}, False, False),
    (Leaving.STOP, {SMS}, False, False),
    (Leaving.THIS_APPEAL, set(), True, False),
    (Leaving.NEVER_AGAIN, {EMAIL, SMS}, False, False),
    (Leaving.ERASE, {EMAIL, SMS}, False, True),
]


@pytest.mark.parametrize(("what", "closes", "this_case", "erases"), TABLE, ids=[row[0] for row in TABLE])
def test_leaving_means_what_the_table_says(what: Leaving, closes: set, this_case: bool, erases: bool) -> None:
    effect = LEAVING[what]
    assert (effect.closes, effect.this_case, effect.erases) == (closes, this_case, erases)
    assert (effect.reason is None) is not bool(closes)


def test_every_way_of_leaving_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(Leaving) == set(LEAVING)


SENTENCES = [
    (Leaving.ONE_CLICK, {SMS}, ("You get no more email from us.", "Texts still come.")),
    (Leaving.ONE_CLICK, set(), ("You get no more email from us.", "Nothing else comes either.")),
    (Leaving.STOP, {EMAIL}, ("You get no more texts from us.", "Email still comes.")),
    (
        Leaving.THIS_APPEAL,
        {EMAIL, SMS},
        ("You get nothing more about this appeal.", "Email and texts about other appeals still come."),
    ),
    (Leaving.NEVER_AGAIN, set(), ("You get nothing more from us.",)),
]


@pytest.mark.parametrize(("what", "still", "sentences"), SENTENCES)
def test_each_answer_says_what_ended_and_what_still_comes(
    what: Leaving, still: set, sentences: tuple[str, ...]
) -> None:
    assert still_comes(what, still) == sentences


@given(st.sampled_from(Leaving), st.sets(st.sampled_from(Channel)))
def test_there_is_an_answer_for_whatever_stays_open_and_it_can_be_translated(what: Leaving, still: set) -> None:
    answer = still_comes(what, still)
    assert answer
    assert set(answer) <= set(STILL_SENTENCES)


@pytest.mark.parametrize("asked", list(Asked))
def test_every_word_that_lists_have_is_a_word_of_the_do_not_contact_list(asked: Asked) -> None:
    assert closed_because(asked, everything=False).value == asked.value
    assert closed_because(asked, everything=True) in EVERYTHING


def test_what_speaks_of_the_person_is_stronger_than_what_speaks_of_an_address() -> None:
    of_the_person = min(STRENGTH[reason] for reason in EVERYTHING)
    assert all(STRENGTH[reason] < of_the_person for reason in set(Closed) - EVERYTHING)


def test_the_channels_that_the_table_knows_are_all_there_are() -> None:
    assert set(Channel) == EVERY_CHANNEL
