"""The embedded engine: heartbeat and sender in one process, nothing else to install.

APScheduler is only the heartbeat, never the memory: what is due is asked of the database. The sender's lanes wait for the
bell that each heartbeat rings, and look by themselves when the next batch may go.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from reminder.domain.states import Channel
from reminder.engines.lock import LockLost
from reminder.engines.memory import collect_seldom
from reminder.outbox.sender import Sender

log = structlog.get_logger()
# Runs on the daemon's loop until the event is set.
Beside = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
IDLE_SECONDS = 5.0
# After a signal: for the calls under way, for the answers of those that are cut off, for the heartbeat. Whoever runs the
# process ends it hard a little later, so that it is gone within ten seconds whatever hangs.
DRAIN_SECONDS = 7.0
LAST_ANSWER_SECONDS = 0.5
LAST_BEAT_SECONDS = 1.0
HARD_END_SECONDS = 9.5


class AtOnceThenEvery(BaseTrigger):  # type: ignore[misc]
    """Fires at once, then this long after each look: APScheduler's own interval would count every beat that a standstill
    or a clock put right left out, one by one, and a machine that starts in 1970 has a billion of them."""

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The scheduler's question; `now` is its own clock."""
        return now if previous_fire_time is None else now + self._every


class Embedded:
    """Runs until SIGTERM or SIGINT; what is under way then ends within `drain_seconds` or is told as unclear later.

    `on_stop` is called as soon as the end begins. The heartbeat runs in a thread that no end of the process waits for:
    all that it does is a row of transactions, and what is missing is done by the next start.
    """

    def __init__(
        self,
        sender: Sender,
        heartbeat: Callable[[], object],
        may_send: Callable[[], bool],
        *,
        every: timedelta,
        drain_seconds: float = DRAIN_SECONDS,
        on_stop: Callable[[], object] = lambda: None,
        beside: Sequence[Beside] = (),
    ) -> None:
        self._sender = sender
        self._heartbeat = heartbeat
        self._may_send = may_send
        self._every = every
        self._drain_seconds = drain_seconds
        self._on_stop = on_stop
        self._beside = beside
        self._beating = threading.Lock()
        self._lost: LockLost | None = None

    async def run(self) -> None:
        """The daemon's main loop. Raises `LockLost` where it ended because somebody else may be sending."""
        collect_seldom()
        loop = asyncio.get_running_loop()
        stop, bells = asyncio.Event(), [asyncio.Event() for _ in self._lanes()]
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        lanes = [
            asyncio.create_task(self._lane(channel, owner, bell, stop))
            for (owner, channel), bell in zip(self._lanes().items(), bells, strict=True)
        ]

        def wake() -> None:
            for bell in bells:
                bell.set()
            if self._lost:
                stop.set()

        # The scheduler's own thread runs the beats: one of a pool would be waited for when the process ends.
        scheduler = BackgroundScheduler(timezone="UTC", executors={"default": DebugExecutor()})
        scheduler.add_job(
            partial(self._beat, loop, wake),
            AtOnceThenEvery(self._every),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        scheduler.start()
        log.info("daemon_started", lanes=len(lanes))
        others = [asyncio.create_task(self._run_beside(other, stop)) for other in self._beside]
        await stop.wait()
        log.info("daemon_stopping")
        self._sender.stopping = True
        self._on_stop()
        wake()
        late = await self._end_lanes(lanes)
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        beat_ended = await asyncio.to_thread(self._beating.acquire, timeout=LAST_BEAT_SECONDS)
        if beat_ended:
            self._beating.release()
            scheduler.shutdown(wait=False)
        log.info("daemon_stopped", cut_off=late, heartbeat_cut_off=not beat_ended)
        if self._lost:
            raise self._lost

    async def _run_beside(self, other: Beside, stop: asyncio.Event) -> None:
        """What runs beside the sender ends with it; if it fails, the whole process does, and whoever watches it sees it."""
        try:
            await other(stop)
        except Exception as error:
            log.error("daemon_part_failed", kind=type(error).__name__)
            raise
        finally:
            stop.set()

    def _beat(self, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        """One heartbeat, in the scheduler's thread; then the lanes look for work."""
        with self._beating:
            if self._sender.stopping:
                return
            try:
                self._heartbeat()
            except LockLost as lost:
                # At once, not when the loop gets to it: no other attempt may begin.
                self._sender.stopping, self._lost = True, lost
            finally:
                # After a hard end the loop is gone.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(wake)

    async def _end_lanes(self, lanes: Sequence[asyncio.Task[None]]) -> int:
        """Let the calls under way end, then cut them off; returns how many were."""
        _, late = await asyncio.wait(lanes, timeout=self._drain_seconds)
        for lane in late:
            lane.cancel()
        if late:
            # What their calls know so far is still written.
            await asyncio.wait(late, timeout=LAST_ANSWER_SECONDS)
        return len(late)

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
