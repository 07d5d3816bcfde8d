"""The reader against real documents with labelled truth, where that folder lies beside the project.

The exact score of each field is written down, so that a change that reads worse shows, and one that reads better too.
"""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.numbers import read_subject
from reminder.intake.documents import read_file
from tests.intake.documents.conftest import REAL_DOCUMENTS
from tests.intake.documents.reading import READ_ON

TRUTHS = sorted(REAL_DOCUMENTS.glob("*.json"))
SUBJECTS = list(csv.DictReader((REAL_DOCUMENTS / "subjects.csv").read_text(encoding="utf-8").splitlines()))

# Of fifteen documents: right, left empty. What is neither was read differently than a person would.
SCORES = {
    "language": (15, 0),
    "kind": (13, 2),
    "title": (13, 0),
    "case_names": (9, 5),
    "country": (14, 1),
    "organisation": (8, 7),
    "ua_number": (15, 0),
    "sequence": (14, 1),
    "index": (15, 0),
    "issued_on": (15, 0),
    "deadline": (15, 0),
    "deadline_phrase": (15, 0),
    "deadline_operator": (13, 0),
    "deadline_kind": (15, 0),
    "late_policy": (14, 0),
    "previous_ua": (15, 0),
    "status_phrase": (14, 0),
    "targets": (12, 0),
    "demands": (13, 1),
    "write_in": (15, 0),
    "pronouns": (15, 0),
}


def plain(key: str, value: Any) -> Any:
    """A value without what truth and reader may write differently: quotes, a name in a second script, empty keys."""
    if key == "case_names":
        return [name.split(" (")[0] for name in value]
    if key == "targets":
        return [{name: plain("", part) for name, part in target.items() if part} for target in value]
    return value.replace("’", "'") if isinstance(value, str) else value


@pytest.fixture(scope="module")
def read() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    pairs = []
    for path in TRUTHS:
        truth = json.loads(path.read_text(encoding="utf-8"))
        pairs.append((truth, read_file(path.with_suffix(".txt"), read_on=READ_ON).to_json()))
    return pairs


@pytest.mark.parametrize(("key", "score"), SCORES.items())
def test_the_score_of_each_field_is_as_written_down(
    key: str, score: tuple[int, int], read: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    right = sum(plain(key, truth[key]) == plain(key, one[key]) for truth, one in read)
    empty = sum(plain(key, truth[key]) != plain(key, one[key]) and not one[key] for truth, one in read)
    assert (right, empty) == score


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.stem)
def test_no_deadline_is_wrong_or_invented(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    document = read_file(path.with_suffix(".txt"), read_on=READ_ON)
    assert (document.deadline.isoformat() if document.deadline else None) == truth["deadline"]
    assert document.certain <= (truth["deadline_kind"] == "appeal")


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.stem)
def test_each_entry_of_a_list_has_its_own_deadline(path: Path) -> None:
    truth = json.loads(path.read_text(encoding="utf-8"))
    document = read_file(path.with_suffix(".txt"), read_on=READ_ON)
    assert [item.to_json()["deadline"] for item in document.items] == [
        one["deadline"] for one in truth.get("items", [])
    ]
    assert [item.country for item in document.items] == [one["country"] for one in truth.get("items", [])]


@pytest.mark.parametrize("row", SUBJECTS, ids=lambda row: row["raw"])
def test_every_subject_line_gives_its_number_and_place(row: dict[str, str]) -> None:
    number = read_subject(row["raw"])
    assert (number.text if number else "") == row["series_number"]
    assert str((number and number.sequence) or "") == row["sequence"]


@pytest.mark.parametrize(
    "row", [row for row in SUBJECTS if "impossible number" in row["note"]], ids=lambda row: row["raw"]
)
def test_an_impossible_number_is_told(row: dict[str, str]) -> None:
    number = read_subject(row["raw"])
    assert number is not None
    assert number.odd
