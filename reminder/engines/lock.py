"""Proof that only one process sends: a lock that the operating system or PostgreSQL lets go when its holder dies.

So whoever gets it knows that the former holder is dead and may take back its claims without waiting for a lease.
"""

import fcntl
import os
from pathlib import Path
from typing import IO, Protocol

from reminder.errors import Busy, Trouble
from reminder.store.database import AdvisoryLock, Database


class Lock(Protocol):
    """Held until `let_go`, or until the process ends in whatever way."""

    def check(self) -> None:
        """Raise `LockLost` where it is no longer ours."""
        ...

    def let_go(self) -> None:
        """Give the lock back."""
        ...


class LockLost(Trouble):
    """Somebody else may be sending by now: this process must not go on."""


class FileLock:
    """A lock on a file beside the database: whatever data folder a second process has, it meets this one."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise _taken() from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def check(self) -> None:
        """The operating system takes it back from no living process."""

    def let_go(self) -> None:
        """Give the lock back."""
        self._file.close()


class ServerLock:
    """A lock of the PostgreSQL server: it goes with the connection that holds it, of which we are not told."""

    def __init__(self, held: AdvisoryLock) -> None:
        self._held = held

    def check(self) -> None:
        """Raise `LockLost` where its connection is gone."""
        if not self._held.is_held():
            raise LockLost(
                "The lock of the sender",
                "was lost with its connection to PostgreSQL",
                "Nothing was sent since. Look at the server, then start Reminder again.",
            )

    def let_go(self) -> None:
        """Give the lock back."""
        self._held.let_go()


def take_lock(database: Database) -> Lock:
    """The lock that fits the database: beside the file for SQLite, in PostgreSQL for all machines that share it."""
    if database.is_sqlite:
        path = Path(database.url.database or "").resolve()
        return FileLock(path.with_name(f"{path.name}.lock"))
    held = database.advisory_lock()
    if held is None:
        raise _taken()
    return ServerLock(held)


def _taken() -> Busy:
    return Busy("Another Reminder", "works on this database already", "Stop it first, or leave the work to it.")
