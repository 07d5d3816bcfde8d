"""Exported cells never run in a spreadsheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.cells import FORMULA_STARTS, safe_cell, typed_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+447700900123", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", "''=1", '=HYPERLINK("x")'],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe_and_comes_back_as_it_was(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert typed_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", ["", "Clara", "O'Neill", "a=b", "'t Hooft", "clara@example.org"])
def test_plain_text_is_exported_as_it_is(text: str) -> None:
    assert safe_cell(text) == text == typed_cell(text)


@given(st.text(alphabet=st.sampled_from([*FORMULA_STARTS, "'", " ", "\t", "\r", "\n", "a", "1"])) | st.text())
def test_every_text_survives_export_and_import_and_none_opens_a_formula(text: str) -> None:
    cell = safe_cell(text)
    assert typed_cell(cell) == text
    assert not cell.lstrip(" \t\r\n").startswith(FORMULA_STARTS)
