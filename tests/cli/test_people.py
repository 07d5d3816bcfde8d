"""reminder subscribers …: addresses come in by a file, a prompt or standard input, and come out only where they are asked for."""

import csv
import json
import stat
from pathlib import Path

import pytest

from tests.cli.office import SUPPORTERS, Office

NOBODY = "error: That address: is nobody's here. Check how it is written; with country code for a number."


@pytest.fixture
def addresses(tmp_path: Path) -> Path:
    """A list that says nothing but addresses."""
    path = tmp_path / "list.csv"
    path.write_text("email,phone\njun@example.org,\nclara@example.org,+44 7700 900123\nno address,\n")
    return path


def waiting(office: Office, path: Path, options: str = "") -> int:
    """How many rows of a list wait for evidence after it came in with these options."""
    return int(json.loads(office.done(f"subscribers import --json {options}", path).out)["waiting"])


def test_an_import_tells_what_came_of_it_and_sends_nothing(office: Office) -> None:
    said = office.done("subscribers import", SUPPORTERS)
    assert said.out.startswith("13 rows: 12 new, 0 filled in, 0 as they were, 0 left out.")
    assert "1 address came on the do-not-contact list." in said.out
    assert "Nothing was sent." in said.out
    again = office.done("subscribers import", SUPPORTERS)
    assert again.out.startswith("13 rows: 0 new, 0 filled in, 12 as they were, 0 left out.")
    assert office.done("tick").out.startswith("Sent 0")


def test_a_bad_row_is_told_by_its_line_and_the_good_ones_are_kept(office: Office, addresses: Path) -> None:
    said = office.done("subscribers import", addresses)
    assert said.out.startswith("3 rows: 2 new, 0 filled in, 0 as they were, 1 left out.")
    assert "line 4: " in said.out
    assert "no address" not in said.out


WHOLE = "--source stall --wording Yes --agreed-on 2020-11-01"


@pytest.mark.parametrize(
    ("options", "waits"),
    [
        ("", 2),
        ("--basis consent --source stall --agreed-on 2020-11-01", 2),
        ("--basis consent --source stall --wording '' --agreed-on 2020-11-01", 2),
        ("--basis consent --source ' ' --wording Yes --agreed-on 2020-11-01", 2),
        (WHOLE, 2),
        (f"--basis consent {WHOLE}", 0),
        (f"--basis consent {WHOLE} --agreed-to both", 0),
        (f"--basis consent {WHOLE} --agreed-to sms", 2),
    ],
)
def test_what_is_said_of_a_whole_file_counts_only_where_all_of_it_is_said(
    office: Office, addresses: Path, options: str, waits: int
) -> None:
    assert waiting(office, addresses, options) == waits


def test_a_file_of_people_who_left_closes_their_addresses(office: Office, addresses: Path) -> None:
    office.done(f"subscribers import --basis consent {WHOLE}", addresses)
    said = office.done("subscribers import --status unsubscribed", addresses)
    assert "came on the do-not-contact list" in said.out
    again = office.done(f"subscribers import --basis consent {WHOLE}", addresses)
    assert "0 new, 0 filled in, 0 as they were" in again.out
    assert "2 rows speak of somebody who has left and stays left." in again.out


def test_one_person_joins_confirms_and_is_told_why(live: Office) -> None:
    added = live.done("subscribers add --zone asia/shanghai --country China --subscribe all", typed="jun@example.org\n")
    assert "is asked to confirm; until then nothing else is sent." in added.out
    assert "not confirmed" in live.done("subscribers why 1", typed="jun@example.org\n").out
    confirmed = live.done("subscribers confirm --evidence 'signed card'", typed="jun@example.org\n")
    assert "is confirmed." in confirmed.out
    assert "was confirmed already" in live.done("subscribers confirm --evidence card", typed="jun@example.org\n").out
    known = live.done("subscribers add", typed="jun@example.org\n")
    assert "is confirmed already; nothing was changed." in known.out
    assert "will be sent" in live.done("subscribers why 1", typed="jun@example.org\n").out


def test_a_number_joins_too(office: Office) -> None:
    assert "is asked to confirm" in office.done("subscribers add --sms", typed="+44 7700 900123\n").out


@pytest.mark.parametrize(
    ("option", "is_told"),
    [
        ("--zone Mars/Base", "error: --zone: is not a place such as Europe/London."),
        ("--zone EST", "error: --zone: is not a place such as Europe/London."),
        ("--locale klingon!", "error: --locale: is not a language such as en or pt-BR."),
        ("--country Atlantis", "error: --country: is not a country such as GB."),
        ("--subscribe everything", "error: --subscribe: has a part that is none of all"),
    ],
)
def test_a_person_is_not_taken_in_with_what_nobody_knows(office: Office, option: str, is_told: str) -> None:
    said = office.say(f"subscribers add {option}", typed="jun@example.org\n")
    assert said.code == 1
    assert said.errors[0].startswith(is_told)
    assert office.say("subscribers why 1", typed="jun@example.org\n").errors == [NOBODY]


