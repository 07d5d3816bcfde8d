"""Texts made to hurt: they end, and they end with the truth or an error."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.errors import UnreadableDocument
from reminder.intake.documents.decode import LONGEST_TEXT
from tests.intake.documents.reading import codes, document_or_error, read_text

PIECES = {
    "labels": "PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: ",
    "labels in lines": "Deadline:\n",
    "operators": "until by before ",
    "spaces": " ",
    "letters": "a",
    "accents": "É",
    "figures": "1",
    "dates": "1 December 2020 ",
    "brackets": "(",
    "quotes": "> ",
    "mail addresses": "a@a.",
    "names": "Aa ",
    "bullets": "• a\n",
    "salutations": "Dear A,\n",
    "contacts": "Fax: 1\n",
    "headings": "MODEL LETTER\n",
    "requests": "Please write. ",
    "Chinese": "请在",
    "countries": "China Iran ",
    "numbers": "UA 1/2 ",
}
SIZE = 20_000


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_text_of_one_piece_over_and_over_has_no_certain_deadline(piece: str) -> None:
    document = read_text("URGENT ACTION\n" + piece * (SIZE // len(piece)))
    assert not document.certain
    assert document.deadline is None


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES)
def test_a_megabyte_of_it_is_no_appeal(piece: str) -> None:
    with pytest.raises(UnreadableDocument, match=r"too (long|large) to be an appeal"):
        read_text("URGENT ACTION\n" + piece * (1_000_000 // len(piece)) + "x")


def test_the_deadline_is_found_behind_the_longest_text_that_is_read() -> None:
    story = "She lent books to everybody who asked for one, and nobody minded for years. "
    text = "URGENT ACTION\n" + story * (LONGEST_TEXT // len(story) - 2) + "\n\nDeadline: 29 December 2020\n"
    document = read_text(text)
    assert document.deadline == datetime.date(2020, 12, 29)
    assert "no_deadline" not in codes(document)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    result = document_or_error(("URGENT ACTION\n" + text).encode())
    assert (
        result.remedy if isinstance(result, UnreadableDocument) else result.deadline is None or result.deadline_phrase
    )


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"%PDF-1.4\n", b"case_names = "):
        result = document_or_error(start + data)
        assert result.exit_code == 2 if isinstance(result, UnreadableDocument) else result.to_json()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "until",
                "by",
                "deadline:",
                "1",
                "December",
                "2020",
                ".",
                "\n",
                ":",
                "after",
                "not",
                "please",
                "write",
                "dear",
                "Minister",
                "Fax:",
                "January",
                "29",
                "2021",
                "/",
            ]
        ),
        max_size=60,
    )
)
def test_words_of_appeals_in_any_order_never_give_a_date_that_does_not_stand_there(words: list[str]) -> None:
    document = read_text("URGENT ACTION\n" + " ".join(words))
    assert document.deadline is None or str(document.deadline.year) in words
