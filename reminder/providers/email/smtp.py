"""Email through an SMTP relay: a small pool of connections, each message on its own, 250 after the dot is a yes.

A volley is spread over all connections that are free, so a crash leaves few messages unclear however slow one
connection is. What the server's codes mean is in `smtp_replies`, how far a message got in `smtp_session`.
"""

import asyncio
import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

import aiosmtplib
import httpx

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel
from reminder.providers.contract import CALL_LIMIT_SECONDS, Call, Capabilities
from reminder.providers.email.smtp_check import prove, trouble_of
from reminder.providers.email.smtp_envelope import ADDRESS, carries_id, prepare
from reminder.providers.email.smtp_session import ConnectionBroken, Session, open_session, tls_context
from reminder.providers.email.smtp_volley import CUT_OFF, NOT_OURS, Volley
from reminder.providers.options import Option, Options
from reminder.providers.silent import NoCallbacks

LONGEST_VOLLEY = 20
# No message begins in the last third of a call, so that each has time for its answer.
BEGIN_SHARE = 2 / 3
# Servers close what is idle, after five minutes by RFC 5321 but often sooner.
IDLE_SECONDS = 30.0
# A connection that broke this often in a row without one message taken in between: the server is not well.
MOST_MISSES = 3
HOST = re.compile(r"[A-Za-z0-9:\[][A-Za-z0-9.:\]_-]{0,253}")
DEFAULT_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The options of an SMTP relay, read. `seconds` limits each answer, the text's own apart."""

    host: str
    port: int
    tls: str = "starttls"
    verify: bool = True
    ca_file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = 5
    seconds: float = 10.0
    envelope_sender: str = ""
    verp: bool = False
    hello_name: str = ""
    keeps_message_id: bool = True


def capabilities_of(settings: SmtpSettings) -> Capabilities:
    """Two volleys under way at a time, none larger than two messages a connection.

    So the connections stay busy while a volley is written down, and a crash leaves at most 2 x connections + one
    volley unclear.
    """
    return Capabilities(
        batch_size=1,
        volley=min(LONGEST_VOLLEY, 2 * settings.connections),
        connections=2,
        keeps_message_id=settings.keeps_message_id,
    )


