"""Resend: what goes out, what each answer means, and what it says of its list."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from reminder.domain.consent import Closed
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import Trouble
from reminder.providers.email.resend import body_of
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.providers.over_http import (
    full_content,
    headers_of,
    html_of,
    named_nobody,
    provider_before,
    summed,
    text_of,
)
from tests.providers.people import EMAILS, NOW, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.resend import LEAST, refusal, takes_all

EMAIL = Channel.EMAIL
TAKEN = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


async def test_a_call_is_one_request_with_a_whole_message_for_each() -> None:
    async with provider_before("resend", LEAST, takes_all) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/emails/batch")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["idempotency-key"] == call(EMAIL, 1).idempotency_key
    assert request.headers["x-batch-validation"] == "permissive"
    assert request.headers["content-type"] == "application/json"
    people = recipients(EMAIL, 1, 2)
    for person, mail in zip(people, request.json, strict=True):
        headers = headers_of(person)
        del headers["Message-ID"]
        assert mail == {
            "from": '"Letters, e.V." <appeals@example.org>',
            "to": [person.address],
            "reply_to": "office@example.org",
            "subject": "Reminder: 7 days left to write",
            "text": text_of(person),
            "html": html_of(person),
            "headers": headers,
            "tags": [{"name": "wire_id", "value": person.wire_id}],
        }
    assert {r.message_id: r.provider_id for r in receipts} == {1: "id-0", 2: "id-1"}
    assert summed(receipts) == {TAKEN}


def test_the_same_call_makes_the_same_bytes() -> None:
    assert body_of(full_content(), recipients(EMAIL)) == body_of(full_content(), recipients(EMAIL))


ANSWERS = {
    "bad key": (refusal(400, "invalid_idempotency_key"), ACCOUNT),
    "validation of the sender": (refusal(422, "validation_error", "Invalid `from` field"), ACCOUNT),
    "validation of a text": (refusal(400, "validation_error", "Invalid `html` field"), CONTENT),
    "validation of somebody's address": (refusal(422, "validation_error", "Invalid `to` field"), LATER),
    "no key": (refusal(401, "missing_api_key"), ACCOUNT),
    "key may not": (refusal(401, "restricted_api_key"), ACCOUNT),
    "wrong key": (refusal(403, "invalid_api_key"), ACCOUNT),
    "suspended key": (refusal(403, "suspended_api_key"), ACCOUNT),
    "domain not verified": (refusal(403, "validation_error", "Verify a domain to send `to` others"), ACCOUNT),
    "sender": (refusal(422, "invalid_from_address"), ACCOUNT),
    "access": (refusal(422, "invalid_access"), ACCOUNT),
    "region": (refusal(422, "invalid_region"), ACCOUNT),
    "not found": (refusal(404, "not_found"), ACCOUNT),
    "method": (refusal(405, "method_not_allowed"), ACCOUNT),
    "the key with other bytes": (refusal(409, "invalid_idempotent_request"), UNCLEAR),
    "the key under way": (refusal(409, "concurrent_idempotent_requests"), UNCLEAR),
    "field missing": (refusal(422, "missing_required_field"), CONTENT),
    "parameter": (refusal(422, "invalid_parameter"), CONTENT),
    "attachment": (refusal(422, "invalid_attachment"), CONTENT),
    "day's quota": (refusal(429, "daily_quota_exceeded"), ACCOUNT),
    "month's quota": (refusal(429, "monthly_quota_exceeded"), ACCOUNT),
    "rate": (refusal(429, "rate_limit_exceeded"), LATER),
    "security": (refusal(451, "security_error"), ACCOUNT),
    "their fault": (refusal(500, "application_error"), UNCLEAR),
    "their fault too": (refusal(500, "internal_server_error"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b""), LATER),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "half of them missing": (json_reply({"data": [{"id": "one"}]}), UNCLEAR),
    "ids that are none": (json_reply({"data": [{}, None]}), UNCLEAR),
    "another shape": (json_reply([1, 2]), UNCLEAR),
    "errors of another shape": (json_reply({"data": "no", "errors": ["x", {"index": "0"}]}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("resend", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == 1
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("resend", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {LATER}


async def test_somebody_alone_whose_address_is_refused_is_known() -> None:
    words = f"Invalid `to` field. {EMAILS[1]} is no address"
    async with provider_before("resend", LEAST, refusal(422, "validation_error", words)) as (provider, _):
        [receipt] = await provider.send(call(EMAIL, 1))
    assert (receipt.verdict, receipt.fault, receipt.code) == (*ADDRESS, "validation_error")
    assert named_nobody([receipt])


async def test_one_bad_address_does_not_cost_the_others_their_message() -> None:
    errors = [
        {"index": 1, "message": f"Invalid `to` field: {EMAILS[2]}"},
        {"index": 3, "message": f"Invalid `headers` for {EMAILS[1]}"},
    ]
    answer = json_reply({"data": [{"id": "a"}, {"id": "c"}], "errors": errors})
    async with provider_before("resend", LEAST, answer) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL, 1, 2, 3, 4))}
    assert {n: ((r.verdict, r.fault), r.provider_id) for n, r in receipts.items()} == {
        1: (TAKEN, "a"),
        2: (ADDRESS, ""),
        3: (TAKEN, "c"),
        4: (CONTENT, ""),
    }
    assert named_nobody([*receipts.values()])
    assert receipts[2].detail == "Invalid `to` field: message 2"


WAITS = {
    "seconds": ({"retry-after": "17"}, b"", 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, b"", 120),
    "text": ({}, b"try again in 30 seconds", 30),
    "none": ({}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: int | None) -> None:
    async with provider_before("resend", LEAST, Reply(429, body, headers)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {r.retry_after for r in receipts} == {seconds}


@pytest.mark.parametrize("answer", [json_reply({"data": []}), refusal(401, "restricted_api_key")])
async def test_the_key_is_proved_without_sending(answer: Reply) -> None:
    async with provider_before("resend", LEAST, answer) as (provider, server):
        await provider.check()
    assert [(r.method, r.path) for r in server.requests] == [("GET", "/domains")]


@pytest.mark.parametrize("answer", [refusal(403, "invalid_api_key"), Reply(500, b""), Reply(drops=True)])
async def test_a_key_that_does_not_do_is_named(answer: Reply) -> None:
    async with provider_before("resend", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble) as caught:
            await provider.check()
    assert caught.value.thing == "RESEND_API_KEY"
    assert SECRET not in str(caught.value)


def pages(request: Request) -> Reply:
    first = [
        {"id": "1", "email": "a@example.org", "origin": "bounce", "created_at": "2020-11-01T10:00:00.000Z"},
        {"id": "2", "email": "b@example.org", "origin": "complaint", "created_at": "2020-11-02T10:00:00Z"},
    ]
    second = [{"id": "3", "email": "c@example.org", "origin": "manual", "created_at": "?"}, {"id": "4"}, "odd"]
    last = request.query.get("after") == "2"
    return json_reply({"has_more": not last, "data": second if last else first})


async def test_its_list_is_read_to_its_end() -> None:
    async with provider_before("resend", LEAST, pages) as (provider, server):
        found = await provider.suppressions()
    assert [(each.address[0], each.reason) for each in found] == [
        ("a", Closed.BOUNCED),
        ("b", Closed.COMPLAINED),
        ("c", Closed.BLOCKED),
    ]
    assert found[0].since == datetime(2020, 11, 1, 10, tzinfo=UTC)
    assert [request.query for request in server.requests] == [{"limit": "100"}, {"limit": "100", "after": "2"}]


@pytest.mark.parametrize(
    "answer", [refusal(401, "restricted_api_key"), Reply(200, b"<html>"), json_reply({"has_more": True, "data": []})]
)
async def test_a_list_that_cannot_be_read_to_its_end_is_trouble(answer: Reply) -> None:
    async with provider_before("resend", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match="suppressed addresses"):
            await provider.suppressions()
