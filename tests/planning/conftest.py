"""The founding case, on both databases."""

import pytest

from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.planning.world import MAIL, World, make_world


@pytest.fixture
def world(database: Database, vault: Vault) -> World:
    """A target that only post reaches."""
    return make_world(database, vault)


@pytest.fixture
def mail_world(database: Database, vault: Vault) -> World:
    """A target that email reaches, too."""
    return make_world(database, vault, MAIL)
