"""The embedded engine: heartbeat and sender in one process, nothing else to install.

APScheduler is only the heartbeat, never the memory: what is due is asked of the database. The sender's lanes wait for the
bell that each heartbeat rings, and look by themselves when the next batch may go.
"""

import asyncio
import signal
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from reminder.domain.states import Channel
from reminder.outbox.sender import Sender

log = structlog.get_logger()
IDLE_SECONDS = 5.0
DRAIN_SECONDS = 8.0
LAST_BEAT_SECONDS = 1.0


class AtOnceThenEvery(BaseTrigger):  # type: ignore[misc]
    """Fires at once, then this long after each look: APScheduler's own interval would count every beat that a standstill
    or a clock put right left out, one by one, and a machine that starts in 1970 has a billion of them."""

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The scheduler's question; `now` is its own clock."""
        return now if previous_fire_time is None else now + self._every


class Embedded:
    """Runs until SIGTERM or SIGINT; what is under way then ends within `drain_seconds` or is told as unclear later."""

    def __init__(
        self,
        sender: Sender,
        heartbeat: Callable[[], object],
        may_send: Callable[[], bool],
        *,
        every: timedelta,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._sender = sender
        self._heartbeat = heartbeat
        self._may_send = may_send
        self._every = every
        self._drain_seconds = drain_seconds

    async def run(self) -> None:
        """The daemon's main loop."""
        loop = asyncio.get_running_loop()
        stop, bells = asyncio.Event(), [asyncio.Event() for _ in self._lanes()]
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        lanes = [
            asyncio.create_task(self._lane(channel, owner, bell, stop))
            for (owner, channel), bell in zip(self._lanes().items(), bells, strict=True)
        ]

        def beat() -> None:
            try:
                self._heartbeat()
            finally:
                for bell in bells:
                    loop.call_soon_threadsafe(bell.set)

        scheduler = BackgroundScheduler(timezone="UTC")
        scheduler.add_job(beat, AtOnceThenEvery(self._every), coalesce=True, max_instances=1, misfire_grace_time=None)
        scheduler.start()
        log.info("daemon_started", lanes=len(lanes))
        await stop.wait()
        log.info("daemon_stopping")
        self._sender.stopping = True
        for bell in bells:
            bell.set()
        _, late = await asyncio.wait(lanes, timeout=self._drain_seconds)
        for lane in late:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        # What the heartbeat has under way is one chunk at most; a look-up that hangs is cut off with the loop.
        ended = asyncio.create_task(asyncio.to_thread(scheduler.shutdown, wait=not late))
        await asyncio.wait([ended], timeout=LAST_BEAT_SECONDS)
        log.info("daemon_stopped", cut_off=len(late))

    def _lanes(self) -> Mapping[str, Channel]:
        return self._sender.lanes()

    async def _lane(self, channel: Channel, owner: str, bell: asyncio.Event, stop: asyncio.Event) -> None:
        while not stop.is_set():
            rest = IDLE_SECONDS
            try:
                if await asyncio.to_thread(self._may_send):
                    if await self._sender.one_batch(channel, owner):
                        continue
                    rest = await asyncio.to_thread(self._sender.rest, channel, IDLE_SECONDS)
            except Exception as error:  # noqa: BLE001 - one fault must not end a lane; its batch is rescued by its lease
                log.error("lane_failed", lane=owner, kind=type(error).__name__)
            if stop.is_set():
                continue
            try:
                await asyncio.wait_for(bell.wait(), rest)
            except TimeoutError:
                continue
            finally:
                bell.clear()
