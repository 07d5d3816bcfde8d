"""The mailbox that bounces and replies come back to, read over IMAP (RFC 3501, 9051).

A mail is handed to be stored first, and only then moved away or marked as read: whatever breaks in between, it is read
again and known by its fingerprint. No number of a mail is kept from one look to the next, so that a server which counts
anew (another UIDVALIDITY) changes nothing.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import structlog
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from reminder.errors import BadSetting
from reminder.providers.email.smtp import is_host, is_loopback
from reminder.providers.email.smtp_session import tls_context

log = structlog.get_logger()
MOST_MAILS = 200
# Together they are at most 10 MB in memory. Of a longer mail the beginning is read: nobody's own words stand behind it.
FETCHED_AT_ONCE = 10
LONGEST_FETCHED = 1_000_000
CONNECT_SECONDS, ANSWER_SECONDS, LOOK_SECONDS = 8.0, 20.0, 120.0
WATCH_SECONDS = 0.25
DEFAULT_PORTS = {"implicit": 993, "starttls": 143, "none": 143}
# Refusals of a login that pass by themselves (RFC 5530).
_FOR_NOW = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where the mailbox is; `port` 0 is the usual one. Without a `done_folder` mails are marked as read, and what is read
    is not fetched. Raises `BadSetting`.
    """

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    folder: str = "INBOX"
    done_folder: str = ""

    def __post_init__(self) -> None:
        if not is_host(self.host):
            raise BadSetting("IMAP_HOST", "is not the name of a machine", "Write it like mail.example.org.")
        if not self.user:
            raise BadSetting("IMAP_USER", "is not set", "Write the name to log in to the mailbox with.")
        if self.tls == "none" and not is_loopback(self.host):
            raise BadSetting("IMAP_TLS", "would send the password in the clear", "Use implicit or starttls.")
        if self.folder == self.done_folder:
            raise BadSetting("IMAP_DONE_FOLDER", "is the folder that is read", "Name another one, or none.")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: for a connection, for one answer, and for the whole look."""

    connect: float = CONNECT_SECONDS
    answer: float = ANSWER_SECONDS
    look: float = LOOK_SECONDS


@dataclass(frozen=True, slots=True)
class FetchedMail:
    """A mail, or the first `LONGEST_FETCHED` bytes of it, and when our mail server received it."""

    raw: bytes = field(repr=False)
    at: datetime


class MailboxTrouble(Exception):
    """Why the mailbox could not be read, without a server's words. `lasting`: only a person can mend it."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


def collect(
    settings: ImapSettings,
    keep: Callable[[Sequence[FetchedMail]], None],
    now: datetime,
    *,
    go_on: Callable[[], bool] = lambda: True,
    patience: Patience = Patience(),
) -> int:
    """Hand the mails that wait to `keep`, the oldest first, at most `MOST_MAILS`; returns how many were stored.

    `keep` returns once they are durable. Blocks: for a thread of its own, which ends soon after `go_on` says no. Raises
    `MailboxTrouble`, and what `keep` raises.
    """
    with _saying_why("connect"):
        client = _connected(settings, patience)
    try:
        with _watched(client, go_on, patience.look), _saying_why("read"):
            _log_in(client, settings)
            return _collect(client, settings, keep, now)
    finally:
        with suppress(OSError, IMAPClientError):
            client.shutdown()


def _connected(settings: ImapSettings, patience: Patience) -> IMAPClient:
    tls = None if settings.tls == "none" else tls_context(verify=True, ca_file=settings.ca_file)
    client = IMAPClient(
        settings.host,
        port=settings.port or DEFAULT_PORTS[settings.tls],
        ssl=settings.tls == "implicit",
        ssl_context=tls,
        timeout=SocketTimeout(patience.connect, patience.answer),
    )
    client.normalise_times = False  # instants with their zone
    if settings.tls == "starttls":
        try:
            client.starttls(tls)
        except BaseException:
            with suppress(OSError, IMAPClientError):
                client.shutdown()
            raise
    return client


def _log_in(client: IMAPClient, settings: ImapSettings) -> None:
    try:
        client.login(settings.user, settings.password)
    except LoginError as refused:
        if isinstance(refused.__context__, IMAPClientAbortError):
            raise MailboxTrouble("the connection was lost at the login") from None
        for_now = any(word in str(refused).upper() for word in _FOR_NOW)
        raise MailboxTrouble("the login was refused", lasting=not for_now) from None
    except UnicodeError:
        raise MailboxTrouble("the name or the password holds letters that cannot be sent", lasting=True) from None


