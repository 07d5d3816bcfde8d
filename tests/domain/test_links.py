"""Links: the same each time, readable only with the key, and silent about whom they belong to."""

import base64
import hashlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.links import HASH_BYTES, TOKEN_CHARACTERS, Links, Purpose, appeal_url

KEY = bytes(range(32))
LINKS = Links(KEY, "https://letters.example.org/")
CLARA = bytes(range(100, 116))

campaigns = st.integers(0, 2**32 - 1)
hashes = st.binary(min_size=HASH_BYTES, max_size=HASH_BYTES)
purposes = st.sampled_from(Purpose)


def token_of(url: str) -> str:
    return url.rpartition("/")[2]


@given(purposes, campaigns, hashes)
def test_a_token_tells_its_campaign_and_address_hash_to_us(purpose: Purpose, campaign: int, address: bytes) -> None:
    token = token_of(LINKS.many(campaign, [address], [purpose])[0][0])
    assert LINKS.read(purpose, token) == (campaign, address)


@given(campaigns, hashes)
def test_the_mac_is_the_purposes_part_of_a_keyed_blake2b_of_campaign_and_address(campaign: int, address: bytes) -> None:
    body = base64.urlsafe_b64decode(token_of(LINKS.wrote(campaign, address)) + "=")
    whole = hashlib.blake2b(campaign.to_bytes(4, "big") + address, key=KEY, digest_size=32).digest()
    assert body[-8:] == whole[8:16]
    assert body[:-8] == bytes([Purpose.WROTE]) + campaign.to_bytes(4, "big") + address


@given(campaigns, st.lists(hashes, max_size=5))
def test_links_made_together_are_those_made_alone(campaign: int, addresses: list[bytes]) -> None:
    leaving, later = LINKS.many(campaign, addresses, [Purpose.LEAVE, Purpose.LATER])
    assert leaving == [LINKS.leave(each, campaign) for each in addresses]
    assert later == [LINKS.later(campaign, each) for each in addresses]


def test_an_address_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        LINKS.many(0, [CLARA, CLARA[:-1]], [Purpose.LEAVE])


@given(
    campaigns,
    hashes,
    st.integers(0, TOKEN_CHARACTERS - 1),
    st.sampled_from(string.ascii_letters + string.digits + "-_"),
)
def test_a_token_with_one_other_character_is_refused(campaign: int, address: bytes, place: int, other: str) -> None:
    token = token_of(LINKS.wrote(campaign, address))
    changed = token[:place] + other + token[place + 1 :]
    assert (LINKS.read(Purpose.WROTE, changed) is None) == (changed != token)


@pytest.mark.parametrize("purpose", [Purpose.WROTE, Purpose.LATER])
def test_a_token_does_only_what_it_was_made_for(purpose: Purpose) -> None:
    assert LINKS.read(purpose, token_of(LINKS.leave(CLARA))) is None


def test_a_token_of_another_key_is_refused() -> None:
    assert Links(b"another", "").read(Purpose.LEAVE, token_of(LINKS.leave(CLARA))) is None


@given(st.text())
def test_any_text_is_refused_without_an_error(text: str) -> None:
    assert {LINKS.read(purpose, text) for purpose in Purpose} == {None}
    assert LINKS.read_short(text) is None or LINKS.short(LINKS.read_short(text) or b"").endswith(text)


def test_links_are_the_same_on_every_machine_and_after_every_restart() -> None:
    again = Links(bytes(range(32)), "https://letters.example.org")
    assert again.leave(CLARA) == LINKS.leave(CLARA)
    assert again.later(7, CLARA) == LINKS.later(7, CLARA)


def test_the_paths_are_those_of_the_pages() -> None:
    assert LINKS.leave(CLARA).startswith("https://letters.example.org/leave/")
    assert LINKS.wrote(7, CLARA).startswith("https://letters.example.org/wrote/")
    assert LINKS.later(7, CLARA).startswith("https://letters.example.org/later/")
    assert LINKS.appeal("k7Qx2a") == appeal_url("https://letters.example.org/", "k7Qx2a")
    assert LINKS.appeal("k7Qx2a") == "https://letters.example.org/a/k7Qx2a"


def test_a_leave_link_may_name_the_appeal_that_it_stands_in() -> None:
    assert LINKS.read(Purpose.LEAVE, token_of(LINKS.leave(CLARA))) == (0, CLARA)
    assert LINKS.read(Purpose.LEAVE, token_of(LINKS.leave(CLARA, 7))) == (7, CLARA)


@given(hashes)
def test_the_short_link_is_eleven_characters_and_half_of_the_hash(address: bytes) -> None:
    short = token_of(LINKS.short(address))
    assert len(short) == 11
    assert LINKS.read_short(short) == address[:8]


def test_a_second_spelling_of_a_short_link_is_refused() -> None:
    assert LINKS.read_short("AAAAAAAAAAA") == bytes(8)
    assert LINKS.read_short("AAAAAAAAAAB") is None


def test_a_hash_of_another_length_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        LINKS.leave(CLARA + b"x")
