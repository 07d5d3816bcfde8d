"""reminder case …, as an organiser walks it."""

import json
from pathlib import Path

import pytest

from tests.cli.office import SECOND, URGENT, Office

KEYS = [
    *("language", "kind", "title", "case_names", "country", "organisation", "ua_number", "sequence", "index"),
    *("issued_on", "deadline", "deadline_phrase", "deadline_operator", "deadline_kind", "late_policy", "previous_ua"),
    *("status_phrase", "targets", "demands", "letter", "write_in", "pronouns", "items", "warnings"),
]
WITHOUT_A_YEAR = """\
URGENT ACTION

A TEACHER IS IN PRISON

PLEASE TAKE ACTION AS SOON AS POSSIBLE UNTIL: 29 December

Director of Prisons
1 Sample Street, Sampletown

Dear Director,

I ask you to let her go.

Yours sincerely,
"""

ANSWERS = {
    "deadline": "2020-12-29",
    "organisation": "The letter section",
    "country": "PE",
    "number": "none",
    "names": "as read",
    "channels": "post email",
}


@pytest.fixture
def uncertain(tmp_path: Path) -> Path:
    """An appeal whose deadline has no year."""
    path = tmp_path / "uncertain.txt"
    path.write_text(WITHOUT_A_YEAR)
    return path


def test_reading_stores_nothing_and_says_what_to_do_next(office: Office) -> None:
    said = office.done("case read", URGENT)
    assert "Deadline: Tuesday 2020-12-29" in said.out
    assert said.next == f"`reminder case add {URGENT}`"
    assert office.done("case list").out.startswith("No cases yet.")


def test_reading_needs_no_installation(nowhere: Office) -> None:
    assert nowhere.done("case read", URGENT).next
    assert list(nowhere.folder.iterdir()) == []


@pytest.mark.parametrize("document", [URGENT, SECOND])
def test_the_json_of_case_read_has_exactly_the_fixed_keys(office: Office, document: Path) -> None:
    found = json.loads(office.say("case read --json", document).out)
    assert sorted(found) == sorted(KEYS)


def test_a_document_that_is_not_certain_ends_with_three_and_says_why(office: Office, uncertain: Path) -> None:
    said = office.say("case read --json", uncertain)
    found = json.loads(said.out)
    assert (said.code, said.err, found["deadline"]) == (3, "", None)
    assert [warning["code"] for warning in found["warnings"]]
    said = office.say("case read", uncertain)
    assert said.code == 3
    assert said.next.endswith("then answer what it asks")


@pytest.mark.parametrize("document", [URGENT, SECOND])
def test_a_document_is_certain_exactly_where_its_case_asks_nothing(office: Office, document: Path) -> None:
    read = office.say("case read --json", document)
    asked = json.loads(office.done("case add --json", document).out)["questions"]
    assert (read.code == 0) is (asked == [])
    missing = [warning["code"].removeprefix("no_") for warning in json.loads(read.out)["warnings"]]
    assert missing == asked


def test_the_blank_form_reads_as_no_appeal_until_it_is_filled_in(office: Office, tmp_path: Path) -> None:
    form = tmp_path / "form.toml"
    form.write_text(office.done("case form").out)
    assert office.say("case read", form).code in {2, 3}


def test_a_case_waits_with_its_question_until_it_is_answered(office: Office, uncertain: Path) -> None:
    code = office.code_of(uncertain)
    assert "waiting for you" in office.done("case list").out
    shown = office.done("case show", code)
    assert "Waiting for you, deadline:" in shown.out
    assert shown.next == f"answer with `reminder case decide {code}`"
    unattended = office.say("case decide", code)
    assert unattended.code == 1
    assert "nobody can be asked here. Say --answer QUESTION=ANSWER." in unattended.errors[0]
    questions = [q["code"] for q in json.loads(office.done("case show --json", code).out)["questions"]]
    said = office.done(
        "case decide --because telephone", code, *(f"--answer={question}={ANSWERS[question]}" for question in questions)
    )
    assert said.next == f"`reminder campaign create {code} --audience all`"
    assert "waiting for you" not in office.done("case list").out


