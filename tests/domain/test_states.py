"""The tables of states: every state has its moves, every reason its words, and the numbers keep their meaning."""

from enum import IntEnum

import pytest

from reminder.domain.states import (
    MOVES,
    REASON_WORDS,
    AttemptState,
    BatchState,
    CampaignState,
    DeliveryState,
    MessageState,
    Reason,
    WaveState,
    may_move,
)

# Where everything ends: nothing moves from here any more.
FINAL = {
    CampaignState: {CampaignState.STOPPED},
    DeliveryState: {DeliveryState.CARRIED, DeliveryState.MISSED, DeliveryState.SKIPPED},
    MessageState: {MessageState.ACCEPTED, MessageState.REJECTED, MessageState.CANCELLED},
    BatchState: {BatchState.DONE},
    AttemptState: {AttemptState.ANSWERED},
    WaveState: {WaveState.SUPERSEDED},
}


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_every_state_has_its_row_of_moves(kind: type[IntEnum]) -> None:
    assert set(MOVES[kind]) == set(kind)


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_only_what_is_final_has_no_moves(kind: type[IntEnum]) -> None:
    assert {state for state, moves in MOVES[kind].items() if not moves} == FINAL[kind]


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_every_state_can_be_reached_from_the_first(kind: type[IntEnum]) -> None:
    reached, ahead = set(), {next(iter(kind))}
    while ahead:
        reached |= ahead
        ahead = {new for old in ahead for new in MOVES[kind][old]} - reached
    assert reached == set(kind)


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_from_every_state_something_final_can_be_reached(kind: type[IntEnum]) -> None:
    for start in kind:
        reached, ahead = set(), {start}
        while ahead:
            reached |= ahead
            ahead = {new for old in ahead for new in MOVES[kind][old]} - reached
        assert reached & FINAL[kind], start


@pytest.mark.parametrize(
    ("old", "new", "known"),
    [
        (MessageState.AMBIGUOUS, MessageState.DUE, False),
        (MessageState.AMBIGUOUS, MessageState.ACCEPTED, True),
        (MessageState.ACCEPTED, MessageState.RETRY, False),
        (DeliveryState.CARRIED, DeliveryState.DUE, False),
        (DeliveryState.WITHDRAWN, DeliveryState.DUE, True),
        (BatchState.SENDING, BatchState.WITHDRAWN, False),
        (BatchState.CLAIMED, BatchState.WITHDRAWN, True),
        (AttemptState.UNKNOWN, AttemptState.SENDING, False),
        (CampaignState.STOPPED, CampaignState.LIVE, False),
    ],
)
def test_the_moves_that_keep_people_safe(old: IntEnum, new: IntEnum, known: bool) -> None:
    assert may_move(old, new) is known


def test_every_reason_has_words_of_its_own() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert len(set(REASON_WORDS.values())) == len(Reason)


def test_the_numbers_in_the_database_keep_their_meaning() -> None:
    kept = {
        DeliveryState: "DUE CARRIED WITHDRAWN MISSED SKIPPED SET_ASIDE",
        MessageState: "DUE ACCEPTED REJECTED RETRY AMBIGUOUS CANCELLED",
        BatchState: "OPEN CLAIMED SENDING DONE WITHDRAWN",
        AttemptState: "SENDING ANSWERED UNKNOWN",
        WaveState: "PLANNED OPENING OPEN SUPERSEDED MISSED WITHDRAWN WAITING",
        CampaignState: "DRAFT APPROVED LIVE PAUSED EXPIRED STOPPED CLOSED",
    }
    for kind, names in kept.items():
        assert {state.name: int(state) for state in kind} == {
            name: number for number, name in enumerate(names.split(), start=1)
        }
