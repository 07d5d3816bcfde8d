"""Bad callbacks over real HTTP: too long, too slow, cut off, misdirected, or no callback at all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from reminder.clock import VirtualClock
from reminder.domain.states import Result
from reminder.events.apply import Applied, Callbacks
from reminder.store.database import Database
from reminder.web.hooks import LONGEST_BODY, Hooks
from reminder.web.server import listen, serve
from tests.databases import vault_for_tests
from tests.fakes.scripted import Scripted
from tests.fakes.talking import HOOK_SECRET, Talking, callback, status
from tests.outbox.world import EPOCH, MORNING, URL

BODY = callback([status("x", Result.SENT, MORNING)], MORNING).body
# Longer than anything here takes, shorter than a test may hang.
PATIENCE_SECONDS = 20


@dataclass
class Port:
    """A door on a real port, and what is behind it."""

    number: int
    database: Database

    async def post(self, body: bytes, path: str = "/hooks/talking", **headers: str) -> int:
        """Post as a well-behaved client does; returns the status."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.number}") as http:
            return (await http.post(path, content=body, headers={"x-secret": HOOK_SECRET} | headers)).status_code

    @asynccontextmanager
    async def line(self, *headers: str) -> AsyncIterator["Line"]:
        """A connection on which the head of a POST was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.number)
        head = ["POST /hooks/talking HTTP/1.1", "host: x", f"x-secret: {HOOK_SECRET}", *headers]
        writer.write("".join(f"{line}\r\n" for line in [*head, ""]).encode())
        try:
            yield Line(reader, writer)
        finally:
            writer.close()

    def stored(self) -> int:
        with self.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM raw_event").scalar_one())

    def apply(self) -> Applied:
        return Callbacks(
            self.database, vault_for_tests(), {"talking": Talking()}, EPOCH, lambda *_: None
        ).apply_waiting(MORNING)


@dataclass
class Line:
    """Bytes to the door and its answer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        """The status of the answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def ended(self) -> bool:
        """Whether the other side hangs up."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.reader.read() == b""


@pytest.fixture
async def port(sqlite_database: Database) -> AsyncIterator[Port]:
    providers = {"talking": Talking(), "scripted": Scripted()}
    web = Hooks(
        sqlite_database, vault_for_tests(), providers, VirtualClock(MORNING), URL, lambda: None, body_seconds=0.5
    )
    stop, listening = asyncio.Event(), listen("127.0.0.1", 0)
    server = asyncio.create_task(serve(web, listening, stop))
    yield Port(listening.port, sqlite_database)
    stop.set()
    await server


async def test_fifty_megabytes_that_are_announced_are_refused_before_any_of_them_is_sent(port: Port) -> None:
    async with port.line("content-length: 50000000") as line:
        assert await line.status() == 413
    assert port.stored() == 0


async def test_fifty_megabytes_that_are_not_announced_are_refused_once_they_are_too_many(port: Port) -> None:
    piece = b"x" * 100_000
    sent = 0
    async with port.line("transfer-encoding: chunked") as line:
        answer = asyncio.create_task(line.status())
        while not answer.done() and sent < 50_000_000:
            line.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += len(piece)
            await line.writer.drain()
        assert await answer == 413
    # What stands in the buffers of two sockets is little beside it.
    assert LONGEST_BODY < sent < LONGEST_BODY + 20_000_000
    assert port.stored() == 0


async def test_the_longest_body_is_taken(port: Port) -> None:
    assert await port.post(b" " * LONGEST_BODY) == 200
    assert await port.post(b" " * (LONGEST_BODY + 1)) == 413
    assert port.stored() == 1


async def test_who_sends_too_slowly_is_hung_up_on_and_others_are_served_meanwhile(port: Port) -> None:
    async with port.line(f"content-length: {len(BODY)}") as line:
        line.writer.write(BODY[:3])
        assert await port.post(BODY) == 200
        assert await line.status() == 408
        assert await line.ended()
    assert port.stored() == 1


async def test_a_body_that_is_cut_off_is_not_stored(port: Port) -> None:
    async with port.line(f"content-length: {len(BODY)}") as line:
        line.writer.write(BODY[:-1])
        await line.writer.drain()
        raw: socket.socket = line.writer.get_extra_info("socket")
        raw.shutdown(socket.SHUT_WR)
        assert await line.ended()
    assert await port.post(b"[]") == 200
    assert port.stored() == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 5_000, b"\xff\xfe", b"null", b'{"a": 1e999}'])
async def test_what_is_no_callback_is_kept_and_stops_no_other(port: Port, body: bytes) -> None:
    assert await port.post(body) == 200
    assert await port.post(BODY) == 200
    applied = await asyncio.to_thread(port.apply)
    assert (applied.callbacks, applied.unreadable) == (1, 1)


@pytest.mark.parametrize("content_type", ["text/html", "multipart/form-data", "application/x-www-form-urlencoded", ""])
async def test_the_content_type_is_the_providers_own_affair(port: Port, content_type: str) -> None:
    assert await port.post(BODY, **{"content-type": content_type}) == 200
    assert (await asyncio.to_thread(port.apply)).callbacks == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/hooks/unknown", 404),
        ("/hooks/scripted", 404),
        ("/hooks/", 404),
        ("/hooks/talking/", 404),
        ("/hooks/postmark", 404),
    ],
)
async def test_a_provider_that_is_unknown_or_not_set_up_has_no_door(port: Port, path: str, expected: int) -> None:
    assert await port.post(BODY, path) == expected
    assert port.stored() == 0


@pytest.mark.parametrize(
    "head", [b"\x16\x03\x01\x02\x00\x01", b"POST /hooks/talking\r\n\r\n", b"GET " + b"/" * 100_000]
)
async def test_what_is_no_http_is_refused_and_the_door_stays_open(port: Port, head: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
    writer.write(head + b"\r\n\r\n")
    line = Line(reader, writer)
    assert await line.status() == 400
    writer.close()
    assert await port.post(BODY) == 200
