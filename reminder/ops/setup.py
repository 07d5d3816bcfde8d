"""The first steps of an installation: folder, keys, database, first organiser. Safe to repeat."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reminder.config import Settings
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.store import schema
from reminder.store.database import Database
from reminder.store.instance import create_instance, is_set_up, read_instance
from reminder.store.organisers import keep_organiser
from reminder.store.vault import Vault, new_key


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made; `new_keys` when there were none before."""

    sentences: tuple[str, ...]
    new_keys: bool


def prepare(env_file: Path, settings: Settings) -> Prepared:
    """Make the data folder, and keys in `env_file` where the settings have none.

    Raises `Trouble` for one key without the other, and where a database is there whose keys are not: new ones would
    lock everybody out of it.
    """
    sentences = []
    try:
        if not settings.data_folder.is_dir():
            settings.data_folder.mkdir(parents=True, mode=0o700)
            sentences.append(f"Made the data folder {settings.data_folder}.")
    except OSError as error:
        raise Trouble(
            "DATA_FOLDER", f"cannot be made ({error.strerror})", "Choose a folder that you may write to."
        ) from None
    if settings.index_key or settings.data_keys:
        if not (settings.index_key and settings.data_keys):
            raise Trouble("INDEX_KEY and DATA_KEYS", "are not both set", "Copy both from the recovery sheet.")
        return Prepared((*sentences, "The keys are there already."), new_keys=False)
    _refuse_lost_keys(settings)
    _append_keys(env_file)
    return Prepared((*sentences, f"Made new keys in {env_file.name}; only you may read it."), new_keys=True)


def _refuse_lost_keys(settings: Settings) -> None:
    database = Database(settings.where())
    try:
        if _is_set_up(database):
            raise Trouble(
                "INDEX_KEY and DATA_KEYS",
                "are not set, and the database was made with keys of its own",
                "Copy both from the recovery sheet into the settings; nothing was changed.",
            )
    finally:
        database.close()


def _is_set_up(database: Database) -> bool:
    if schema.current(database) is None:
        return False
    with database.read() as connection:
        return is_set_up(connection)


def _append_keys(env_file: Path) -> None:
    """Write both keys at the end of the file, readable by its owner alone, durably."""
    text = (
        "\n# The keys of this installation: without them nobody can be written to.\n"
        f"INDEX_KEY={new_key()}\nDATA_KEYS=1:{new_key()}\n"
    )
    try:
        descriptor = os.open(env_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise Trouble(
            env_file.name, f"cannot be written ({error.strerror})", "Check the rights of this folder."
        ) from None


def create(database: Database, vault: Vault, now: datetime) -> tuple[str, ...]:
    """Bring the database to this release and write its first row; refuses keys that are not its own."""
    if _is_set_up(database):
        with database.read() as connection:
            read_instance(connection, vault.fingerprint())
    revision = schema.upgrade(database)
    new = database.write(lambda connection: create_instance(connection, vault.fingerprint(), now))
    return (f"The database is {'new, ' if new else ''}at revision {revision}.",)


def is_confirmed(database: Database, vault: Vault) -> bool:
    """Whether somebody has said that the recovery sheet lies in a safe place."""
    with database.read() as connection:
        return read_instance(connection, vault.fingerprint()).key_confirmed_at is not None


def add_organiser(database: Database, vault: Vault, address: str, name: str, now: datetime) -> tuple[str, ...]:
    """Keep somebody of the office; asked again, nothing."""
    normal = address.strip().lower()
    if "@" not in normal:
        raise Trouble("The organiser's address", "is not an email address", "Write it like name@example.org.")
    new = database.write(
        lambda connection: keep_organiser(
            connection,
            email_ct=vault.encrypt(address.strip(), b"email"),
            email_hash=vault.address_hash(Channel.EMAIL, normal),
            name_ct=vault.encrypt(name, b"name"),
            now=now,
        )
    )
    return ("The organiser gets reports and alerts." if new else "This organiser is known already.",)


def recovery_sheet(settings: Settings, fingerprint: str) -> list[str]:
    """The sheet to print and put away: without it a lost machine is a lost list."""
    return [
        "",
        "-------------------- recovery sheet: print it, put it into a safe, keep no file of it --------------------",
        f"  {settings.organisation}",
        f"  fingerprint  {fingerprint}",
        f"  INDEX_KEY={settings.index_key}",
        f"  DATA_KEYS={settings.data_keys}",
        "  Whoever has these and a copy of the database can read every address. Without them nobody can.",
        "-----------------------------------------------------------------------------------------------------------",
        "It is shown until `reminder key confirm` says that it lies in a safe place.",
    ]
