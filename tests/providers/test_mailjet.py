"""Mailjet: what goes out, what each answer means, and what its list of messages says."""

import base64
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.email.mailjet import body_of
from reminder.providers.http import Unanswered
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.providers.over_http import (
    WIRE,
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
from tests.providers.samples.mailjet import DATE, LEAST, error, refusal, success, takes_all, wire_ids

EMAIL = Channel.EMAIL
TAKEN = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


async def test_a_call_is_one_request_with_a_whole_message_for_each() -> None:
    async with provider_before("mailjet", LEAST, takes_all) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2, what=full_content()))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v3.1/send")
    basic = base64.b64encode(f"the-public-half:{SECRET}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {basic}"
    assert request.headers["content-type"] == "application/json"
    assert request.json.keys() == {"Messages"}
    for person, message in zip(recipients(EMAIL, 1, 2), request.json["Messages"], strict=True):
        headers = headers_of(person)
        # Both are refused among the headers.
        del headers["Message-ID"], headers["List-Id"]
        assert message == {
            "From": {"Email": "appeals@example.org", "Name": "Letters, e.V."},
            "ReplyTo": {"Email": "office@example.org"},
            "To": [{"Email": person.address}],
            "Subject": "Reminder: 7 days left to write",
            "TextPart": text_of(person),
            "HTMLPart": html_of(person),
            "CustomID": person.wire_id,
            "Headers": headers,
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        }
    assert {r.message_id: r.provider_id for r in receipts} == {1: "19421777835146490", 2: "19421777835146491"}
    assert summed(receipts) == {TAKEN}


def test_the_same_call_makes_the_same_bytes() -> None:
    assert body_of(full_content(), recipients(EMAIL)) == body_of(full_content(), recipients(EMAIL))


ERRORS = {
    "suspended key": (error("mj-0001", ""), ACCOUNT),
    "no key": (error("mj-0015", ""), ACCOUNT),
    "sender header": (error("send-0006", "SenderID", status=403), ACCOUNT),
    "sender id": (error("send-0007", "SenderID", status=403), ACCOUNT),
    "sender": (error("send-0008", "From", status=403), ACCOUNT),
    "no text": (error("send-0003", "HTMLPart"), CONTENT),
    "text twice": (error("send-0004", "HTMLPart"), CONTENT),
    "template": (error("send-0010", "TemplateID"), CONTENT),
    "header": (error("send-0011", 'Headers["Date"]'), CONTENT),
    "campaign": (error("send-0012", "CustomCampaign"), CONTENT),
    "recipients": (error("send-0015", "To,CC,Bcc"), CONTENT),
    "template language": (error("send-0016", "TemplateLanguage"), CONTENT),
    "no address": (error("mj-0003", "To"), ADDRESS),
    "no subject": (error("mj-0003", "Subject"), CONTENT),
    "type of the sender": (error("mj-0004", "From.Email"), ACCOUNT),
    "value": (error("mj-0005", "TrackOpens"), CONTENT),
    "long subject": (error("mj-0006", "Subject"), CONTENT),
    "nobody": (error("mj-0007", "To"), ADDRESS),
    "too many": (error("mj-0008", "Messages"), ACCOUNT),
    "too many headers": (error("mj-0008", "Headers"), CONTENT),
    "too large": (error("mj-0011", ""), CONTENT),
    "empty address": (error("mj-0012", "To[0].Email"), ADDRESS),
    "address": (error("mj-0013", "To[0].Email"), ADDRESS),
    "sender's address": (error("mj-0013", "From.Email"), ACCOUNT),
    "answer address": (error("mj-0013", "ReplyTo.Email"), ACCOUNT),
    "new": (error("mj-9999", "Tomorrow"), CONTENT),
    "their fault": (error("mj-9999", "", status=500), UNCLEAR),
    "too fast": (error("mj-9999", "", status=429), LATER),
    "no reason": ({"Status": "error"}, UNCLEAR),
    "no status": ({}, UNCLEAR),
    "odd": ("odd", UNCLEAR),
}


@pytest.mark.parametrize(("entry", "meaning"), ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("status", [200, 400])
async def test_an_error_of_a_message_means(entry: object, meaning: tuple[Verdict, Fault], status: int) -> None:
    async with provider_before("mailjet", LEAST, json_reply({"Messages": [entry]}, status)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1))
    assert summed(receipts) == {meaning}


async def test_of_several_errors_the_one_that_reaches_furthest_counts() -> None:
    entry = error("mj-0013", "To[0].Email")
    entry["Errors"] = [*error("mj-0006", "Subject")["Errors"], *entry["Errors"], *error("send-0008", "From")["Errors"]]  # type: ignore[misc]
    async with provider_before("mailjet", LEAST, json_reply({"Messages": [entry]}, 400)) as (provider, _):
        [receipt] = await provider.send(call(EMAIL, 1))
    assert ((receipt.verdict, receipt.fault), receipt.code) == (ACCOUNT, "send-0008")


async def test_each_message_of_a_call_has_its_own_verdict() -> None:
    def answer(request: Request) -> Reply:
        ids = wire_ids(request)
        bad = error("mj-0013", "To[0].Email", f'"{EMAILS[2]}" is an invalid email address.')
        return json_reply({"Messages": [success(ids[0]), bad, success(ids[2])]}, 400)

    async with provider_before("mailjet", LEAST, answer) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL, 1, 2, 3))}
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {1: TAKEN, 2: ADDRESS, 3: TAKEN}
    assert named_nobody([*receipts.values()])
    assert receipts[2].code == "mj-0013"