class Smtp(NoCallbacks):
    """One relay, in one event loop."""

    name: ClassVar[str] = "smtp"
    channel: ClassVar[Channel] = Channel.EMAIL
    options: ClassVar[tuple[Option, ...]] = (
        Option("host", "Name of the mail server, such as mail.example.org.", required=True),
        Option("port", "Port of the mail server; by default 587, or 465 with TLS implicit, or 25 without TLS."),
        Option("tls", "starttls (must succeed), implicit or none; none only on a network of your own.", "starttls"),
        Option("verify", "Check the server's certificate: yes or no.", "yes"),
        Option("ca_file", "File with the certificate of an authority of your own."),
        Option("user", "Name to log in with; empty where the server asks for none."),
        Option("password", "Password to log in with.", secret=True),
        Option("connections", "How many connections may be open at a time, 1 to 50.", "5"),
        Option("timeout_seconds", "How long to wait for one answer of the server, 0.1 to 25 seconds.", "10"),
        Option("envelope_sender", "Address that bounces go to; by default the sender's own."),
        Option("verp", "yes: bounces go to NAME+ID@HOST of it, so that each of them names its message.", "no"),
        Option("hello_name", "Name that we greet with; by default the name of this machine."),
        Option("keeps_message_id", "no for relays that write a Message-ID of their own, such as Amazon SES.", "yes"),
    )
    capabilities: Capabilities = capabilities_of(SmtpSettings("", 0))

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        limit_seconds: float = CALL_LIMIT_SECONDS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.capabilities = capabilities_of(settings)
        self._settings = settings
        self._limit_seconds = limit_seconds
        self._idle_seconds = idle_seconds
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[Session] = []
        self._tls: ssl.SSLContext | None = None

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:  # noqa: ARG003 - the contract's shape
        """The relay with these settings; connects with the first call. `http` is not used."""
        return cls(read_settings(options))

    async def send(self, call: Call) -> list[Receipt]:
        """Hand the messages over, each on its own, over all connections that are free.

        A call that is cancelled still returns what is known: unclear is only a message whose final dot had left.
        """
        begun = asyncio.get_running_loop().time()
        volley = Volley(call, begin_by=begun + self._limit_seconds * BEGIN_SHARE, deadline=begun + self._limit_seconds)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._settings.connections, len(call.recipients))):
                    group.create_task(self._work(volley))
        except asyncio.CancelledError:
            # The receipts are what whoever cancels us wants to keep; our task goes on to hand them over.
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            volley.stop(CUT_OFF)
        return volley.receipts()

    async def check(self) -> None:
        """Connect and log in, then say goodbye. `Trouble` where that fails."""
        await prove(self._open, self._settings.host, self._settings.port, self.name)

    async def close(self) -> None:
        """Say goodbye on every idle connection."""
        while self._idle:
            self._idle.pop().quit()

    async def _work(self, volley: Volley) -> None:
        """Work on a volley with one connection, as soon as one is free."""
        try:
            async with asyncio.timeout_at(volley.begin_by):
                await self._slots.acquire()
        except TimeoutError:
            return
        session: Session | None = None
        try:
            session = await self._work_off(volley)
        finally:
            if session is not None:
                session.idle_since = asyncio.get_running_loop().time()
                self._idle.append(session)
            self._slots.release()

    async def _work_off(self, volley: Volley) -> Session | None:
        """Take messages until there are none or the server is not well; the connection where it is still good."""
        time = asyncio.get_running_loop().time
        session: Session | None = None
        misses = 0
        while misses < MOST_MISSES and (recipient := volley.take(time())) is not None:
            if session is None or not session.usable:
                session = await self._session(volley)
                if session is None:
                    volley.put_back(recipient)
                    break
            misses = 0 if await self._hand_over(session, volley, recipient) else misses + 1
        return session

    async def _hand_over(self, session: Session, volley: Volley, recipient: Recipient) -> bool:
        """One message; False when the connection broke over it."""
        content, settings = volley.call.content, self._settings
        sender = settings.envelope_sender or content.sender
        ready = prepare(content, recipient, sender, utf8="smtputf8" in session.extensions, verp=settings.verp)
        if isinstance(ready, Receipt):
            volley.file(ready)
            return True
        try:
            async with asyncio.timeout_at(volley.deadline):
                answered = await session.transact(ready, volley.call.still_ours)
        except (ConnectionBroken, TimeoutError) as problem:
            step = session.step.name
            reason = f"{str(problem) or 'no answer in time'} ({step})"
            if session.taken_perhaps:
                volley.unclear(recipient, reason)
            else:
                volley.broke(recipient, reason)
            session.abort()
            return False
        except BaseException:
            if session.taken_perhaps:
                volley.unclear(recipient, CUT_OFF.detail)
            session.abort()
            raise
        if answered is None:
            volley.put_back(recipient)
            volley.stop(NOT_OURS)
        else:
            volley.answered(recipient, answered)
        return True

    async def _session(self, volley: Volley) -> Session | None:
        """An idle connection or a new one; None when there is none to be had, the volley then knows why."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            session = self._idle.pop()
            if session.usable and now - session.idle_since < self._idle_seconds:
                return session
            session.quit()
        try:
            async with asyncio.timeout_at(volley.begin_by):
                return await self._open()
        except (aiosmtplib.SMTPException, OSError) as problem:
            volley.hinder(trouble_of(problem))
            return None

    async def _open(self) -> Session:
        settings = self._settings
        if self._tls is None and settings.tls != "none":
            self._tls = await asyncio.to_thread(tls_context, verify=settings.verify, ca_file=settings.ca_file)
        return await open_session(
            aiosmtplib.SMTP(
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=settings.password or None,
                local_hostname=settings.hello_name or None,
                timeout=settings.seconds,
                use_tls=settings.tls == "implicit",
                start_tls=settings.tls == "starttls",
                tls_context=self._tls,
            )
        )


def read_settings(options: Options) -> SmtpSettings:
    """The settings of a relay. Raises `BadSetting`, also where a password would travel in the clear."""
    tls = options.choice("tls", tuple(DEFAULT_PORTS))
    host = options.text("host")
    if tls == "none" and options.text("user") and not is_loopback(host):
        raise options.bad("tls", "would send the password in the clear")
    sender = options.text("envelope_sender")
    if sender and (ADDRESS.fullmatch(sender) is None or not sender.isascii()):
        raise options.bad("envelope_sender", "is not an address")
    if options.yes("verp") and not carries_id(sender):
        raise options.bad("verp", "needs an envelope sender with at most 30 letters before the @")
    for name in ("host", "hello_name"):
        if options.text(name) and not is_host(options.text(name)):
            raise options.bad(name, "is not the name of a machine")
    if options.text("ca_file") and not Path(options.text("ca_file")).is_file():
        raise options.bad("ca_file", "is not a file")
    return SmtpSettings(
        host=host,
        port=int(options.number("port", 1, 65535)) if options.text("port") else DEFAULT_PORTS[tls],
        tls=tls,
        verify=options.yes("verify"),
        ca_file=options.text("ca_file"),
        user=options.text("user"),
        password=options.text("password"),
        connections=int(options.number("connections", 1, 50)),
        seconds=options.number("timeout_seconds", 0.1, 25),
        envelope_sender=sender,
        verp=options.yes("verp"),
        hello_name=options.text("hello_name"),
        keeps_message_id=options.yes("keeps_message_id"),
    )


def is_host(name: str) -> bool:
    """Whether a name can be asked of the DNS and said in a greeting."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return HOST.fullmatch(name) is not None


def is_loopback(host: str) -> bool:
    """Whether a connection to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
