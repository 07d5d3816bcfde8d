"""A real HTTP/1.1 server on loopback that a test scripts: it keeps every request and answers as it is told."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The fields of a multipart form, in their order."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = message_from_bytes(head + self.body).get_payload()
        assert isinstance(parts, list)
        found = [
            (part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts
        ]
        return [(str(name), value.decode()) for name, value in found]

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer. `hangs`: the whole request is read and no answer comes; `drops`: it is read and the connection closed;
    `refuses`: the connection is closed before anything is read; `breaks_off`: half of the body comes, then it is closed."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False
    refuses: bool = False
    breaks_off: bool = False


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with "_" for "-"."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, orjson.dumps(value), {"content-type": "application/json"} | named)


class FakeHttp:
    """The server. `answer` gets every request; what it returns is sent. `requests` holds them in order.

    `judge` says what is wrong with a request: the test that made one fails when the server ends.
    """

    def __init__(
        self,
        answer: Callable[[Request], Reply] | Reply | None = None,
        judge: Callable[[Request], list[str]] | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        self.answer = answer if answer is not None else Reply()
        self.judge = judge
        self._tls = tls
        self.requests: list[Request] = []
        self.judged: list[str] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        # A test that failed already says so itself.
        assert error is not None or not self.judged, "\n".join(
            ["requests that the provider would refuse:", *self.judged]
        )

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self._refuses() and (request := await _read(reader)) is not None:
                self.requests.append(request)
                self._judge(request)
                reply = self.answer(request) if callable(self.answer) else self.answer
                if reply.drops:
                    return
                if reply.hangs:
                    await asyncio.Event().wait()
                writer.write(_written(reply))
                await writer.drain()
                if reply.breaks_off:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _judge(self, request: Request) -> None:
        if self.judge is not None:
            self.judged += [f"{request.method} {request.path}: {fault}" for fault in self.judge(request)]

    def _refuses(self) -> bool:
        return isinstance(self.answer, Reply) and self.answer.refuses


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def _written(reply: Reply) -> bytes:
    headers = reply.headers | {"content-length": str(len(reply.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = reply.body[: len(reply.body) // 2] if reply.breaks_off else reply.body
    return f"HTTP/1.1 {reply.status} Reason\r\n{head}\r\n".encode() + body
