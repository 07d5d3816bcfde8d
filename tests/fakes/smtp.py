"""A real SMTP server on loopback that does as it is told: refuses, hangs, drops, and remembers what it took.

    async with FakeSmtp(Act(Stage.RCPT, reply="550 5.1.1 no such user", to="hana@example.org")) as server:
        ...
    assert server.taken("m1") == 1

As a program it runs beside a harness: `python -m tests.fakes.smtp --log FILE [--drop-every N]` prints its port and
appends a line with the Message-ID for each message it takes, before it answers.
"""

import argparse
import asyncio
import base64
import re
import socket
import ssl
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Self

MESSAGE_ID = re.compile(rb"^message-id:\s*<([^@>\r\n]*)", re.IGNORECASE | re.MULTILINE)
# Enough for a first read of a text that is then cut.
MIDDLE_OF_TEXT = 1000


class Stage(Enum):
    """Where in the dialogue an act takes place: in place of the answer to that command."""

    CONNECT = auto()
    EHLO = auto()
    STARTTLS = auto()
    AUTH = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    TEXT = auto()  # in the middle of it; only "drop" and "hang"
    DOT = auto()


@dataclass(frozen=True)
class Act:
    """One thing to do. `nth` counts how often the stage was reached on this server, from 1; None: every time.

    `reply` is sent instead of the usual answer; without one the server drops the connection, or hangs. `to`
    limits the act to one recipient. `then_silent`: after the reply the server answers nothing more. `takes`: a
    drop or a hang after the dot happens with the message taken.
    """

    stage: Stage
    reply: str = ""
    hang: bool = False
    nth: int | None = None
    to: str = ""
    then_silent: bool = False
    takes: bool = False


@dataclass(frozen=True)
class Taken:
    """A message the server took, and on which of its connections (from 1)."""

    wire_id: str
    sender: str
    recipient: str
    text: bytes
    connection: int


class Dropped(Exception):
    """The server closed the connection on purpose."""


@dataclass
class FakeSmtp:
    """The server. `extensions` are what EHLO offers besides STARTTLS and AUTH."""

    acts: Iterable[Act] = ()
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
    login: tuple[str, str] | None = None
    starttls: ssl.SSLContext | None = None
    implicit: ssl.SSLContext | None = None
    on_taken: Callable[[Taken], object] = lambda taken: None
    accepted: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._reached: dict[Stage, int] = {}
        self._events = {stage: asyncio.Event() for stage in Stage}
        self._left: dict[int, asyncio.Event] = {}
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.implicit, limit=2**22)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def taken(self, wire_id: str) -> int:
        """How often a message was taken."""
        return sum(taken.wire_id == wire_id for taken in self.accepted)

    def reached(self, stage: Stage) -> int:
        """How often a stage was reached."""
        return self._reached.get(stage, 0)

    async def until(self, stage: Stage) -> None:
        """Wait until a stage was reached."""
        await self._events[stage].wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        number = self.connections
        talk = _Talk(self, number, reader, writer)
        try:
            await talk.run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self.open_now -= 1
            self._left.setdefault(number, asyncio.Event()).set()
            self._tasks.discard(task)
            writer.close()

    def act_at(self, stage: Stage, recipient: str) -> Act | None:
        """The act for this visit of a stage, if any."""
        self._reached[stage] = self._reached.get(stage, 0) + 1
        self._events[stage].set()
        for act in self.acts:
            if act.stage is stage and act.nth in (None, self._reached[stage]) and act.to in ("", recipient):
                return act
        return None

    async def until_left(self, connection: int) -> None:
        """Wait until a connection (from 1) is over."""
        await self._left.setdefault(connection, asyncio.Event()).wait()

    async def standstill(self) -> None:
        """Read nothing until the server ends."""
        await self._ending.wait()
        raise Dropped


