"""Hand-over through the adapters of SendGrid, Mailgun and Postmark to a server on loopback that does nothing: the whole
sender with its database, against a bare httpx loop that posts the same, ready-made bodies in the same run.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson

from reminder.engines.memory import collect_seldom
from reminder.providers.registry import build
from reminder.store import lists
from reminder.store.database import Database
from tests.bench.figures import Figure, Sizes, copy, one_core
from tests.bench.world import DUE, sender

LEAST_SHARE, LEAST_SENDGRID = 0.25, 20_000
MESSAGES = 60_000
OPTIONS = {
    "sendgrid": {"api_key": "SG.key"},
    "mailgun": {"api_key": "key", "domain": "example.org"},
    "postmark": {"server_token": "token"},
}


@dataclass(slots=True)
class Kept:
    """A request as the adapter made it."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Keeping(httpx.AsyncHTTPTransport):
    """Sends, and keeps what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Kept] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.kept.append(Kept(request.method, str(request.url), dict(request.headers), body))
        return await super().handle_async_request(request)


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Messages a second of each, and the share of a bare loop's."""
    found = []
    most = min(MESSAGES, sizes.people)
    with nothing() as url:
        one_core()
        collect_seldom()
        for name, options in OPTIONS.items():
            database = Database(copy(folder / "opened.db", folder / "adapters.db"))
            database.write(partial(lists.done, provider=name, now=DUE))
            kept = asyncio.run(_kept(database, name, options | {"url": url}))
            ours = asyncio.run(_ours(database, name, options | {"url": url}, most))
            database.close()
            bare = asyncio.run(_bare(kept, most))
            found += _figures(name, ours, bare)
    return found


def _figures(name: str, ours: float, bare: float) -> Iterator[Figure]:
    told = {"per_second": ours, "bare_per_second": bare}
    share = ours / bare
    value = f"{share:.0%} ({ours:,.0f}/s against {bare:,.0f}/s)"
    yield Figure(
        "adapters",
        f"hand-over through {name}, against a bare loop",
        f"≥ {LEAST_SHARE:.0%}",
        value,
        share >= LEAST_SHARE,
        told,
    )
    if name == "sendgrid":
        yield Figure(
            "adapters",
            "hand-over through sendgrid",
            f"≥ {LEAST_SENDGRID:,}/s",
            f"{ours:,.0f}/s",
            ours >= LEAST_SENDGRID,
            told,
        )


async def _kept(database: Database, name: str, options: dict[str, str]) -> list[tuple[Kept, int]]:
    """The first bodies as the adapter makes them, and how many messages each holds."""
    transport = Keeping()
    async with httpx.AsyncClient(transport=transport) as http:
        provider: Any = build(name, options, http)
        at_work = sender(database, provider)
        [(owner, channel), *_] = at_work.lanes().items()
        kept = []
        for _ in range(3):
            before, posted = at_work.sent.accepted, len(transport.kept)
            await at_work.one_batch(channel, owner)
            new = transport.kept[posted:]
            kept += [(each, (at_work.sent.accepted - before) // len(new)) for each in new]
        return kept


async def _ours(database: Database, name: str, options: dict[str, str], most: int) -> float:
    async with httpx.AsyncClient() as http:
        at_work = sender(database, build(name, options, http))
        [(owner, channel), *_] = at_work.lanes().items()
        began = time.perf_counter()
        while at_work.sent.accepted < most and await at_work.one_batch(channel, owner):
            pass
        took = time.perf_counter() - began
        assert at_work.sent.accepted == sum((at_work.sent.accepted, at_work.sent.retry, at_work.sent.unclear))
        return at_work.sent.accepted / took


async def _bare(kept: list[tuple[Kept, int]], most: int) -> float:
    async with httpx.AsyncClient() as http:
        sent, began = 0, time.perf_counter()
        while sent < most:
            for each, messages in kept:
                answer = await http.request(each.method, each.url, content=each.body, headers=each.headers)
                assert answer.status_code in {200, 202}
                sent += messages
        return sent / (time.perf_counter() - began)


@contextmanager
def nothing() -> Iterator[str]:
    """The server, as a process of its own; its address."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.adapters"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


async def _serve() -> None:
    """Reads each request whole and answers what the provider would; to Postmark as many answers as there were messages."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                path = head.split(b" ")[1]
                status, answer = b"202 Accepted", b""
                if path.endswith(b"/messages"):
                    status, answer = b"200 OK", b'{"id":"<1@example.org>","message":"Queued. Thank you."}'
                elif b"/email/batch" in path:
                    one = {"ErrorCode": 0, "Message": "OK", "MessageID": "1"}
                    status, answer = b"200 OK", orjson.dumps([one] * len(orjson.loads(body)))
                writer.write(
                    b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                    % (status, len(answer), answer)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 26)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
