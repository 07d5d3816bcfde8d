"""The id on the wire: it finds its message in this history of the database and in no other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.states import Channel
from reminder.domain.wire import message_of, wire_ids

KEY, EPOCH, DAY, HASH = b"k" * 32, b"epoch-01", 737_781, b"h" * 16


def wire_id(
    number: int = 8010,
    *,
    key: bytes = KEY,
    epoch: bytes = EPOCH,
    channel: Channel = Channel.EMAIL,
    day: int = DAY,
    address_hash: bytes = HASH,
) -> str:
    [made] = wire_ids(key, epoch, channel, day, [number], [address_hash])
    return made


@given(st.integers(1, 2**62))
def test_an_id_names_its_message_and_is_safe_wherever_it_stands(number: int) -> None:
    assert message_of(wire_id(number)) == number
    assert re.fullmatch(r"[0-9a-f]+\.[0-9a-f]{16}", wire_id(number))


def test_the_same_message_has_the_same_id_each_time() -> None:
    assert wire_id() == wire_id()


@pytest.mark.parametrize(
    "other",
    [
        {"key": b"x" * 32},
        {"epoch": b"epoch-02"},
        {"channel": Channel.SMS},
        {"day": DAY + 1},
        {"address_hash": b"x" * 16},
        {"number": 8011},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_id_of_another_history_person_channel_or_day_does_not_fit(other: dict[str, object]) -> None:
    number = other.pop("number", 8010)
    assert wire_id(number, **other).partition(".")[2] != wire_id().partition(".")[2]  # type: ignore[arg-type]


def test_ids_made_together_are_those_made_one_by_one() -> None:
    hashes = [bytes([n]) * 16 for n in range(5)]
    together = wire_ids(KEY, EPOCH, Channel.EMAIL, DAY, range(1, 6), hashes)
    assert together == [wire_id(n + 1, address_hash=each) for n, each in enumerate(hashes)]


@pytest.mark.parametrize(
    "text",
    ["", ".", "1f4a", "1f4a.", "1f4a.abc", ".9c0e6f2b7d81a355", "xyz.9c0e6f2b7d81a355", "1" * 17 + "." + "a" * 16],
)
def test_what_is_no_id_names_nobody(text: str) -> None:
    assert message_of(text) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    assert message_of(text) is None or isinstance(message_of(text), int)
