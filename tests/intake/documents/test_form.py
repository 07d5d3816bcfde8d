"""The form typed by hand: its keys, and errors that name line and key."""

import datetime
import re
import tomllib

import pytest

from reminder.domain.documents import DeadlineKind, DocumentKind
from reminder.errors import UnreadableDocument
from reminder.intake.documents import blank_form, document_from_form, read_document, read_file
from reminder.intake.documents.form import KEYS
from tests.intake.documents.reading import READ_ON, SAMPLES, codes, read_text

FORM = """# a comment first
case_names = ["Hana Example"]
deadline = 2020-12-18

[[targets]]
name = "Elena Ejemplo"
email = ["office@example.org"]
"""


def test_the_sample_form_is_certain_and_whole() -> None:
    document = read_file(SAMPLES / "rosa-quispe.toml", read_on=READ_ON)
    assert document.certain
    assert document.warnings == ()
    assert document.case_names == ("Rosa Quispe",)
    assert document.deadline == datetime.date(2020, 12, 18)
    assert document.write_in == ("Spanish", "English")
    (target,) = document.targets
    assert target.email == ("comisionada@example.org",)
    assert target.fax == "+1 310 555 0142"
    assert target.postal_address == "Plaza de la Muestra 1\nVilla Muestra"
    assert document.letter is not None
    assert document.letter.endswith("Yours faithfully,")


def test_a_form_is_known_by_its_content() -> None:
    assert read_text(FORM).case_names == ("Hana Example",)


def test_a_text_that_only_mentions_keys_is_no_form() -> None:
    assert read_text("title: An appeal\nDeadline: 29 December 2020\nURGENT ACTION\n").deadline == datetime.date(
        2020, 12, 29
    )


def test_the_blank_form_names_every_key_but_those_that_the_reader_fills() -> None:
    named = set(re.findall(r"^# (\w+) = ", blank_form(), re.MULTILINE)) | {"targets"}
    assert set(KEYS) - {"items", "warnings"} <= named


def test_the_blank_form_filled_in_is_read() -> None:
    filled = re.sub(r"^# (\[\[targets\]\]|\w+ = (?!\"\"\"))", r"\1", blank_form(), flags=re.MULTILINE)
    document = document_from_form(tomllib.loads(filled), read_on=READ_ON)
    assert document.deadline == datetime.date(2020, 12, 18)
    assert document.kind is DocumentKind.FIRST
    assert document.targets[0].email == ("office@example.org",)


def test_a_form_without_a_deadline_waits() -> None:
    document = read_text(FORM.replace("deadline = 2020-12-18", 'title = "x"'))
    assert "no_deadline" in codes(document)
    assert not document.certain


def test_a_form_without_name_and_target_waits() -> None:
    assert codes(read_text('title = "Free the books"\ndeadline = 2020-12-18\n')) == {"no_name", "no_target"}


@pytest.mark.parametrize(
    "written", ["2020-12-18", '"2020-12-18"', '"18 December 2020"', '"18 décembre 2020"', '"18.12.2020"']
)
def test_a_date_may_be_written_in_every_way_with_one_reading(written: str) -> None:
    assert read_text(FORM.replace("2020-12-18", written)).deadline == datetime.date(2020, 12, 18)


def test_a_form_says_what_its_deadline_is() -> None:
    document = read_text(FORM.replace("\n[[", 'deadline_kind = "send_by"\n[['))
    assert document.deadline_kind is DeadlineKind.SEND_BY
    assert read_text(FORM).deadline_kind is DeadlineKind.APPEAL


def test_a_country_gets_its_code() -> None:
    assert read_text(FORM.replace("\n[[", 'country = "Kasachstan"\n[[')).country_code == "KZ"


MISTAKES = {
    "unknown key": ('dedline = "x"', "line 4, dedline: this key is not known"),
    "unknown key of a target": ("[[targets]]\nmail = 'x'", "line 5, targets.mail: this key is not known"),
    "two readings": ('issued_on = "01/02/2020"', "line 4, issued_on: this is no date with one reading"),
    "no year": ('issued_on = "1 May"', "line 4, issued_on: this is no date with one reading"),
    "words behind the date": (
        'issued_on = "1 May 2020 or later"',
        "line 4, issued_on: this is no date with one reading",
    ),
    "time": ("issued_on = 2020-05-01T10:00:00", "line 4, issued_on: this is no date with one reading"),
    "number for a date": ("issued_on = 20200501", "line 4, issued_on: this is no date with one reading"),
    "number for a text": ("title = 5", "line 4, title: a text is expected"),
    "text for a list": ("demands = 5", "line 4, demands: a list of texts is expected"),
    "list of numbers": ("write_in = [1, 2]", "line 4, write_in: a list of texts is expected"),
    "unknown kind": ('kind = "urgent"', "line 4, kind: this word is not known"),
    "kind as a list": ('kind = ["first"]', "line 4, kind: this word is not known"),
    "sequence nought": ("sequence = 0", "line 4, sequence: a count from 1 is expected"),
    "sequence as yes": ("sequence = true", "line 4, sequence: a count from 1 is expected"),
    "target as text": ('items = "x"', "line 4, items: a list of entries is expected"),
    "email without at": ("[[targets]]\nemail = ['office']", "line 5, targets.email: one entry is no email address"),
    "copy as text": ("[[targets]]\ncopy = 'yes'", "line 5, targets.copy: true or false is expected"),
    "no quotes": ("title = Free Hana", "the form cannot be read: invalid value at line 4, column 9"),
    "key twice": ("deadline = 2020-12-19", "the form cannot be read: cannot overwrite a value at line 4, column 22"),
}


@pytest.mark.parametrize(("lines", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line_and_key(lines: str, reason: str) -> None:
    form = '# a form\ncase_names = ["Hana Example"]\ndeadline = 2020-12-18\n' + lines + "\n"
    with pytest.raises(UnreadableDocument) as caught:
        read_text(form)
    assert caught.value.reason == reason
    assert caught.value.remedy


def test_the_error_of_an_email_address_does_not_print_it() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_text(FORM.replace("office@example.org", "secret-person"))
    assert "secret-person" not in str(caught.value)


def test_a_form_nested_without_end_is_refused() -> None:
    with pytest.raises(UnreadableDocument):
        read_document(b"items = " + b"[" * 100_000, file_name="deep.toml", read_on=READ_ON)


def test_fields_of_a_form_are_cleaned() -> None:
    document = read_text(FORM.replace("Hana Example", "Hana\\u202e Exa\\u0007mple"))
    assert document.case_names == ("Hana Example",)
