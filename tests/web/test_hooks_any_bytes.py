"""Whatever anybody posts to a callback's address: no bytes are a fault of ours, of no provider."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reminder.clock import VirtualClock
from reminder.store.database import Database
from reminder.web.asgi import Message
from reminder.web.hooks import Hooks
from tests.databases import vault_for_tests
from tests.outbox.world import URL
from tests.providers.people import NOW
from tests.providers.test_callbacks import NAMES, about, listening, sample

Post = Callable[[str, bytes, list[tuple[bytes, bytes]], bytes, str], int]


@pytest.fixture
def post(sqlite_database: Database) -> Post:
    """Posts straight to the ASGI application, as no HTTP client would; returns the status."""

    def posted(name: str, body: bytes, headers: list[tuple[bytes, bytes]], query: bytes, method: str) -> int:
        async def ask() -> int:
            sent: list[Message] = []

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: Message) -> None:
                sent.append(message)

            async with listening(name) as provider:
                web = Hooks(sqlite_database, vault_for_tests(), {name: provider}, VirtualClock(NOW), URL, lambda: None)
                scope: dict[str, Any] = {
                    "type": "http",
                    "method": method,
                    "path": f"/hooks/{name}",
                    "headers": headers,
                    "query_string": query,
                }
                await web(scope, receive, send)
            return int(sent[0]["status"])

        return asyncio.run(ask())

    return posted


NAME = st.sampled_from([b"content-type", b"content-length", b"authorization", b"x-anything"])
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(
    body=st.binary(max_size=200),
    headers=st.lists(st.tuples(NAME, st.binary(max_size=20)), max_size=4),
    query=st.binary(max_size=30),
    method=st.sampled_from(["GET", "POST"]),
)
@example(body=b"", headers=[(b"content-length", b"\xb2")], query=b"\xff", method="POST")
def test_what_is_nobodys_is_refused(
    post: Post, name: str, body: bytes, headers: list[tuple[bytes, bytes]], query: bytes, method: str
) -> None:
    assert post(name, body, headers, query, method) in {400, 413}


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(happening=st.integers(0), at=st.integers(0), by=st.binary(max_size=8), cut=st.booleans(), data=st.data())
def test_what_is_nearly_a_providers_is_stored_or_refused(
    post: Post, name: str, happening: int, at: int, by: bytes, cut: bool, data: Any
) -> None:
    """A genuine callback with other bytes in the middle of it, or cut off there; a header of it changed or left out."""
    genuine = list(sample(name)[1].values())
    callback = genuine[happening % len(genuine)](about(name))
    place = at % (len(callback.body) + 1)
    body = callback.body[:place] + by + (b"" if cut else callback.body[place:])
    headers = [(key.encode("latin-1"), text.encode("latin-1")) for key, text in callback.headers.items()]
    if headers and data.draw(st.booleans()):
        spoiled = data.draw(st.integers(0, len(headers) - 1))
        headers[spoiled] = (headers[spoiled][0], data.draw(st.binary(max_size=40)))
    query = callback.url.partition("?")[2].encode()
    assert post(name, body, headers, query, callback.method) in {200, 204, 400}
