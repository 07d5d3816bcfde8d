"""A document's values: the fixed keys, and what keeps it from going live."""

import datetime
import json

import pytest

from reminder.domain.documents import DeadlineKind, Document, Doubt, DoubtCode, Target, plausibility

READ_ON = datetime.date(2020, 11, 2)
DEADLINE = datetime.date(2020, 12, 29)

KEYS = [
    "language",
    "kind",
    "title",
    "case_names",
    "country",
    "organisation",
    "ua_number",
    "sequence",
    "index",
    "issued_on",
    "deadline",
    "deadline_phrase",
    "deadline_operator",
    "deadline_kind",
    "late_policy",
    "previous_ua",
    "status_phrase",
    "targets",
    "demands",
    "letter",
    "write_in",
    "pronouns",
    "items",
    "warnings",
]


def test_the_json_has_exactly_the_fixed_keys() -> None:
    assert list(Document().to_json()) == KEYS
    assert list(Document(items=(Document(),)).to_json()["items"][0]) == KEYS


def test_the_json_of_a_target_has_exactly_the_fixed_keys() -> None:
    expected = ["name", "role", "postal_address", "salutation", "email", "fax", "phone", "social", "copy"]
    assert list(Target().to_json()) == expected


def test_what_a_document_does_not_say_is_null_or_empty() -> None:
    values = Document().to_json().values()
    assert all(value is None or value == [] for value in values)


def test_dates_are_iso_and_everything_can_be_written_as_json() -> None:
    document = Document(deadline=DEADLINE, issued_on=READ_ON, targets=(Target(email=("office@example.org",)),))
    read = json.loads(json.dumps(document.to_json()))
    assert read["deadline"] == "2020-12-29"
    assert read["issued_on"] == "2020-11-02"
    assert read["targets"][0]["email"] == ["office@example.org"]


def test_a_deadline_without_doubts_is_certain() -> None:
    assert Document(deadline=DEADLINE).certain


def test_without_a_deadline_nothing_is_certain() -> None:
    assert not Document().certain


def test_a_closing_date_is_not_certain_to_be_open() -> None:
    assert not Document(deadline=DEADLINE, deadline_kind=DeadlineKind.ENDED_ON).certain


@pytest.mark.parametrize("code", list(DoubtCode))
def test_only_remarks_leave_a_document_certain(code: DoubtCode) -> None:
    remarks = {DoubtCode.EXPIRED_ON_ARRIVAL, DoubtCode.EMAIL_HIDDEN, DoubtCode.UNKNOWN_LANGUAGE}
    assert Document(deadline=DEADLINE, warnings=(Doubt(code, "…"),)).certain is (code in remarks)


def test_each_doubt_is_told_once() -> None:
    doubt = Doubt(DoubtCode.NO_NAME, "…")
    assert Document(warnings=(doubt,)).with_doubts([doubt]).warnings == (doubt,)


BORDERS = {
    "before the issue": (-1, {DoubtCode.BEFORE_ISSUE}),
    "on the day of issue": (0, {DoubtCode.SHORT_WINDOW}),
    "six days": (6, {DoubtCode.SHORT_WINDOW}),
    "seven days": (7, set()),
    "120 days": (120, set()),
    "121 days": (121, {DoubtCode.LONG_WINDOW}),
}


@pytest.mark.parametrize(("days", "expected"), BORDERS.values(), ids=BORDERS)
def test_the_window_is_doubted_at_its_borders(days: int, expected: set[DoubtCode]) -> None:
    doubts = plausibility(READ_ON + datetime.timedelta(days), issued_on=READ_ON, read_on=READ_ON)
    assert {doubt.code for doubt in doubts} - {DoubtCode.EXPIRED_ON_ARRIVAL} == expected


ARRIVALS = {
    "the day after": (-1, {DoubtCode.EXPIRED_ON_ARRIVAL}),
    "on the last day": (0, set()),
    "a year away": (366, set()),
    "a year and a day away": (367, {DoubtCode.FAR_DEADLINE}),
}


@pytest.mark.parametrize(("days", "expected"), ARRIVALS.values(), ids=ARRIVALS)
def test_past_and_far_deadlines_are_told(days: int, expected: set[DoubtCode]) -> None:
    doubts = plausibility(READ_ON + datetime.timedelta(days), issued_on=None, read_on=READ_ON)
    assert {doubt.code for doubt in doubts} == expected


def test_a_closing_date_is_never_implausible() -> None:
    past = datetime.date(2016, 3, 2)
    assert plausibility(past, issued_on=READ_ON, read_on=READ_ON, kind=DeadlineKind.ENDED_ON) == []
