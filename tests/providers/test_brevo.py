"""Brevo: what goes out, what each answer means, and what it says of its list."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.utils import format_datetime

import httpx
import orjson
import pytest

from reminder.domain.consent import Closed
from reminder.domain.message import Spliced
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import Trouble
from reminder.providers.email.brevo import body_of
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
from tests.providers.people import EMAILS, NOW, call, content, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.brevo import LEAST, refusal, takes_all

EMAIL = Channel.EMAIL
TAKEN = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


def as_read(text: str) -> str:
    """What Brevo makes of a text that holds no placeholder but the one for braces."""
    return text.replace("{{params.brace}}", "{")


async def test_a_call_is_one_request_with_a_version_for_each() -> None:
    async with provider_before("brevo", LEAST, takes_all) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v3/smtp/email")
    assert request.headers["api-key"] == SECRET
    assert request.headers["content-type"] == "application/json"
    body = request.json
    assert body["sender"] == {"email": "appeals@example.org", "name": "Letters, e.V."}
    assert body["replyTo"] == {"email": "office@example.org"}
    assert body["subject"] == "Reminder: 7 days left to write"
    assert "to" not in body
    for person, version in zip(recipients(EMAIL, 1, 2), body["messageVersions"], strict=True):
        headers = headers_of(person) | {"X-Mailin-custom": person.wire_id}
        del headers["Message-ID"]
        assert version["to"] == [{"email": person.address}]
        assert version["headers"] == headers
        assert as_read(version["textContent"]) == text_of(person)
        assert as_read(version["htmlContent"]) == html_of(person)
        assert version["params"] == {"brace": "{"}
    assert {r.message_id: r.provider_id for r in receipts} == {1: "<0@brevo>", 2: "<1@brevo>"}
    assert summed(receipts) == {TAKEN}


def test_no_words_of_ours_are_read_as_the_template_language() -> None:
    [version] = orjson.loads(body_of(full_content(), recipients(EMAIL, 1), "k"))["messageVersions"]
    assert version["textContent"].replace("{{params.brace}}", "").count("{") == 0


def test_what_stands_above_the_versions_names_nobody() -> None:
    body = orjson.loads(body_of(full_content(), recipients(EMAIL), "k"))
    shared = orjson.dumps({name: value for name, value in body.items() if name != "messageVersions"}).decode()
    private = [word for person in recipients(EMAIL) for word in (person.address, person.wire_id, person.values[2])]
    assert not any(word in shared for word in private)


def test_a_text_without_a_page_is_also_sent_as_one() -> None:
    what = replace(content(EMAIL), text=Spliced(("1 < 2 & 3\n",), ()))
    [version] = orjson.loads(body_of(what, recipients(EMAIL, 1), "k"))["messageVersions"]
    assert version["textContent"] == "1 < 2 & 3\n"
    assert "1 &lt; 2 &amp; 3" in version["htmlContent"]


def test_a_name_that_brevo_would_drop_is_encoded() -> None:
    names = {}
    for name in ("Briefe", "Lettres à écrire", "Briefe für alle, e.V."):
        body = orjson.loads(body_of(replace(full_content(), sender_name=name), recipients(EMAIL, 1), "k"))
        names[name] = body["sender"]["name"]
    assert names["Briefe"] == "Briefe"
    assert names["Lettres à écrire"] == "Lettres à écrire"
    encoded = names["Briefe für alle, e.V."]
    assert encoded.isascii()
    assert str(make_header(decode_header(encoded))) == "Briefe für alle, e.V."


def test_the_same_call_makes_the_same_bytes_and_another_key_another_uuid() -> None:
    first, again = (body_of(full_content(), recipients(EMAIL), "12-1") for _ in range(2))
    assert first == again
    other = body_of(full_content(), recipients(EMAIL), "12-2")
    keys = {orjson.loads(body)["headers"]["idempotencyKey"] for body in (first, other)}
    assert len({uuid.UUID(key) for key in keys}) == 2


ANSWERS = {
    "text": (refusal(400, "invalid_parameter", "Unable to parse htmlContent"), CONTENT),
    "missing": (refusal(400, "missing_parameter", "subject is missing"), CONTENT),
    "range": (refusal(400, "out_of_range", "too many versions"), CONTENT),
    "sender": (refusal(400, "invalid_parameter", "Sending has been rejected because the sender is not valid"), ACCOUNT),
    "sender address": (refusal(400, "missing_parameter", "email is missing in sender"), ACCOUNT),
    "answer address": (refusal(400, "invalid_parameter", "email is not valid in replyTo"), ACCOUNT),
    "recipient": (refusal(400, "invalid_parameter", "email is not valid in to"), ADDRESS),
    "recipients": (refusal(400, "invalid_parameter", "to is not valid in messageVersions"), ADDRESS),
    "key": (refusal(401, "unauthorized", "Key not found"), ACCOUNT),
    "credits": (refusal(402, "not_enough_credits", "no credits"), ACCOUNT),
    "right": (refusal(403, "permission_denied", "no right to send to recipients"), ACCOUNT),
    "new account": (refusal(403, "account_under_validation"), ACCOUNT),
    "not found": (refusal(404, "document_not_found"), ACCOUNT),
    "method": (refusal(405, "method_not_allowed"), ACCOUNT),
    "not acceptable": (refusal(406, "not_acceptable"), ACCOUNT),
    "the same again": (refusal(400, "duplicate_parameter", "idempotencyKey was used"), TAKEN),
    "the same request": (refusal(400, "duplicate_request"), UNCLEAR),
    "rate": (refusal(429, "too_many_requests"), LATER),
    "new code": (refusal(400, "something_new", "email is strange"), CONTENT),
    "their fault": (refusal(500, "internal_server_error"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b""), LATER),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "half of them missing": (json_reply({"messageIds": ["<1@x>"]}, 201), UNCLEAR),
    "ids that are none": (json_reply({"messageIds": [3, None]}, 201), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("brevo", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == (3 if meaning == ADDRESS else 1)
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("brevo", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {LATER}


def dislikes_bikash(request: Request) -> Reply:
    addresses = [version["to"][0]["email"] for version in request.json["messageVersions"]]
    if EMAILS[2] in addresses:
        return refusal(400, "invalid_parameter", f"email is not valid in to: {EMAILS[2]}")
    return json_reply({"messageId": f"<{addresses[0].partition('@')[0][::-1]}>"}, 201)


async def test_one_bad_address_does_not_cost_the_others_their_message() -> None:
    async with provider_before("brevo", LEAST, dislikes_bikash) as (provider, server):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL, 1, 2, 3))}
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {1: TAKEN, 2: ADDRESS, 3: TAKEN}
    assert named_nobody([*receipts.values()])
    bodies = [request.json for request in server.requests]
    assert [len(body["messageVersions"]) for body in bodies] == [3, 1, 1, 1]
    assert len({body["headers"]["idempotencyKey"] for body in bodies}) == 4


async def test_nothing_more_is_sent_alone_once_the_call_is_not_ours() -> None:
    ours = iter([True, True])
    async with provider_before("brevo", LEAST, dislikes_bikash) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, 3, still_ours=lambda: next(ours, False)))
        assert len(server.requests) == 2
    assert sorted((r.message_id, r.verdict) for r in receipts) == [
        (1, Verdict.ACCEPTED),
        (2, Verdict.RETRY),
        (3, Verdict.RETRY),
    ]


WAITS = {
    "its own header": ({"x-sib-ratelimit-reset": "9"}, b"", 9),
    "seconds": ({"retry-after": "17"}, b"", 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, b"", 120),
    "text": ({}, b"try again in 30 seconds", 30),
    "none": ({"x-sib-ratelimit-reset": "soon"}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: int | None) -> None:
    async with provider_before("brevo", LEAST, Reply(429, body, headers)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {r.retry_after for r in receipts} == {seconds}


async def test_the_key_is_proved_without_sending() -> None:
    async with provider_before("brevo", LEAST, json_reply({"email": "x"})) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/v3/account")]


@pytest.mark.parametrize("answer", [refusal(401, "unauthorized"), Reply(500, b""), Reply(drops=True)])
async def test_a_key_that_does_not_do_is_named(answer: Reply) -> None:
    async with provider_before("brevo", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble) as caught:
            await provider.check()
    assert caught.value.thing == "BREVO_API_KEY"
    assert SECRET not in str(caught.value)


def blocked(request: Request) -> Reply:
    codes = ["hardBounce", "contactFlaggedAsSpam", "adminBlocked", "unsubscribedViaEmail"]
    everybody = [
        {"email": f"p{n}@example.org", "reason": {"code": codes[n % 4]}, "blockedAt": "2020-11-01T10:00:00Z"}
        for n in range(150)
    ]
    start = int(request.query["offset"])
    return json_reply({"count": 150, "contacts": everybody[start : start + int(request.query["limit"])]})


async def test_its_list_is_read_to_its_end() -> None:
    async with provider_before("brevo", LEAST, blocked) as (provider, server):
        found = await provider.suppressions()
    assert len(found) == len({each.address for each in found}) == 150
    assert [each.reason for each in found[:4]] == [
        Closed.BOUNCED,
        Closed.COMPLAINED,
        Closed.BLOCKED,
        Closed.UNSUBSCRIBED,
    ]
    assert found[0].since == datetime(2020, 11, 1, 10, tzinfo=UTC)
    assert [request.query["offset"] for request in server.requests] == ["0", "100"]


@pytest.mark.parametrize("answer", [refusal(401, "unauthorized"), Reply(200, b"<html>"), json_reply([])])
async def test_a_list_that_cannot_be_read_is_trouble(answer: Reply) -> None:
    async with provider_before("brevo", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match="blocked addresses"):
            await provider.suppressions()
