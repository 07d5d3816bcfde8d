"""The forms of an address."""

from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.addresses import EmailAddress, PhoneNumber, normal_email


def test_people_are_found_whatever_the_case_in_which_they_type_their_address() -> None:
    assert normal_email(" Clara@Example.ORG ") == normal_email("clara@example.org") == "clara@example.org"


def test_composed_and_decomposed_letters_are_one_address() -> None:
    assert normal_email("jose\u0301@example.org") == normal_email("JOSÉ@example.org") == "josé@example.org"


def test_dots_and_tags_tell_addresses_apart() -> None:
    assert len({normal_email(text) for text in ("c.lara@example.org", "clara@example.org", "clara+a@example.org")}) == 3


def test_the_address_is_sent_to_as_typed_and_found_by_its_normal_form() -> None:
    address = EmailAddress("Clara", "example.org")
    assert (address.text, address.normal) == ("Clara@example.org", "clara@example.org")


def test_no_address_shows_where_a_value_is_printed() -> None:
    assert "clara" not in repr(EmailAddress("clara", "example.org"))
    assert "7700" not in repr(PhoneNumber("+447700900123", "GB"))


@given(st.text())
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    assert normal_email(normal_email(text)) == normal_email(text)
