"""Texts one by one through the adapters of Twilio and Kannel to a server on loopback that does nothing: the whole sender
with its database, against a bare httpx loop that sends the same, ready-made requests, as many at a time, in turns.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx

from reminder.domain.states import Channel
from reminder.providers.registry import build
from reminder.store import lists
from reminder.store.columns import seconds
from reminder.store.database import Connection, Database
from tests.bench.adapters import Keeping, Kept
from tests.bench.figures import Figure, Sizes, copy, median, one_core
from tests.bench.world import DUE, KEYS, LONG_AGO, open_everything, seed, sender

ROUNDS = 3
LEAST_SHARE = 0.6
# As many requests are under way at a time as each adapter's setting says by default.
SIDE_BY_SIDE = 10
OPTIONS = {
    "twilio": {"account_sid": "AC00000000000000000000000000000001", "auth_token": "token"},
    "kannel": {"user": "appeals", "password": "password"},
}
HOOK = {"hook_url": "https://letters.example.org/hooks/it"}
ANSWERS = {
    b"/2010-04-01": b'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n{"sid":"SM1","status":"sent"}',
    b"/": b"HTTP/1.1 202 Accepted\r\ncontent-type: text/plain\r\ncontent-length: 24\r\n\r\n0: Accepted for delivery",
}


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Texts a second of each, and the share of a bare loop's."""
    seed(folder / "sms.db", sizes.sms)
    _by_text(folder / "sms.db", sizes.sms)
    open_everything(f"sqlite:///{folder / 'sms.db'}")
    with nothing() as url:
        one_core()
        return [_one(folder, name, options | HOOK | {"url": url}) for name, options in OPTIONS.items()]


def _one(folder: Path, name: str, options: dict[str, str]) -> Figure:
    if name == "kannel":
        options = options | {"hook_secret": "secret"}
    ours, bare = [], []
    for _ in range(ROUNDS):
        database = Database(copy(folder / "sms.db", folder / "sent.db"))
        database.write(partial(lists.done, provider=name, now=DUE))
        rate, kept = asyncio.run(_ours(database, name, options))
        database.close()
        ours.append(rate)
        bare.append(asyncio.run(_bare(kept)))
    share = median([mine / its for mine, its in zip(ours, bare, strict=True)])
    return Figure(
        "sms",
        f"texts one by one through {name}, {SIDE_BY_SIDE} at a time, against a bare loop",
        f"≥ {LEAST_SHARE:.0%}",
        f"{share:.0%} ({median(ours):,.0f}/s against {median(bare):,.0f}/s)",
        share >= LEAST_SHARE,
        {"share": share, "per_second": median(ours), "bare_per_second": median(bare)},
    )


async def _ours(database: Database, name: str, options: dict[str, str]) -> tuple[float, list[Kept]]:
    transport = Keeping()
    async with httpx.AsyncClient(transport=transport) as http:
        at_work = sender(database, build(name, options, http))
        began = time.perf_counter()
        sent = await at_work.drain()
        took = time.perf_counter() - began
        assert sent.accepted == sum((sent.accepted, sent.rejected, sent.retry, sent.unclear)) > 0, sent
        return sent.accepted / took, transport.kept


async def _bare(kept: list[Kept]) -> float:
    waiting = iter(kept)

    async def worker() -> None:
        for each in waiting:
            answer = await http.request(each.method, each.url, content=each.body, headers=each.headers)
            assert answer.status_code in {201, 202}

    async with httpx.AsyncClient() as http:
        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(SIDE_BY_SIDE)))
        return len(kept) / (time.perf_counter() - began)


def _by_text(path: Path, people: int) -> None:
    """Let everybody be reminded by text."""

    def work(connection: Connection) -> None:
        rows = [
            (KEYS.encrypt(number, b"phone"), KEYS.address_hash(Channel.SMS, number), seconds(LONG_AGO), person)
            for person, number in ((person, f"+447700{900_000 + person}") for person in range(1, people + 1))
        ]
        connection.exec_driver_sql(
            "UPDATE subscriber SET phone_ct = ?, phone_hash = ?, sms_since = ?, phone_country = 'GB' WHERE id = ?", rows
        )
        connection.exec_driver_sql("UPDATE wave SET channel = ?", (int(Channel.SMS),))
        connection.exec_driver_sql("UPDATE step SET channels = 'sms'")

    database = Database(f"sqlite:///{path}")
    database.write(work)
    database.close()


@contextmanager
def nothing() -> Iterator[str]:
    """The server, as a process of its own; its address."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.sms"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


class _Nothing(asyncio.Protocol):
    """Answers each request with what its provider would; much faster than any client here can ask."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection: nothing of a request has come yet."""
        self._transport, self._waiting = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole."""
        self._waiting += data
        head, end, body = self._waiting.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0):
            return
        self._waiting = b""
        assert isinstance(self._transport, asyncio.Transport)
        path = head.split(b" ", 2)[1]
        self._transport.write(next(answer for start, answer in ANSWERS.items() if path.startswith(start)))


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Nothing, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
