"""The network and servers at their worst, before every provider over HTTP: nobody is lost, nobody is written to twice."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from reminder.domain.message import Receipt
from reminder.domain.states import Fault, Verdict
from reminder.providers.http import HttpProvider
from reminder.providers.registry import REGISTRY, build, provider_class
from tests.fakes.certificates import make_certificate
from tests.fakes.http import FakeHttp, Reply, Request
from tests.providers.people import NOW, call
from tests.providers.samples import Stand
from tests.providers.test_conformance import everybody, least, module_of, stand

NAMES = [name for name in REGISTRY if issubclass(provider_class(name), HttpProvider)]
SHORT = httpx.Timeout(20, read=0.3)
# They answer for the whole call: nothing in an answer can be missing for some. Brevo's has an id for each, no refusals.
ONE_ANSWER_FOR_ALL = {"sendgrid", "mailgun"}
ONE_VERDICT_FOR_ALL = {*ONE_ANSWER_FOR_ALL, "brevo"}
# It takes a call by its status alone and says nothing with it.
SAYS_NOTHING = {"sendgrid"}


@asynccontextmanager
async def before(name: str, folder: Path, answer: Reply | Callable[[Request], Reply]) -> AsyncIterator[Stand]:
    """A provider whose server answers so, and who does not wait for long where it never answers."""
    async with stand(name, folder) as ready:
        assert ready.server is not None
        assert ready.http is not None
        ready.server.answer = answer
        if isinstance(answer, Reply) and answer.hangs:
            ready.http.timeout = SHORT
        yield ready


async def sent(ready: Stand) -> list[Receipt]:
    """One receipt for each, whatever happens."""
    people = everybody(ready.provider)
    receipts = await ready.provider.send(call(ready.provider.channel, *people))
    assert sorted(receipt.message_id for receipt in receipts) == people
    return receipts


def summed(receipts: list[Receipt]) -> set[tuple[Verdict, Fault]]:
    return {(receipt.verdict, receipt.fault) for receipt in receipts}


async def good_answers(name: str, folder: Path) -> Callable[[Request], Reply]:
    """What the provider's server answers when all is well."""
    async with stand(name, folder) as ready:
        assert ready.server is not None
        answer = ready.server.answer
    return answer if callable(answer) else lambda request: answer


def test_every_provider_that_is_not_a_file_or_a_relay_is_tried() -> None:
    assert set(REGISTRY) - set(NAMES) == {"smtp", "email-folder", "sms-folder"}


PAGE = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
HTML = {"content-type": "text/html; charset=utf-8"}
UNCLEAR, LATER, ACCOUNT = (Verdict.AMBIGUOUS, Fault.NONE), (Verdict.RETRY, Fault.NONE), (Verdict.RETRY, Fault.ACCOUNT)
ANSWERS = {
    "never": (Reply(hangs=True), UNCLEAR),
    "closes after the request": (Reply(drops=True), UNCLEAR),
    "a page": (Reply(200, PAGE, HTML), UNCLEAR),
    "nothing": (Reply(200, b""), UNCLEAR),
    "an empty list": (Reply(200, b"[]"), UNCLEAR),
    "an empty object": (Reply(200, b"{}"), UNCLEAR),
    "null": (Reply(200, b"null"), UNCLEAR),
    "no text at all": (Reply(200, b"\xff\xfe\x00"), UNCLEAR),
    "half of an answer": (Reply(200, b'{"id": "a-long-answer-that-ends-in-the-middle"}', breaks_off=True), UNCLEAR),
    "an error page": (Reply(500, PAGE, HTML), UNCLEAR),
    "a bad gateway": (Reply(502, PAGE, HTML), UNCLEAR),
    "a gateway that waited": (Reply(504, PAGE, HTML), UNCLEAR),
    "busy": (Reply(503, PAGE, HTML), LATER),
    "too many": (Reply(429, PAGE, HTML), LATER),
    "a login page": (Reply(401, PAGE, HTML), ACCOUNT),
    "a forbidding page": (Reply(403, PAGE, HTML), ACCOUNT),
    "not found": (Reply(404, PAGE, HTML), ACCOUNT),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_that_is_none_of_the_providers(
    name: str, answer: Reply, expected: tuple[Verdict, Fault], tmp_path: Path
) -> None:
    async with before(name, tmp_path, answer) as ready:
        assert summed(await sent(ready)) == {expected}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SAYS_NOTHING])
