"""Doctor: each check finds what is wrong, with what to do about it, and says nothing where all is well."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from reminder.errors import BadSetting, Trouble
from reminder.ops.doctor import CHECKS, Examined, Finding, Level, examine
from reminder.ops.doctor.finding import Check
from reminder.ops.doctor.machine import MEGABYTE, disk
from reminder.providers.contract import Capabilities
from reminder.store.database import Database
from reminder.store.instance import beat, wait_because
from reminder.store.tables import Rhythm
from reminder.store.vault import Vault
from tests.fakes.scripted import Scripted
from tests.ops.clinic import Clinic, clinic

__all__ = ["clinic"]
REAL = Capabilities(real=True)


def run(clinic: Clinic, sql: str) -> None:
    clinic.database.write(lambda connection: connection.execute(text(sql)))


def only(clinic: Clinic, id_: str) -> Finding:
    [found] = clinic.found(id_)
    assert found.sentence.endswith(".")
    assert found.remedy.endswith((".", ")", "`"))
    return found


def test_where_all_is_well_there_is_nothing_to_say(clinic: Clinic) -> None:
    assert clinic.found("") == []


def test_each_check_has_an_id_of_its_own_and_comes_after_what_it_needs() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert [check.id for n, check in enumerate(CHECKS) if not set(check.needs) <= set(ids[:n])] == []


class TestTheMachine:
    def test_settings_that_are_wrong_are_found_and_nothing_more_can_be_said(self, clinic: Clinic) -> None:
        def refuse() -> None:
            raise BadSetting("ZONE", "is not a time zone", "Write it like Europe/London.")

        examined = Examined(clinic.now, None, refuse, lambda: clinic)  # type: ignore[arg-type]
        [found] = examine(examined, CHECKS)
        assert (found.id, found.level, found.sentence) == ("settings", Level.FAULT, "ZONE: is not a time zone.")

    def test_a_settings_file_that_others_may_read(self, clinic: Clinic) -> None:
        clinic.env_file.chmod(0o640)
        assert only(clinic, "settings-file").level is Level.FAULT
        clinic.env_file.unlink()
        assert clinic.found("settings-file") == []

    def test_keys_that_are_none(self, clinic: Clinic) -> None:
        clinic.set(data_keys="1:short")
        assert "is not a key of 32 bytes" in only(clinic, "keys").sentence

    def test_a_data_folder_that_is_not_there_or_no_folder(self, clinic: Clinic, tmp_path: Path) -> None:
        clinic.set(data_folder=tmp_path / "elsewhere")
        assert only(clinic, "data-folder").remedy == "Run `reminder init`."
        clinic.set(data_folder=clinic.env_file)
        assert "is no folder" in only(clinic, "data-folder").sentence

    def test_a_data_folder_that_others_may_look_into(self, clinic: Clinic) -> None:
        clinic.settings.data_folder.chmod(0o755)
        assert only(clinic, "data-folder").level is Level.WARNING

    def test_a_data_folder_that_cannot_be_written_to(self, clinic: Clinic) -> None:
        # Whoever runs the tests may write everywhere: something is in the way of the file that is tried.
        (clinic.settings.data_folder / ".doctor").mkdir()
        assert only(clinic, "data-folder").level is Level.FAULT

    @pytest.mark.parametrize(
        ("low", "least", "level"), [(0, 0, None), (2**62, 0, Level.WARNING), (2**62, 2**62, Level.FAULT)]
    )
    def test_a_disk_that_runs_full(self, clinic: Clinic, low: int, least: int, level: Level | None) -> None:
        assert [found.level for found in disk(clinic.examined, low=low, least=least)] == ([level] if level else [])
        assert MEGABYTE == 10**6

    def test_an_office_that_still_has_our_examples_in_its_mails(self, clinic: Clinic) -> None:
        clinic.set(legal_name="Our organisation", mail_from="reminder@localhost.localdomain")
        assert clinic.found("office") == []
        clinic.uses(Scripted(capabilities=REAL))
        found = clinic.found("office")
        assert [each.level for each in found] == [Level.WARNING, Level.FAULT]
        assert found[0].sentence.startswith("LEGAL_NAME is still the example")


class TestTheRecords:
    def test_a_database_of_another_release(self, clinic: Clinic) -> None:
        run(clinic, "UPDATE alembic_version SET version_num = '0001'")
        assert only(clinic, "database").remedy == "Run `reminder db upgrade`."
        assert [found.id for found in clinic.found("")] == ["database"], "what needs the database is left out"

    def test_a_database_of_other_keys(self, clinic: Clinic) -> None:
        clinic.vault = Vault(b"j" * 32, {1: b"d" * 32})
        assert "does not fit this database" in only(clinic, "database").sentence

    def test_a_database_that_is_empty(self, clinic: Clinic, tmp_path: Path) -> None:
        clinic.database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        assert only(clinic, "database").remedy == "Run `reminder init`."
        clinic.database.close()

    def test_a_recovery_sheet_that_nobody_has_put_away(self, clinic: Clinic) -> None:
        run(clinic, "UPDATE instance SET key_confirmed_at = NULL")
        assert only(clinic, "recovery-sheet").level is Level.WARNING

    def test_nobody_who_gets_the_alerts(self, clinic: Clinic) -> None:
        run(clinic, "DELETE FROM organiser")
        assert only(clinic, "organisers").level is Level.WARNING

    def test_a_service_that_has_never_run_or_runs_no_longer(self, clinic: Clinic) -> None:
        run(clinic, "UPDATE instance SET heartbeat_at = NULL")
        assert only(clinic, "heartbeat").level is Level.WARNING
        late = clinic.now - timedelta(minutes=6)
        clinic.database.write(lambda connection: beat(connection, "me", late))
        assert only(clinic, "heartbeat").level is Level.FAULT

    def test_a_service_that_does_not_believe_its_clock(self, clinic: Clinic) -> None:
        clinic.database.write(lambda connection: wait_because(connection, "the clock went ahead"))
        assert only(clinic, "heartbeat").sentence == "Nothing is sent: the clock went ahead."

    def test_a_clock_that_went_back(self, clinic: Clinic) -> None:
        ahead = clinic.now + timedelta(hours=2)
        clinic.database.write(lambda connection: beat(connection, "me", ahead))
        assert only(clinic, "clock").sentence.startswith("The clock went back")

    @pytest.mark.parametrize(("hours", "word"), [(-1, "behind"), (1, "ahead of")])
    def test_a_clock_that_is_not_that_of_the_database_server(self, clinic: Clinic, hours: int, word: str) -> None:
        clinic.now += timedelta(hours=hours)
        clinic.database.write(lambda connection: beat(connection, "me", clinic.now))
        found = [each.sentence for each in clinic.found("clock")]
        # SQLite has no clock of its own.
        assert found == [] if clinic.database.is_sqlite else word in found[0]

    def test_a_zone_that_this_machine_does_not_know(self, clinic: Clinic) -> None:
        row = Rhythm(zone="Mars/Base").model_dump(exclude={"id"})
        clinic.database.write(lambda connection: connection.execute(insert(Rhythm).values(**row)))
        assert "Mars/Base" in only(clinic, "zone-data").sentence

    def test_a_table_of_post_days_that_cannot_be_read(self, clinic: Clinic) -> None:
        class Broken(Clinic):
            @property
            def post_days(self) -> None:  # type: ignore[override]
                raise Trouble("POST_DAYS_FILE", "line 3 is no row", "Correct it.")

        clinic.__class__ = Broken
        assert only(clinic, "post-days").sentence == "POST_DAYS_FILE: line 3 is no row."

    def test_a_template_that_cannot_be_filled_in(self, clinic: Clinic, tmp_path: Path) -> None:
        own = tmp_path / "own" / "email"
        own.mkdir(parents=True)
        (own / "alert.txt").write_text("{{ view.no_such_thing.at_all }}")
        clinic.templates = [own.parent]
        assert clinic.found("templates")[0].level is Level.FAULT


def test_a_check_that_breaks_is_told_without_what_it_says_and_the_others_go_on(clinic: Clinic) -> None:
    def broken(examined: Examined) -> list[Finding]:
        raise RuntimeError("secret")

    def look(id_: str) -> Callable[[Examined], list[Finding]]:
        return lambda examined: [Finding(id_, Level.NOTE, "Looked at.", "Nothing.")]

    checks = [Check("a", broken), Check("b", look("b"), ("a",)), Check("c", look("c"))]
    found = examine(clinic.examined, checks)
    assert [each.id for each in found] == ["a", "c"]
    assert "secret" not in str(found)
