"""init, key confirm, db upgrade, status: the first minutes of an installation, and the days on which keys are lost."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from reminder.store.vault import new_key
from tests.cli.office import ORGANISER, Office


def sheet(text: str) -> dict[str, str]:
    """What the recovery sheet holds: fingerprint, INDEX_KEY, DATA_KEYS."""
    lines = [line.strip() for line in text.splitlines()]
    found = dict(line.split("=", 1) for line in lines if line.startswith(("INDEX_KEY=", "DATA_KEYS=")))
    return found | {line.split()[0]: line.split()[1] for line in lines if line.startswith("fingerprint")}


def everything_in(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes; of a database what it holds."""

    def held(path: Path) -> bytes:
        if path.suffix != ".db":
            return path.read_bytes()
        with closing(sqlite3.connect(path)) as connection:
            return "\n".join(connection.iterdump()).encode()

    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path.relative_to(folder)): held(path) for path in files}


def test_init_makes_folder_keys_and_database_and_prints_the_recovery_sheet(nowhere: Office) -> None:
    said = nowhere.done("init --organiser Office", typed=f"{ORGANISER}\n")
    kept = dict(line.split("=", 1) for line in nowhere.env_file.read_text().splitlines() if "=" in line)
    shown = sheet(said.out)
    assert {name: shown[name] for name in ("INDEX_KEY", "DATA_KEYS")} == kept
    assert nowhere.database_file.is_file()
    assert "key confirm" in said.next
    assert '"organisers": 1' in nowhere.done("status --json").out


def test_the_keys_may_be_read_by_their_owner_alone_also_where_the_file_was_there_before(nowhere: Office) -> None:
    nowhere.env_file.write_text("ZONE=Europe/London\n")
    nowhere.env_file.chmod(0o644)
    nowhere.done("init")
    assert stat.S_IMODE(nowhere.env_file.stat().st_mode) == 0o600
    assert nowhere.env_file.read_text().startswith("ZONE=Europe/London\n")


def test_a_second_init_changes_nothing(office: Office) -> None:
    before = everything_in(office.folder)
    said = office.done("init")
    assert everything_in(office.folder) == before
    assert "The keys are there already." in said.out


def test_the_sheet_is_shown_again_until_it_is_confirmed_and_then_never(office: Office) -> None:
    shown = sheet(office.done("init").out)
    assert shown["INDEX_KEY"] in office.env_file.read_text()
    assert "not confirmed" in office.done("status").out
    confirmed = office.done("key confirm", typed=f"{shown['fingerprint'][:8]} {shown['fingerprint'][8:]}\n")
    assert "status" in confirmed.next
    assert "not confirmed" not in office.done("status").out
    assert sheet(office.done("init").out) == {}


def test_the_fingerprint_of_another_installation_confirms_nothing(office: Office) -> None:
    said = office.say("key confirm", typed="0123456789abcdef\n")
    assert said.code == 1
    assert said.errors == [
        "error: The fingerprint: is not that of the keys in use. Look at the sheet again; nothing was changed."
    ]
    assert "not confirmed" in office.done("status").out


@pytest.mark.parametrize("alone", [{"INDEX_KEY": new_key()}, {"DATA_KEYS": f"1:{new_key()}"}])
def test_one_key_without_the_other_is_refused_and_nothing_is_made(nowhere: Office, alone: dict[str, str]) -> None:
    said = nowhere.with_settings(**alone).say("init")
    assert said.code == 1
    assert said.errors == ["error: INDEX_KEY and DATA_KEYS: are not both set. Copy both from the recovery sheet."]
    assert not nowhere.env_file.exists()
    assert not nowhere.database_file.exists()


def test_lost_keys_are_never_replaced_by_new_ones(office: Office) -> None:
    office.env_file.unlink()
    said = office.say("init")
    assert said.code == 1
    assert "the database was made with keys of its own" in said.errors[0]
    assert not office.env_file.exists()


def test_the_keys_of_the_sheet_bring_a_lost_settings_file_back(office: Office) -> None:
    shown = sheet(office.done("init").out)
    office.env_file.unlink()
    again = office.with_settings(INDEX_KEY=shown["INDEX_KEY"], DATA_KEYS=shown["DATA_KEYS"])
    assert "The keys are there already." in again.done("init").out
    assert again.done("case list").out.startswith("No cases yet.")


def test_the_keys_of_another_installation_are_refused_before_anything_is_changed(office: Office) -> None:
    before = everything_in(office.folder)
    wrong = office.with_settings(INDEX_KEY=new_key(), DATA_KEYS=f"1:{new_key()}")
    for command in ("init", "status", "tick", "case list"):
        said = wrong.say(command)
        assert said.code == 1
        assert said.errors[0].startswith("error: INDEX_KEY: does not fit this database."), command
    assert everything_in(office.folder) == before


@pytest.mark.parametrize("typed", ["", "office\n", "office@\n", "+44 7700 900123\n"])
def test_an_organiser_without_a_usable_address_leaves_nothing_half_made(nowhere: Office, typed: str) -> None:
    said = nowhere.say("init --organiser Office", typed=typed)
    assert said.code == 1
    assert said.errors[0].startswith("error: Email address: ")
    assert list(nowhere.folder.iterdir()) == []


def test_the_same_organiser_twice_is_one(office: Office) -> None:
    assert "known already" in office.done("init --organiser Office", typed=f"{ORGANISER}\n").out
    assert '"organisers": 1' in office.done("status --json").out


def test_before_init_every_command_says_to_run_it(nowhere: Office) -> None:
    for command in ("case list", "campaign list", "status", "tick", "report expiring"):
        said = nowhere.say(command)
        assert (said.code, said.out) == (1, "")
        assert "Run `reminder init`" in said.errors[0], command


def set_revision(office: Office, revision: str) -> None:
    with closing(sqlite3.connect(office.database_file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_database_of_a_newer_release_is_refused_by_every_command(office: Office) -> None:
    set_revision(office, "9999")
    for command in ("status", "tick", "init", "db upgrade", "case list", "run"):
        said = office.say(command)
        assert said.code == 1
        assert said.errors == [
            "error: The database: is at revision 9999, which this release does not know. Install the newer release again."
        ], command


def test_db_upgrade_says_where_the_database_is_and_may_be_repeated(office: Office) -> None:
    first, second = office.done("db upgrade"), office.done("db upgrade")
    assert first == second
    assert "status" in first.next


def test_status_names_what_waits_for_somebody(office: Office) -> None:
    said = office.done("status")
    assert "No heartbeat yet" in said.out
    office.done("tick")
    assert "The service does not seem to run" in office.at(2).done("status").out