@pytest.mark.parametrize("spoil", [lambda body: body[: len(body) // 2], lambda body: b""], ids=["half", "nothing"])
async def test_a_good_answer_without_its_end_leaves_everybody_unclear(
    name: str, spoil: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    good = await good_answers(name, tmp_path)

    def cut(request: Request) -> Reply:
        answer = good(request)
        # Kannel's words are whole after their number; what is cut off says nothing more.
        return replace(answer, body=spoil(answer.body) if name != "kannel" else spoil(b"0:"))

    async with before(name, tmp_path, cut) as ready:
        assert summed(await sent(ready)) == {UNCLEAR}


@pytest.mark.parametrize("name", NAMES)
async def test_a_good_answer_whose_connection_breaks_in_the_middle_leaves_everybody_unclear(
    name: str, tmp_path: Path
) -> None:
    good = await good_answers(name, tmp_path)

    def cut(request: Request) -> Reply:
        answer = good(request)
        return replace(answer, body=answer.body or b"  ", breaks_off=True)

    async with before(name, tmp_path, cut) as ready:
        assert summed(await sent(ready)) == {UNCLEAR}


WAITS = {
    "in seconds": ({"retry-after": "17"}, b"{}", 17),
    "as a date": ({"retry-after": format_datetime(NOW + timedelta(minutes=3), usegmt=True)}, b"{}", 180),
    "in its words": ({}, b'{"message": "Too many requests, try again after 90 seconds"}', 90),
    "not at all": ({}, b"{}", None),
    "in a way that nobody understands": ({"retry-after": "soon"}, b"{}", None),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_a_wait_that_the_provider_asks_for_is_kept(
    name: str, headers: dict[str, str], body: bytes, seconds: int | None, tmp_path: Path
) -> None:
    async with before(name, tmp_path, Reply(429, body, {"content-type": "application/json"} | headers)) as ready:
        receipts = await sent(ready)
    assert summed(receipts) == {LATER}
    assert {receipt.retry_after for receipt in receipts} == {seconds}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_our_address_of_the_provider_and_nobody_is_sent_there(
    name: str, status: int, tmp_path: Path
) -> None:
    async with FakeHttp() as elsewhere:
        async with before(name, tmp_path, Reply(status, b"", {"location": f"{elsewhere.url}/there"})) as ready:
            assert summed(await sent(ready)) == {ACCOUNT}
        assert elsewhere.requests == []


async def at(name: str, url: str) -> list[Receipt]:
    """What becomes of a call to this address."""
    async with httpx.AsyncClient(timeout=20) as http:
        provider = build(name, {**least(name), "url": url}, http)
        return await provider.send(call(provider.channel, *everybody(provider)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://nobody.invalid"], ids=["no port", "no such name"])
async def test_where_nobody_is_found_nothing_was_taken(name: str, url: str) -> None:
    assert summed(await at(name, url)) == {LATER}


@pytest.mark.parametrize("name", NAMES)
async def test_a_certificate_that_nobody_vouches_for_is_told_nothing(name: str, tmp_path: Path) -> None:
    async with FakeHttp(tls=make_certificate(tmp_path).server) as server:
        assert summed(await at(name, server.url)) == {LATER}
        assert server.requests == []


def shortened(value: Any, wanted: int) -> Any:
    """The answer with the last half of its list of `wanted` entries missing; unchanged where it has no such list."""
    if isinstance(value, list) and len(value) == wanted:
        return value[: wanted // 2]
    return {key: shortened(each, wanted) for key, each in value.items()} if isinstance(value, dict) else value


BATCHES = [
    name for name in NAMES if provider_class(name).capabilities.batch_size > 1 and name not in ONE_ANSWER_FOR_ALL
]


@pytest.mark.parametrize("name", BATCHES)
async def test_whom_an_answer_leaves_out_is_unclear(name: str, tmp_path: Path) -> None:
    good = await good_answers(name, tmp_path)
    async with before(name, tmp_path, lambda request: Reply()) as ready:
        people = everybody(ready.provider)
        assert ready.server is not None

        def leaves_some_out(request: Request) -> Reply:
            answer = good(request)
            body = orjson.dumps(shortened(orjson.loads(answer.body), len(people)))
            assert len(body) < len(answer.body)
            return replace(answer, body=body)

        ready.server.answer = leaves_some_out
        receipts = {receipt.message_id: receipt.verdict for receipt in await sent(ready)}
    # Who cannot be told apart is unclear too.
    assert {receipts[n] for n in people[len(people) // 2 :]} == {Verdict.AMBIGUOUS}
    assert set(receipts.values()) <= {Verdict.ACCEPTED, Verdict.AMBIGUOUS}


@pytest.mark.parametrize("name", [name for name in BATCHES if name not in ONE_VERDICT_FOR_ALL])
async def test_a_success_that_refuses_every_second_is_read_one_by_one(name: str, tmp_path: Path) -> None:
    half = importlib.import_module(module_of(name)).half
    async with before(name, tmp_path, half) as ready:
        receipts = {receipt.message_id: receipt.verdict for receipt in await sent(ready)}
    people = list(receipts)
    assert {receipts[n] for n in sorted(people)[::2]} == {Verdict.ACCEPTED}
    assert {receipts[n] for n in sorted(people)[1::2]} == {Verdict.REJECTED}


@pytest.mark.parametrize("name", NAMES)
async def test_a_server_that_answers_no_longer_takes_nothing_from_what_it_answered(name: str, tmp_path: Path) -> None:
    good = await good_answers(name, tmp_path)
    async with before(name, tmp_path, good) as ready:
        assert ready.http is not None
        assert ready.server is not None
        first = await ready.provider.send(call(ready.provider.channel, 1))
        ready.http.timeout, ready.server.answer = SHORT, Reply(hangs=True)
        second, third = await asyncio.gather(*(ready.provider.send(call(ready.provider.channel, n)) for n in (2, 3)))
    assert [r.verdict for r in first] == [Verdict.ACCEPTED]
    assert [r.verdict for r in (*second, *third)] == [Verdict.AMBIGUOUS] * 2
