"""What is stripped before anything is rendered."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.rendering.clean import clean_line, clean_text, clean_view
from reminder.rendering.views import TargetView


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Reminder\r\nBcc: ivo@example.org", "Reminder Bcc: ivo@example.org"),
        ("one\ttwo\x00\x1b[31m", "one two[31m"),
        ("\u202edrow\u202c \u2066x\u2069", "drow x"),
        ("\uf0b7 bullet of a PDF", "bullet of a PDF"),
        ("zero\u200bwidth\ufeff\u2060 joiner\u200d", "zerowidth joiner"),
        ("no\u00a0break\u3000space", "no break space"),
        ("soft\u00adhyphen", "softhyphen"),
        ("line\u2028two\u2029three\x85four", "line two three four"),
        ("\u3164\u2800blank", "blank"),
        ("Бикаш नेपाल 你好 مرحبا é", "Бикаш नेपाल 你好 مرحبا é"),
        ("flag \U000e0067\U000e007f end", "flag end"),
    ],
)
def test_a_line_shows_only_what_can_be_seen(text: str, line: str) -> None:
    assert clean_line(text) == line


def test_a_body_keeps_its_lines_and_the_joiners_that_spelling_needs() -> None:
    assert clean_text("می\u200cخواهم\r\n\r\n\r\n\r\nدو  \u202e") == "می\u200cخواهم\n\nدو"


@given(st.text())
def test_no_line_has_a_control_bidi_or_private_sign_and_cleaning_twice_changes_nothing(text: str) -> None:
    line = clean_line(text)
    assert all(unicodedata.category(each) not in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"} for each in line)
    assert clean_line(line) == line
    assert line == line.strip()


@given(st.text())
def test_a_body_has_no_mark_of_ours_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    assert not set("\ue000\ue001\ue002\r") & set(cleaned)
    assert clean_text(cleaned) == cleaned


def test_every_text_of_a_view_is_cleaned_however_deep_it_stands() -> None:
    view = (TargetView(lines=("Director\ue000", "Bureau\u202e"), email=("a@example.org\r\nBcc: b@example.org",)),)
    assert clean_view(view) == (TargetView(lines=("Director", "Bureau"), email=("a@example.org\nBcc: b@example.org",)),)
