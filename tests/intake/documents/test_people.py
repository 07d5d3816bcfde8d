"""Who a document is for, where it says so more than once."""

from tests.intake.documents.reading import codes, read_text

ONE = "URGENT ACTION\n\nNAME AND PREFERRED PRONOUN: Hana Example (she/her)\n"
UNTIL = "PLEASE TAKE ACTION UNTIL: 29 December 2020\n"


def test_a_second_line_with_somebody_else_is_read_too_and_doubted() -> None:
    document = read_text(ONE + UNTIL + "NAME AND PREFERRED PRONOUN: Omar Sample (he/him)\n")
    assert document.case_names == ("Hana Example", "Omar Sample")
    assert document.pronouns == "she/her, he/him"
    assert "names_differ" in codes(document)
    assert not document.certain


def test_the_same_line_twice_is_no_doubt() -> None:
    document = read_text(ONE + UNTIL + ONE)
    assert (document.case_names, document.pronouns) == (("Hana Example",), "she/her")
    assert "names_differ" not in codes(document)
