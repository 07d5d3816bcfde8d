"""The story of a document: its summary and its background, without headings, letter and what readers are asked to do."""

from datetime import date
from pathlib import Path

import pytest

from reminder.intake.documents.read import read_document

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
READ_ON = date(2020, 12, 1)


def story(data: bytes, file_name: str) -> str:
    return read_document(data, file_name=file_name, read_on=READ_ON).story or ""


@pytest.mark.parametrize("name", ["nagyz-muhammed.txt", "nagyz-muhammed.pdf"])
def test_the_story_is_summary_and_background_in_whole_sentences(name: str) -> None:
    paragraphs = story((SAMPLES / name).read_bytes(), name).split("\n\n")
    assert paragraphs[0].startswith(
        "Nagyz Muhammed, an ethnic Kazakh writer from Altay in Xinjiang, has been given life"
    )
    assert paragraphs[0].endswith("that he had been hurt while he was questioned.")
    assert paragraphs[-1].endswith("from October 2018 on called schools.")
    assert all("\n" not in paragraph for paragraph in paragraphs)


def test_title_letter_address_and_labels_are_no_story() -> None:
    told = story((SAMPLES / "nagyz-muhammed.txt").read_bytes(), "a.txt")
    for piece in (
        "OUT OF SIGHT",
        "TAKE ACTION",
        "Dear Director",
        "Huanghe",
        "I therefore ask",
        "ADDITIONAL",
        "PREFERRED",
        "check with",
    ):
        assert piece not in told


def test_what_readers_are_asked_to_do_ends_the_summary() -> None:
    text = (
        "URGENT ACTION\nPRINTER TAKEN FROM HIS SHOP AT NIGHT\nCarlos Prueba was taken from his shop in October.\n"
        "Please write immediately in Spanish or your own language:\n- asking where he is.\n"
        "PLEASE SEND APPEALS BEFORE 18 December 2020 TO:\nThe Commissioner\nPlaza 1\n"
    )
    assert story(text.encode(), "a.txt") == "Carlos Prueba was taken from his shop in October."


def test_a_form_may_tell_the_story_itself() -> None:
    form = 'title = "A title"\ncase_names = ["Rosa Quispe"]\nstory = """\nThis happened.\n\nThen that.\n"""\n'
    assert story(form.encode(), "a.toml") == "This happened.\n\nThen that."


def test_the_story_is_not_part_of_the_json() -> None:
    document = read_document((SAMPLES / "nagyz-muhammed.txt").read_bytes(), file_name="a.txt", read_on=READ_ON)
    assert "story" not in document.to_json()
