"""A world of its own for each test, on both databases."""

import pytest

from reminder.store.database import Database
from tests.outbox.world import World


@pytest.fixture
def world(database: Database) -> World:
    """An empty world."""
    return World(database)


@pytest.fixture
def sqlite_world(sqlite_database: Database) -> World:
    """The same on SQLite alone."""
    return World(sqlite_database)
