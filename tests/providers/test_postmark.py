"""Postmark: what goes out, what each answer means message by message, and what it says of a list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import orjson
import pytest

from reminder.domain.consent import Closed
from reminder.domain.states import Channel, Fault, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.email.postmark import body_of
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
from tests.providers.samples.postmark import LEAST, good, refusal

EMAIL = Channel.EMAIL
ACCEPTED = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


async def test_a_call_is_a_list_of_whole_messages() -> None:
    people = recipients(EMAIL, 1, 2)
    async with provider_before("postmark", LEAST, good) as (provider, server):
        receipts = await provider.send(call(EMAIL, to=people, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/email/batch")
    assert request.headers["x-postmark-server-token"] == SECRET
    assert (request.headers["content-type"], request.headers["accept"]) == ("application/json", "application/json")
    for person, message in zip(people, request.json, strict=True):
        headers = {header.pop("Name"): header.pop("Value") for header in message["Headers"]}
        assert headers == headers_of(person) | {"X-PM-KeepID": "true"}
        assert {len(header) for header in message.pop("Headers")} == {0}
        assert message == {
            "From": '"Letters, e.V." <appeals@example.org>',
            "To": person.address,
            "ReplyTo": "office@example.org",
            "Subject": "Reminder: 7 days left to write",
            "TextBody": text_of(person),
            "HtmlBody": html_of(person),
            "Metadata": {"wire_id": person.wire_id},
            "MessageStream": "broadcast",
            "TrackOpens": False,
            "TrackLinks": "None",
        }
    assert [(r.message_id, r.verdict, r.provider_id) for r in receipts] == [
        (1, Verdict.ACCEPTED, "id-0"),
        (2, Verdict.ACCEPTED, "id-1"),
    ]


async def test_the_stream_is_the_one_that_is_set() -> None:
    async with provider_before("postmark", {**LEAST, "stream": "outbound"}, good) as (provider, server):
        await provider.send(call(EMAIL, 1))
    assert [message["MessageStream"] for message in server.requests[0].json] == ["outbound"]


def test_a_content_without_page_name_and_answer_address_leaves_them_out() -> None:
    content = replace(full_content(), html=None, sender_name="", reply_to="", headers=())
    [message] = orjson.loads(body_of(content, recipients(EMAIL, 1), "broadcast"))
    assert message["From"] == "appeals@example.org"
    assert message["Headers"] == []
    assert message.keys() & {"HtmlBody", "ReplyTo"} == set()


def test_the_same_call_makes_the_same_bytes() -> None:
    first, second = (body_of(full_content(), recipients(EMAIL), "broadcast") for _ in range(2))
    assert first == second


CODES = [
    (0, "OK", ACCEPTED),
    (10, "No Account or Server API tokens were supplied", ACCOUNT),
    (100, "Maintenance", LATER),
    (300, "Invalid 'To' address: 'x'.", ADDRESS),
    (300, "Error parsing 'To': Illegal email domain 'x' in address 'y'.", ADDRESS),
    (300, "Invalid 'From' address: 'x'.", ACCOUNT),
    (300, "Error parsing 'ReplyTo': Illegal email domain", ACCOUNT),
    (300, "Error parsing 'Reply-To': Illegal email domain", ACCOUNT),
    (300, "Invalid metadata content.", CONTENT),
    (400, "The Sender Signature was not found", ACCOUNT),
    (401, "Sender signature not confirmed", ACCOUNT),
    (402, "Invalid JSON", ACCOUNT),
    (403, "Incompatible JSON", CONTENT),
    (405, "Not allowed to send", ACCOUNT),
    (406, "You tried to send to a recipient that has been marked as inactive.", ADDRESS),
    (409, "JSON required", ACCOUNT),
    (410, "Too many batch messages", ACCOUNT),
    (411, "Forbidden attachment type", CONTENT),
    (412, "Account is pending", ACCOUNT),
    (413, "Account may not send", ACCOUNT),
    (429, "Rate limit exceeded", LATER),
    (1226, "The message stream was not found", ACCOUNT),
    (1227, "The message stream is archived", ACCOUNT),
    (1235, "The stream provided does not exist on this server", ACCOUNT),
    (9999, "something new", CONTENT),
]


@pytest.mark.parametrize(("code", "message", "meaning"), CODES, ids=str)
async def test_a_code_of_one_message_means_that_message(
    code: int, message: str, meaning: tuple[Verdict, Fault]
) -> None:
    answer = json_reply([{"ErrorCode": 0, "Message": "OK"}, {"ErrorCode": code, "Message": message}])
    async with provider_before("postmark", LEAST, answer) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert [(r.message_id, (r.verdict, r.fault)) for r in receipts] == [(1, ACCEPTED), (2, meaning)]


async def test_the_code_and_the_words_are_kept_and_name_nobody() -> None:
    words = f"Found inactive addresses: {EMAILS[1]}, {EMAILS[2]}."
    answer = json_reply([{"ErrorCode": 406, "Message": words}])
    async with provider_before("postmark", LEAST, answer) as (provider, _):
        [receipt] = await provider.send(call(EMAIL, 1))
    assert (receipt.code, receipt.detail) == ("406", "Found inactive addresses: message 1, [address]")
    assert named_nobody([receipt])


async def test_accepted_without_a_code_is_accepted() -> None:
    entry = {"Message": "Message accepted, but delivery may be delayed.", "MessageID": "id", "To": EMAILS[1]}
    async with provider_before("postmark", LEAST, json_reply([entry])) as (provider, _):
        assert summed(await provider.send(call(EMAIL, 1))) == {ACCEPTED}


async def test_who_is_missing_in_the_answer_is_unclear() -> None:
    def half(request: Request) -> Reply:
        return json_reply([{"ErrorCode": 0, "MessageID": "id", "To": m["To"].upper()} for m in request.json][2:])

    async with provider_before("postmark", LEAST, half) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2, 3, 4))
    taken, unclear = Verdict.ACCEPTED, Verdict.AMBIGUOUS
    assert {r.message_id: r.verdict for r in receipts} == {1: unclear, 2: unclear, 3: taken, 4: taken}


async def test_an_answer_in_another_order_is_read_by_its_addresses() -> None:
    def reversed_order(request: Request) -> Reply:
        return json_reply([{"ErrorCode": 0, "MessageID": m["To"], "To": m["To"]} for m in reversed(request.json)])

    async with provider_before("postmark", LEAST, reversed_order) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {r.message_id: r.provider_id for r in receipts} == {1: EMAILS[1], 2: EMAILS[2]}


@pytest.mark.parametrize("entries", [[], [7, None], [{"ErrorCode": 406}], [{}, {}, {}]], ids=str)
async def test_an_answer_that_fits_nobody_leaves_everybody_unclear(entries: list[object]) -> None:
    async with provider_before("postmark", LEAST, json_reply(entries)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert [(r.message_id, r.verdict) for r in receipts] == [(1, Verdict.AMBIGUOUS), (2, Verdict.AMBIGUOUS)]


async def test_a_code_that_is_no_number_is_unclear() -> None:
    async with provider_before("postmark", LEAST, json_reply([{"ErrorCode": "x"}])) as (provider, _):
        assert summed(await provider.send(call(EMAIL, 1))) == {UNCLEAR}


ANSWERS = {
    "token": (refusal(401, 10, "bad token"), ACCOUNT),
    "not found": (Reply(404, b"<html>"), ACCOUNT),
    "too large": (Reply(413, b""), CONTENT),
    "media type": (Reply(415, b""), CONTENT),
    "may not send": (refusal(422, 413, "Account may not send"), ACCOUNT),
    "too many": (refusal(422, 410, "Too many batch messages"), ACCOUNT),
    "somebody's address": (refusal(422, 300, "Invalid 'To' address: 'x'."), CONTENT),
    "no code": (Reply(422, b"{}"), CONTENT),
    "limit": (refusal(429, 429, "Rate limit exceeded"), LATER),
    "server error": (Reply(500, b""), UNCLEAR),
    "server error with a code": (refusal(500, 300, "x"), UNCLEAR),
    "maintenance": (refusal(503, 100, "Maintenance"), LATER),
    "maintenance as an error": (refusal(500, 100, "Maintenance"), LATER),
    "unavailable": (Reply(503, b"<html>"), LATER),
    "page": (Reply(200, b"<html>log in</html>"), UNCLEAR),
    "one answer for all": (json_reply({"ErrorCode": 0, "Message": "OK"}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_for_the_whole_call_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("postmark", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == 1
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


WAITS = {
    "seconds": ({"retry-after": "17"}, 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, 120),
    "none": ({}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    async with provider_before("postmark", LEAST, Reply(429, b"{}", headers)) as (provider, _):
        assert {r.retry_after for r in await provider.send(call(EMAIL, 1, 2))} == {seconds}


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("postmark", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {LATER}


async def test_the_token_and_the_stream_are_proved_without_sending() -> None:
    async with provider_before("postmark", LEAST, json_reply({"ID": 1})) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [
        ("GET", "/server"),
        ("GET", "/message-streams/broadcast"),
    ]


def without_stream(request: Request) -> Reply:
    return json_reply({}) if request.path == "/server" else refusal(422, 1226, "not found")


PROOFS = {
    "refused": (refusal(401, 10, "bad token"), "refused", "POSTMARK_SERVER_TOKEN"),
    "no answer": (Reply(drops=True), "no answer", "POSTMARK_SERVER_TOKEN"),
    "no stream": (without_stream, "answers 422", "POSTMARK_STREAM"),
}


@pytest.mark.parametrize(("answer", "words", "thing"), PROOFS.values(), ids=PROOFS.keys())
async def test_a_token_or_stream_that_does_not_do_is_named(answer: Reply, words: str, thing: str) -> None:
    async with provider_before("postmark", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=words) as caught:
            await provider.check()
    assert caught.value.thing == thing
    assert SECRET not in str(caught.value)


async def test_its_list_is_read() -> None:
    reasons = ["HardBounce", "SpamComplaint", "ManualSuppression", "SomethingNew"]
    entries = [
        {"EmailAddress": f"{reason}@example.org", "SuppressionReason": reason, "CreatedAt": "2019-12-17T08:58:33-05:00"}
        for reason in reasons
    ]
    async with provider_before("postmark", LEAST, json_reply({"Suppressions": [*entries, {}, 7]})) as (
        provider,
        server,
    ):
        found = await provider.suppressions()
    assert [each.reason for each in found] == [
        Closed.BOUNCED,
        Closed.COMPLAINED,
        Closed.UNSUBSCRIBED,
        Closed.UNSUBSCRIBED,
    ]
    assert found[0].address == "HardBounce@example.org"
    assert found[0].since == datetime(2019, 12, 17, 13, 58, 33, tzinfo=UTC)
    assert [r.target for r in server.requests] == ["/message-streams/broadcast/suppressions/dump"]


@pytest.mark.parametrize(
    "answer", [Reply(404), Reply(200, b"<html>"), Reply(drops=True), json_reply([1]), json_reply({})]
)
async def test_a_list_that_cannot_be_read_is_trouble(answer: Reply) -> None:
    async with provider_before("postmark", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble, match=r"(?:could|may) not be read"):
            await provider.suppressions()


@pytest.mark.parametrize(
    ("options", "thing"),
    [
        ({"url": "http://api.example.org"}, "POSTMARK_URL"),
        ({"stream": "my stream/../x"}, "POSTMARK_STREAM"),
        ({"hook_logins": f"name:password, {SECRET}"}, "POSTMARK_HOOK_LOGINS"),
    ],
)
async def test_a_bad_setting_is_named(options: dict[str, str], thing: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting) as caught:
            build("postmark", {**LEAST, **options}, http)
    assert caught.value.thing == thing
    assert SECRET not in str(caught.value)
