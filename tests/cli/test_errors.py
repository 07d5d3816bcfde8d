"""Whatever goes wrong is one line on standard error, `error: thing: reason. remedy`, with its exit code; never a traceback."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from reminder.cli import Doors, main
from reminder.store.vault import new_key
from tests.cli.office import SAMPLES, SUPPORTERS, URGENT, Office, Said

ONE_LINE = re.compile(r"error: [^:\n]+: [^\n]+\. [^\n]+[.?]\n")
HUNDRED_MB = 100_000_000


def expect_told(said: Said, code: int, words: str) -> None:
    """It ended with `code` and told exactly one line, which holds `words`."""
    assert said.code == code, said.err
    assert ONE_LINE.fullmatch(said.err), said.err
    assert words in said.err


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are no appeal and no list."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)) * 20)
    (folder / "words").write_text("hello world\n")
    (folder / "cut.pdf").write_bytes((SAMPLES / "nagyz-muhammed.pdf").read_bytes()[:1500])
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    for name, head in (("large", b""), ("large.pdf", b"%PDF-1.7\n")):
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(HUNDRED_MB)
    return folder


@pytest.mark.parametrize("command", ["case read", "case read --json", "case add"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "no such file"),
        ("empty", "the file is empty"),
        ("binary", "neither text nor PDF"),
        ("words", "nothing in it shows that it is an appeal"),
        ("cut.pdf", "damaged or cut short"),
        ("large", "with 100 MB it is too large"),
        ("large.pdf", "with 100 MB it is too large"),
        ("folder", "is a directory"),
        ("pipe", "it is no plain file"),
        ("/dev/zero", "it is no plain file"),
    ],
)
def test_a_file_that_is_no_appeal_ends_with_two(
    office: Office, files: Path, command: str, name: str, words: str
) -> None:
    said = office.say(command, files / name)
    expect_told(said, 2, words)
    assert said.out == ""


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("missing", 1, "missing: cannot be read (No such file or directory)."),
        ("empty", 1, "The list: is empty."),
        ("binary", 1, "The list: is not UTF-8 from line "),
        ("words", 1, "has no column “email” on its first line"),
        ("large", 1, "the line is too long to be one person"),
        ("folder", 2, "is a directory"),
        ("pipe", 1, "pipe: is no plain file."),
        ("/dev/zero", 1, "zero: is no plain file."),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(office: Office, files: Path, name: str, code: int, words: str) -> None:
    expect_told(office.say("subscribers import", files / name), code, words)
    assert office.done("subscribers export").out.count("\n") == 1, "only the names of the columns"


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("case show zzzzzz", 1, "The case: is not known by this code or number."),
        ("case stop zzzzzz --reason x", 1, "The case: is not known by this code or number."),
        ("campaign create zzzzzz --audience all", 1, "The case: is not known by this code or number."),
        ("case deadline zzzzzz --until 2020-02-30 --because x", 2, "write the day like 2020-12-29"),
        ("case deadline zzzzzz --until 2020-12-29", 2, "missing option '--because'"),
        ("case decide zzzzzz --answer deadline", 1, "The case: is not known"),
        ("case show UA 63/20", 2, "put what belongs together into quotes"),
        ("campaign show 99", 1, "Campaign 99: does not exist."),
        ("campaign approve 99", 1, "Campaign 99: does not exist."),
        ("campaign start 99", 1, "Campaign 99: does not exist."),
        ("campaign send 99", 1, "Campaign 99: does not exist."),
        ("campaign test-send 99", 1, "Campaign 99: does not exist."),
        ("forecast 99", 1, "Campaign 99: does not exist."),
        ("rehearse 99", 1, "Campaign 99: does not exist."),
        ("report 99", 1, "Campaign 99: does not exist."),
        ("campaign pause first", 1, "CAMPAIGN: must be the number of a campaign."),
        ("campaign pause 99999999999999999999999", 1, "CAMPAIGN: must be the number of a campaign."),
        ("messages decide 5 --arrived", 1, "Message 5: is not unclear."),
        ("messages decide 5", 2, "say --arrived, --send-again or --give-up"),
        ("messages decide five --arrived", 1, "ID: must be the number of a message."),
        ("report expiring --within 2w", 2, "write a number of days like 14d"),
        ("report expiring --format pdf", 2, "is not one of"),
        ("bogus", 2, "no such command 'bogus'"),
        ("case bogus", 2, "no such command 'bogus'"),
        ("case list --bogus", 2, "no such option '--bogus'"),
    ],
)
def test_what_nobody_knows_and_slips_of_the_fingers_are_told(
    office: Office, command: str, code: int, words: str
) -> None:
    expect_told(office.say(command), code, words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--zone Mars/Base", "The zone: is not known."),
        ("--channel pigeon", "names a way that is not known"),
        ("--country Atlantis", "The answer to 'country': is not known."),
        ("--deadline 2020-12-30", "The deadline: needs its source."),
        ("--deadline 2020-12-30 --because page", "The deadline: is 2020-12-29 already"),
        ("--case zzzzzz", "The case: is not known by this code or number."),
    ],
)
def test_what_is_supplied_with_a_document_is_checked_and_nothing_is_stored(
    office: Office, options: str, words: str
) -> None:
    expect_told(office.say(f"case add {options}", URGENT), 1, words)
    assert office.done("case list").out.startswith("No cases yet.")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: must be debug, info, warning or error."),
        ({"ZONE": "Mars/Base"}, "ZONE: is not a time zone"),
        ({"SENDING_LIMIT": "many"}, "SENDING_LIMIT: must be a whole number."),
        ({"REMINDER_ZONE": "Europe/London"}, "REMINDER_ZONE: is not a setting of Reminder. Did you mean ZONE?"),
        ({"EMAIL_PROVIDERS": "smpt"}, "EMAIL_PROVIDERS: smpt is no provider for this channel."),
        ({"SMS_PROVIDERS": "email-folder"}, "SMS_PROVIDERS: email-folder is no provider for this channel."),
        ({"EMAIL_PROVIDERS": "smtp"}, "SMTP_HOST: is not set."),
        ({"INDEX_KEY": "short"}, "INDEX_KEY: is not a key of 32 bytes"),
        ({"DATA_KEYS": "short"}, "DATA_KEYS: must look like 1:KEY,2:KEY."),
        ({"INDEX_KEY": new_key()}, "INDEX_KEY: does not fit this database."),
        ({"POST_DAYS_FILE": "missing.toml"}, "POST_DAYS_FILE: is not a file."),
        ({"TEMPLATE_FOLDER": "missing"}, "TEMPLATE_FOLDER: is not a folder."),
        ({"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, "The database: does not answer."),
        ({"DATABASE_URL": f"sqlite:///{SUPPORTERS}"}, "The database: is damaged, or no database of Reminder."),
        ({"DATABASE_URL": "sqlite:////missing/reminder.db"}, "The database: cannot be opened."),
    ],
)
def test_a_setting_that_does_not_do_is_named_at_once(office: Office, settings: dict[str, str], words: str) -> None:
    for command in ("status", "tick", "run"):
        said = office.with_settings(**settings).say(command)
        expect_told(said, 1, words)
        assert "secret" not in said.err
        assert new_key() not in said.err


@pytest.mark.parametrize("table", ["[[row", "row = 5", '[[row]]\nfrom = "GB"'])
def test_a_bad_table_of_post_days_is_named_before_anything_is_stored(office: Office, table: str) -> None:
    days = office.folder / "days.toml"
    days.write_text(table)
    expect_told(office.with_settings(POST_DAYS_FILE=str(days)).say("case add", URGENT), 1, "POST_DAYS_FILE: ")
    assert office.done("case list").out.startswith("No cases yet.")


@pytest.mark.parametrize("folder", ["file/data", "/proc/reminder"])
def test_a_data_folder_that_cannot_be_made_is_told(nowhere: Office, folder: str) -> None:
    (nowhere.folder / "file").write_text("in the way")
    said = nowhere.with_settings(DATA_FOLDER=str(nowhere.folder / folder)).say("init")
    expect_told(said, 1, "DATA_FOLDER: cannot be made")
    assert not nowhere.env_file.exists()


def test_a_settings_file_that_cannot_be_written_is_told(nowhere: Office) -> None:
    office = Office(nowhere.folder / "missing")
    said = office.with_settings(DATA_FOLDER=str(nowhere.folder / "data")).say("init")
    assert said.code == 1
    assert said.errors == [
        "error: .env: cannot be written (No such file or directory). Check the rights of this folder."
    ]


def test_a_database_that_may_only_be_read_is_told_and_can_still_be_looked_at(live: Office) -> None:
    only_read = live.with_settings(DATABASE_URL=f"sqlite:///file:{live.database_file}?mode=ro&uri=true")
    assert "live" in only_read.done("campaign list").out
    expect_told(only_read.say("campaign pause 1"), 1, "The database: may not be written to.")


@pytest.fixture
def locked(live: Office) -> Iterator[Office]:
    """An office whose database is held by another process for as long as the test lasts."""
    with closing(sqlite3.connect(live.database_file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield live


def test_a_locked_database_is_told_after_some_seconds_and_can_still_be_looked_at(locked: Office) -> None:
    assert "live" in locked.done("campaign list").out
    expect_told(locked.say("campaign pause 1"), 1, "The database: is locked by another process.")


class BrokenClock:
    """A clock with a fault whose text names somebody."""

    def now(self) -> datetime:
        raise KeyError("clara@example.org")


def test_a_fault_of_our_own_is_one_line_with_its_kind_and_nobody_in_it(office: Office) -> None:
    said = Office(office.folder, clock=BrokenClock()).say("status")
    expect_told(said, 1, "Reminder: it met a fault of its own (KeyError)")
    assert "standard error" in said.err
    assert "clara" not in said.err


def test_only_debug_tells_where_a_fault_was_and_no_value_even_then(office: Office) -> None:
    said = Office(office.folder, {"LOG_LEVEL": "debug"}, BrokenClock()).say("status")
    assert "test_errors.py" in said.err
    assert said.errors[0].startswith("error: Reminder: it met a fault of its own (KeyError)")
    assert "clara" not in said.err


@pytest.mark.parametrize("command", ["", "case", "campaign", "subscribers", "case add", "report"])
def test_help_works_whatever_is_wrong_with_the_settings(nowhere: Office, command: str) -> None:
    nowhere.env_file.write_text("BOGUS=1\n")
    said = nowhere.done(f"{command} --help")
    assert said.out.startswith("Usage: reminder")


def test_no_standard_input_at_all_is_told(
    live: Office, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    environment = {"DATA_FOLDER": str(live.folder / "data")}
    with pytest.raises(SystemExit) as ended:
        main(["subscribers", "block"], obj=Doors(environment=environment, env_file=live.env_file, clock=live.clock))
    assert ended.value.code == 1
    assert ONE_LINE.fullmatch(capfd.readouterr().err)


def test_a_file_whose_name_is_no_text_is_told(office: Office, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    said = office.say("case read", tmp_path / name)
    expect_told(said, 2, "no such file")
