"""A real mail server (pymap) with one mailbox in a process of its own, and a line to it that breaks where a test wants."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import monotonic
from typing import Any

from imapclient import IMAPClient

from reminder.providers.email.imap import ImapSettings
from tests.fakes.certificates import Certificate

USER, PASSWORD = "letters", "correct-horse-battery"
START_SECONDS = 30
DELIVERED = datetime(2020, 12, 22, 8, tzinfo=UTC)
_PROGRAM = "import warnings; warnings.simplefilter('ignore'); from pymap.main import main; main()"


@dataclass
class MailServer:
    """The server's port, and the numbers of the folders that tests made in it."""

    port: int
    folders: Iterator[int] = field(default_factory=count)

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        """Somebody else who is logged in."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=10)
        client.normalise_times = False
        client.login(USER, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def mailbox(self) -> "Box":
        """A folder that only this test knows."""
        box = Box(self, f"Back{next(self.folders)}")
        with self.client() as client:
            client.create_folder(box.name)
        return box


@dataclass
class Box:
    """A folder of the mail server; `done` is where what is stored goes."""

    server: MailServer
    name: str

    @property
    def done(self) -> str:
        return f"{self.name}-done"

    def settings(self, **more: Any) -> ImapSettings:
        values = {"host": "127.0.0.1", "port": self.server.port, "tls": "none", "user": USER, "password": PASSWORD}
        return ImapSettings(**{**values, "folder": self.name, "done_folder": self.done, **more})

    def deliver(self, *mails: bytes, at: datetime = DELIVERED) -> None:
        with self.server.client() as client:
            client.multiappend(self.name, [{"msg": mail, "flags": (), "date": at} for mail in mails])

    def holds(self, folder: str = "") -> list[bytes]:
        """The mails in a folder, the newest last; none where there is no such folder."""
        with self.server.client() as client:
            if not client.folder_exists(folder or self.name):
                return []
            client.select_folder(folder or self.name, readonly=True)
            found = client.fetch(client.search("UNDELETED"), ["BODY.PEEK[]"])
            return [said[b"BODY[]"] for _, said in sorted(found.items())]


@contextmanager
def mail_server(certificate: Certificate | None = None) -> Iterator[MailServer]:
    """A server on a free port of this machine; with a `certificate` it offers STARTTLS."""
    port = _free_port()
    shown = ["--cert", str(certificate.file), "--key", str(certificate.file.parent / "key.pem")] if certificate else []
    options = [*(shown or ["--no-tls"]), "--host", "127.0.0.1", "--port", str(port)]
    who = ["dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *options, *who], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(process, port)
        yield MailServer(port)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    until, again = monotonic() + START_SECONDS, threading.Event()
    while process.poll() is None and monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        again.wait(0.05)
    raise AssertionError("the mail server did not start")


@contextmanager
def broken_line(port: int, command: bytes, *, hangs: bool = False) -> Iterator[int]:
    """A port that leads to the server until somebody says `command`: then the line is cut, or nothing answers any more."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        ended = threading.Event()

        def lead() -> None:
            while not ended.is_set():
                with suppress(OSError):
                    near, _ = door.accept()
                    far = socket.create_connection(("127.0.0.1", port))
                    threading.Thread(target=_pass_on, args=(far, near, b""), daemon=True).start()
                    _pass_on(near, far, command, wait_at=ended if hangs else None)

        thread = threading.Thread(target=lead, daemon=True)
        thread.start()
        try:
            yield int(door.getsockname()[1])
        finally:
            ended.set()
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)


def _pass_on(
    source: socket.socket, target: socket.socket, until: bytes, wait_at: threading.Event | None = None
) -> None:
    """Hand on what comes until `until` is said; then both ends are closed, at once or when `wait_at` is set."""
    with source, target, suppress(OSError):
        while said := source.recv(65_536):
            if until and until in said:
                if wait_at is not None:
                    wait_at.wait()
                return
            target.sendall(said)


@contextmanager
def drip() -> Iterator[int]:
    """A port where the first answer comes at once, and the next one letter by letter and never ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        ended = threading.Event()

        def speak() -> None:
            with suppress(OSError):
                near, _ = door.accept()
                with near:
                    near.sendall(b"* OK ready\r\n")
                    tag = near.recv(1_000).split()[0]
                    near.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
                    while not ended.wait(0.02):
                        near.sendall(b"*")

        threading.Thread(target=speak, daemon=True).start()
        try:
            yield int(door.getsockname()[1])
        finally:
            ended.set()
