import threading
import time

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.event import listen
from sqlalchemy.exc import OperationalError

from reminder.errors import Busy, Trouble
from reminder.store import schema
from reminder.store.database import Database
from reminder.store.writer import JOIN_SECONDS, LONG_WAIT_SECONDS, Writer


def _organiser(connection, digest: bytes) -> None:
    connection.execute(
        text("INSERT INTO organiser (email_ct, email_hash, locale, since) VALUES (:d, :d, 'en', 0)"), {"d": digest}
    )


def _organisers(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM organiser")).scalar_one()


def test_a_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    def half(connection) -> None:
        _organiser(connection, b"a")
        raise Trouble("it", "failed", "again")

    with pytest.raises(Trouble):
        database.write(half)
    database.write(lambda connection: _organiser(connection, b"b"))
    assert _organisers(database) == 1


def test_writes_of_many_threads_all_arrive_and_a_failing_one_takes_no_other_with_it(database: Database) -> None:
    def work(number: int) -> None:
        def write(connection) -> None:
            _organiser(connection, number.to_bytes(2, "big"))
            if number % 5 == 0:
                raise Trouble("it", "failed", "again")

        if number % 5 == 0:
            with pytest.raises(Trouble):
                database.write(write)
        else:
            database.write(write)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _organisers(database) == 40


def test_the_reader_cannot_write(database: Database) -> None:
    with database.read() as connection, pytest.raises(Exception, match=r"(?i)read.?only"):
        _organiser(connection, b"x")


def test_a_write_inside_of_a_write_is_refused_instead_of_hanging(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        sqlite_database.write(lambda _: sqlite_database.write(lambda _: None))


def test_another_process_that_holds_the_file_is_told_as_busy(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reminder.store.database.BUSY_TIMEOUT_MS", 50)
    other = Database(str(sqlite_database.url))
    with sqlite_database.schema_connection() as connection:
        _organiser(connection, b"x")
        with pytest.raises(Busy, match="locked"):
            other.write(lambda connection: _organiser(connection, b"y"))
    other.close()


def test_sqlite_is_durable_and_checks_references(sqlite_database: Database) -> None:
    def pragmas(connection) -> list[int]:
        names = ("synchronous", "foreign_keys", "busy_timeout")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert sqlite_database.write(pragmas) == [2, 1, 5000]


def test_an_empty_database_is_told_to_run_init(tmp_path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(Trouble, match="reminder init"):
        schema.require_current(empty)
    empty.close()


def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(Trouble, match="newer release"):
        schema.require_current(database)
    with pytest.raises(Trouble, match="newer release"):
        schema.upgrade(database)


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert schema.upgrade(database) == schema.newest() == schema.current(database)


def test_the_migrations_give_exactly_the_tables_of_this_release(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlmodel import SQLModel

    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    assert differences == []


def test_a_write_that_nobody_waits_for_is_durable_when_its_future_ends(database: Database) -> None:
    done = database.write_soon(
        lambda connection: connection.execute(text("UPDATE instance SET waits_because = 'x'")).rowcount
    )
    assert done.result(10) == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT waits_because FROM instance")).scalar_one() == "x"


def test_a_write_that_nobody_waits_for_tells_what_went_wrong(sqlite_database: Database) -> None:
    def full(_: Connection) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with pytest.raises(Trouble, match="is full, nothing was written"):
        sqlite_database.write_soon(full).result(10)


def long_job(sqlite_database: Database) -> tuple[threading.Event, threading.Event, threading.Thread]:
    """Something that keeps the writer: (has begun, may end, who waits for it)."""
    begun, may_end = threading.Event(), threading.Event()

    def long(_: Connection) -> None:
        begun.set()
        assert may_end.wait(10)

    waits = threading.Thread(target=sqlite_database.write, args=(long,))
    waits.start()
    assert begun.wait(10)
    return begun, may_end, waits


def until_long_ago() -> None:
    """Until whoever came a moment ago has waited for long, and no commit is shared any more."""
    came = time.monotonic()
    while time.monotonic() < came + 2 * max(LONG_WAIT_SECONDS, JOIN_SECONDS):
        pass


def test_who_waits_for_the_writer_makes_long_work_go_in_smaller_pieces(sqlite_database: Database) -> None:
    assert not sqlite_database.is_in_demand()
    _, may_end, long = long_job(sqlite_database)
    waiting = threading.Thread(target=sqlite_database.write, args=(lambda connection: None,))
    waiting.start()
    until_long_ago()
    assert not sqlite_database.is_in_demand()
    may_end.set()
    long.join(10)
    waiting.join(10)
    assert sqlite_database.is_in_demand()


def test_who_may_not_wait_makes_long_work_go_in_smaller_pieces_at_once(sqlite_database: Database) -> None:
    sqlite_database.write_soon(lambda connection: None).result(10)
    assert sqlite_database.is_in_demand()


def test_who_may_not_wait_goes_before_who_may_and_shares_a_commit_only_with_their_like(sqlite_url: str) -> None:
    order: list[str] = []
    engine = create_engine(sqlite_url)
    listen(engine, "commit", lambda _: order.append("commit"))
    writer, begun, may_end = Writer(engine), threading.Event(), threading.Event()

    def long(_: Connection) -> None:
        begun.set()
        assert may_end.wait(10)

    def slow(_: Connection) -> None:
        order.append("soon 1")
        writer.put(lambda _: order.append("soon 2"), soon=True)
        until_long_ago()

    writer.put(long)
    assert begun.wait(10)
    writer.put(lambda _: order.append("first"))
    last = writer.put(lambda _: order.append("second"))
    writer.put(slow, soon=True)
    until_long_ago()
    may_end.set()
    last.result(10)
    writer.close()
    # One that may wait comes between two that may not: a stream of callbacks stops nobody's work for good.
    assert order == ["commit", "soon 1", "commit", "first", "soon 2", "commit", "second", "commit"]
    engine.dispose()
