"""No person survives in a provider's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.providers.scrub import LONGEST, scrub
from tests.providers.people import EMAILS, PHONES

TEXTS = {
    "the address": ("<clara.smith@example.org>: User unknown", "<message 3>: User unknown"),
    "in capitals": ("CLARA.SMITH@EXAMPLE.ORG unknown", "message 3 unknown"),
    "the local part alone": ("No such user clara.smith here", "No such user message 3 here"),
    "another address": ("forward to ivo@example.net, please", "forward to [address], please"),
    "a quoted address": ('not for "ivo of prague"@example.net', "not for [address]"),
    "a number": ("call +1 (310) 555-0142 about it", "call [number] about it"),
    "line breaks and controls": ("two\r\nlines\x00and\tmore", "two lines and more"),
    "nobody": ("4.3.0 queue file write error", "4.3.0 queue file write error"),
}


@pytest.mark.parametrize(("text", "clean"), TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_scrubbed(text: str, clean: str) -> None:
    assert scrub(text, address="clara.smith@example.org", message_id=3) == clean


def test_a_phone_number_becomes_its_message_however_long_the_message_id_is() -> None:
    text = f"The 'To' number {PHONES[1]} is not valid, {PHONES[2]} neither"
    expected = "The 'To' number message 1234567890 is not valid, [number] neither"
    assert scrub(text, address=PHONES[1], message_id=1234567890) == expected


def test_a_local_part_that_is_a_word_does_not_eat_other_words() -> None:
    assert scrub("no such user", address="user@example.org", message_id=1) == "no such message 1"
    assert scrub("to a user", address="a@example.org", message_id=1) == "to a user"


@given(before=st.text(max_size=50), after=st.text(max_size=50), who=st.sampled_from(list(EMAILS)))
def test_neither_our_address_nor_any_other_survives(before: str, after: str, who: int) -> None:
    address = EMAILS[who]
    clean = scrub(f"{before} {address} and someone.else@example.com {after}", address=address, message_id=who)
    assert address not in clean
    assert "someone.else@example.com" not in clean
    assert len(clean) <= LONGEST
    assert clean.isprintable() or not any(ord(letter) < 32 for letter in clean)
