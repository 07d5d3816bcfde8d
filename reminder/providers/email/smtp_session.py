"""One connection to an SMTP server, from EHLO on, that knows how far each message got.

aiosmtplib opens it (TCP, TLS, EHLO, login) and hands its transport over. The transaction is spoken here, because
the library's `data()` does not tell a connection lost before the final dot (not taken) from one lost after it
(may have been taken), and because MAIL, RCPT and DATA leave in one write where the server offers PIPELINING
(RFC 2920): two round trips a message instead of four.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiosmtplib

from reminder.providers.contract import CALL_LIMIT_SECONDS
from reminder.providers.email.smtp_replies import Reply, Step, read_reply

LONGEST_REPLY = 64 * 1024
# Text and dot leave in one write up to this size: a socket takes it whole. Longer text is flushed first, so that a
# connection lost on the way is known to have been lost before the dot.
ONE_WRITE = 32 * 1024
START_INPUT = 354
CLOSING = 421


class ConnectionBroken(Exception):
    """The connection is of no use any more; the text says why, without a server's words."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message ready for the wire: addresses without brackets, text with CRLF line ends and without the dot."""

    sender: str
    recipient: str
    text: bytes
    options: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply that decided a message, and the step it answered; `good` there means it was taken."""

    step: Step
    reply: Reply


class Session(asyncio.Protocol):
    """A connection that is logged in. One message at a time; `step` is where the message under way stands."""

    def __init__(self, transport: asyncio.Transport, extensions: frozenset[str], reply_seconds: float) -> None:
        self.extensions = extensions
        self.step = Step.MAIL
        self.idle_since = 0.0
        self._reply_seconds = reply_seconds
        self._transport = transport
        self._pipelining = "pipelining" in extensions
        self._reset_first = False
        self._buffer = bytearray()
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._broken = ""
        self._paused = False
        # What the socket did not take pauses us: "flushed" then means that the kernel has it. Over TLS a limit of
        # nought would pause at an empty buffer.
        transport.set_write_buffer_limits(high=1, low=0)
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        """Whether another message may be tried on it. A server that spoke while idle said goodbye."""
        return not self._broken and not self._replies and not self._buffer and not self._transport.is_closing()

    async def transact(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Answered | None:
        """Hand one message over; None when `still_ours` answered no, and then nothing of it was taken.

        Raises `ConnectionBroken` and `TimeoutError`; `taken_perhaps` then says whether the server may have it. The
        caller limits the whole and drops the connection after either.
        """
        self.step = Step.MAIL
        if not still_ours():
            return None
        async with asyncio.timeout(self._reply_seconds):
            refused = await self._envelope(envelope)
        if refused is not None:
            return self._decided(refused)
        if not still_ours():
            # Only a connection closed without the dot takes a DATA back.
            self.abort()
            return None
        self.step = Step.TEXT
        text = envelope.text
        if len(text) > ONE_WRITE:
            self._write(text)
            await self._flushed()
            text = b""
        self._write(text + b".\r\n", Step.DOT)
        return self._decided(Answered(Step.DOT, await self._reply()))

    async def _envelope(self, envelope: Envelope) -> Answered | None:
        """MAIL, RCPT and DATA; None when the text may follow, else the reply that refused."""
        commands = (
            (Step.MAIL, f"MAIL FROM:<{envelope.sender}>{envelope.options}\r\n".encode()),
            (Step.RCPT, f"RCPT TO:<{envelope.recipient}>\r\n".encode()),
            (Step.DATA, b"DATA\r\n"),
        )
        if self._reset_first:
            self._reset_first = False
            self._write(b"RSET\r\n")
            await self._reply()
        if self._pipelining:
            self._write(b"".join(line for _, line in commands))
        for step, line in commands:
            self.step = step
            if not self._pipelining:
                self._write(line)
            reply = await self._reply()
            if not (reply.code == START_INPUT if step is Step.DATA else reply.good):
                if self._pipelining and reply.code != CLOSING:
                    await self._read_off(Step.DATA - step)
                return Answered(step, reply)
        return None

    async def _read_off(self, outstanding: int) -> None:
        """After a refusal the rest of the group is answered too. A 354 without a recipient wants a lone dot.

        A connection that breaks here leaves the refusal as it is.
        """
        with contextlib.suppress(ConnectionBroken):
            for _ in range(outstanding):
                reply = await self._reply()
                if reply.code == START_INPUT:
                    self._write(b".\r\n")
                    await self._reply()

    def _decided(self, answered: Answered) -> Answered:
        if answered.reply.code == CLOSING:
            self.abort()
        self._reset_first = not answered.reply.good
        return answered

    @property
    def taken_perhaps(self) -> bool:
        """Whether the final dot left us, so that the server may have taken the message."""
        return self.step is Step.DOT

    def quit(self) -> None:
        """Say goodbye and close, without waiting for the answer."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        self._broken = self._broken or "closed"

    def abort(self) -> None:
        """Drop the connection at once; what was not flushed is not sent."""
        self._broken = self._broken or "given up"
        self._transport.abort()

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        """Take replies apart; a malformed or endless one breaks the connection."""
        self._buffer += data
        if len(self._buffer) > LONGEST_REPLY or len(self._lines) > 200:
            self._break("the reply does not end")
            return
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).rstrip(b"\r")
            del self._buffer[: end + 1]
            if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b""):
                self._break("the reply is not SMTP")
                return
            self._lines.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                # Nobody reads the words of a good reply.
                code = int(line[:3])
                self._replies.append(read_reply(code, self._lines) if code >= 400 else Reply(code))
                self._lines = []
        if self._replies:
            self._wake()

    def eof_received(self) -> bool:
        """The server closed; what it said before stays readable."""
        self._break("the server closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._broken = self._broken or (f"connection lost: {type(exc).__name__}" if exc else "connection lost")
        self._paused = False
        self._wake()

    def pause_writing(self) -> None:
        """The socket is full."""
        self._paused = True

    def resume_writing(self) -> None:
        """The kernel has taken all of it."""
        self._paused = False
        self._wake()

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason
        self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting

    def _write(self, data: bytes, step: Step | None = None) -> None:
        if self._broken:
            raise ConnectionBroken(self._broken)
        if step is not None:
            self.step = step
        self._transport.write(data)

    async def _flushed(self) -> None:
        while self._paused:
            await self._wait()

    async def _reply(self) -> Reply:
        while not self._replies:
            if self._broken:
                raise ConnectionBroken(self._broken)
            await self._wait()
        return self._replies.popleft()


async def open_session(client: aiosmtplib.SMTP) -> Session:
    """Connect, secure and log in with aiosmtplib, then take the connection over.

    Raises what aiosmtplib raises (`SMTPException`) and `OSError`, `ssl.SSLError` among them.
    """
    await client.connect()
    try:
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError:
                await client.helo()
    except BaseException:
        client.close()
        raise
    transport = client.transport
    if not isinstance(transport, asyncio.Transport) or transport.is_closing():
        client.close()
        raise aiosmtplib.SMTPServerDisconnected("Connection lost")
    return Session(transport, frozenset(client.esmtp_extensions), client.timeout or CALL_LIMIT_SECONDS)


def tls_context(*, verify: bool, ca_file: str) -> ssl.SSLContext:
    """A client context, TLS 1.2 at least; `ca_file` adds an authority of one's own. Reads files: not in the loop."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