def test_a_blocked_address_is_not_brought_back_by_a_list(office: Office, addresses: Path) -> None:
    assert office.done("subscribers block", typed="jun@example.org\n").next
    said = office.done(f"subscribers import --basis consent {WHOLE}", addresses)
    assert "1 left out" in said.out
    found = json.loads(office.done("subscribers export --person", typed="jun@example.org\n").out)
    assert (found["email_agreed_since"], len(found["do_not_contact"])) == (None, 1)


@pytest.mark.parametrize("how", ["", " --everything"])
def test_a_blocked_address_is_not_asked_to_confirm(office: Office, how: str) -> None:
    office.done(f"subscribers block{how}", typed="jun@example.org\n")
    said = office.say("subscribers add", typed="jun@example.org\n")
    assert said.code == 1
    assert said.errors[0].startswith("error: That address: is on the do-not-contact list.")
    assert office.say("subscribers why 1", typed="jun@example.org\n").errors == [NOBODY]


def test_everybody_comes_out_as_a_list_that_only_the_owner_may_read_and_that_comes_in_again(
    live: Office, tmp_path: Path
) -> None:
    target = tmp_path / "everybody.csv"
    said = live.done("subscribers export --output", target)
    assert said.out.startswith("Written to everybody.csv")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with target.open(newline="") as file:
        assert "aigerim@example.org" in {row["email"] for row in csv.DictReader(file)}
    assert "0 new" in live.done("subscribers import", target).out
    again = live.say("subscribers export --output", target)
    assert again.errors == ["error: everybody.csv: is there already. Name a file that does not exist yet."]
    nowhere = live.say("subscribers export --output", tmp_path / "nowhere" / "list.csv")
    assert nowhere.errors == [
        "error: list.csv: cannot be written (No such file or directory). Check the folder and its rights."
    ]
    assert live.done("subscribers export").out.splitlines() == target.read_text().splitlines()


def test_one_person_comes_out_as_json(live: Office) -> None:
    found = json.loads(live.done("subscribers export --person", typed="aigerim@example.org\n").out)
    assert (found["name"], found["zone"]) == ("Aigerim", "Asia/Almaty")


def test_who_is_erased_is_known_no_more_and_no_list_brings_the_address_back(live: Office) -> None:
    said = live.done("subscribers erase", typed="grace@example.org\n")
    assert "is erased" in said.out
    assert said.next
    assert live.say("subscribers why 1", typed="grace@example.org\n").errors == [NOBODY]
    live.done("subscribers import", SUPPORTERS)
    assert "grace" not in live.done("subscribers export").out


def test_a_letter_ends_the_reminders_of_that_person(live: Office) -> None:
    said = live.done("subscribers wrote 1", typed="clara@example.org\n")
    assert "the letter is kept" in said.out
    assert said.next == "`reminder subscribers why 1`"
    assert "the letter was known already" in live.done("subscribers wrote 1", typed="clara@example.org\n").out
    assert "will be sent" not in live.done("subscribers why 1", typed="clara@example.org\n").out


def test_why_is_there_for_programs_too(live: Office) -> None:
    assert json.loads(live.done("subscribers why 1 --json", typed="clara@example.org\n").out)


BY_ADDRESS = [
    *("subscribers why 1", "subscribers wrote 1", "subscribers block", "subscribers erase"),
    *("subscribers add", "subscribers export --person", "subscribers confirm --evidence card"),
]


@pytest.mark.parametrize("command", BY_ADDRESS)
def test_without_an_address_on_standard_input_nothing_is_done(live: Office, command: str) -> None:
    said = live.say(command)
    assert said.code == 1
    assert said.errors[0].endswith(": is missing. Type it when you are asked, or give it as a line on standard input.")


@pytest.mark.parametrize("command", BY_ADDRESS)
def test_an_address_in_the_command_itself_is_refused_and_not_repeated(live: Office, command: str) -> None:
    said = live.say(command, "clara@example.org")
    assert said.code == 2
    assert "never written into the command" in said.errors[0]
    assert "clara" not in said.out + said.err


@pytest.mark.parametrize("command", ["subscribers why", "subscribers wrote", "subscribers", "campaign start"])
def test_an_address_in_the_place_of_another_word_is_not_repeated(live: Office, command: str) -> None:
    for address in ("clara@example.org", "+447700900123"):
        said = live.say(command, address)
        assert said.code in {1, 2}
        assert len(said.errors) == 1
        assert "clara" not in said.out + said.err
        assert "7700" not in said.out + said.err


@pytest.mark.parametrize("command", [c for c in BY_ADDRESS if "add" not in c and "block" not in c])
def test_an_address_that_nobody_has_is_told_as_that(live: Office, command: str) -> None:
    assert live.say(command, typed="nobody@example.org\n").errors == [NOBODY]