def test_what_a_document_lacks_can_be_supplied_when_it_is_added(office: Office, uncertain: Path) -> None:
    supplied = "--deadline 2020-12-29 --because telephone --organisation Letters --country PE --number none"
    said = office.done(f"case add {supplied} --zone America/Lima --topic writers --channel email", uncertain)
    assert "People may write until Tuesday 29 December 2020" in said.out
    assert "Source: telephone." in said.out


def test_the_same_file_twice_is_one_document(office: Office) -> None:
    office.code_of(URGENT)
    said = office.done("case add", URGENT)
    assert "this file is here already, as document 1 of 1; nothing was added." in said.out
    assert len(json.loads(office.done("case list --json").out)) == 1


def test_a_moved_deadline_asks_whether_the_letter_is_the_same(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    moved = live.done(f"case deadline {code} --until 2020-12-31 --because 'update of 2 December'")
    assert moved.next == f"say whether the letter is the same or new with `reminder case decide {code}`"
    assert "waits for you: same letter or new letter?" in live.done("case show", code).out
    assert live.say("case decide", code).code == 1
    answered = live.done(f"case decide {code} --answer letter=same")
    assert answered.next == "look at it, then `reminder campaign approve 1`"
    assert "waits for you" not in live.done("case show", code).out
    live.done("campaign approve 1")


def test_every_campaign_that_must_be_approved_again_is_named(office: Office) -> None:
    code = office.code_of(URGENT)
    for number, audience in ((1, "country:CN"), (2, "country:GB")):
        office.done(f"campaign create {code} --audience {audience}")
        office.done(f"campaign approve {number}")
        office.done(f"campaign start {number}")
    office.done(f"case deadline {code} --until 2020-12-31 --because update")
    answered = office.done(f"case decide {code} --answer letter=same")
    assert "`reminder campaign approve 1`" in answered.next
    assert "`reminder campaign approve 2`" in answered.next


def test_the_campaign_can_be_told_the_same_by_its_number(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    live.done(f"case deadline {code} --until 2020-12-31 --because update")
    assert live.done("campaign answer 1 new").next
    assert live.say("campaign answer 1 new").code == 1


def test_deciding_where_nothing_is_asked_changes_nothing(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    assert "nothing was changed" in live.done("case decide", code).out


def test_a_stop_says_how_to_send_the_note_and_that_command_works(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    live.at(1, 10).done("tick")
    nothing_said = live.say("case stop", code)
    assert nothing_said.code == 1
    assert nothing_said.errors[0].startswith("error: The reason: is empty.")
    stopped = live.done(f"case stop {code} --reason 'the family asks'")
    assert "Campaign 1 stopped; nothing of it is sent any more." in stopped.out
    asked = stopped.next.rpartition("`reminder ")[2].rstrip("`")
    assert asked == f"case stop {code} --note"
    assert "people get the neutral note" in live.done(asked).out
    assert "is stopped" in live.say("campaign approve 1").errors[0]
    shown = live.done("case show", code)
    assert "Stopped because: the family asks" in shown.out
    assert shown.next == ""


def test_an_outcome_is_kept_and_ends_nothing(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    said = live.done(f"case outcome {code} 'moved to another prison' --tell")
    assert "an outcome ends no appeal" in said.out
    assert "0 people who asked will be told." in said.out
    assert "How it ended: moved to another prison" in live.done("case show", code).out
    assert '"live": 1' in live.done("status --json").out


def test_removing_the_texts_needs_a_yes_and_leaves_no_name(live: Office) -> None:
    code = json.loads(live.done("case list --json").out)[0]["code"]
    assert live.say("case redact", code).errors == [
        "error: The removal: needs a yes, and nobody can be asked here. Say --yes."
    ]
    assert "WRITER" in live.done("case show", code).out
    said = live.done("case redact --yes", code)
    assert said.next == "add a text that people may see with `reminder case add FILE`"
    assert "WRITER" not in live.done("case show", code).out
    assert "has no text any more" in live.say("campaign resume 1").errors[0]
