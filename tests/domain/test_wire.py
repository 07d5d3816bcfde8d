"""Wire ids: our own row is found by them, in this history of the database and in no other."""

from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.states import Channel
from reminder.domain.wire import message_of, wire_ids

KEY, EPOCH, DAY = bytes(range(32)), b"epoch-01", 737_781
CLARA, DAVI = bytes(range(100, 116)), bytes(range(50, 66))


def one(message: int, address: bytes = CLARA, **other: object) -> str:
    said = {"key": KEY, "epoch": EPOCH, "channel": Channel.EMAIL, "day": DAY} | other
    [wire_id] = wire_ids(**said, messages=[message], address_hashes=[address])  # type: ignore[arg-type]
    return wire_id


@given(st.integers(1, 2**62))
def test_a_wire_id_names_its_message(message: int) -> None:
    assert message_of(one(message)) == message


def test_it_differs_with_all_that_makes_the_message_what_it_is() -> None:
    same = one(7)
    others = [one(8), one(7, DAVI), one(7, epoch=b"epoch-02"), one(7, channel=Channel.SMS), one(7, day=DAY + 1)]
    assert len({same, *others}) == 6
    assert one(7) == same


def test_ids_made_together_are_those_made_alone() -> None:
    assert wire_ids(KEY, EPOCH, Channel.EMAIL, DAY, [7, 8], [CLARA, DAVI]) == [one(7), one(8, DAVI)]


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(message_of(text), int | None)
