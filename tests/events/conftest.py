"""An outbox whose provider calls back, and what listens to it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from reminder.domain.states import Channel
from reminder.events.apply import Applied, Callbacks
from reminder.events.intake import keep, sealed
from reminder.events.replies import Replies
from reminder.providers.contract import Callback
from reminder.store.database import Database
from tests.databases import vault_for_tests
from tests.fakes.talking import Talking, callback
from tests.outbox.world import EPOCH, World, address


@dataclass
class Ear:
    """A world, its talking provider, and what becomes of what that says. `joined` are those who asked to join."""

    world: World
    provider: Talking = field(default_factory=Talking)
    joined: list[tuple[Channel, str]] = field(default_factory=list)

    @property
    def callbacks(self) -> Callbacks:
        return Callbacks(
            self.world.database, vault_for_tests(), {self.provider.name: self.provider}, EPOCH, self.replies.take
        )

    @property
    def replies(self) -> Replies:
        return Replies(
            self.world.database, vault_for_tests(), EPOCH, lambda channel, who, now: self.joined.append((channel, who))
        )

    def keep(self, came: Callback) -> bool:
        return keep(self.world.database, sealed(vault_for_tests(), self.provider.name, came))

    def hear(self, *said: dict[str, Any], at: datetime | None = None) -> Applied:
        """A callback comes in and is applied."""
        now = at or self.world.clock.now()
        self.keep(callback(said, now))
        return self.callbacks.apply_waiting(now)

    def wire_id(self, name: str, channel: Channel = Channel.EMAIL) -> str:
        """The id under which a person's newest message went out."""
        return [taken.wire_id for taken in self.provider.taken if taken.address == address(name)][-1]

    def closed(self) -> list[str]:
        return sorted(row.reason for row in self.world.rows("SELECT reason FROM do_not_contact"))


@pytest.fixture
def ear(database: Database) -> Ear:
    return Ear(World(database))
