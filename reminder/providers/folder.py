"""Messages into a folder instead of onto a wire: for trying out, rehearsals and tests.

The files hold addresses and texts in the clear, outside of the database's encryption: the folder is readable by its
owner alone (0700, files 0600), and whoever keeps it keeps personal data.

A message is accepted once its line stands in `accepted.log` ("WIRE_ID TIME attempt=N"); its file is complete by then.
The log is what `look_up` asks. A message taken twice has two lines and a second file "WIRE_ID~2", so that a repeated
hand-over can be seen.
"""

import asyncio
import itertools
import mmap
import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import httpx

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Fault, Result, Verdict
from reminder.providers.contract import Call, ProviderEvent, Told
from reminder.providers.options import Option, Options
from reminder.providers.silent import NoCallbacks

LOG_NAME = "accepted.log"
WIRE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
PATH_OPTION = Option("path", "Folder that messages are written to; when it is not set, one in the data folder.")
FSYNC_OPTION = Option("fsync", "Wait until each message is on the disk: yes or no.", "no")


class Folder(NoCallbacks):
    """A folder of messages and its log. Several processes may write to one folder."""

    options: ClassVar[tuple[Option, ...]] = (PATH_OPTION, FSYNC_OPTION)
    suffix: ClassVar[str]

    def __init__(self, path: Path, *, fsync: bool) -> None:
        self._path = path
        self._fsync = fsync

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:  # noqa: ARG003 - the contract's shape
        """The folder with these settings; made with the first call. `http` is not used.

        Whoever builds it fills in `path`: only the application knows the data folder.
        """
        if not options.text("path"):
            raise options.bad("path", "is not set")
        return cls(Path(options.text("path")), fsync=options.yes("fsync"))

    async def write(self, call: Call, build: Callable[[Recipient], bytes]) -> list[Receipt]:
        """Write each message of a call, in a thread. `build` raises `ValueError` for what cannot be built."""
        return await asyncio.to_thread(self._write_all, call, build)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """`SENT` for a message whose line is in the log."""
        found = await asyncio.to_thread(self._find, wire_id.encode())
        return [ProviderEvent("status", Result.SENT, sent_at, wire_id)] if found else []

    async def close(self) -> None:
        """Nothing is kept open."""

    def _write_all(self, call: Call, build: Callable[[Recipient], bytes]) -> list[Receipt]:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            log = os.open(self._path / LOG_NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as problem:
            return [_later(recipient, problem) for recipient in call.recipients]
        try:
            _end_torn_line(log)
            return [self._write_one(call, recipient, build, log) for recipient in call.recipients]
        finally:
            os.close(log)

    def _write_one(self, call: Call, recipient: Recipient, build: Callable[[Recipient], bytes], log: int) -> Receipt:
        if not call.still_ours():
            return Receipt(
                recipient.message_id, Verdict.RETRY, detail="given up: the lease is too short", retry_after=0
            )
        if WIRE_ID.fullmatch(recipient.wire_id) is None:
            return _not_built(recipient, "the wire id is no file name")
        try:
            data = build(recipient)
        except (ValueError, IndexError) as problem:
            return _not_built(recipient, f"could not be built: {type(problem).__name__}")
        try:
            self._place(recipient.wire_id, data)
        except OSError as problem:
            return _later(recipient, problem)
        line = f"{recipient.wire_id} {call.now.isoformat()} attempt={call.attempt_id}\n".encode()
        try:
            written = os.write(log, line)
            if self._fsync:
                os.fsync(log)
        except OSError as problem:
            return Receipt(recipient.message_id, Verdict.AMBIGUOUS, detail=_reason(problem))
        # A full disk may take half a line.
        verdict = Verdict.ACCEPTED if written == len(line) else Verdict.AMBIGUOUS
        return Receipt(recipient.message_id, verdict)

    def _place(self, wire_id: str, data: bytes) -> None:
        """A whole file under its name, or none."""
        unfinished = self._path / f".{wire_id}.{os.getpid()}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if self._fsync:
                os.fsync(descriptor)
        unfinished.rename(self._free_name(wire_id))

    def _free_name(self, wire_id: str) -> Path:
        for number in itertools.count(1):
            name = self._path / f"{wire_id}{'' if number == 1 else f'~{number}'}{self.suffix}"
            if not name.exists():
                return name
        raise AssertionError("count() has no end")

    def _find(self, wire_id: bytes) -> bool:
        path = self._path / LOG_NAME
        if not path.exists() or path.stat().st_size == 0:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
            start = wire_id + b" "
            return log[: len(start)] == start or log.find(b"\n" + start) >= 0


def _end_torn_line(log: int) -> None:
    """A process that was killed may have left half a line; the next line begins on its own."""
    size = os.fstat(log).st_size
    if size and os.pread(log, 1, size - 1) != b"\n":
        os.write(log, b"\n")


def _not_built(recipient: Recipient, detail: str) -> Receipt:
    return Receipt(recipient.message_id, Verdict.REJECTED, Fault.CONTENT, detail=detail)


def _later(recipient: Recipient, problem: OSError) -> Receipt:
    return Receipt(recipient.message_id, Verdict.RETRY, detail=_reason(problem))


def _reason(problem: OSError) -> str:
    return f"could not be written: {os.strerror(problem.errno or 0)}"
