"""Callbacks are applied as soon as they are stored, those that come one after the other together."""

import asyncio
import threading

from reminder.engines.listening import listen

PATIENCE_SECONDS = 10


class Applying:
    """Something that applies, and says that it did; it goes on only when it may."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = asyncio.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.times = 0

    def __call__(self) -> None:
        self.times += 1
        self.loop.call_soon_threadsafe(self.begun.release)
        assert self.may_end.acquire(timeout=PATIENCE_SECONDS)

    async def begins(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.begun.acquire()


async def test_whoever_rings_is_heard_and_many_who_ring_meanwhile_are_heard_together() -> None:
    bell, stop, applying = asyncio.Event(), asyncio.Event(), Applying()
    listening = asyncio.create_task(listen(bell, stop, applying))
    bell.set()
    await applying.begins()
    for _ in range(5):
        bell.set()
    applying.may_end.release()
    await applying.begins()
    stop.set()
    applying.may_end.release()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await listening
    assert applying.times == 2


async def test_a_fault_ends_the_listening_of_nobody() -> None:
    bell, stop, applying = asyncio.Event(), asyncio.Event(), Applying()

    def fails() -> None:
        applying()
        raise OSError("no disk")

    listening = asyncio.create_task(listen(bell, stop, fails))
    applying.may_end.release(2)
    for _ in range(2):
        bell.set()
        await applying.begins()
    stop.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await listening
    assert applying.times == 2
