"""The table of allowed moves as triggers: on SQLite, whatever a test does, no row makes a move that the ledger does not know."""

from enum import IntEnum

from sqlalchemy import text

from reminder.domain.states import (
    MOVES,
    AttemptState,
    BatchState,
    CampaignState,
    DeliveryState,
    MessageState,
    WaveState,
)
from reminder.store.database import Connection, Database

TABLES: dict[str, type[IntEnum]] = {
    "wave": WaveState,
    "delivery": DeliveryState,
    "message": MessageState,
    "batch": BatchState,
    "attempt": AttemptState,
    "campaign": CampaignState,
}
OF_THE_OUTBOX = ("wave", "delivery", "message", "batch", "attempt")


def forbid_other_moves(database: Database, tables: tuple[str, ...] = OF_THE_OUTBOX) -> None:
    """From now on a move that is not in the table is an error of the statement that makes it."""

    def work(connection: Connection) -> None:
        for table in tables:
            allowed = " OR ".join(
                f"(OLD.state = {int(old)} AND NEW.state IN ({', '.join(str(int(new)) for new in moves)}))"
                for old, moves in MOVES[TABLES[table]].items()
                if moves
            )
            connection.execute(
                text(
                    f"CREATE TRIGGER forbid_{table} BEFORE UPDATE OF state ON {table} WHEN OLD.state <> NEW.state"
                    f" AND NOT ({allowed}) BEGIN SELECT RAISE(ABORT, 'no such move of a {table}'); END"
                )
            )

    database.write(work)


def note_moves(database: Database) -> None:
    """From now on every move is kept, for `moves_made`."""

    def work(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE move_made (name TEXT, old INTEGER, new INTEGER)"))
        for table in OF_THE_OUTBOX:
            connection.execute(
                text(
                    f"CREATE TRIGGER note_{table} AFTER UPDATE OF state ON {table} WHEN OLD.state <> NEW.state BEGIN"
                    f" INSERT INTO move_made VALUES ('{table}', OLD.state, NEW.state); END"
                )
            )

    database.write(work)


def moves_made(database: Database, table: str) -> set[tuple[str, str]]:
    """The moves that rows of a table made, by the names of their states."""
    kind = TABLES[table]
    with database.read() as connection:
        rows = connection.execute(text("SELECT DISTINCT old, new FROM move_made WHERE name = :name"), {"name": table})
        return {(kind(old).name, kind(new).name) for old, new in rows}


def moves_known(table: str) -> set[tuple[str, str]]:
    """The moves that the table of the domain allows."""
    return {(old.name, new.name) for old, moves in MOVES[TABLES[table]].items() for new in moves if new is not old}
