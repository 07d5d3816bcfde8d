"""Callback, look-up, the same call once more, an organiser's word: in any order the end is the same, and nobody has it twice."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import AttemptState, Result
from reminder.errors import Trouble
from reminder.outbox.settling import decide
from reminder.providers.contract import Capabilities, ProviderEvent
from reminder.store.database import Database
from reminder.store.heard import known_messages
from reminder.store.results import Word
from reminder.store.words import take_words
from tests.fakes.scripted import LOST, NEVER_ARRIVED, YES, Scripted, in_turn
from tests.outbox.moves import forbid_other_moves
from tests.outbox.world import MINUTE, MORNING, World, address

PATIENCE = settings(
    max_examples=int(os.environ.get("LEDGER_EXAMPLES", "8")), deadline=None, suppress_health_check=list(HealthCheck)
)
NOTHING = Capabilities(volley=20)
REPEATS = replace(NOTHING, idempotent_seconds=86_400)
KNOWS = replace(NOTHING, look_up=True)
Step = Callable[[World, Scripted], None]


@contextmanager
def scene(template: Path, *, taken: bool) -> Iterator[tuple[World, Scripted]]:
    """Three people whose messages got no answer, taken or not."""
    with TemporaryDirectory() as folder:
        shutil.copy(template, Path(folder) / "reminder.db")
        database = Database(f"sqlite:///{folder}/reminder.db")
        try:
            forbid_other_moves(database)
            world = World(database)
            world.scene("Clara", "Davi", "Ellen").open(MORNING)
            answer = LOST if taken else NEVER_ARRIVED
            provider = Scripted(capabilities=REPEATS, answer=in_turn(answer, answer, answer, YES))
            provider.says = ProviderEvent("status", Result.DELIVERED, MORNING)
            world.send(provider)
            yield world, provider
        finally:
            database.close()


def callback(world: World, provider: Scripted) -> None:
    """The provider tells of what it took by now."""
    for number in {each.message_id for each in provider.taken}:
        with world.database.read() as connection:
            known = known_messages(connection, [number])
        word = Word(number, known[number].attempt_id, Result.DELIVERED, MORNING)
        world.database.write(partial(take_words, provider="scripted", words=[word], messages=known, now=MORNING))


def same_call(world: World, provider: Scripted) -> None:
    """A heartbeat of a daemon that repeats calls."""
    provider.capabilities = REPEATS
    world.settle(provider)


def look_up(world: World, provider: Scripted) -> None:
    """A heartbeat of a daemon that asks."""
    provider.capabilities = KNOWS
    world.settle(provider)
    world.ask(provider)


def send(world: World, provider: Scripted) -> None:
    provider.capabilities = REPEATS
    world.send(provider)


def later(world: World, provider: Scripted) -> None:
    world.clock.move_to(world.clock.now() + 5 * MINUTE)


def word_of(name: str, word: str) -> Step:
    """An organiser says of somebody's message what became of it, where that is still open."""

    def decides(world: World, provider: Scripted) -> None:
        with suppress(Trouble):
            decide(world.database, world.message_of(name).id, word, world.clock.now())

    decides.__name__ = f"{word} {name}"
    return decides


OURS: Sequence[Step] = (callback, same_call, look_up, send, later)
WORDS = tuple(word_of(name, word) for name in ("Clara", "Davi") for word in ("arrived", "give-up", "send-again"))


def end(world: World, provider: Scripted) -> None:
    """Everything that settles by itself has had its turn."""
    for step in (later, same_call, look_up, send, callback):
        step(world, provider)


def twice(provider: Scripted) -> set[str]:
    names = provider.addresses()
    return {name for name in names if names.count(name) > 1}


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@given(steps=st.lists(st.sampled_from(OURS), max_size=8))
@PATIENCE
def test_any_order_ends_alike_and_everybody_has_it_once(
    sqlite_template: Path, taken: bool, steps: Sequence[Step]
) -> None:
    with scene(sqlite_template, taken=taken) as (world, provider):
        for step in (*steps, end):
            step(world, provider)
        people = ("Clara", "Davi", "Ellen")
        assert sorted(provider.addresses()) == [address(name) for name in people]
        assert [line.split(": ")[1] for line in world.messages()] == ["accepted"] * 3
        assert [line.split(": ")[1] for line in world.ledger()] == ["carried"] * 3
        assert {world.message_of(name).result for name in people} == {Result.DELIVERED}
        assert set(world.counts("attempt")) == {AttemptState.ANSWERED}
        assert world.one("SELECT count(*) FROM event WHERE kind = 'sent again'") == 0


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not taken"])
@given(steps=st.lists(st.sampled_from((*OURS, *WORDS)), max_size=10))
@PATIENCE
def test_with_an_organisers_word_nobody_has_it_twice_unless_it_is_listed(
    sqlite_template: Path, taken: bool, steps: Sequence[Step]
) -> None:
    with scene(sqlite_template, taken=taken) as (world, provider):
        for step in (*steps, end):
            step(world, provider)
        listed = {row[0] for row in world.rows("SELECT message_id FROM event WHERE kind = 'sent again'")}
        assert {address(name) for name in ("Clara", "Davi") if world.message_of(name).id in listed} >= twice(provider)
        words = {"accepted": "carried", "rejected, gave up": "skipped, gave up"}
        said = [line.split(": ")[1] for line in world.messages()]
        assert [line.split(": ")[1] for line in world.ledger()] == [words.get(each, "due") for each in said]
        assert set(said) <= {*words, "ambiguous"}
