"""Bytes to records: encodings, delimiters, broken lines. Good rows are kept, bad ones told by line."""

import io

import pytest

from reminder.errors import Trouble
from reminder.intake.subscribers.read import read_list
from tests.intake.subscribers.lists import NOW, read

PLAIN = "email,name\nclara@example.org,Zoë\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_list_is_read_in_every_encoding_that_says_itself(encoding: str) -> None:
    outcome = read(PLAIN.encode(encoding))
    assert [row.name for row in outcome.rows] == ["Zoë"]
    assert outcome.reading.encoding == encoding


def test_windows_1252_is_never_guessed_and_the_line_is_told() -> None:
    raw = b"email,name\nclara@example.org,Clara\ndavi@example.org,Jos\xe9\n"
    with pytest.raises(Trouble, match=r"not UTF-8 from line 3 on.*--encoding cp1252"):
        read(raw)
    assert [row.name for row in read(raw, encoding="windows-1252").rows] == ["Clara", "José"]


@pytest.mark.parametrize(
    ("raw", "encoding", "reason"),
    [
        (b"", None, "is empty"),
        (b"\n\n \n", None, "is blank"),
        (b"\xff\xfee\x00m", "utf-8", "not UTF-8"),
        (b"\xff\xfee\x00m\x00\xd8", None, "not UTF-16 from line 1"),
        (b"e\x00m\x00a\x00i\x00l\x00\n\x00", None, "zero bytes"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", None, "not UTF-8 from line 1"),
        (b"%PDF-1.4\nclara@example.org\n", None, "has no column “email”"),
        (PLAIN.encode(), "rot13", "encoding.*not one we know"),
        (PLAIN.encode(), "no such", "encoding.*not one we know"),
        (PLAIN.encode(), "no\0such", "encoding.*not one we know"),
    ],
)
def test_a_file_that_is_no_list_is_one_clear_trouble(raw: bytes, encoding: str | None, reason: str) -> None:
    with pytest.raises(Trouble, match=reason):
        read(raw, encoding=encoding)


def test_the_trouble_of_a_list_without_column_names_repeats_no_address_of_it() -> None:
    with pytest.raises(Trouble) as told:
        read("clara@example.org,+447700900123\nbikash@example.org,\n")
    assert "clara" not in str(told.value)
    assert "7700" not in str(told.value)


@pytest.mark.parametrize(
    ("delimiter", "intro"), [(",", ""), (";", ""), ("\t", ""), (";", "sep=;\r\n"), (",", "\ufeff\n\n")]
)
def test_the_delimiter_is_found_on_the_line_of_column_names(delimiter: str, intro: str) -> None:
    lines = [delimiter.join(("name", "email")), delimiter.join(("Clara", "clara@example.org"))]
    outcome = read(intro + "\r\n".join(lines))
    assert (outcome.reading.delimiter, outcome.emails) == (delimiter, ["clara@example.org"])


def test_quoted_column_names_of_another_delimiter_are_no_trouble() -> None:
    assert read('"email";"first; last"\nclara@example.org;x\n').emails == ["clara@example.org"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end: str) -> None:
    assert read(end.join(["email,name", "clara@example.org,Clara", "davi@example.org,Davi"])).emails == [
        "clara@example.org",
        "davi@example.org",
    ]


def test_a_cell_may_go_over_several_lines_and_lines_are_still_counted() -> None:
    outcome = read('email,name\nclara@example.org,"Clara\nof London"\nnobody,\n')
    assert [row.name for row in outcome.rows] == ["Clara of London"]
    assert outcome.codes == [(4, "bad_email"), (4, "bad_address")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('davi@example.org,"Davi', "broken_quotes"),
        ('davi@example.org,"Davi"x', "broken_quotes"),
        ('"davi@example.org,Davi', "broken_quotes"),
        ("davi@example.org,Da\0vi", "nul"),
        ("davi@example.org,Davi,more", "many_cells"),
        ("davi@example.org," + "x" * 2_001, "long_cell"),
        ("davi@example.org," + "x" * 300_000, "long_line"),
        ('davi@example.org,"' + "x\n" * 60, "broken_quotes"),
        (",,", "blank_line"),
        ("", "blank_line"),
        ("   ", "blank_line"),
    ],
)
def test_a_broken_line_costs_only_itself(line: str, code: str) -> None:
    outcome = read(
        f'email,name\nclara@example.org,Clara\n{line}\nellen@example.org,"El ""l"" en"\nfarid@example.org,F\n'
    )
    assert outcome.emails == ["clara@example.org", "ellen@example.org", "farid@example.org"]
    assert outcome.codes[0] == (3, code)


def test_blank_cells_beyond_the_column_names_do_no_harm() -> None:
    assert read("email,name\nclara@example.org,Clara,,\n").emails == ["clara@example.org"]


def test_a_problem_never_repeats_what_stands_in_the_file() -> None:
    text = 'email,phone,name,zone,status\nclara secret,077 secret,secret,secret,\nx@example.org,,"secret,secret\n,,secret,,secret\n'
    outcome = read(text)
    assert len(outcome.problems) >= 4
    assert not [problem for problem in outcome.problems if "secret" in f"{problem} {problem!r}"]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(Trouble, match="two columns “email”"):
        read("email,name,Email\nclara@example.org,Clara,davi@example.org\n")


def test_a_pipe_is_read_and_a_stream_stays_open() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    stream = io.BytesIO(PLAIN.encode())
    assert [len(list(read_list(source, now=NOW))) for source in (Pipe(PLAIN.encode()), stream)] == [1, 1]
    assert not stream.closed


def test_going_through_a_reading_again_gives_the_same_and_counts_anew() -> None:
    reading = read_list(PLAIN.encode() + b"clara@example.org,\nx,\n", now=NOW)
    next(iter(reading))
    first = list(reading)
    assert list(reading) == first
    assert (reading.counts.rows, reading.counts.kept, reading.counts.repeated) == (3, 1, 1)
