"""Handing over to a provider that does nothing: pinned to one core, real encryption, every commit durable.

The small database takes its turn before, in the middle of and after the large one, so that a busy machine disturbs both.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import ClassVar

from reminder.domain.message import Receipt
from reminder.domain.states import Channel, Verdict
from reminder.engines.memory import collect_seldom
from reminder.outbox.sender import Sender
from reminder.providers.contract import Call, Capabilities
from reminder.providers.silent import NoCallbacks
from reminder.store.database import Database
from tests.bench.figures import Figure, Sizes, copy, median, one_core, peak_megabytes
from tests.bench.world import sender

SHARED_PER_SECOND, WHOLE_PER_SECOND = 35_000, 20_000
MOST_TIMES_SMALL = 1.2
MOST_MEGABYTES = 180
WHOLE_SHARE = 5


class Nothing(NoCallbacks):
    """Takes a thousand a call and does nothing; with `whole` it joins everybody's own mail first."""

    name: ClassVar[str] = "nothing"
    channel: ClassVar[Channel] = Channel.EMAIL

    def __init__(self, *, whole: bool) -> None:
        self.capabilities = Capabilities(batch_size=1_000, connections=1)
        self.characters = 0
        self._whole = whole

    async def send(self, call: Call) -> list[Receipt]:
        if self._whole:
            assert call.content.mime is not None
            fill = call.content.mime.fill
            for recipient in call.recipients:
                self.characters += len(fill(recipient.values))
        return [Receipt(recipient.message_id, Verdict.ACCEPTED) for recipient in call.recipients]


@dataclass(slots=True)
class Run:
    """What one database came to: messages, seconds by the wall and of the processor, messages a second of each batch."""

    messages: int
    seconds: float
    cpu_seconds: float
    rates: list[float]

    @property
    def cpu_us(self) -> float:
        """Microseconds of the processor for a message."""
        return self.cpu_seconds / self.messages * 1e6


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """One body per language: rate, flatness and memory."""
    one_core()
    collect_seldom()
    small_runs = [_small_run(folder) for _ in range(2)][1:]  # the first one warms up
    big = _database(folder, "opened.db", "big.db")

    def between(done: float) -> None:
        if done >= 0.5 and len(small_runs) == 1:
            small_runs.append(_small_run(folder))

    run = _run(sender(big, Nothing(whole=False)), expected=sizes.people, between=between)
    big.close()
    small_runs.append(_small_run(folder))
    small_us = median([small.cpu_us for small in small_runs])
    times = run.cpu_us / small_us
    return [
        _rate("one body per language", run, SHARED_PER_SECOND),
        Figure(
            "handover",
            f"cost of a message at {sizes.people:,}, against {sizes.few:,}",
            f"≤ {MOST_TIMES_SMALL} ×",
            f"{times:.2f} × ({run.cpu_us:.1f} against {small_us:.1f} µs of the processor)",
            times <= MOST_TIMES_SMALL,
            {"times": times, "cpu_us": run.cpu_us, "few_cpu_us": small_us},
        ),
        _memory("one body per language", peak_megabytes()),
    ]


def _small_run(folder: Path) -> "Run":
    database = _database(folder, "opened-few.db", "few.db")
    run = _run(sender(database, Nothing(whole=False)))
    database.close()
    return run


def measure_whole(folder: Path, sizes: Sizes) -> list[Figure]:
    """A whole mail for each person; a fifth of the people tells as much."""
    one_core()
    collect_seldom()
    database = _database(folder, "opened.db", "big.db")
    provider = Nothing(whole=True)
    run = _run(sender(database, provider), most=sizes.people // WHOLE_SHARE)
    database.close()
    size = provider.characters / run.messages
    return [
        _rate(f"a whole body of {size / 1000:.1f} kB for each person", run, WHOLE_PER_SECOND),
        _memory("a whole body for each person", peak_megabytes()),
    ]


def _database(folder: Path, source: str, name: str) -> Database:
    return Database(copy(folder / source, folder / name))


def _run(at_work: Sender, *, expected: int = 0, most: int = 0, between: Callable[[float], None] | None = None) -> Run:
    """Everything that is due, or `most` messages of it. `between` is called with the share that is done, off the clock."""
    gc.collect()
    run = Run(0, 0.0, 0.0, [])
    owner, channel = next(iter(at_work.lanes().items()))
    with asyncio.Runner() as runner:
        more = True
        while more and (not most or run.messages < most):
            before = at_work.sent.accepted
            wall, cpu = time.perf_counter(), time.process_time()
            more = runner.run(at_work.one_batch(channel, owner))
            took, cpu_took = time.perf_counter() - wall, time.process_time() - cpu
            done = at_work.sent.accepted - before
            run.messages, run.seconds, run.cpu_seconds = (
                run.messages + done,
                run.seconds + took,
                run.cpu_seconds + cpu_took,
            )
            if done:
                run.rates.append(done / took)
            if between is not None:
                between(run.messages / expected)
    return run


def _rate(what: str, run: Run, asked: int) -> Figure:
    """By the wall, with all waits. What others take of the core shows as the share that this process had."""
    wall, cpu = run.messages / run.seconds, run.messages / run.cpu_seconds
    share, undisturbed = run.cpu_seconds / run.seconds, quantiles(run.rates, n=10)[-1]
    return Figure(
        "handover",
        f"hand-over of {run.messages:,} on one core, {what}",
        f"≥ {asked:,}/s",
        f"{wall:,.0f}/s with {share:.0%} of the core, {cpu:,.0f} a second of the processor,"
        f" {undisturbed:,.0f}/s in the tenth of the batches that was disturbed least",
        wall >= asked,
        {"per_second": wall, "per_cpu_second": cpu, "share": share, "undisturbed": undisturbed, "cpu_us": run.cpu_us},
    )


def _memory(what: str, peak: float) -> Figure:
    value = f"{peak:.0f} MB"
    name = f"peak memory of a hand-over, {what}"
    return Figure("handover", name, f"≤ {MOST_MEGABYTES} MB", value, peak <= MOST_MEGABYTES, {"megabytes": peak})
