"""A whole installation over a provider's API: its list first, then the message; what got no answer by the same call once
more; what no callback told of, asked for."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import orjson
import pytest

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.domain.consent import Closed
from reminder.domain.states import MessageState, Result
from tests.outbox.world import HOUR, MINUTE, MORNING, World, address

INDEX_KEY, DATA_KEY = (base64.urlsafe_b64encode(letter * 32).rstrip(b"=").decode() for letter in (b"i", b"d"))
Answer = Callable[[httpx.Request], httpx.Response]
Wired = tuple[App, World, list[httpx.Request]]


def installed(folder: Path, url: str, provider: str, options: dict[str, str], answer: Answer) -> Wired:
    """An installation with somebody to remind at nine; what it asks of its provider."""
    asked: list[httpx.Request] = []

    def wire(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    settings = Settings(
        data_folder=folder,
        database_url=url,
        index_key=INDEX_KEY,
        data_keys=f"1:{DATA_KEY}",
        email_providers=provider,
        provider_options=options,
    )
    clock = VirtualClock(MORNING - HOUR)
    app = build_app(settings, clock, httpx.MockTransport(wire))
    return app, World(app.database, clock=clock).scene("Clara", "Davi"), asked


class Resend:
    """Has Davi on its list, and answers nothing the first time although it took the call."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            entry = {"id": "1", "email": address("Davi"), "origin": "complaint", "created_at": "2020-12-01T10:00:00Z"}
            return httpx.Response(200, json={"data": [entry]})
        key = request.headers["idempotency-key"]
        if key not in self.taken:
            self.taken[key] = request.content
            raise httpx.ReadTimeout("nothing came")
        assert self.taken[key] == request.content
        return httpx.Response(200, json={"data": [{"id": "r-1"}]})


@pytest.fixture
def resend(sqlite_url: str, tmp_path: Path) -> Iterator[Wired]:
    app, world, asked = installed(tmp_path, sqlite_url, "resend", {"RESEND_API_KEY": "key"}, Resend())
    yield app, world, asked
    app.close()


def test_the_list_comes_first_and_the_same_call_settles_what_got_no_answer(resend: Wired) -> None:
    app, world, asked = resend
    world.clock.move_to(MORNING)
    app.tick()
    assert [(request.method, request.url.path) for request in asked] == [
        ("GET", "/suppressions"),
        ("POST", "/emails/batch"),
    ]
    assert world.closed() == {"Davi": Closed.COMPLAINED}
    assert [each["to"] for each in orjson.loads(asked[1].content)] == [[address("Clara")]]
    assert world.message_of("Clara").state == MessageState.AMBIGUOUS
    world.clock.move_to(MORNING + MINUTE)
    app.tick()
    assert world.message_of("Clara").state == MessageState.ACCEPTED
    assert [request.url.path for request in asked[2:]] == ["/emails/batch"]


def mailjet(request: httpx.Request) -> httpx.Response:
    """Takes everything, and has delivered it when it is asked."""
    if request.method == "GET":
        wire_id = request.url.params["CustomID"]
        return httpx.Response(200, json={"Data": [{"CustomID": wire_id, "Status": "opened"}]})
    messages = orjson.loads(request.content)["Messages"]
    said = [{"Status": "success", "CustomID": each["CustomID"], "To": [{"MessageID": 1}]} for each in messages]
    return httpx.Response(200, json={"Messages": said})


def test_what_no_callback_told_of_is_asked_for_some_hours_later(sqlite_url: str, tmp_path: Path) -> None:
    keys = {"MAILJET_API_KEY": "key", "MAILJET_SECRET_KEY": "secret"}
    app, world, asked = installed(tmp_path, sqlite_url, "mailjet", keys, mailjet)
    try:
        world.clock.move_to(MORNING)
        app.tick()
        assert world.message_of("Clara").result == Result.UNKNOWN
        world.clock.move_to(MORNING + 4 * HOUR)
        app.tick()
        assert {world.message_of(name).result for name in ("Clara", "Davi")} == {Result.DELIVERED}
        before = len(asked)
        app.tick()
        assert len(asked) == before
    finally:
        app.close()
