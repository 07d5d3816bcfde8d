"""Connections and transactions: many readers, one FIFO writer on SQLite; plain transactions on PostgreSQL.

SQLite's own busy handler sleeps and starves (webhooks waited 1.5 s behind chunks of 25,000), so all writes of a process
pass one queue with one thread, which joins small ones into one durable commit. `busy_timeout` is only for other
processes. PostgreSQL needs none of it: the caller's thread opens a transaction.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

# Handed on under its own name: services pass a connection along and know no SQL.
from sqlalchemy import Connection as Connection
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from reminder.errors import Busy, Trouble
from reminder.store.writer import Writer

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5_000
CACHE_KIB = 32_000
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
            self._queue: Writer | None = Writer(self._writer)
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
            return _told_later(self._queue.put(work, soon=True))
        with self._starting:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="writer")
        return self._threads.submit(self.write, work)

    def is_in_demand(self) -> bool:
        """Whether somebody had to wait for the writer a moment ago, or may not: then long work goes in smaller pieces."""
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