def _collect(
    client: IMAPClient, settings: ImapSettings, keep: Callable[[Sequence[FetchedMail]], None], now: datetime
) -> int:
    _select(client, settings.folder)
    new = ["UNDELETED"] if settings.done_folder else ["UNDELETED", "UNSEEN"]
    numbers = sorted(client.search(new))[:MOST_MAILS]
    if numbers and settings.done_folder:
        _make_folder(client, settings.done_folder)
    stored = 0
    for start in range(0, len(numbers), FETCHED_AT_ONCE):
        mails = _fetch(client, numbers[start : start + FETCHED_AT_ONCE], now)
        if mails:
            keep(list(mails.values()))
            _put_away(client, list(mails), settings.done_folder)
            stored += len(mails)
    return stored


def _select(client: IMAPClient, folder: str) -> None:
    try:
        client.select_folder(folder)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        raise MailboxTrouble("the folder cannot be opened", lasting=True) from None


def _make_folder(client: IMAPClient, folder: str) -> None:
    if client.folder_exists(folder):
        return
    try:
        client.create_folder(folder)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        raise MailboxTrouble("the folder for what is done cannot be made", lasting=True) from None


def _fetch(client: IMAPClient, numbers: Sequence[int], now: datetime) -> dict[int, FetchedMail]:
    """Mails by their numbers. One that the server cannot give stays where it is and stops no other."""
    wanted = ["INTERNALDATE", f"BODY.PEEK[]<0.{LONGEST_FETCHED}>"]
    try:
        answer = client.fetch(numbers, wanted)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        if len(numbers) == 1:
            log.error("mail_not_given", remedy="look at the mailbox with a mail program")
            return {}
        return {number: mail for each in numbers for number, mail in _fetch(client, [each], now).items()}
    mails = {}
    for number, said in answer.items():
        raw = next((value for name, value in said.items() if name.startswith(b"BODY[]")), None)
        # None: somebody else took it away meanwhile.
        if raw is not None:
            mails[number] = FetchedMail(bytes(raw)[:LONGEST_FETCHED], _received(said.get(b"INTERNALDATE"), now))
    return mails


def _received(said: Any, now: datetime) -> datetime:
    if not isinstance(said, datetime) or said.tzinfo is None:
        return now
    return min(said.astimezone(UTC), now)


def _put_away(client: IMAPClient, numbers: Sequence[int], done_folder: str) -> None:
    """What is stored is not fetched again."""
    if not done_folder:
        client.add_flags(numbers, [b"\\Seen"], silent=True)
    elif client.has_capability("MOVE"):
        client.move(numbers, done_folder)
    else:
        client.copy(numbers, done_folder)
        client.delete_messages(numbers, silent=True)
        # Without UIDPLUS, expunging would take along what somebody else has marked; what is deleted is not fetched.
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(numbers)


@contextmanager
def _saying_why(doing: str) -> Iterator[None]:
    """Whatever a connection can raise, as one kind of trouble and in our own words."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise MailboxTrouble("the server's certificate is not trusted", lasting=True) from None
    except TimeoutError:
        raise MailboxTrouble(f"could not {doing}: no answer in time") from None
    except (IMAPClientAbortError, OSError, EOFError) as fault:
        raise MailboxTrouble(f"could not {doing}: {type(fault).__name__}") from None
    except IMAPClientError as fault:
        raise MailboxTrouble(f"could not {doing}: {type(fault).__name__}", lasting=doing == "connect") from None


@contextmanager
def _watched(client: IMAPClient, go_on: Callable[[], bool], seconds: float) -> Iterator[None]:
    """Cut the connection when the look takes too long or the program ends: a server that answers letter by letter never
    runs into the limit of one answer."""
    ended = threading.Event()
    deadline = monotonic() + seconds

    def watch() -> None:
        while not ended.wait(WATCH_SECONDS):
            if monotonic() > deadline or not go_on():
                with suppress(OSError):
                    client.socket().shutdown(socket.SHUT_RDWR)
                return

    watcher = threading.Thread(target=watch, name="mailbox-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
