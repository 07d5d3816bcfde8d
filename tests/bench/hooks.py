"""Callbacks while a sending is opened: the door on a real port in this process, calls of one event from another.

A million people are opened chunk by chunk through the same writer; what is measured is how long a provider waits.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
from fastapi import FastAPI

from reminder.clock import VirtualClock
from reminder.events.apply import Callbacks
from reminder.outbox.opening import open_due
from reminder.store.database import Database
from reminder.web.hooks import hooks
from reminder.web.server import listen, serve
from tests.bench.figures import Figure, Sizes, copy
from tests.bench.world import CHUNK, DUE, KEYS, no_zones
from tests.fakes.talking import HOOK_SECRET, Talking

CALLS = 12_000
AT_A_TIME = 64
LEAST_PER_SECOND, MOST_P99_MS, MOST_MS, LEAST_APPLIED = 1_500, 50, 250, 15_000


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Calls a second, the 99th percentile and the longest, and events applied a second."""
    database = Database(copy(folder / "seed.db", folder / "hooks.db"))
    opener = threading.Thread(
        target=open_due, args=(database, DUE), kwargs={"chunk": CHUNK, "zones_of": no_zones}, daemon=True
    )
    found, overlap = asyncio.run(_served(database, opener))
    opener.join()
    rate, waits = found["rate"], found["milliseconds"]
    p99, longest = quantiles(waits, n=100)[98], max(waits)
    stored = _count(database)
    began = time.perf_counter()
    callbacks = Callbacks(database, KEYS, {"talking": Talking()}, b"epoch-01", lambda *_: None)
    applied = callbacks.apply_waiting(DUE)
    per_second = applied.events / (time.perf_counter() - began)
    database.close()
    told = {"per_second": rate, "p99_ms": p99, "longest_ms": longest, "stored": stored, "calls": len(waits)}
    what = f"{len(waits):,} callbacks of one event while {sizes.people:,} people are opened ({overlap:.0%} of the time)"
    return [
        Figure("hooks", what, f"≥ {LEAST_PER_SECOND:,}/s", f"{rate:,.0f}/s", rate >= LEAST_PER_SECOND, told),
        Figure("hooks", "their 99th percentile", f"≤ {MOST_P99_MS} ms", f"{p99:.0f} ms", p99 <= MOST_P99_MS, told),
        Figure("hooks", "the longest of them", f"≤ {MOST_MS} ms", f"{longest:.0f} ms", longest <= MOST_MS, told),
        Figure(
            "hooks",
            f"events applied, of {stored:,} stored (none lost: {stored == len(waits)})",
            f"≥ {LEAST_APPLIED:,}/s",
            f"{per_second:,.0f}/s",
            per_second >= LEAST_APPLIED and stored == len(waits),
            {"applied_per_second": per_second},
        ),
    ]


async def _served(database: Database, opener: threading.Thread) -> tuple[dict[str, Any], float]:
    web = FastAPI()
    web.include_router(
        hooks(database, KEYS, {"talking": Talking()}, VirtualClock(DUE), "https://letters.example.org", lambda: None)
    )
    stop, listening = asyncio.Event(), listen("127.0.0.1", 0)
    server = asyncio.create_task(serve(web, listening, stop))
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.hooks", str(listening.port), stdout=subprocess.PIPE
    )
    opener.start()
    began, opened = time.perf_counter(), 0.0
    out = asyncio.create_task(caller.communicate())
    while not out.done():
        await asyncio.wait({out}, timeout=0.05)
        if opener.is_alive():
            opened = time.perf_counter() - began
    took = time.perf_counter() - began
    stop.set()
    await server
    return json.loads(out.result()[0]), min(1.0, opened / took)


def _count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM raw_event").scalar_one())


async def _call(port: int) -> None:
    """The other side: a process of its own, over plain sockets, so that it takes little of the machine."""
    waits: list[float] = []
    numbers = iter(range(CALLS))

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            request = _request(number)
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            waits.append((time.perf_counter() - began) * 1000)
            assert head.startswith(b"HTTP/1.1 200"), head
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_A_TIME)))
    print(json.dumps({"rate": CALLS / (time.perf_counter() - began), "milliseconds": waits}))


def _request(number: int) -> bytes:
    """One callback; each tells of another message."""
    told = [{"is": "event", "kind": "status", "wire_id": f"x{number}", "result": 4, "at": DUE.isoformat()}]
    body = orjson.dumps(told)
    head = f"POST /hooks/talking HTTP/1.1\r\nhost: x\r\nx-secret: {HOOK_SECRET}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


if __name__ == "__main__":
    asyncio.run(_call(int(sys.argv[1])))
