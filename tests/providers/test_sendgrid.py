"""SendGrid: what goes out, what each answer means, and what it says of a list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import orjson
import pytest

from reminder.domain.consent import Closed
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.email.sendgrid import body_of
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
from tests.providers.samples.sendgrid import GOOD, LEAST, refusal

EMAIL = Channel.EMAIL
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


async def test_a_call_is_one_request_with_a_personalization_for_each() -> None:
    async with provider_before("sendgrid", LEAST, GOOD) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["content-type"] == "application/json"
    body = request.json
    assert body.keys() == {
        "personalizations",
        "from",
        "reply_to",
        "subject",
        "content",
        "tracking_settings",
    }
    assert body["from"] == {"email": "appeals@example.org", "name": "Letters, e.V."}
    assert body["reply_to"] == {"email": "office@example.org"}
    assert body["subject"] == "Reminder: 7 days left to write"
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert {name: setting["enable"] for name, setting in body["tracking_settings"].items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
        "ganalytics": False,
    }
    assert [(r.verdict, r.provider_id) for r in receipts] == [(Verdict.ACCEPTED, "LRzXl_NHStOGhQ4kofSm_A")] * 2


async def test_everybody_has_an_envelope_headers_and_an_id_of_their_own() -> None:
    people = recipients(EMAIL, 1, 2, 3)
    async with provider_before("sendgrid", LEAST, GOOD) as (provider, server):
        await provider.send(call(EMAIL, to=people, what=full_content()))
    each = server.requests[0].json["personalizations"]
    assert [one["to"] for one in each] == [[{"email": person.address}] for person in people]
    assert [one["custom_args"] for one in each] == [{"wire_id": person.wire_id} for person in people]
    assert [one["headers"] for one in each] == [headers_of(person) for person in people]
    assert {frozenset(one) for one in each} == {frozenset({"to", "headers", "substitutions", "custom_args"})}


async def test_with_its_values_in_the_tags_everybody_reads_their_own_text() -> None:
    people = recipients(EMAIL, 1, 2)
    async with provider_before("sendgrid", LEAST, GOOD) as (provider, server):
        await provider.send(call(EMAIL, to=people, what=full_content()))
    body = server.requests[0].json
    for person, one in zip(people, body["personalizations"], strict=True):
        parts = [part["value"] for part in body["content"]]
        for tag, value in one["substitutions"].items():
            parts = [part.replace(tag, value) for part in parts]
        assert parts == [text_of(person), html_of(person)]


def test_a_content_without_page_name_and_answer_address_leaves_them_out() -> None:
    content = replace(full_content(), html=None, sender_name="", reply_to="", headers=())
    body = orjson.loads(body_of(content, recipients(EMAIL, 1)))
    assert body["from"] == {"email": "appeals@example.org"}
    assert [part["type"] for part in body["content"]] == ["text/plain"]
    assert "reply_to" not in body
    assert body["personalizations"][0]["headers"] == {}


def test_the_same_call_makes_the_same_bytes() -> None:
    assert body_of(full_content(), recipients(EMAIL)) == body_of(full_content(), recipients(EMAIL))


async def test_a_second_message_to_an_address_waits_for_another_call() -> None:
    first, second, third = recipients(EMAIL, 1, 2, 3)
    second = second._replace(address=first.address.upper())
    async with provider_before("sendgrid", LEAST, GOOD) as (provider, server):
        receipts = await provider.send(call(EMAIL, to=[first, second, third]))
    assert len(server.requests[0].json["personalizations"]) == 2
    assert {r.message_id: (r.verdict, r.retry_after) for r in receipts} == {
        1: (Verdict.ACCEPTED, None),
        2: (Verdict.RETRY, 0),
        3: (Verdict.ACCEPTED, None),
    }


ANSWERS = {
    "bad request": (refusal(400, "Bad Request"), CONTENT),
    "content": (refusal(400, "The content value must be a string", "content.0.value"), CONTENT),
    "subject": (refusal(400, "The subject is required", "subject"), CONTENT),
    "from": (refusal(400, "The from object must be provided", "from.email"), ACCOUNT),
    "reply to": (refusal(400, "The reply_to is no address", "reply_to.email"), ACCOUNT),
    "key": (refusal(401, "The provided authorization grant is invalid"), ACCOUNT),
    "credits": (refusal(401, "Maximum credits exceeded"), ACCOUNT),
    "sender identity": (refusal(403, "The from address does not match a verified Sender Identity"), ACCOUNT),
    "not found": (refusal(404, "not found"), ACCOUNT),
    "method": (refusal(405, "method not allowed"), ACCOUNT),
    "too large": (refusal(413, "content too large"), CONTENT),
    "too many": (refusal(429, "too many requests"), LATER),
    "server error": (refusal(500, "internal server error"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (refusal(503, "service unavailable"), LATER),
    "gateway slow": (Reply(504, b""), UNCLEAR),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "page as refusal": (Reply(400, b"<html>no</html>"), CONTENT),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "errors of another shape": (json_reply({"errors": {"message": "no"}}, 400), CONTENT),
    "errors that are texts": (json_reply({"errors": ["no", None, 3]}, 400), CONTENT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("sendgrid", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == 1
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("sendgrid", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {LATER}


WAITS = {
    "seconds": ({"retry-after": "17"}, 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, 120),
    "reset": ({"x-ratelimit-reset": str(int((NOW + timedelta(seconds=45)).timestamp()))}, 45),
    "none": ({}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    async with provider_before("sendgrid", LEAST, Reply(429, b"{}", headers)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {r.retry_after for r in receipts} == {seconds}


async def test_one_bad_address_does_not_cost_the_others_their_message() -> None:
    errors = [
        {"message": f"{EMAILS[2]} does not contain a valid address", "field": "personalizations.1.to.0.email"},
        {"message": "The header is reserved", "field": "personalizations[2].headers"},
    ]
    async with provider_before("sendgrid", LEAST, json_reply({"errors": errors}, 400)) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL, 1, 2, 3, 4))}
    assert {n: (r.verdict, r.fault, r.retry_after) for n, r in receipts.items()} == {
        1: (Verdict.RETRY, Fault.NONE, 0),
        2: (Verdict.REJECTED, Fault.ADDRESS, None),
        3: (Verdict.REJECTED, Fault.CONTENT, None),
        4: (Verdict.RETRY, Fault.NONE, 0),
    }
    assert receipts[2].detail == "message 2 does not contain a valid address"
    assert named_nobody(list(receipts.values()))


@pytest.mark.parametrize("field", ["personalizations.2.to", "personalizations.9.to", "personalizations"])
async def test_an_error_that_names_none_of_them_speaks_of_the_whole_call(field: str) -> None:
    async with provider_before("sendgrid", LEAST, refusal(400, "no", field)) as (provider, _):
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {CONTENT}


async def test_the_key_is_proved_without_sending() -> None:
    granted = json_reply({"scopes": ["mail.send", "suppression.read"]})
    async with provider_before("sendgrid", LEAST, granted) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/v3/scopes")]


PROOFS = {
    "refused": (refusal(401, "authorization required"), "refused"),
    "less rights": (json_reply({"scopes": ["stats.read"]}), "may not send"),
    "page": (Reply(200, b"<html>"), "may not send"),
    "error": (Reply(500), "answers 500"),
    "no answer": (Reply(drops=True), "no answer"),
}


@pytest.mark.parametrize(("answer", "words"), PROOFS.values(), ids=PROOFS.keys())
async def test_a_key_that_does_not_do_is_named(answer: Reply, words: str) -> None:
    async with provider_before("sendgrid", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=words) as caught:
            await provider.check()
    assert caught.value.thing == "SENDGRID_API_KEY"
    assert SECRET not in str(caught.value)


def lists(request: Request) -> Reply:
    """Bounces of more than a page, one of each other list."""
    name, offset = request.path.rpartition("/")[2], int(request.query["offset"])
    assert request.query["limit"] == "500"
    many = [
        {"created": 1_600_000_000 + n, "email": f"{name}{n}@example.org"}
        for n in range(502 if name == "bounces" else 1)
    ]
    return json_reply(many[offset : offset + 500])


async def test_its_lists_are_read_to_their_end() -> None:
    async with provider_before("sendgrid", LEAST, lists) as (provider, server):
        found = await provider.suppressions()
    assert [each.reason for each in found] == [Closed.BOUNCED] * 503 + [Closed.COMPLAINED, Closed.UNSUBSCRIBED]
    assert found[1].address == "bounces1@example.org"
    assert found[1].since == datetime.fromtimestamp(1_600_000_001, UTC)
    assert [request.path for request in server.requests].count("/v3/suppression/bounces") == 2


@pytest.mark.parametrize(
    "answer", [Reply(403), Reply(200, b"<html>"), Reply(drops=True), json_reply({"a": 1}), json_reply([1])]
)
async def test_a_list_that_cannot_be_read_is_trouble(answer: Reply) -> None:
    async with provider_before("sendgrid", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=r"(?:could|may) not be read"):
            await provider.suppressions()


@pytest.mark.parametrize(
    ("options", "thing"),
    [
        ({"url": "http://api.example.org"}, "SENDGRID_URL"),
        ({"url": "api.example.org"}, "SENDGRID_URL"),
        ({"webhook_keys": "AAAA"}, "SENDGRID_WEBHOOK_KEYS"),
        ({"webhook_keys": "not base64"}, "SENDGRID_WEBHOOK_KEYS"),
    ],
)
async def test_a_bad_setting_is_named(options: dict[str, str], thing: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting) as caught:
            build("sendgrid", {**LEAST, **options}, http)
    assert caught.value.thing == thing
