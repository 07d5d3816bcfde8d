"""The one writer of a process on SQLite: a thread that takes one job after the other and joins small ones into one commit."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from reminder.errors import Trouble

T = TypeVar("T")

# A commit is shared by what arrives within this time, so that one-row transactions do not each pay for a sync.
JOIN_SECONDS = 0.02
# Who waits longer than this for the writer is noticed, and for how long that is remembered.
LONG_WAIT_SECONDS = 0.02
IN_DEMAND_SECONDS = 1.0


class Job:
    """Something to be written. `soon`: whoever waits for it may not wait."""

    __slots__ = ("came", "future", "soon", "work")

    def __init__(self, work: Callable[[Connection], Any], *, soon: bool) -> None:
        self.work = work
        self.soon = soon
        self.came = time.monotonic()
        self.future: Future[Any] = Future()


class Writer:
    """One thread, one connection. First come, first served; but who may not wait passes one that is in front."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # What came out of the queue and has not been done: those who may not wait, and the others. For the thread alone.
        self._soon: deque[Job] = deque()
        self._rest: deque[Job] = deque()
        self._ending = False
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._closed = False
        # By the monotonic clock: somebody waited, or may not.
        self.in_demand_until = 0.0

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once it is durable; what it raises, and then nothing of it is left."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside of a write would wait for itself")
        return self.put(work).result()

    def put(self, work: Callable[[Connection], T], *, soon: bool = False) -> "Future[T]":
        """`run` without waiting for it."""
        with self._start:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
                self._thread.start()
            job = Job(work, soon=soon)
            self._jobs.put(job)
            if soon:
                self.in_demand_until = job.came + IN_DEMAND_SECONDS
        return job.future

    def close(self) -> None:
        """Take no more, and return when everything is done."""
        with self._start:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _loop(self) -> None:
        connection: Connection | None = None
        overtook = False
        while (job := self._next(overtake=not overtook)) is not None:
            overtook = job.soon
            try:
                if connection is None:
                    connection = self._engine.connect()
                self._commit_together(connection, job)
            except BaseException as error:  # noqa: BLE001 - it belongs to the caller who waits for it
                if not job.future.done():
                    job.future.set_exception(error)
                if connection is not None and not isinstance(error, (Trouble, IntegrityError)):
                    connection.invalidate()
                    connection.close()
                    connection = None
        if connection is not None:
            connection.close()

    def _commit_together(self, connection: Connection, first: Job) -> None:
        """The first job needs no savepoint: if it fails, the transaction holds nothing else."""
        done: list[tuple[Job, Any]] = []
        began, soon = time.monotonic(), first.soon
        if began - first.came > LONG_WAIT_SECONDS:
            self.in_demand_until = began + IN_DEMAND_SECONDS
        transaction = connection.begin()
        try:
            done.append((first, first.work(connection)))
            while time.monotonic() - began <= JOIN_SECONDS and (job := self._joins(soon=soon)) is not None:
                soon = soon or job.soon
                savepoint = connection.begin_nested()
                try:
                    result = job.work(connection)
                except Exception as error:  # noqa: BLE001 - handed to the caller who waits for it
                    _give_up(savepoint)
                    job.future.set_exception(error)
                else:
                    savepoint.commit()
                    done.append((job, result))
            transaction.commit()
        except BaseException as error:
            for waiting, _ in done:
                waiting.future.set_exception(error)
            _give_up(transaction)
            raise
        for finished, result in done:
            finished.future.set_result(result)

    def _next(self, *, overtake: bool) -> Job | None:
        """The next job, or None at the end. Who may not wait goes first, but not twice in a row."""
        self._look()
        while not self._soon and not self._rest:
            if self._ending:
                return None
            self._take(self._jobs.get())
        first, second = (self._soon, self._rest) if overtake else (self._rest, self._soon)
        return (first or second).popleft()

    def _joins(self, *, soon: bool) -> Job | None:
        """The next that may share the commit: with those who may not wait only their like."""
        self._look()
        if self._soon:
            return self._soon.popleft()
        return self._rest.popleft() if self._rest and not soon else None

    def _look(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._take(self._jobs.get_nowait())

    def _take(self, job: Job | None) -> None:
        if job is None:
            self._ending = True
        else:
            (self._soon if job.soon else self._rest).append(job)


def _give_up(transaction: Any) -> None:
    """Roll back; after a full disk SQLite may have done so by itself."""
    try:
        transaction.rollback()
    except OperationalError:
        transaction.close()
