"""The machine around us fails: the disk is full, the database is locked, the clock goes wrong. Nothing is lost."""

import base64
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.errors import Busy, Trouble
from reminder.providers.contract import Call
from reminder.store.database import Database
from tests.fakes.scripted import Scripted
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, World, address

INDEX_KEY, DATA_KEY = (base64.urlsafe_b64encode(letter * 32).rstrip(b"=").decode() for letter in (b"i", b"d"))


@contextmanager
def told_each_connection(*pragmas: str) -> Iterator[None]:
    """Every connection that is opened meanwhile is told this."""

    def tell(connection: Any, record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(Engine, "connect", tell)
    try:
        yield
    finally:
        event.remove(Engine, "connect", tell)


class TestDiskFull:
    """A full disk is a trouble that names its remedy; what was not written is written when there is room."""

    def pages(self, url: str) -> int:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
            return int(raw.execute("PRAGMA page_count").fetchone()[0])

    def test_an_opening_that_ran_out_of_room_goes_on_when_there_is_some(self, sqlite_url: str) -> None:
        database = Database(sqlite_url)
        world = World(database)
        names = world.neighbours(400)
        world.scene()
        database.close()
        with told_each_connection(f"max_page_count = {self.pages(sqlite_url) + 4}"):
            world.database = Database(sqlite_url)
            with pytest.raises(Trouble, match="The disk: is full, nothing was written"):
                world.open(MORNING, chunk=100)
            world.database.close()
        world.database = Database(sqlite_url)
        partly = world.one("SELECT count(*) FROM message")
        assert partly < 400
        assert partly == world.one("SELECT count(*) FROM delivery")
        world.open(chunk=100)
        provider = Scripted()
        world.send(provider)
        assert sorted(provider.addresses()) == sorted(map(address, names))
        world.database.close()

    def test_an_attempt_that_cannot_be_written_down_is_not_made(self, sqlite_url: str) -> None:
        world = World(Database(sqlite_url)).scene("Clara", "Davi")
        world.open(MORNING)
        world.run("CREATE TABLE filler (text TEXT)")
        world.database.close()
        provider = Scripted()
        with told_each_connection(f"max_page_count = {self.pages(sqlite_url)}"):
            world.database = Database(sqlite_url)
            fill(world.database)
            with suppress(Trouble):
                world.send(provider)
            world.database.close()
        world.database = Database(sqlite_url)
        world.tidy(nobody_else=True)
        world.settle(provider)
        world.send(provider)
        # Whether it went before the disk was full or after it: once.
        assert sorted(provider.addresses()) == [address("Clara"), address("Davi")]
        world.database.close()


def fill(database: Database) -> None:
    """Take the last free page."""
    for size in (100_000, 1_000, 10):
        full = False
        while not full:
            try:
                database.write(
                    lambda c, size=size: c.execute(text("INSERT INTO filler SELECT hex(zeroblob(:n))"), {"n": size})
                )
            except Trouble:
                full = True


class TestLocked:
    """Another process that holds the database is waited for, then told; what it held up goes on afterwards."""

    def test_a_lock_that_does_not_end_is_told_and_the_work_goes_on_after_it(self, sqlite_url: str) -> None:
        with told_each_connection("busy_timeout = 50"):
            world = World(Database(sqlite_url)).scene("Clara")
            path = sqlite_url.removeprefix("sqlite:///")
            other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Busy, match="is locked by another process"):
                world.open(MORNING)
            assert world.rows("SELECT 1 FROM message") == []
            other.execute("ROLLBACK")
            world.open()
            provider = Scripted()
            ends = threading.Timer(0.15, lambda: other.execute("ROLLBACK"))

            def hold(call: Call) -> None:
                other.execute("BEGIN IMMEDIATE")
                ends.start()

            # The answer cannot be written at first: it is written when the lock is gone.
            provider.before = hold
            world.send(provider)
            ends.join()
            assert world.messages() == ["Clara 22 email A: accepted"]
            assert len(provider.taken) == 1
            other.close()
            world.database.close()


@pytest.fixture
def installation(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[App, World]]:
    """An installation with somebody to remind at nine, its mail in a folder."""
    settings = Settings(data_folder=tmp_path, database_url=sqlite_url, index_key=INDEX_KEY, data_keys=f"1:{DATA_KEY}")
    clock = VirtualClock(MORNING - HOUR)
    app = build_app(settings, clock)
    world = World(app.database, clock=clock).scene("Clara")
    yield app, world
    app.close()


def mails(app: App) -> int:
    return len(list((app.settings.data_folder / "messages" / "email").glob("*.eml")))


class TestClock:
    """A clock that jumped sends nothing until it is right again, or an operator says so."""

    def test_set_back_an_hour_it_waits_until_the_time_has_come_again(self, installation: tuple[App, World]) -> None:
        app, world = installation
        assert app.tick().waits == ""
        world.clock.move_to(MORNING - 2 * HOUR)
        assert "the clock went back" in app.tick().waits
        world.clock.move_to(MORNING)
        assert app.tick().waits == ""
        assert mails(app) == 1

    @pytest.mark.parametrize("ahead", [13 * HOUR, 365 * ONE_DAY])
    def test_ahead_of_itself_it_neither_sends_nor_expires_anything(
        self, installation: tuple[App, World], ahead: timedelta
    ) -> None:
        app, world = installation
        app.tick()
        world.clock.move_to(MORNING + ahead)
        assert "the clock went ahead" in app.tick().waits
        assert world.ledger() == []
        assert world.counts("wave") == {1: 1}
        world.clock.move_to(MORNING + MINUTE)
        assert app.tick().sent.accepted == 1

    def test_an_operator_who_says_that_it_is_right_is_believed(self, installation: tuple[App, World]) -> None:
        app, world = installation
        app.tick()
        world.clock.move_to(MORNING + 13 * HOUR)
        assert app.tick(clock_is_right=True).waits == ""
        assert app.tick().waits == ""


def test_two_ticks_at_once_are_one(installation: tuple[App, World]) -> None:
    app, world = installation
    world.clock.move_to(MORNING)
    refused = []

    def meanwhile(*given: object) -> None:
        if "INSERT INTO delivery" not in str(given[2]):
            return
        other = build_app(app.settings, world.clock)
        with pytest.raises(Busy, match="works on this database already"):
            other.tick()
        refused.append(True)
        other.close()

    event.listen(Engine, "before_cursor_execute", meanwhile)
    try:
        app.tick()
    finally:
        event.remove(Engine, "before_cursor_execute", meanwhile)
    assert refused == [True]
    assert mails(app) == 1