async def test_where_the_places_do_not_fit_a_success_is_known_by_its_id_and_the_others_are_unclear() -> None:
    def answer(request: Request) -> Reply:
        ids = wire_ids(request)
        return json_reply({"Messages": [error("mj-0013", "To"), success(ids[2]), success(ids[0])]})

    async with provider_before("mailjet", LEAST, answer) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(EMAIL, 1, 2, 3))}
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {1: TAKEN, 2: UNCLEAR, 3: TAKEN}


ANSWERS = {
    "no JSON of ours": (refusal(400, "mj-0002", "Malformed JSON"), ACCOUNT),
    "suspended": (refusal(401, "mj-0001", "suspended"), ACCOUNT),
    "key": (refusal(401, "mj-0015", "no credentials"), ACCOUNT),
    "right": (refusal(403, "", "not authorized"), ACCOUNT),
    "not found": (refusal(404, ""), ACCOUNT),
    "method": (refusal(405, ""), ACCOUNT),
    "too large": (refusal(413, "mj-0011", "payload size"), CONTENT),
    "rate": (refusal(429, "", "Too many requests"), LATER),
    "their fault": (refusal(500, "", "D4DF574C"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b""), LATER),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "nothing said": (json_reply({"Messages": []}), UNCLEAR),
    "half of them missing": (json_reply({"Messages": [{"Status": "success"}]}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("mailjet", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(EMAIL, 1, 2))
        assert len(server.requests) == 1
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("mailjet", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(EMAIL, 1, 2))) == {LATER}


WAITS = {
    "seconds": ({"retry-after": "17"}, b"", 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, b"", 120),
    "text": ({}, b"try again in 30 seconds", 30),
    "none": ({}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: int | None) -> None:
    async with provider_before("mailjet", LEAST, Reply(429, body, headers)) as (provider, _):
        receipts = await provider.send(call(EMAIL, 1, 2))
    assert {r.retry_after for r in receipts} == {seconds}


LISTED = {
    "queued": Result.QUEUED,
    "deferred": Result.DEFERRED,
    "sent": Result.DELIVERED,
    "opened": Result.DELIVERED,
    "unsub": Result.DELIVERED,
    "blocked": Result.FAILED,
    "hardbounced": Result.BOUNCED,
    "softbounced": Result.BOUNCED,
    "spam": Result.COMPLAINED,
    "something_new": Result.QUEUED,
}


@pytest.mark.parametrize(("status", "result"), LISTED.items())
async def test_the_list_of_messages_says_what_became_of_one(status: str, result: Result) -> None:
    found = [{"CustomID": WIRE, "Status": status}, {"CustomID": f"{WIRE}0", "Status": "spam"}]
    async with provider_before("mailjet", LEAST, json_reply({"Count": 2, "Data": found})) as (provider, server):
        assert (await provider.look_up(WIRE, sent_at=NOW))[0].result == result
    [request] = server.requests
    assert (request.path, request.query["CustomID"], request.query["ShowCustomID"]) == (
        "/v3/REST/message",
        WIRE,
        "true",
    )


def listed(*found: object, after: timedelta | None = None) -> Reply:
    date = {} if after is None else {"date": format_datetime(NOW + after, usegmt=True)}
    return json_reply({"Data": found}, 200, **date)


async def test_a_message_that_is_not_listed_when_it_would_be_was_never_there() -> None:
    stranger = {"CustomID": f"{WIRE}0", "Status": "sent"}
    async with provider_before("mailjet", LEAST, listed(stranger, after=timedelta(hours=2))) as (provider, _):
        assert await provider.look_up(WIRE, sent_at=NOW) == []


@pytest.mark.parametrize(
    "answer",
    [
        listed(after=timedelta(minutes=29)),
        listed(after=timedelta(days=8)),
        listed(),
        listed({"ID": 3, "Status": "sent"}, after=timedelta(hours=2)),
        refusal(429, ""),
        Reply(200, b"<html>", {"date": DATE}),
        Reply(drops=True),
    ],
    ids=["too soon", "too late", "no date", "without our id", "busy", "page", "closes"],
)
async def test_that_a_message_is_not_listed_proves_nothing_where_it_might_not_be_there(answer: Reply) -> None:
    async with provider_before("mailjet", LEAST, answer) as (provider, _):
        with pytest.raises(Unanswered):
            await provider.look_up(WIRE, sent_at=NOW)


async def test_the_key_is_proved_without_sending() -> None:
    async with provider_before("mailjet", LEAST, json_reply({"Data": []})) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/v3/REST/sender?Limit=1")]


@pytest.mark.parametrize("answer", [refusal(401, "mj-0015"), Reply(500, b""), Reply(drops=True)])
async def test_a_key_that_does_not_do_is_named(answer: Reply) -> None:
    async with provider_before("mailjet", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble) as caught:
            await provider.check()
    assert caught.value.thing == "MAILJET_SECRET_KEY"
    assert SECRET not in str(caught.value)


def test_a_login_without_a_password_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting) as caught:
        build("mailjet", {**LEAST, "hook_logins": SECRET}, httpx.AsyncClient())
    assert caught.value.thing == "MAILJET_HOOK_LOGINS"
    assert SECRET not in str(caught.value)
