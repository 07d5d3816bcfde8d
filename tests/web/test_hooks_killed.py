"""The process is killed while callbacks come in and while they are applied: none is lost, none counts twice."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import orjson
import pytest

from reminder.domain.states import Result
from reminder.events.intake import PURPOSE, read
from reminder.store.brake import fared
from reminder.store.database import Database
from reminder.store.tables import RawState
from tests.databases import vault_for_tests
from tests.events.conftest import Ear
from tests.fakes.talking import HOOK_SECRET, callback, status
from tests.outbox.world import MORNING, ONE_DAY, World
from tests.web.door_program import callbacks_of

PEOPLE, CALLERS, CALLS, KILLED_AFTER = 60, 8, 240, 90
EVENTS_A_CALLBACK, LARGE_CALLBACKS = 60, 120
PATIENCE_SECONDS = 60


@pytest.fixture
def ear(sqlite_database: Database) -> Ear:
    """A provider that took a message for everybody in a street."""
    heard = Ear(World(sqlite_database))
    heard.world.neighbours(PEOPLE)
    heard.world.scene().open(MORNING)
    heard.world.send(heard.provider)
    return heard


@asynccontextmanager
async def program(database: Database, what: str) -> AsyncIterator[Process]:
    """The process; it is killed in any case."""
    command = [sys.executable, "-m", "tests.web.door_program", database.url.render_as_string(), what]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def a_line(process: Process) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().strip()


@dataclass
class Street:
    """Callers of one provider: they come again with what was not answered, as providers do."""

    waiting: list[bytes]
    answered: list[bytes] = field(default_factory=list)

    async def call(self, process: Process, *, until: int) -> None:
        """Call side by side until so many were answered, then kill the process."""
        port = await a_line(process)

        async def caller(http: httpx.AsyncClient) -> None:
            while self.waiting and len(self.answered) < until:
                body = self.waiting.pop()
                try:
                    answer = await http.post("/hooks/talking", content=body, headers={"x-secret": HOOK_SECRET})
                except httpx.TransportError:
                    self.waiting.append(body)
                    return
                assert answer.status_code == 200
                self.answered.append(body)
                if len(self.answered) == until:
                    process.kill()

        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as http:
            await asyncio.gather(*(caller(http) for _ in range(CALLERS)))


def kept(database: Database) -> Counter[bytes]:
    """How often each body is stored."""
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT callback_ct FROM raw_event").all()
    return Counter(read(vault_for_tests().unseal(bytes(row[0]), PURPOSE)).body for row in rows)


def applied_once(database: Database, expected: set[tuple[int, Result]]) -> None:
    """Everything that was told is in the ledger once, the results are made of it and the brake has counted it once."""
    assert not callbacks_of(database).apply_waiting(MORNING).unreadable
    with database.read() as connection:
        states = set(connection.exec_driver_sql("SELECT DISTINCT state FROM raw_event").scalars())
        told = connection.exec_driver_sql("SELECT message_id, result FROM event").all()
        results = dict(connection.exec_driver_sql("SELECT id, result FROM message WHERE result > 0").all())
        bounced = fared(connection, "talking", MORNING - ONE_DAY).bounced
    assert states == {RawState.APPLIED}
    assert Counter((row[0], Result(row[1])) for row in told) == Counter(expected)
    assert results.keys() == {number for number, _ in expected}
    assert bounced == sum(result is Result.BOUNCED for _, result in expected)


RESULTS = (Result.SENT, Result.DEFERRED, Result.DELIVERED, Result.BOUNCED)


def told_of(ear: Ear, number: int) -> tuple[dict[str, object], tuple[int, Result]]:
    """The `number`th thing that the provider says, and what must come of it."""
    taken = ear.provider.taken[number % PEOPLE]
    result = RESULTS[number // PEOPLE % len(RESULTS)]
    return status(taken.wire_id, result, MORNING), (taken.message_id, result)


async def test_killed_while_callbacks_come_in_nothing_that_was_answered_is_lost(ear: Ear) -> None:
    database = ear.world.database
    said = [told_of(ear, number) for number in range(CALLS)]
    street = Street([orjson.dumps([{**each, "code": str(n)}]) for n, (each, _) in enumerate(said)])
    for until in (KILLED_AFTER, CALLS):
        async with program(database, "serve") as process:
            await street.call(process, until=until)
    assert len(street.answered) == CALLS
    assert kept(database) == Counter(street.answered)
    applied_once(database, {expected for _, expected in said})


async def test_killed_while_they_are_applied_each_counts_once(ear: Ear) -> None:
    database = ear.world.database
    expected = set()
    for number in range(LARGE_CALLBACKS):
        first = number * EVENTS_A_CALLBACK
        said = [told_of(ear, each) for each in range(first, first + EVENTS_A_CALLBACK)]
        expected |= {each for _, each in said}
        ear.keep(callback([{**each, "code": str(number)} for each, _ in said], MORNING))
    async with program(database, "apply") as process:
        # Killed in its second page: the first is done with.
        assert [await a_line(process) for _ in range(2)] == ["page", "page"]
        process.kill()
        await process.wait()
    applied_once(database, expected)
