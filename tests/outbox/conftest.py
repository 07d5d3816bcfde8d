"""A world of its own for each test, on both databases. On SQLite no row makes a move that the ledger does not know."""

import pytest

from reminder.store.database import Database
from tests.outbox.moves import forbid_other_moves
from tests.outbox.world import World


@pytest.fixture
def world(database: Database) -> World:
    """An empty world."""
    if database.is_sqlite:
        forbid_other_moves(database)
    return World(database)


@pytest.fixture
def sqlite_world(sqlite_database: Database) -> World:
    """The same on SQLite alone."""
    forbid_other_moves(sqlite_database)
    return World(sqlite_database)
