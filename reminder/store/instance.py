"""The one row about this installation: keys it was made with, its epoch, its heartbeat."""

import os
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from reminder.errors import Trouble
from reminder.store.columns import seconds
from reminder.store.tables import Instance

_INSTANCE = Instance.metadata.tables["instance"]
EPOCH_BYTES = 8


def create_instance(connection: Connection, fingerprint: str, now: datetime) -> bool:
    """Write the row where there is none; False where there was one."""
    if connection.execute(select(_INSTANCE.c.id)).first() is not None:
        return False
    row = {"id": 1, "epoch": os.urandom(EPOCH_BYTES), "key_fingerprint": fingerprint, "created_at": now}
    connection.execute(insert(_INSTANCE).values(**row))
    return True


def is_set_up(connection: Connection) -> bool:
    """Whether the row is there, whatever its keys; the table must be."""
    return connection.execute(select(_INSTANCE.c.id)).first() is not None


def read_instance(connection: Connection, fingerprint: str) -> Instance:
    """The row; `Trouble` where there is none yet, or where the keys are those of another installation."""
    row = connection.execute(select(_INSTANCE)).mappings().first()
    if row is None:
        raise Trouble("The database", "was not set up", "Run `reminder init`.")
    if row["key_fingerprint"] != fingerprint:
        raise Trouble(
            "INDEX_KEY",
            "does not fit this database",
            "Put the key of the recovery sheet into the settings; nothing was changed.",
        )
    return Instance(**row)


def beat(connection: Connection, owner: str, now: datetime) -> None:
    """Note that the heartbeat came this far."""
    connection.execute(update(_INSTANCE).values(heartbeat_at=now, heartbeat_owner=owner))


def wait_because(connection: Connection, reason: str) -> None:
    """Let nothing be sent until an operator looks ('' ends it)."""
    connection.execute(text("UPDATE instance SET waits_because = :reason"), {"reason": reason})


def confirm_key(connection: Connection, now: datetime) -> None:
    """An operator has the recovery sheet."""
    connection.execute(
        text("UPDATE instance SET key_confirmed_at = :now WHERE key_confirmed_at IS NULL"), {"now": seconds(now)}
    )


def database_clock(connection: Connection) -> datetime | None:
    """The database server's clock, a second source; None for SQLite, which only has ours."""
    if connection.dialect.name == "sqlite":
        return None
    value: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return value
