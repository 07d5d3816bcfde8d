"""What it means that a provider over HTTP answers, or does not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from reminder.domain.states import Channel, Fault, Verdict
from reminder.providers.http import (
    Answer,
    Meaning,
    Unanswered,
    ask,
    meaning_of_status,
    one_by_one,
    receipt,
    receipts,
    unanswered,
    wait_of,
)
from tests.fakes.http import FakeHttp, Reply
from tests.providers.people import EMAILS, NOW, call, recipients

SOON = httpx.Timeout(0.2)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=SOON) as client:
        yield client


async def test_an_answer_is_given_back_whatever_its_status(http: httpx.AsyncClient) -> None:
    async with FakeHttp(Reply(418, b'{"a": 1}', {"X-Told": "yes"})) as server:
        answer = await ask(http, "POST", server.url, content=b"hello")
        assert server.requests[0].body == b"hello"
    assert (answer.status, answer.json(), answer.headers["x-told"]) == (418, {"a": 1}, "yes")


async def test_a_redirect_is_not_followed(http: httpx.AsyncClient) -> None:
    async with FakeHttp(Reply(302, b"", {"location": "https://elsewhere.example.org"})) as server:
        assert (await ask(http, "POST", server.url)).status == 302
    assert meaning_of_status(302) == Meaning(Verdict.RETRY, Fault.ACCOUNT)


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(drops=True)], ids=["hangs", "drops"])
async def test_without_an_answer_to_a_whole_request_nobody_knows(http: httpx.AsyncClient, reply: Reply) -> None:
    async with FakeHttp(reply) as server:
        with pytest.raises(Unanswered) as caught:
            await ask(http, "POST", server.url, content=b"hello")
    assert caught.value.left
    assert {r.verdict for r in unanswered(recipients(Channel.EMAIL, 1, 2), caught.value)} == {Verdict.AMBIGUOUS}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://nobody.invalid", "https://{}"], ids=["port", "dns", "tls"]
)
async def test_where_nobody_was_reached_it_is_certain_that_nothing_was_taken(http: httpx.AsyncClient, url: str) -> None:
    async with FakeHttp() as server:
        with pytest.raises(Unanswered) as caught:
            await ask(http, "POST", url.format(server.url.removeprefix("http://")), content=b"hello")
        assert server.requests == []
    assert not caught.value.left
    assert {r.verdict for r in unanswered(recipients(Channel.EMAIL, 1), caught.value)} == {Verdict.RETRY}


async def test_an_endless_answer_is_cut_off(http: httpx.AsyncClient) -> None:
    async with FakeHttp(Reply(200, b"x" * 5_000_000)) as server:
        with pytest.raises(Unanswered, match="too long"):
            await ask(http, "GET", server.url)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "120"}, b"", 120),
        ({"retry-after": "0"}, b"", 1),
        ({"retry-after": "99999999"}, b"", 86_400),
        ({"retry-after": format_datetime(NOW + timedelta(minutes=5), usegmt=True)}, b"", 300),
        ({"retry-after": format_datetime(NOW - timedelta(minutes=5), usegmt=True)}, b"", 1),
        ({"retry-after": "soon"}, b"", None),
        ({"x-ratelimit-reset": "30"}, b"", 30),
        ({"x-ratelimit-reset": str(int((NOW + timedelta(seconds=90)).timestamp()))}, b"", 90),
        ({}, b'{"message": "Too many, try again after 120 seconds"}', 120),
        ({}, b"try again in 2 minutes", 120),
        ({}, b"<html>busy</html>", None),
        ({}, b"\xff\xfe", None),
    ],
)
def test_how_long_to_wait_is_taken_from_where_the_provider_says_it(
    headers: dict[str, str], body: bytes, seconds: int | None
) -> None:
    assert wait_of(Answer(429, headers, body), NOW) == seconds


def test_words_of_a_success_are_no_wait() -> None:
    assert wait_of(Answer(200, {}, b"sent in 3 seconds"), datetime(2020, 1, 1, tzinfo=UTC)) is None


def test_a_receipt_names_nobody() -> None:
    people = recipients(Channel.EMAIL, 1, 2)
    one = receipt(people[0], Meaning(Verdict.REJECTED), detail=f"550 <{EMAILS[1]}> unknown, not {EMAILS[2]}")
    assert one.detail == "550 <message 1> unknown, not [address]"
    several = receipts(people, Meaning(Verdict.REJECTED), detail=f"unknown: {EMAILS[1]}; known: bikash")
    assert [each.detail for each in several] == ["", ""]


async def test_single_sends_go_side_by_side_and_each_has_its_receipt() -> None:
    async def send_one(recipient: object) -> object:
        return receipt(recipient, Meaning(Verdict.ACCEPTED))  # type: ignore[arg-type]

    found = await one_by_one(call(Channel.SMS, 1, 2, 3, 4), 2, send_one)  # type: ignore[arg-type]
    assert sorted(each.message_id for each in found) == [1, 2, 3, 4]
    assert {each.verdict for each in found} == {Verdict.ACCEPTED}


async def test_after_the_fault_of_our_account_the_rest_is_not_begun() -> None:
    begun = []

    async def send_one(recipient: object) -> object:
        begun.append(recipient)
        return receipt(recipient, Meaning(Verdict.RETRY, Fault.ACCOUNT), code="401")  # type: ignore[arg-type]

    found = await one_by_one(call(Channel.SMS, 1, 2, 3, 4), 1, send_one)  # type: ignore[arg-type]
    assert len(begun) == 1
    assert [(each.code, each.retry_after) for each in found] == [("401", None)] + [("401", 0)] * 3
    assert {each.fault for each in found} == {Fault.ACCOUNT}
