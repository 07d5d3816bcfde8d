"""Addresses and numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.addresses import PhoneNumber
from reminder.intake.subscribers.addresses import read_email, read_phone, validated_email


@pytest.mark.parametrize(
    ("typed", "sent_to"),
    [
        ("clara@example.org", "clara@example.org"),
        ("Clara.B+ua@EXAMPLE.Org", "Clara.B+ua@example.org"),
        ("davi@exämple.org", "davi@xn--exmple-cua.org"),
        ("davi@xn--exmple-cua.org", "davi@xn--exmple-cua.org"),
        ("jose\u0301@example.org", "josé@example.org"),
        ("o'neill@example.org", "o'neill@example.org"),
    ],
)
def test_an_address_is_read(typed: str, sent_to: str) -> None:
    address = read_email(typed)
    assert address is not None
    assert address.text == sent_to


@pytest.mark.parametrize(
    "typed",
    [
        "clara",
        "clara@",
        "@example.org",
        "clara@example",
        "clara@localhost",
        "clara@host.test",
        "clara@@example.org",
        "clara@example..org",
        "clara@-example.org",
        "clara.@example.org",
        "clara b@example.org",
        "Clara <clara@example.org>",
        "clara@example.org, bikash@example.org",
        "clara@example.org\nBcc: bikash@example.org",
        "clara@[192.0.2.1]",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 64}.org",
        "a@" + "b." * 130 + "org",
        "=clara@example .org",
    ],
)
def test_what_no_mail_can_be_sent_to_is_no_address(typed: str) -> None:
    assert read_email(typed) is None


_LABEL = st.text("abcXYZ019-", min_size=1, max_size=8)
_ADDRESS = st.builds(
    "{}@{}".format,
    st.text("abcXYZ019.+_'!#-@ é", max_size=12),
    st.lists(_LABEL | st.sampled_from(["org", "test", "local", "xn--p1ai", "b" * 63, "b" * 64]), max_size=5).map(
        ".".join
    ),
)


@given(_ADDRESS | st.emails() | st.text(max_size=40))
def test_the_quick_way_reads_exactly_what_email_validator_reads(typed: str) -> None:
    assert read_email(typed) == validated_email(typed)


@pytest.mark.parametrize(
    ("typed", "country", "number", "number_country"),
    [
        ("+44 7700 900123", None, "+447700900123", "GB"),
        ("+44 (0)7700 900-123", None, "+447700900123", "GB"),
        ("07700 900123", "GB", "+447700900123", "GB"),
        ("0044 7700 900123", "GB", "+447700900123", "GB"),
        ("(310) 555-0123", "US", "+13105550123", "US"),
        ("+1 310 555 0123", None, "+13105550123", "US"),
        ("+1 310 555 0123", "CA", "+13105550123", "CA"),  # lives in Canada: its zones count
        ("+1 310 555 0123", "NZ", "+13105550123", "US"),
        ("＋44 7700 900123", None, "+447700900123", "GB"),
        ("+39 06 1234 5678", None, "+390612345678", "IT"),
    ],
)
def test_a_number_is_read(typed: str, country: str | None, number: str, number_country: str) -> None:
    assert read_phone(typed, country) == PhoneNumber(number, number_country)


@pytest.mark.parametrize(
    ("typed", "country", "code"),
    [
        ("07700 900123", None, "phone_needs_country"),
        ("0044 7700 900123", None, "phone_needs_country"),
        ("4.47701E+11", "GB", "phone_cut"),
        ("4,47701e+11", "GB", "phone_cut"),
        ("123", "GB", "bad_phone"),
        ("+44 7700", None, "bad_phone"),
        ("+999 123456789", None, "bad_phone"),
        ("+800 1234 5678", None, "bad_phone"),  # belongs to no country and takes no texts
        ("0800 FLOWERS", "GB", "bad_phone"),
        ("+44 7700 900123 ext 5", None, "bad_phone"),
        ("+", None, "bad_phone"),
        ("none", "GB", "bad_phone"),
    ],
)
def test_what_is_no_number_is_told_by_its_reason(typed: str, country: str | None, code: str) -> None:
    assert read_phone(typed, country) == code


@given(st.text(max_size=30) | st.text("+0123456789 ()-.", max_size=30), st.sampled_from([None, "GB", "KZ", "XK", "AQ"]))
def test_no_text_breaks_the_reading_of_numbers(typed: str, country: str | None) -> None:
    found = read_phone(typed, country)
    assert isinstance(found, str) or (
        found.text.startswith("+") and found.text[1:].isdecimal() and found.text.isascii()
    )


@given(st.text("+0123456789 ()-.", max_size=20), st.sampled_from([None, "GB", "US"]))
def test_a_number_reads_to_itself(typed: str, country: str | None) -> None:
    found = read_phone(typed, country)
    if isinstance(found, PhoneNumber):
        assert read_phone(found.text, country) == found
