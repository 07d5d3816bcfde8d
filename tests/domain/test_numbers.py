"""Numbers: every form that people write becomes one, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.numbers import find_case_numbers, find_indexes, find_sequence, read_subject, same_index

FORMS = {
    "plain": ("UA 60/16", "60/16"),
    "colon": ("UA: 9/16", "9/16"),
    "dot": ("IRAN: UA 103.22", "103/22"),
    "zeros": ("UA 044/22", "44/22"),
    "German": ("UA-038/2017", "38/17"),
    "French and Spanish": ("AU: 170/10", "170/10"),
    "glued": ("uaa05210 uaa001/10", "1/10"),
    "letters for zeros": ("uaa oo5/10", "5/10"),
    "extra": ("EXTRA 139/95 Fear", "EXTRA 139/95"),
    "ex": ("ex 39/03", "EX 39/03"),
    "medical": ("medical action # ma # 16/04", "MA 16/04"),
    "further information": ("FI 031/22-1", "31/22"),
    "Observatory": ("CHN 004 / 0406 / OBS 044.4", "CHN 004 / 0406 / OBS 044.4"),
}


@pytest.mark.parametrize(("line", "expected"), FORMS.values(), ids=FORMS)
def test_every_form_of_a_number_becomes_one(line: str, expected: str) -> None:
    assert [number.text for number in find_case_numbers(line)] == [expected]


NO_NUMBERS = [
    "court case 488/2019",
    "Communication 1250/2004",
    "prisoner 999513",
    "24/16 and 9/16",
    "11/25/1974",
    "ua 12/11/2010",
    "AHRC-UAC-004-2022",
    "plateau 12/11x",
]


@pytest.mark.parametrize("line", NO_NUMBERS)
def test_what_only_looks_like_a_number_is_none(line: str) -> None:
    assert find_case_numbers(line) == []


def test_a_number_that_no_year_has_had_is_odd() -> None:
    assert [number.odd for number in find_case_numbers("ua 1306/09")] == [True]
    assert [number.odd for number in find_case_numbers("ua 306/09")] == [False]


SEQUENCES = {
    "first update is the second document": ("First update to UA 114/11", 2),
    "6th update is the seventh": ("6th Update UA 3/13", 7),
    "third UA is the third": ("THIRD UA 60/16", 3),
    "first UA": ("First UA 61/21", 1),
    "further update": ("second further update on UA 1/20", 3),
    "no ordinal": ("Further information on UA: 128/12", None),
}


@pytest.mark.parametrize(("line", "expected"), SEQUENCES.values(), ids=SEQUENCES)
def test_ordinals_tell_the_place_in_the_chain(line: str, expected: int | None) -> None:
    assert find_sequence(line) == expected


def test_further_information_counts_from_the_first_document() -> None:
    assert [number.sequence for number in find_case_numbers("FI 031/22-1")] == [2]
    assert [number.sequence for number in find_case_numbers("OBS: CHN 004 / 0406 / OBS 044.4")] == [5]


SUBJECTS = {
    "first on a country": ("UA 212/12 on Nepal", "212/12", 1),
    "without the letters": ("second update to 214/12 on Nepal", "214/12", 3),
    "number alone": ("ua 99/11", "99/11", None),
}


@pytest.mark.parametrize(("subject", "text", "sequence"), SUBJECTS.values(), ids=SUBJECTS)
def test_a_subject_line_gives_number_and_place(subject: str, text: str, sequence: int | None) -> None:
    number = read_subject(subject)
    assert number is not None
    assert (number.text, number.sequence) == (text, sequence)


def test_a_subject_without_a_number_gives_none() -> None:
    assert read_subject("untitled 12/11") is None


INDEXES = {
    "four figures": ("Index: ASA 17/3279/2020 China", ["ASA 17/3279/2020"]),
    "three figures": ("Index: MDE 11/044/2012", ["MDE 11/044/2012"]),
    "year of two figures": ("EXTERNAL AI Index: EUR 44/130/95", ["EUR 44/130/95"]),
    "hyphen": ("Indice AI: AMR-37/012/10", ["AMR 37/012/10"]),
    "link": ("https://example.org/documents/asa17/2219/2020/en/", []),
    "small letters": ("asa 17/2219/2020", []),
}


@pytest.mark.parametrize(("line", "expected"), INDEXES.values(), ids=INDEXES)
def test_indexes_are_found_in_their_forms(line: str, expected: list[str]) -> None:
    assert find_indexes(line) == expected


def test_an_index_with_a_short_year_is_the_same() -> None:
    assert same_index("AMR 37/012/10", "AMR 37/012/2010")
    assert not same_index("AMR 37/012/10", "AMR 37/013/2010")


@given(number=st.integers(1, 999), year=st.integers(0, 99), separator=st.sampled_from("/.-"), zeros=st.integers(0, 1))
def test_any_number_reads_back_however_it_is_written(number: int, year: int, separator: str, zeros: int) -> None:
    written = f"UA {'0' * zeros}{number}{separator}{year:02}"
    assert [found.text for found in find_case_numbers(written)] == [f"{number}/{year:02}"]


@given(st.text(max_size=300))
def test_any_line_is_read_without_an_error(line: str) -> None:
    read_subject(line)
    assert isinstance(find_indexes(line), list)
