"""Callbacks at the door: what is not from the provider does not get in, what is stored is answered."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from reminder.clock import VirtualClock
from reminder.domain.states import Result
from reminder.store.database import Database
from reminder.web.hooks import Hooks
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
        providers = {"talking": self.provider, "scripted": Scripted()}
        web = Hooks(database, vault_for_tests(), providers, VirtualClock(MORNING), URL, self._note)
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


async def test_the_provider_verifies_the_address_that_the_world_sees(door: Door) -> None:
    seen = []

    async def verify(came: Any) -> None:
        seen.append(came.url)

    door.provider.verify = verify  # type: ignore[method-assign]
    await door.http.post("/hooks/talking?b=2&a=%20x", content=BODY, headers=HEADERS | {"host": "evil.example.org"})
    assert seen == [f"{URL}/hooks/talking?b=2&a=%20x"]


async def test_a_fault_of_ours_in_the_verifying_is_told_so_that_the_provider_comes_again(door: Door) -> None:
    async def verify(_: Any) -> None:
        raise KeyError("secret")

    door.provider.verify = verify  # type: ignore[method-assign]
    assert (await door.http.post("/hooks/talking", content=BODY, headers=HEADERS)).status_code == 500
    assert (door.stored(), door.heard) == (0, 0)


async def test_a_database_that_does_not_answer_is_told_so_that_the_provider_comes_again(
    sqlite_database: Database,
) -> None:
    door = Door(sqlite_database)
    door.database.write(lambda connection: connection.exec_driver_sql("DROP TABLE raw_event"))
    assert (await door.http.post("/hooks/talking", content=BODY, headers=HEADERS)).status_code == 500
    assert door.heard == 0
    await door.http.aclose()
