"""Callbacks at the door: what is not from the provider does not get in, what is stored is answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.clock import VirtualClock
from reminder.domain.states import Result
from reminder.store.database import Database
from reminder.web.hooks import LONGEST_BODY, hooks
from tests.databases import vault_for_tests
from tests.fakes.scripted import Scripted
from tests.fakes.talking import HOOK_SECRET, Talking, callback, status
from tests.outbox.world import MORNING, URL

HEADERS = {"x-secret": HOOK_SECRET}


class Door:
    """The routes over a database; counts how often something was heard."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.provider = Talking()
        self.heard = 0
        web = FastAPI()
        web.include_router(
            hooks(
                database,
                vault_for_tests(),
                {"talking": self.provider, "scripted": Scripted()},
                VirtualClock(MORNING),
                URL,
                self._note,
            )
        )
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://inside")

    def _note(self) -> None:
        self.heard += 1

    def stored(self) -> int:
        with self.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM raw_event").scalar_one())


@pytest.fixture
async def door(database: Database) -> AsyncIterator[Door]:
    made = Door(database)
    yield made
    await made.http.aclose()


BODY = callback([status("x", Result.SENT, MORNING)], MORNING).body


async def test_a_callback_is_stored_and_answered_and_heard(door: Door) -> None:
    answer = await door.http.post("/hooks/talking", content=BODY, headers=HEADERS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert (door.stored(), door.heard) == (1, 1)


async def test_a_callback_that_comes_again_is_answered_and_not_stored_again(door: Door) -> None:
    for _ in range(3):
        assert (await door.http.post("/hooks/talking", content=BODY, headers=HEADERS)).status_code == 200
    assert door.stored() == 1


@pytest.mark.parametrize("headers", [{}, {"x-secret": "guessed"}, {"x-secret": ""}])
async def test_what_is_not_from_the_provider_is_refused(door: Door, headers: dict[str, str]) -> None:
    assert (await door.http.post("/hooks/talking", content=BODY, headers=headers)).status_code == 400
    assert (door.stored(), door.heard) == (0, 0)


@pytest.mark.parametrize("name", ["unknown", "scripted", "..", "talking/more"])
async def test_who_calls_nobody_back_has_no_door(door: Door, name: str) -> None:
    assert (await door.http.post(f"/hooks/{name}", content=BODY, headers=HEADERS)).status_code == 404


async def test_a_callback_may_be_a_get_where_the_provider_calls_like_that(door: Door) -> None:
    assert (await door.http.get("/hooks/talking?type=1", headers=HEADERS)).status_code == 200
    assert (await door.http.put("/hooks/talking", content=BODY, headers=HEADERS)).status_code == 405
    assert door.stored() == 1


@pytest.mark.parametrize("announced", [True, False])
async def test_fifty_megabytes_are_refused_before_they_are_read(door: Door, announced: bool) -> None:
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50):
            read += 1
            yield b"x" * 1_000_000

    headers = HEADERS | ({"content-length": "50000000"} if announced else {})
    answer = await door.http.post("/hooks/talking", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert door.stored() == 0
    assert LONGEST_BODY < 50_000_000


async def test_the_provider_verifies_the_address_that_the_world_sees(door: Door) -> None:
    seen = []

    async def verify(came: Any) -> None:
        seen.append(came.url)

    door.provider.verify = verify  # type: ignore[method-assign]
    await door.http.post("/hooks/talking?b=2&a=%20x", content=BODY, headers=HEADERS | {"host": "evil.example.org"})
    assert seen == [f"{URL}/hooks/talking?b=2&a=%20x"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200), secret=st.sampled_from([HOOK_SECRET, "no"]), query=st.text(max_size=20))
def test_no_bytes_are_a_fault_of_ours(sqlite_database: Database, body: bytes, secret: str, query: str) -> None:
    async def post() -> int:
        door = Door(sqlite_database)
        answer = await door.http.post("/hooks/talking", params={"q": query}, content=body, headers={"x-secret": secret})
        await door.http.aclose()
        return answer.status_code

    assert asyncio.run(post()) == (200 if secret == HOOK_SECRET else 400)


async def test_a_database_that_does_not_answer_is_told_so_that_the_provider_comes_again(
    sqlite_database: Database,
) -> None:
    door = Door(sqlite_database)
    door.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE raw_event"))
    assert (await door.http.post("/hooks/talking", content=BODY, headers=HEADERS)).status_code == 500
    assert door.heard == 0
    await door.http.aclose()
