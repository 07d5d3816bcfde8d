"""Heartbeat and sender in one process: what is due goes at once, and the end comes when it is asked for."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reminder.domain.message import Receipt
from reminder.domain.states import BatchState
from reminder.engines.embedded import LAST_BEAT_SECONDS, Embedded
from reminder.engines.lock import LockLost
from reminder.providers.contract import Call, Capabilities
from reminder.store.database import Database
from tests.fakes.scripted import Scripted
from tests.fakes.smtp import Act, FakeSmtp, Stage
from tests.outbox.world import MORNING, STEP, World, address
from tests.providers.relay import relay

SOON = timedelta(seconds=0.05)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return World(sqlite_database).scene("Clara", "Davi")


def end(call: object = None) -> None:
    """What an operator does."""
    os.kill(os.getpid(), signal.SIGTERM)


def run(
    world: World,
    provider: Scripted,
    heartbeat: Callable[[], object],
    may_send: Callable[[], bool] = lambda: True,
    **more: Any,
) -> None:
    """Run until somebody ends it; the process answers signals as before afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    asyncio.run(Embedded(world.sender(provider), heartbeat, may_send, **{"every": SOON, **more}).run())
    assert signal.getsignal(signal.SIGTERM) == before


def test_what_is_due_goes_with_the_first_heartbeat(world: World) -> None:
    provider = Scripted(after=end)
    run(world, provider, lambda: world.open(MORNING))
    assert sorted(provider.addresses()) == [address("Clara"), address("Davi")]
    assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Davi: carried"]


def test_nothing_is_sent_while_it_may_not(world: World) -> None:
    provider = Scripted()
    world.open(MORNING)
    beats: list[int] = []

    def heartbeat() -> None:
        beats.append(1)
        if len(beats) == 3:
            end()

    run(world, provider, heartbeat, may_send=lambda: False)
    assert provider.calls == []
    assert world.counts("batch") == {BatchState.OPEN: 1}


def test_a_heartbeat_that_fails_comes_again(world: World) -> None:
    beats: list[int] = []

    def heartbeat() -> None:
        beats.append(1)
        if len(beats) == 1:
            raise KeyError("anna@example.org")
        world.open(MORNING)

    provider = Scripted(after=end)
    run(world, provider, heartbeat)
    assert len(provider.taken) == 2


def test_a_lane_that_fails_goes_on_with_what_comes(world: World) -> None:
    world.open(MORNING)
    asked: list[int] = []

    def may_send() -> bool:
        asked.append(1)
        if len(asked) == 1:
            raise KeyError("anna@example.org")
        return True

    provider = Scripted(after=end)
    run(world, provider, lambda: None, may_send)
    assert len(provider.taken) == 2


def test_the_call_under_way_is_answered_before_the_end_and_no_other_begins(world: World) -> None:
    world.open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=1, real=False), before=end)
    run(world, provider, lambda: None)
    assert len(provider.taken) == 1
    assert sorted(line.split(": ")[1] for line in world.ledger()) == ["carried", "due"]
    assert world.counts("batch") == {BatchState.OPEN: 1}


class Hangs(Scripted):
    """A provider that never answers."""

    async def send(self, call: Call) -> list[Receipt]:
        await super().send(call)
        end()
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")


def test_a_call_that_hangs_is_cut_off_and_unclear_at_the_next_start(world: World) -> None:
    world.open(MORNING)
    began = time.monotonic()
    run(world, Hangs(), lambda: None, drain_seconds=0.2)
    assert time.monotonic() - began < 5
    assert world.counts("batch") == {BatchState.SENDING: 1}
    world.tidy(nobody_else=True)
    assert world.messages() == ["Clara 22 email A: ambiguous", "Davi 22 email A: ambiguous"]
    assert world.counts("batch") == {BatchState.DONE: 1}


async def end_at(server: FakeSmtp, stage: Stage) -> None:
    await server.until(stage)
    end()


def test_a_volley_that_is_cut_off_before_any_dot_waits_as_before(world: World) -> None:
    world.open(MORNING)

    async def scene() -> None:
        async with FakeSmtp([Act(Stage.MAIL, hang=True)]) as server, relay(server.port, connections=2) as provider:
            ending = asyncio.create_task(end_at(server, Stage.MAIL))
            sender = world.sender(provider)
            await Embedded(sender, lambda: None, lambda: True, every=SOON, drain_seconds=0.2).run()
            await ending

    asyncio.run(scene())
    world.tidy(nobody_else=True)
    assert world.messages() == ["Clara 22 email A: due", "Davi 22 email A: due"]
    provider = Scripted()
    world.send(provider)
    assert sorted(provider.addresses()) == [address("Clara"), address("Davi")]


def test_the_end_does_not_wait_for_a_long_heartbeat(world: World) -> None:
    goes_on = threading.Event()
    threads: list[threading.Thread] = []

    def heartbeat() -> None:
        threads.append(threading.current_thread())
        end()
        goes_on.wait()

    began = time.monotonic()
    stops: list[bool] = []
    run(world, Scripted(), heartbeat, on_stop=lambda: stops.append(True), every=timedelta(days=1))
    assert time.monotonic() - began < LAST_BEAT_SECONDS + 4
    assert stops == [True]
    # What still runs is in nobody's way when the process ends.
    assert [(thread.is_alive(), thread.daemon) for thread in threads] == [(True, True)]
    goes_on.set()


def test_when_the_lock_is_lost_nothing_more_is_sent_and_the_end_says_why(world: World) -> None:
    world.open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=1, real=False))
    called, beaten = threading.Event(), threading.Event()

    def heartbeat() -> None:
        called.wait()
        try:
            raise LockLost("The lock of the sender", "was lost with its connection to PostgreSQL", "Start again.")
        finally:
            beaten.set()

    def hold(call: Call) -> None:
        called.set()
        beaten.wait()
        still_ours.append(call.still_ours())

    still_ours: list[bool] = []
    provider.before = hold
    with pytest.raises(LockLost):
        run(world, provider, heartbeat)
    assert len(provider.taken) == 1
    assert sorted(line.split(": ")[1] for line in world.ledger()) == ["carried", "due"]
