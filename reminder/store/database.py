"""Connections and transactions: many readers, one FIFO writer on SQLite; plain transactions on PostgreSQL.

SQLite's own busy handler sleeps and starves (webhooks waited 1.5 s behind chunks of 25,000), so all writes of a process
pass one queue with one thread, which joins small ones into one durable commit. `busy_timeout` is only for other
processes. PostgreSQL needs none of it: the caller's thread opens a transaction.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reminder.errors import Busy, Trouble

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
# A commit is shared by what arrives within this time, so that one-row transactions do not each pay for a sync.
JOIN_SECONDS = 0.02
CACHE_KIB = 32_000
# Who waits longer than this for the writer is noticed, and for how long that is remembered.
LONG_WAIT_SECONDS = 0.02
IN_DEMAND_SECONDS = 1.0
# How many that may not wait write to PostgreSQL at a time.
THREADS = 8
# Any number, as long as it is the same everywhere.
SENDER_LOCK = 0x52454D49


@contextmanager
def _told() -> Iterator[None]:
    """Everyday faults become `Trouble`; a broken rule of a table and a mistake in a statement stay what they are."""
    try:
        yield
    except DatabaseError as error:
        # A file that is no SQLite database is told by the class above all others.
        if isinstance(error, OperationalError) or type(error) is DatabaseError:
            raise translate(error) from error
        raise


def translate(error: DatabaseError) -> Trouble:
    """The everyday faults of a database as a sentence with a remedy; the statement and its values stay out of it."""
    reason = str(error.orig).lower()
    if "locked" in reason or "busy" in reason:
        return Busy("The database", "is locked by another process", "Wait for it to end, then try again.")
    if "full" in reason or "no space" in reason:
        return Trouble("The disk", "is full, nothing was written", "Make room; the work goes on where it stopped.")
    if "readonly" in reason or "read-only" in reason:
        return Trouble("The database", "may not be written to", "Check the owner and the rights of the data folder.")
    if "no such table" in reason or "does not exist" in reason:
        return Trouble(
            "The database", "has no tables of this release", "Run `reminder db upgrade`, or `reminder init`."
        )
    if "unable to open" in reason:
        return Trouble(
            "The database",
            "cannot be opened",
            "Run `reminder init`, or check DATABASE_URL and the rights of its folder.",
        )
    if "not a database" in reason or "malformed" in reason:
        return Trouble("The database", "is damaged, or no database of Reminder", "Check DATABASE_URL.")
    return Trouble("The database", "does not answer", "Check DATABASE_URL and that the server runs.")


class Database:
    """One database, SQLite or PostgreSQL. `read` for looking, `write` for every unit that may change something."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._starting = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        if self.is_sqlite:
            self._readers = _sqlite_engine(self.url, read_only=True)
            self._writer: Engine = _sqlite_engine(self.url, read_only=False)
            self._queue: _Writer | None = _Writer(self._writer)
        else:
            if self.url.drivername == "postgresql":
                self.url = self.url.set(drivername="postgresql+psycopg")
            self._readers = self._writer = create_engine(self.url, pool_size=8, max_overflow=8, pool_pre_ping=True)
            self._queue = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database and changes nothing."""
        with _told(), self._readers.connect() as connection:
            if not self.is_sqlite:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is durable when this returns; an exception leaves nothing behind."""
        with _told():
            if self._queue is not None:
                return self._queue.run(work)
            with self._writer.begin() as connection:
                return work(connection)

    def write_soon(self, work: Callable[[Connection], T]) -> "Future[T]":
        """`write` for those who may not wait: the future ends when `work` is durable, or as it failed."""
        if self._queue is not None:
            return _told_later(self._queue.put(work))
        with self._starting:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="writer")
        return self._threads.submit(self.write, work)

    def is_in_demand(self) -> bool:
        """Whether somebody had to wait for the writer a moment ago: then long work goes in smaller pieces."""
        return self._queue is not None and time.monotonic() < self._queue.in_demand_until

    @contextmanager
    def schema_connection(self) -> Iterator[Connection]:
        """For migrations: a connection of its own, outside of the queue; commits at the end."""
        if not self.is_sqlite:
            with self._writer.begin() as connection:
                yield connection
            return
        engine = _sqlite_engine(self.url, read_only=False)
        try:
            with _told(), engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def advisory_lock(self) -> "AdvisoryLock | None":
        """PostgreSQL's lock of the sender, held by a connection of its own; None when somebody else has it."""
        connection = self._writer.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": SENDER_LOCK}).scalar_one():
            return AdvisoryLock(connection)
        connection.close()
        return None

    def ids(self, name: str, values: str) -> str:
        """SQL for "column `name` is in the bound list `values`", in a form whose plan is a probe on both databases."""
        if self.is_sqlite:
            return f"{name} IN (SELECT value FROM json_each(:{values}))"
        return f"{name} = ANY(CAST(:{values} AS bigint[]))"

    def id_list(self, ids: list[int]) -> Any:
        """The bound value that belongs to `ids`."""
        return "[" + ",".join(map(str, ids)) + "]" if self.is_sqlite else ids

    def close(self) -> None:
        """End the writer's thread and give back every connection."""
        if self._queue is not None:
            self._queue.close()
        if self._threads is not None:
            self._threads.shutdown()
        self._readers.dispose()
        self._writer.dispose()


