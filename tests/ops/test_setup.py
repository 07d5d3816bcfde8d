"""The first steps of an installation, as services: each may be repeated, and none leaves anything half done."""

import stat
from pathlib import Path

import pytest

from reminder.config import Settings, load
from reminder.errors import Trouble
from reminder.ops import setup
from reminder.ops.keys import vault_of
from reminder.store.database import Database
from reminder.store.vault import Vault, new_key
from tests.databases import LONG_AGO, vault_for_tests

A_KEY = "k" * 43


def settings_in(folder: Path) -> Settings:
    return load({"DATA_FOLDER": str(folder / "data")}, folder / ".env", [])


def test_preparing_makes_what_is_missing_and_a_second_time_nothing(tmp_path: Path) -> None:
    first = setup.prepare(tmp_path / ".env", settings_in(tmp_path))
    assert first.new_keys
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    before = (tmp_path / ".env").read_text()
    assert not setup.prepare(tmp_path / ".env", settings_in(tmp_path)).new_keys
    assert (tmp_path / ".env").read_text() == before


def test_two_installations_have_different_keys(tmp_path: Path) -> None:
    prints = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        setup.prepare(tmp_path / name / ".env", settings_in(tmp_path / name))
        prints.add(vault_of(settings_in(tmp_path / name)).fingerprint())
    assert len(prints) == 2


def test_a_database_is_created_once_and_only_for_its_own_keys(database: Database, vault: Vault) -> None:
    assert "at revision" in setup.create(database, vault, LONG_AGO)[0]
    with pytest.raises(Trouble, match="does not fit this database"):
        setup.create(database, Vault(b"j" * 32, {1: b"d" * 32}), LONG_AGO)


def test_an_organiser_is_kept_once_however_the_address_is_written(database: Database, vault: Vault) -> None:
    assert "gets reports" in setup.add_organiser(database, vault, "office@example.org", "Office", LONG_AGO)[0]
    assert "known already" in setup.add_organiser(database, vault, " Office@Example.org ", "Office", LONG_AGO)[0]
    with pytest.raises(Trouble, match="is not an email address"):
        setup.add_organiser(database, vault, "office", "Office", LONG_AGO)


def test_the_recovery_sheet_holds_all_that_brings_the_keys_back() -> None:
    settings = Settings(
        index_key=new_key(), data_keys=f"1:{new_key()},2:{new_key()}", organisation="The letter section"
    )
    sheet = "\n".join(setup.recovery_sheet(settings, vault_of(settings).fingerprint()))
    for word in (settings.index_key, settings.data_keys, vault_of(settings).fingerprint(), "The letter section"):
        assert word in sheet


@pytest.mark.parametrize(
    ("data_keys", "is_refused"),
    [
        ("", "are not set"),
        (A_KEY, "must look like 1:KEY,2:KEY"),
        (f"0:{A_KEY}", "must look like 1:KEY,2:KEY"),
        (f"256:{A_KEY}", "must look like 1:KEY,2:KEY"),
        ("1:short", "is not a key of 32 bytes"),
    ],
)
def test_keys_that_are_none_are_refused_and_not_repeated(data_keys: str, is_refused: str) -> None:
    with pytest.raises(Trouble, match=is_refused) as refused:
        vault_of(Settings(index_key=new_key(), data_keys=data_keys))
    assert not data_keys or data_keys not in str(refused.value)


def test_several_data_keys_read_what_each_has_written() -> None:
    old, new, index = new_key(), new_key(), new_key()
    written = vault_of(Settings(index_key=index, data_keys=f"1:{old}")).encrypt("Clara", b"name")
    both = vault_of(Settings(index_key=index, data_keys=f"1:{old},2:{new}"))
    assert both.decrypt(written, b"name") == "Clara"
    assert both.encrypt("Clara", b"name")[0] == 2
    assert vault_for_tests().fingerprint() != both.fingerprint()
