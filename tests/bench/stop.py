"""Stopping a case whose campaign has everybody's message due, as `reminder case stop` does it; then the rows follow."""

import time
from pathlib import Path

from sqlalchemy import text

from reminder.domain.states import MessageState
from reminder.intake.cases import stop
from reminder.outbox.upkeep import tidy
from reminder.store.database import Database
from tests.bench.figures import Figure, Sizes, copy, median
from tests.bench.world import DUE, KEYS, no_zones

ROUNDS = 3
MOST_MS = 50


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """The transaction of the stop, and how long the sweep takes after it."""
    stops, sweeps, due = [], [], 0
    for _ in range(ROUNDS):
        database = Timed(copy(folder / "opened.db", folder / "stopped.db"))
        with database.read() as connection:
            due = connection.execute(text("SELECT count(*) FROM message WHERE state = 1")).scalar_one()
        # Another case first, as in a process that has been up for a while.
        stop(database, KEYS, "code2", "she was moved", note=False, who="bench", now=DUE)
        database.longest = 0.0
        stop(database, KEYS, "code1", "he was moved", note=False, who="bench", now=DUE)
        stops.append(database.longest * 1000)
        begun = time.perf_counter()
        tidy(database, DUE, zones_of=no_zones)
        sweeps.append(time.perf_counter() - begun)
        with database.read() as connection:
            left = connection.execute(
                text("SELECT count(*) FROM message WHERE state = :due"), {"due": int(MessageState.DUE)}
            ).scalar_one()
        assert left == 0, f"{left} messages are still due after the stop"
        database.close()
    took, sweep = median(stops), median(sweeps)
    return [
        Figure(
            "stop",
            f"stop of a campaign with {due:,} due",
            f"≤ {MOST_MS} ms",
            f"{took:.1f} ms",
            took <= MOST_MS,
            {"ms": took, "due": due},
        ),
        Figure("stop", "its rows follow", "", f"{sweep:.1f} s in small transactions", None, {"seconds": sweep}),
    ]


class Timed(Database):
    """Remembers its longest transaction, in seconds, from the wait for the writer to the durable commit."""

    longest = 0.0

    def write(self, work):  # type: ignore[no-untyped-def]
        begun = time.perf_counter()
        result = super().write(work)
        self.longest = max(self.longest, time.perf_counter() - begun)
        return result
