"""The database's schema: which revision it has, and how it gets to ours."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from reminder.errors import Trouble
from reminder.store.database import Database


def upgrade(database: Database) -> str:
    """Bring the schema to this release's revision and return it; does nothing where it is there already."""
    with database.schema_connection() as connection:
        _refuse_newer(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def current(database: Database) -> str | None:
    """The revision the database has; None for an empty one."""
    with database.read() as connection:
        return _current(connection)


def newest() -> str:
    """The revision of this release."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package holds its migrations"
    return head


def require_current(database: Database) -> None:
    """Raise `Trouble` unless the schema is this release's."""
    revision = current(database)
    if revision is None:
        raise Trouble("The database", "is empty", "Run `reminder init`.")
    if revision != newest():
        with database.read() as connection:
            _refuse_newer(connection)
        raise Trouble(
            "The database", f"is at revision {revision}, this release needs {newest()}", "Run `reminder db upgrade`."
        )


def _refuse_newer(connection: Connection) -> None:
    revision = _current(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise Trouble(
            "The database",
            f"is at revision {revision}, which this release does not know",
            "Install the newer release again.",
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