class _Talk:
    """One connection."""

    def __init__(
        self, server: FakeSmtp, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._number = number
        self._reader = reader
        self._writer = writer
        self._secure = server.implicit is not None
        self._known = server.login is None
        self._sender: str | None = None
        self._recipient = ""

    async def run(self) -> None:
        if not await self._acted(Stage.CONNECT):
            self._say("220 fake.example.org ESMTP")
        while line := await self._reader.readline():
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self._server.commands.append(command)
            verb = command.partition(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 2.0.0 bye")
                return
            await self._command(verb, command)
            await self._writer.drain()

    async def _command(self, verb: str, command: str) -> None:
        if verb in ("EHLO", "HELO"):
            if not await self._acted(Stage.EHLO):
                self._greet()
        elif verb == "STARTTLS":
            await self._start_tls()
        elif verb == "AUTH":
            await self._auth(command)
        elif verb == "MAIL":
            await self._mail(command)
        elif verb == "RCPT":
            await self._rcpt(command)
        elif verb == "DATA":
            await self._data()
        elif verb in ("RSET", "NOOP"):
            self._sender = self._sender if verb == "NOOP" else None
            self._say("250 2.0.0 Ok")
        else:
            self._say("500 5.5.2 what?")

    def _greet(self) -> None:
        offered = list(self._server.extensions)
        if self._server.starttls is not None and not self._secure:
            offered.append("STARTTLS")
        if self._server.login is not None:
            offered.append("AUTH PLAIN")
        lines = ["fake.example.org", *offered]
        for line in lines[:-1]:
            self._say(f"250-{line}")
        self._say(f"250 {lines[-1]}")

    async def _start_tls(self) -> None:
        if await self._acted(Stage.STARTTLS):
            return
        if self._server.starttls is None:
            self._say("502 5.5.1 no")
            return
        self._say("220 2.0.0 go")
        await self._writer.drain()
        await self._writer.start_tls(self._server.starttls)
        self._secure = True

    async def _auth(self, command: str) -> None:
        if await self._acted(Stage.AUTH):
            return
        given = base64.b64decode(command.split(" ")[2]).decode().split("\0")[1:]
        self._known = tuple(given) == self._server.login
        self._say("235 2.7.0 welcome" if self._known else "535 5.7.8 bad credentials")

    async def _mail(self, command: str) -> None:
        if await self._acted(Stage.MAIL):
            return
        if not self._known:
            self._say("530 5.7.0 log in first")
        elif self._sender is not None:
            self._say("503 5.5.1 nested MAIL")
        else:
            self._sender = _address(command)
            self._recipient = ""
            self._say("250 2.1.0 Ok")

    async def _rcpt(self, command: str) -> None:
        recipient = _address(command)
        if await self._acted(Stage.RCPT, recipient):
            return
        if self._sender is None:
            self._say("503 5.5.1 need MAIL")
            return
        self._recipient = recipient
        self._say("250 2.1.5 Ok")

    async def _data(self) -> None:
        if await self._acted(Stage.DATA, self._recipient):
            return
        if not self._recipient:
            self._say("554 5.5.1 no valid recipients")
            return
        self._say("354 go on")
        await self._writer.drain()
        act = self._server.act_at(Stage.TEXT, self._recipient)
        if act is not None:
            await self._reader.read(MIDDLE_OF_TEXT)
            await self._do(act)
        text = b"\r\n" + await self._text()
        taken = Taken(_wire_id(text), self._sender or "", self._recipient, text[2:], self._number)
        act = self._server.act_at(Stage.DOT, self._recipient)
        self._sender = None
        if act is None or act.takes:
            self._server.accepted.append(taken)
            self._server.on_taken(taken)
        if act is None:
            self._say("250 2.0.0 Ok: queued")
        else:
            await self._do(act)

    async def _text(self) -> bytes:
        lines = []
        while (line := await self._reader.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise Dropped
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _acted(self, stage: Stage, recipient: str = "") -> bool:
        act = self._server.act_at(stage, recipient)
        if act is not None:
            await self._do(act)
        return act is not None

    async def _do(self, act: Act) -> None:
        if act.hang and act.stage is Stage.TEXT:
            await self._server.standstill()
        if act.hang:
            await self._listen_in_silence()
        if not act.reply:
            raise Dropped
        self._say(act.reply)
        await self._writer.drain()
        if act.then_silent:
            await self._listen_in_silence()
        if act.reply.startswith("421"):
            # As it should be: everything said arrives, then the connection ends.
            if self._writer.can_write_eof():
                self._writer.write_eof()
            else:
                self._writer.close()
            await self._listen_in_silence()

    async def _listen_in_silence(self) -> None:
        """Take everything and answer nothing, until the other side gives up."""
        while await self._reader.read(2**16):
            pass
        raise Dropped

    def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


def _wire_id(text: bytes) -> str:
    found = MESSAGE_ID.search(text)
    return found.group(1).decode() if found else ""


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def serve(log: Path, drop_every: int, port: int) -> None:
    """Serve until the process is ended; each message taken is one line of `log`, written before the answer."""
    acts = [Act(Stage.DOT, nth=n * drop_every, takes=n % 2 == 0) for n in range(1, 10_000)] if drop_every else []
    with log.open("a", buffering=1) as lines:
        server = FakeSmtp(acts, port=port, on_taken=lambda taken: lines.write(f"{taken.wire_id}\n"))
        async with server:
            sys.stdout.write(f"{server.port}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


def main() -> None:
    """The server as a program."""
    parser = argparse.ArgumentParser(description="A scriptable SMTP server on loopback.")
    parser.add_argument("--log", type=Path, required=True, help="file that takes one line per message")
    parser.add_argument("--drop-every", type=int, default=0, help="drop the connection at every Nth final dot")
    parser.add_argument("--port", type=int, default=0, help="port; by default a free one, printed")
    given = parser.parse_args()
    asyncio.run(serve(given.log, given.drop_every, given.port))


if __name__ == "__main__":
    main()
