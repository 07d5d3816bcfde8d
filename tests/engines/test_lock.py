"""Two senders on one database: the second refuses, whoever they are, until the first is gone."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from reminder.engines.lock import LockLost, take_lock
from reminder.errors import Busy
from reminder.store.database import Database
from tests.repository import ROOT

HOLD = (
    "import sys; from reminder.engines.lock import take_lock; from reminder.store.database import Database;"
    " lock = take_lock(Database(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


def test_the_second_refuses_until_the_first_lets_go(database: Database, database_url: str) -> None:
    first = take_lock(database)
    other = Database(database_url)
    with pytest.raises(Busy, match="works on this database already"):
        take_lock(other)
    first.let_go()
    take_lock(other).let_go()
    other.close()


def test_a_lock_is_ours_until_we_let_it_go(database: Database) -> None:
    lock = take_lock(database)
    lock.check()
    lock.check()
    lock.let_go()


def test_a_lock_whose_connection_died_is_lost_and_somebody_else_may_have_it(postgres_url: str) -> None:
    ours, other = Database(postgres_url), Database(postgres_url)
    lock = take_lock(ours)
    ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'"
    assert other.write(lambda connection: connection.execute(text(ended)).scalar()) == 1
    for _ in range(2):
        with pytest.raises(LockLost, match="was lost with its connection"):
            lock.check()
    take_lock(other).let_go()
    lock.let_go()
    ours.close()
    other.close()


def test_two_databases_are_nobodys_business(sqlite_url: str, tmp_path: Path) -> None:
    first, second = Database(sqlite_url), Database(f"sqlite:///{tmp_path / 'other.db'}")
    locks = [take_lock(first), take_lock(second)]
    assert len(locks) == 2
    for lock in locks:
        lock.let_go()


def test_the_same_file_by_another_name_is_the_same_database(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link.db").symlink_to(tmp_path / "reminder.db")
    lock = take_lock(Database(sqlite_url))
    with pytest.raises(Busy):
        take_lock(Database(f"sqlite:///{tmp_path / 'elsewhere' / 'link.db'}"))
    lock.let_go()


def test_a_process_that_dies_holds_nothing(database: Database, database_url: str) -> None:
    command = [sys.executable, "-c", HOLD, database_url]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        take_lock(database)
    holder.kill()
    holder.communicate()
    taken = None
    while taken is None:
        # PostgreSQL notices at its next look that the connection is gone.
        try:
            taken = take_lock(database)
        except Busy:
            continue
    taken.let_go()
    assert holder.returncode != 0
