"""Proof that only one process sends: a lock that the operating system or PostgreSQL lets go when its holder dies.

So whoever gets it knows that the former holder is dead and may take back its claims without waiting for a lease.
"""

import fcntl
import os
from pathlib import Path
from typing import IO, Protocol

from reminder.errors import Busy
from reminder.store.database import Database


class Lock(Protocol):
    """Held until `let_go`, or until the process ends in whatever way."""

    def let_go(self) -> None:
        """Give the lock back."""
        ...


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

    def let_go(self) -> None:
        """Give the lock back."""
        self._file.close()


def take_lock(database: Database) -> Lock:
    """The lock that fits the database: beside the file for SQLite, in PostgreSQL for all machines that share it."""
    if database.is_sqlite:
        path = Path(database.url.database or "").resolve()
        return FileLock(path.with_name(f"{path.name}.lock"))
    lock = database.advisory_lock()
    if lock is None:
        raise _taken()
    return lock


def _taken() -> Busy:
    return Busy("Another Reminder", "works on this database already", "Stop it first, or leave the work to it.")
