"""The harness: start the real work, kill it at a random moment, again and again; then count.

A child is forked from a parent that has no thread and no connection, so that each starts at once and dies at any point of
plan, opening, claim, send and record. Nothing in the product knows of it.
"""

import os
import random
import select
import signal
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reminder.domain.wire import message_of
from reminder.outbox.overview import unclear_lines
from reminder.store.database import Database
from tests.chaos.tally import Ledger, read_ledger
from tests.chaos.world import START, World, build, start_server

LAST_DAY = 16
# The catch-up window is twelve hours: nothing may be missed between two looks.
HOURS = 8
CHILD_SECONDS = 120.0
SETTLE = timedelta(hours=7)


@dataclass(slots=True)
class Outcome:
    """What a run came to; `breaches` is empty when the ledger kept its word."""

    kills: int = 0
    finished: int = 0
    messages: int = 0
    taken: int = 0
    unclear: int = 0
    possibly_twice: int = 0
    taken_twice: int = 0
    states: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table to print."""
        return [
            f"killed {self.kills} times, {self.finished} runs to their end",
            f"messages {self.messages}, taken by the server {self.taken}",
            f"unclear and listed {self.unclear}, sent again and listed {self.possibly_twice}, taken twice {self.taken_twice}",
            "promises: " + ", ".join(f"{number} {state}" for state, number in sorted(self.states.items())),
            *(f"BREACH: {breach}" for breach in self.breaches),
        ]


def run(folder: Path, *, kills: int, people: int, seed: int) -> Outcome:
    """Play the whole campaign under `kills` kills and judge it."""
    chance = random.Random(seed)
    log = folder / "taken.log"
    log.touch()
    server, port = start_server(log, drop_every=151)
    try:
        world = World(folder / "data", port, people)
        in_child(lambda: build(world))
        outcome = Outcome()
        instants = [START + timedelta(hours=HOURS * n + 3) for n in range(LAST_DAY * 24 // HOURS)]
        for number, now in enumerate(instants):
            share = kills * (number + 1) // len(instants) - outcome.kills
            _under_fire(world, now, share, chance, outcome)
        for late in (SETTLE, 2 * SETTLE):
            in_child(lambda late=late: _work(world, instants[-1] + late))
        judge(world, log, outcome)
        return outcome
    finally:
        server.kill()
        server.wait()


def _under_fire(world: World, now: datetime, kills: int, chance: random.Random, outcome: Outcome) -> None:
    """Work at one instant of virtual time: a few kills, then one run to its end."""
    for _ in range(kills):
        if in_child(
            lambda: _work(world, now), kill_after=chance.choice((0.02, 0.05, 0.1, 0.2, 0.4)) * chance.random() * 2
        ):
            outcome.kills += 1
        else:
            outcome.finished += 1
            outcome.kills += 1 if in_child(lambda: _work(world, now), kill_after=0.01 * chance.random()) else 0
    in_child(lambda: _work(world, now))
    outcome.finished += 1


def _work(world: World, now: datetime) -> None:
    """What the daemon does: heartbeat and sender, until nothing is due."""
    app = world.app(now)
    ticked = app.tick()
    failed = {name: value for name, value in ticked.parts.items() if isinstance(value, Exception)}
    if ticked.waits or failed:
        raise RuntimeError(f"{ticked.waits} {failed}")
    app.close()


def in_child(work: Callable[[], None], kill_after: float | None = None) -> bool:
    """Run `work` in a forked process; kill -9 it after some seconds. True when it was killed before its end.

    A child that fails by itself is an error of the harness or of the product, and raises.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    # The pipe closes when the child ends, in whatever way: waiting on it is waiting for the child.
    ended, _, _ = select.select([reading], [], [], CHILD_SECONDS if kill_after is None else kill_after)
    killed = not ended
    if killed:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if killed and kill_after is None:
        raise RuntimeError(f"a run did not end within {CHILD_SECONDS:.0f} s")
    if not killed and status != 0:
        raise RuntimeError("a run failed by itself")
    return killed


def judge(world: World, log: Path, outcome: Outcome) -> None:
    """Compare what the server took with what the ledger says."""
    took = Counter(
        number for line in log.read_text().split() if (number := message_of(line.partition("@")[0])) is not None
    )
    database = Database(f"sqlite:///{world.folder / 'reminder.db'}")
    try:
        ledger = read_ledger(database)
        listed = {line.message_id for line in unclear_lines(database) if line.unclear}
    finally:
        database.close()
    outcome.messages, outcome.taken = len(ledger.messages), sum(took.values())
    outcome.unclear, outcome.possibly_twice = len(listed), len(ledger.sent_again)
    outcome.taken_twice = sum(1 for number in took.values() if number > 1)
    outcome.states = ledger.promises
    outcome.breaches = [*_lost(ledger, world, took), *_doubled(ledger, took), *_unlisted(ledger, listed, took)]


def _lost(ledger: Ledger, world: World, took: Counter[int]) -> list[str]:
    found = [
        f"message {m} counts as accepted and never was"
        for m, s in ledger.messages.items()
        if s == "accepted" and not took[m]
    ]
    if ledger.promises["due"] > ledger.unclear_promises:
        found.append(f"{ledger.promises['due'] - ledger.unclear_promises} promises are still due after the end")
    if ledger.reminded < world.people:
        found.append(f"{world.people - ledger.reminded} people have no promise at all")
    found += [f"batch {batch} is not finished" for batch in ledger.open_batches]
    return found


def _doubled(ledger: Ledger, took: Counter[int]) -> list[str]:
    found = [
        f"message {message} was taken {number} times and is not listed"
        for message, number in took.items()
        if number > 1 and message not in ledger.sent_again
    ]
    return found + [f"subscriber {person} has two reminders on one day" for person in ledger.two_a_day]


def _unlisted(ledger: Ledger, listed: set[int | None], took: Counter[int]) -> list[str]:
    found = [
        f"message {m} is unclear and not listed"
        for m, s in ledger.messages.items()
        if s == "ambiguous" and m not in listed
    ]
    found += [f"message {m} was taken and the ledger does not know it" for m in took if m not in ledger.messages]
    found += [
        f"message {m} was taken and counts as {ledger.messages[m]}"
        for m in took
        if ledger.messages.get(m) in {"cancelled", "rejected", "due"}
    ]
    return found