class AdvisoryLock:
    """A lock that PostgreSQL lets go when the connection ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def is_held(self) -> bool:
        """Whether the server still knows it as ours; a connection that was made anew holds nothing."""
        held = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = :key"
        )
        try:
            return bool(self._connection.execute(held, {"key": SENDER_LOCK}).scalar_one())
        except SQLAlchemyError:
            return False

    def let_go(self) -> None:
        """Give the lock back with its connection, where that still lives."""
        with suppress(SQLAlchemyError):
            self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SENDER_LOCK})
        self._connection.close()


def _sqlite_engine(url: Any, *, read_only: bool) -> Engine:
    engine = create_engine(
        url, connect_args={"check_same_thread": False}, **({} if read_only else {"poolclass": NullPool})
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if not read_only:
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once beside another writer, whatever the time-out.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _told_later(future: "Future[T]") -> "Future[T]":
    """The same, but that an everyday fault of the database is told as `Trouble`."""
    told: Future[T] = Future()

    def pass_on(done: "Future[T]") -> None:
        error = done.exception()
        if error is None:
            told.set_result(done.result())
        else:
            told.set_exception(translate(error) if isinstance(error, DatabaseError) else error)

    future.add_done_callback(pass_on)
    return told


class _Job:
    __slots__ = ("came", "future", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.came = time.monotonic()
        self.future: Future[Any] = Future()


class _Writer:
    """The FIFO writer: one thread, one connection, small jobs joined into one commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._start = threading.Lock()
        self._closed = False
        self.in_demand_until = 0.0

    def run(self, work: Callable[[Connection], T]) -> T:
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside of a write would wait for itself")
        return self.put(work).result()

    def put(self, work: Callable[[Connection], T]) -> "Future[T]":
        with self._start:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
                self._thread.start()
            job = _Job(work)
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        with self._start:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _loop(self) -> None:
        connection: Connection | None = None
        while (job := self._jobs.get()) is not None:
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

    def _commit_together(self, connection: Connection, first: _Job) -> None:
        """The first job needs no savepoint: if it fails, the transaction holds nothing else."""
        done: list[tuple[_Job, Any]] = []
        began = time.monotonic()
        if began - first.came > LONG_WAIT_SECONDS:
            self.in_demand_until = began + IN_DEMAND_SECONDS
        transaction = connection.begin()
        try:
            done.append((first, first.work(connection)))
            while (job := self._next_within(began)) is not None:
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

    def _next_within(self, began: float) -> _Job | None:
        if time.monotonic() - began > JOIN_SECONDS:
            return None
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:
            self._jobs.put(None)
        return job


def _give_up(transaction: Any) -> None:
    """Roll back; after a full disk SQLite may have done so by itself."""
    try:
        transaction.rollback()
    except OperationalError:
        transaction.close()
