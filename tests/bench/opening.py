"""Opening a sending, against the bare `INSERT … SELECT` into both tables: in turns, chunk by chunk, on two databases."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from reminder.domain.states import DeliveryState, MessageKind, MessageState
from reminder.outbox.opening import open_due
from reminder.store.columns import ordinal, seconds
from reminder.store.database import Connection, Database
from tests.bench.figures import Figure, Sizes, copy, median
from tests.bench.world import CAMPAIGN, CHUNK, DEADLINE, DUE, no_zones

T = TypeVar("T")
ROUNDS = 3
MOST_TIMES_BARE = 2.5
LONGEST_MS = 150


class InTurns(Database):
    """The database that is opened; after each of its transactions the bare one takes its turn, so that both meet the
    same machine. `own` and `bare` are seconds of each transaction, `own_cpu` those of our processor."""

    def __init__(self, url: str, bare_chunk: Callable[[], bool]) -> None:
        super().__init__(url)
        self.own: list[float] = []
        self.own_cpu: list[float] = []
        self.bare: list[float] = []
        self._bare_chunk = bare_chunk

    def write(self, work: Callable[[Connection], T]) -> T:
        begun, cpu = time.perf_counter(), time.process_time()
        result = super().write(work)
        self.own.append(time.perf_counter() - begun)
        self.own_cpu.append(time.process_time() - cpu)
        self.bare_turn()
        return result

    def bare_turn(self) -> bool:
        """One chunk of the bare statements; False when nobody is left."""
        begun = time.perf_counter()
        more = self._bare_chunk()
        if more:
            self.bare.append(time.perf_counter() - begun)
        return more


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Ratio and longest transaction over the rounds."""
    rounds = [_round(folder, sizes.people) for _ in range(ROUNDS)]
    ratio = median([one.own / one.bare for one in rounds])
    own, bare = median([one.own for one in rounds]), median([one.bare for one in rounds])
    longest, longest_cpu = median([one.longest_ms for one in rounds]), median([one.longest_cpu_ms for one in rounds])
    return [
        Figure(
            "opening",
            f"opening {sizes.people:,} people, against the bare INSERT … SELECT",
            f"≤ {MOST_TIMES_BARE} ×",
            f"{ratio:.2f} × ({own:.1f} s against {bare:.1f} s)",
            ratio <= MOST_TIMES_BARE,
            {"ratio": ratio, "seconds": own, "bare_seconds": bare, "chunk": CHUNK},
        ),
        Figure(
            "opening",
            f"longest transaction of an opening, {CHUNK:,} people a chunk",
            f"≤ {LONGEST_MS} ms",
            f"{longest:.0f} ms, {longest_cpu:.0f} of them on the processor",
            longest <= LONGEST_MS,
            {"longest_ms": longest, "longest_cpu_ms": longest_cpu},
        ),
    ]


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of opening and of the bare statements, and the longest transaction of opening, by the wall and our processor."""

    own: float
    bare: float
    longest_ms: float
    longest_cpu_ms: float


def _round(folder: Path, people: int) -> Round:
    own, bare = folder / "own.db", folder / "bare.db"
    url, bare_url = copy(folder / "seed.db", own), copy(folder / "seed.db", bare)
    other = Database(bare_url)
    database = InTurns(url, bare_chunk_of(other, people))
    begun = time.perf_counter()
    opened = open_due(database, DUE, chunk=CHUNK, zones_of=no_zones)
    took = time.perf_counter() - begun - sum(database.bare)
    while database.bare_turn():
        pass
    assert opened.messages > 0.9 * people
    found = Round(took, sum(database.bare), max(database.own) * 1000, max(database.own_cpu) * 1000)
    database.close()
    other.close()
    own.unlink()
    bare.unlink()
    return found


def bare_chunk_of(database: Database, people: int) -> Callable[[], bool]:
    """A function that puts the next chunk of all people into both tables, whoever they are; False after the last."""
    firsts = iter(range(0, people, CHUNK))

    def chunk() -> bool:
        after = next(firsts, None)
        if after is not None:
            database.write(partial(_bare, after=after))
        return after is not None

    return chunk


def _bare(connection: Connection, after: int) -> None:
    bound = {
        "day": ordinal(DUE.date()),
        "until": seconds(DUE.replace(hour=21)),
        "not_after": seconds(DUE),
        "after": after,
        "last": after + CHUNK,
    }
    message = {"kind": int(MessageKind.NUDGE), "due": int(MessageState.DUE)}
    connection.execute(
        text(
            "INSERT INTO message (kind, local_on, channel, subscriber_id, batch_id, state, reason, result, attempt_id, tries,"
            " open_until, not_after) SELECT :kind, :day, 1, id, id / 1000, :due, 0, 0, 0, 0, :until, :not_after"
            " FROM subscriber WHERE id > :after AND id <= :last"
        ),
        bound | message,
    )
    delivery = {"campaign": CAMPAIGN, "anchor": ordinal(DEADLINE), "due": int(DeliveryState.DUE)}
    connection.execute(
        text(
            "INSERT INTO delivery (campaign_id, step_key, anchor_on, channel, subscriber_id, local_on, wave_id, state, reason,"
            " not_after, opened_at) SELECT :campaign, 'deadline-7d', :anchor, 1, id, :day, 1, :due, 0, :not_after, :until"
            " FROM subscriber WHERE id > :after AND id <= :last"
        ),
        bound | delivery,
    )
