"""Whole documents in the layouts of the world, read field by field."""

import datetime
import json
from pathlib import Path

import pytest

from reminder.domain.documents import DeadlineKind, Document, DocumentKind
from reminder.intake.documents import describe, read_file
from tests.intake.documents.reading import READ_ON, SAMPLES, read_text

LAYOUTS = sorted((SAMPLES / "layouts").glob("*.txt"))
NOT_TOLD_BY_THE_TEXT = {("page-en", "case_names")}


@pytest.fixture(scope="module")
def nagyz() -> Document:
    return read_file(SAMPLES / "nagyz-muhammed.txt", read_on=READ_ON)


def test_the_founding_case_is_certain(nagyz: Document) -> None:
    assert nagyz.certain
    assert nagyz.warnings == ()
    assert nagyz.kind is DocumentKind.UPDATE
    assert nagyz.language == "en"


def test_the_deadline_of_the_founding_case(nagyz: Document) -> None:
    assert nagyz.deadline == datetime.date(2020, 12, 29)
    assert nagyz.deadline_phrase == "PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: 29 December 2020"
    assert nagyz.deadline_operator == "until"
    assert nagyz.deadline_kind is DeadlineKind.APPEAL
    assert nagyz.late_policy is not None
    assert nagyz.late_policy.startswith("Please check with the Amnesty office")


def test_number_index_and_issue_stay_empty_where_the_text_has_none(nagyz: Document) -> None:
    assert (nagyz.ua_number, nagyz.index, nagyz.issued_on, nagyz.sequence) == (None, None, None, None)
    assert nagyz.previous_ua == "https://www.amnesty.org/en/documents/asa17/2219/2020/en/"


def test_the_person_of_the_founding_case(nagyz: Document) -> None:
    assert nagyz.case_names == ("Nagyz Muhammed",)
    assert nagyz.pronouns == "he/him"
    assert (nagyz.country, nagyz.country_code) == ("China", "CN")
    assert nagyz.organisation == "Amnesty International"


def test_the_target_of_the_founding_case_can_be_reached_by_post_only(nagyz: Document) -> None:
    (target,) = nagyz.targets
    assert target.name == "Wang Jiang"
    assert target.role == "Director, Prison Administration Bureau of Xinjiang Uyghur Autonomous Region"
    assert target.salutation == "Dear Director Wang:"
    assert target.postal_address is not None
    assert target.postal_address.split("\n") == [
        "No 380, Huanghe lu, Urumqi",
        "830000, Xinjiang Uyghur Autonomous Region",
        "People’s Republic of China",
    ]
    assert (target.email, target.fax, target.phone, target.copy) == ((), None, None, False)


def test_the_letter_of_the_founding_case_is_whole_and_joined(nagyz: Document) -> None:
    assert nagyz.letter is not None
    assert nagyz.letter.startswith("I am writing to you about Nagyz Muhammed, a Kazakh writer")
    assert nagyz.letter.endswith("Yours sincerely,")
    assert "Huanghe" not in nagyz.letter
    assert "for an opinion about schools and for advice" in nagyz.letter
    assert nagyz.write_in == ("Chinese", "English", "own language")


def test_demands_are_joined_and_free_of_their_glyphs(nagyz: Document) -> None:
    first, second = nagyz.demands
    assert first.startswith("Free Nagyz Muhammed, unless")
    assert first.endswith("international law, and unless he is tried again in a fair way")
    assert second.endswith("doctors and his family may visit him.")


def test_the_summary_says_what_was_understood_and_what_was_not(nagyz: Document) -> None:
    lines = describe(nagyz)
    assert lines[0] == "Understood:"
    assert "  Deadline: Tuesday 2020-12-29, that day included (printed: “" + str(nagyz.deadline_phrase) + "”)" in lines
    assert "  number, index, date of issue" in lines
    assert lines[-1] == "Certain enough to go on without an organiser."


def test_the_summary_tells_each_doubt_and_what_to_do() -> None:
    document = read_text("URGENT ACTION\nHELD FOR A POEM\n\nUNTIL: 1 December\n")
    lines = describe(document)
    assert "  Deadline: none that is certain (printed: “UNTIL: 1 December”)" in lines
    assert "  - The deadline “UNTIL: 1 December” has no year. Give the whole date." in lines
    assert lines[-1] == "An organiser has to look at this first."


def expectations() -> list[tuple[Path, str, object]]:
    found = []
    for path in LAYOUTS:
        truth = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found += [(path, key, value) for key, value in truth.items() if (path.stem, key) not in NOT_TOLD_BY_THE_TEXT]
    return found


@pytest.mark.parametrize(
    ("path", "key", "expected"), expectations(), ids=lambda value: value.stem if isinstance(value, Path) else None
)
def test_every_layout_is_read_field_by_field(path: Path, key: str, expected: object) -> None:
    read = read_file(path, read_on=READ_ON).to_json()[key]
    if key == "targets":
        read = [{name: value for name, value in target.items() if value} for target in read]
    assert read == expected


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_a_layout_without_a_certain_deadline_waits(path: Path) -> None:
    document = read_file(path, read_on=READ_ON)
    assert (document.deadline is None) <= (not document.certain)
    assert all(doubt.message.endswith(".") for doubt in document.warnings)


def test_a_letter_alone_is_known_as_one() -> None:
    document = read_text("Dear Governor,\n\nI ask you to free Hana Example, who lent books.\n\nYours sincerely,\n")
    assert document.kind is DocumentKind.LETTER
    assert document.letter == "I ask you to free Hana Example, who lent books.\n\nYours sincerely,"
    assert not document.certain


def test_two_numbers_in_the_head_are_doubted() -> None:
    document = read_text("UA 12/20\nUA 14/20\nURGENT ACTION\nDeadline: 1 December 2020\n")
    assert document.ua_number is None
    assert "numbers_differ" in {doubt.code for doubt in document.warnings}


def test_two_dates_of_issue_are_doubted() -> None:
    document = read_text("URGENT ACTION\nIssue date: 1 November 2020\nDate of issue: 2 November 2020\n")
    assert document.issued_on is None
    assert "issue_dates_differ" in {doubt.code for doubt in document.warnings}


def test_an_unclear_date_of_issue_is_doubted() -> None:
    document = read_text("URGENT ACTION\nIssue date: 01/11/2020\nDeadline: 1 December 2020\n")
    assert document.issued_on is None
    assert "uncertain_issue_date" in {doubt.code for doubt in document.warnings}


def test_a_hidden_email_address_is_kept_as_printed_and_told() -> None:
    text = "URGENT ACTION\nPLEASE SEND APPEALS BEFORE 1 DECEMBER 2020 TO:\nMinister of Justice\nAnna Specimen\nHill Road 1\nEmail: office(a)example.org\n"
    document = read_text(text)
    assert document.targets[0].email == ("office(a)example.org",)
    assert "email_hidden" in {doubt.code for doubt in document.warnings}


def test_a_number_without_its_letters_is_read_from_the_line_on_the_update() -> None:
    document = read_text("URGENT ACTION\nSecond update to 214/12 on Nepal\n\nDeadline: 1 December 2020\n")
    assert (document.ua_number, document.sequence, document.kind) == ("214/12", 3, DocumentKind.UPDATE)
