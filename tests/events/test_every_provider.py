"""Every provider's own callbacks, stored and applied: whatever comes first or twice, a message ends alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import Channel, Result
from reminder.events.apply import Callbacks
from reminder.events.intake import keep, sealed
from reminder.events.replies import Replies
from reminder.providers.contract import Callback
from reminder.providers.registry import build, provider_class
from reminder.store.database import Connection, Database
from tests.databases import vault_for_tests
from tests.fakes.scripted import Scripted
from tests.outbox.world import EPOCH, MORNING, World, address, phone
from tests.providers.callbacks import About, Happening
from tests.providers.test_callbacks import NAMES, sample
from tests.providers.test_conformance import least

# Answers are somebody's wish at an hour, and of those the last counts: order is not all the same to them.
OF_A_MESSAGE = [each for each in Happening if each is not Happening.WRITES]
EXAMPLES = 6


class Post:
    """People who were written to through one provider, and what that tells us of them."""

    def __init__(self, database: Database, name: str) -> None:
        self.name, self.channel = name, provider_class(name).channel
        self.world = World(database)
        self.provider = build(name, least(name) | sample(name)[0], httpx.AsyncClient())
        vault = vault_for_tests()
        replies = Replies(database, vault, EPOCH, lambda channel, who, now: None)
        self._callbacks = Callbacks(database, vault, {name: self.provider}, EPOCH, replies.take)
        self._taken: dict[str, About] = {}

    def send(self, names: Sequence[str]) -> None:
        """Write to everybody."""
        by_text = self.channel is Channel.SMS

        def people(connection: Connection) -> None:
            self.world.scenery = connection
            for name in names:
                self.world.person(name, sms=by_text, email=not by_text)
            self.world.scenery = None

        self.world.database.write(people)
        self.world.campaign()
        self.world.wave(channel=self.channel)
        self.world.open(MORNING)
        can = replace(Scripted().capabilities, names_by_own_id=self.provider.capabilities.names_by_own_id)
        stand_in = Scripted(
            name=self.name, channel=self.channel, capabilities=can, names=lambda each: f"own-{each.message_id}"
        )
        self.world.send(*([] if by_text else [stand_in]), sms=[stand_in] if by_text else [])
        self._taken = {
            each.address: About(each.wire_id, f"own-{each.message_id}", each.address) for each in stand_in.taken
        }

    def told(self, name: str, happenings: Sequence[Happening], *, at_once: bool) -> tuple[Any, ...]:
        """What becomes of a person's message when the provider tells this, all together or one after the other."""
        where = address(name) if self.channel is Channel.EMAIL else phone(name)
        for number, each in enumerate(happenings):
            callback = sample(self.name)[1][each](self._taken[where])
            now = MORNING + timedelta(minutes=20, seconds=number)
            keep(self.world.database, sealed(vault_for_tests(), self.name, again(callback, number)))
            if not at_once:
                self._callbacks.apply_waiting(now)
        self._callbacks.apply_waiting(MORNING + timedelta(minutes=30))
        digest = vault_for_tests().address_hash(self.channel, where)
        closed = self.world.rows("SELECT reason, since FROM do_not_contact WHERE address_hash = :hash", hash=digest)
        since = "email_since" if self.channel is Channel.EMAIL else "sms_since"
        person = self.world.rows(f"SELECT {since} FROM subscriber WHERE id = :id", id=self.world.people[name])
        message = self.world.message_of(name)
        return Result(message.result), message.state, sorted(map(tuple, closed)), list(map(tuple, person))


def again(callback: Callback, number: int) -> Callback:
    """The callback as if it came anew: a provider that repeats itself does not always repeat its bytes."""
    return replace(callback, url=f"{callback.url}{'&' if '?' in callback.url else '?'}again={number}")


def readers(count: int) -> Iterator[str]:
    """People whose numbers differ."""
    seen: set[str] = set()
    for number in range(10, 10_000):
        name = f"Reader{number}"
        if phone(name) not in seen and len(seen) < count:
            seen.add(phone(name))
            yield name


@pytest.fixture(scope="module")
def post(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A provider and two readers for each example."""
    with opened(request.param, sqlite_template, tmp_path_factory) as found:
        yield found


@contextmanager
def opened(name: str, template: Path, folders: pytest.TempPathFactory) -> Iterator[tuple[Post, list[str]]]:
    file = folders.mktemp(name) / "reminder.db"
    file.write_bytes(template.read_bytes())
    database = Database(f"sqlite:///{file}")
    post, names = Post(database, name), list(readers(8 * EXAMPLES))
    post.send(names)
    yield post, names
    database.close()


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("post", NAMES, indirect=True)
def test_any_order_and_repetition_of_a_messages_callbacks_ends_alike(
    post: tuple[Post, list[str]], data: st.DataObject
) -> None:
    teller, names = post
    can_tell = [each for each in OF_A_MESSAGE if each in sample(teller.name)[1]]
    said = data.draw(st.lists(st.sampled_from(can_tell), min_size=1, max_size=4))
    shuffled = data.draw(st.permutations([*said, *said[: data.draw(st.integers(0, len(said)))]]))
    first = teller.told(names.pop(), said, at_once=True)
    second = teller.told(names.pop(), shuffled, at_once=False)
    assert first == second
    results = {each.value[1] for each in said if each.value[1] is not None}
    assert first[0] >= max(results, default=Result.UNKNOWN)
    left = Happening.LEFT in said or Happening.COMPLAINED in said or Happening.NOBODY_THERE in said
    assert bool(first[2]) >= left
