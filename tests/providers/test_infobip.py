"""Infobip: what goes out, what each answer means, and what its log says."""

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest

from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.http import Unanswered
from reminder.providers.registry import build
from tests.fakes.http import Reply, Request, json_reply
from tests.providers.over_http import WIRE, provider_before, summed
from tests.providers.people import LAST, NOW, PHONES, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.infobip import DATE, HOOK, LEAST, PENDING, answers_each, refusal, status

SMS = Channel.SMS
TAKEN = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LEFT = (Verdict.REJECTED, Fault.OPTED_OUT)
FLOODED = (Verdict.RETRY, Fault.MAILBOX)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)
GOOD = answers_each(PENDING)


async def test_a_call_is_one_request_with_a_text_an_id_and_an_address_for_reports_for_each() -> None:
    async with provider_before("infobip", {**LEAST, **HOOK}, GOOD) as (provider, server):
        receipts = await provider.send(call(SMS, 1, 2))
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/sms/3/messages")
    assert request.headers["authorization"] == f"App {SECRET}"
    assert request.headers["content-type"] == "application/json"
    what = call(SMS, 1).content
    assert request.json == {
        "messages": [
            {
                "sender": "Appeals",
                "destinations": [{"to": person.address.removeprefix("+"), "messageId": person.wire_id}],
                "content": {"text": what.text.fill(person.values)},
                "options": {"validityPeriod": {"amount": 48 * 3600, "timeUnit": "SECONDS"}},
                "webhooks": {
                    "delivery": {"url": f"{HOOK['hook_url']}?key={SECRET}"},
                    "contentType": "application/json",
                    "callbackData": person.wire_id,
                },
            }
            for person in recipients(SMS, 1, 2)
        ]
    }
    assert summed(receipts) == {TAKEN}


@pytest.mark.parametrize("missing", HOOK)
async def test_without_an_address_or_a_secret_for_it_no_reports_are_asked_for(missing: str) -> None:
    some = {name: value for name, value in HOOK.items() if name != missing}
    async with provider_before("infobip", {**LEAST, **some}, GOOD) as (provider, server):
        await provider.send(call(SMS, 1))
        assert provider.capabilities.webhooks == provider.capabilities.inbound == ("hook_secret" in some)
    [message] = server.requests[0].json["messages"]
    assert "delivery" not in message["webhooks"]


@pytest.mark.parametrize(
    ("left", "seconds"),
    [
        (timedelta(seconds=5), 60),
        (timedelta(minutes=90), 5_400),
        (timedelta(hours=48), 172_800),
        (LAST - NOW, 172_800),
    ],
)
async def test_a_text_is_given_up_when_it_helps_no_more(left: timedelta, seconds: int) -> None:
    async with provider_before("infobip", LEAST, GOOD) as (provider, server):
        await provider.send(replace(call(SMS, 1), not_after=NOW + left))
    [message] = server.requests[0].json["messages"]
    assert message["options"]["validityPeriod"]["amount"] == seconds


STATUSES = {
    "PENDING_WAITING_DELIVERY": (1, 3, TAKEN),
    "PENDING_ENROUTE": (1, 7, TAKEN),
    "PENDING_ACCEPTED": (1, 26, TAKEN),
    "DELIVERED_TO_OPERATOR": (3, 2, TAKEN),
    "DELIVERED_TO_HANDSET": (3, 5, TAKEN),
    "UNDELIVERABLE_REJECTED_OPERATOR": (2, 4, CONTENT),
    "UNDELIVERABLE_NOT_DELIVERED": (2, 9, CONTENT),
    "UNDELIVERABLE_NOT_SENT": (2, 31, CONTENT),
    "EXPIRED_EXPIRED": (4, 15, CONTENT),
    "REJECTED_NETWORK": (5, 6, CONTENT),
    "REJECTED_PREFIX_MISSING": (5, 8, ADDRESS),
    "REJECTED_DND": (5, 10, LEFT),
    "REJECTED_SOURCE": (5, 11, ACCOUNT),
    "REJECTED_NOT_ENOUGH_CREDITS": (5, 12, ACCOUNT),
    "REJECTED_SENDER": (5, 13, ACCOUNT),
    "REJECTED_DESTINATION_BLOCKLISTED": (5, 14, LEFT),
    "REJECTED_PREPAID_PACKAGE_EXPIRED": (5, 17, ACCOUNT),
    "REJECTED_DESTINATION_NOT_REGISTERED": (5, 18, ACCOUNT),
    "REJECTED_ROUTE_NOT_AVAILABLE": (5, 19, ACCOUNT),
    "REJECTED_FLOODING_FILTER": (5, 20, FLOODED),
    "REJECTED_SYSTEM_ERROR": (5, 21, LATER),
    "REJECTED_DUPLICATE_MESSAGE_ID": (5, 23, UNCLEAR),
    "REJECTED_INVALID_UDH": (5, 24, CONTENT),
    "REJECTED_MESSAGE_TOO_LONG": (5, 25, CONTENT),
    "MISSING_TO": (5, 51, ADDRESS),
    "REJECTED_DESTINATION": (5, 52, ADDRESS),
    "SIGNALS_BLOCKED": (5, 87, CONTENT),
    "REJECTED": (5, 99, CONTENT),
    "UNDELIVERABLE_REJECTED_PLATFORM": (5, 100, LATER),
    "REJECTED_BY_SOMETHING_NEW": (5, 4711, CONTENT),
}


@pytest.mark.parametrize("name", STATUSES)
async def test_the_status_of_a_message_in_the_answer_means(name: str) -> None:
    group, number, meaning = STATUSES[name]
    answer = answers_each(status(group, number, name, f"about {PHONES[1]} and {PHONES[1].removeprefix('+')}"))
    async with provider_before("infobip", LEAST, answer) as (provider, _):
        [receipt] = await provider.send(call(SMS, 1))
    assert ((receipt.verdict, receipt.fault), receipt.code) == (meaning, name)
    assert PHONES[1].removeprefix("+") not in receipt.detail
    assert receipt.retry_after == (3_600 if meaning == FLOODED else None)


async def test_each_message_of_a_call_has_its_own_status_and_a_missing_one_is_unclear() -> None:
    def answer(request: Request) -> Reply:
        ids = [message["destinations"][0]["messageId"] for message in request.json["messages"]]
        messages = [
            {"messageId": ids[1], "status": status(5, 52, "REJECTED_DESTINATION")},
            {"messageId": ids[0], "status": PENDING},
            {"messageId": ids[3]},
            "odd",
        ]
        return json_reply({"messages": messages})

    async with provider_before("infobip", LEAST, answer) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(SMS, 1, 2, 3, 4))}
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {1: TAKEN, 2: ADDRESS, 3: UNCLEAR, 4: UNCLEAR}


ANSWERS = {
    "bad request": (refusal(400, "Bad request"), CONTENT),
    "the sender": (refusal(400, "unknown", "messages[0].sender", "messages[1].sender"), ACCOUNT),
    "a place that is none": (refusal(400, "what", "messages[9].content.text"), CONTENT),
    "violations of another shape": (json_reply({"violations": ["x", {"property": 3}]}, 400), CONTENT),
    "key": (json_reply({"requestError": {"serviceException": {"messageId": "UNAUTHORIZED"}}}, 401), ACCOUNT),
    "right": (refusal(403, "Forbidden"), ACCOUNT),
    "not found": (refusal(404, "Not found"), ACCOUNT),
    "rate": (refusal(429, "Too many requests"), LATER),
    "their fault": (refusal(500, "Something went wrong"), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b""), LATER),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "another shape": (json_reply({"messages": {"status": 1}}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("infobip", LEAST, answer) as (provider, server):
        receipts = await provider.send(call(SMS, 1, 2))
        assert len(server.requests) == 1
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("infobip", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(SMS, 1, 2))) == {LATER}


async def test_one_bad_number_does_not_cost_the_others_their_text() -> None:
    answer = refusal(400, f"not {PHONES[2]}", "messages[1].destinations[0].to", "messages[2].content.text")
    async with provider_before("infobip", LEAST, answer) as (provider, _):
        receipts = {r.message_id: r for r in await provider.send(call(SMS, 1, 2, 3))}
    assert {n: (r.verdict, r.fault) for n, r in receipts.items()} == {1: LATER, 2: ADDRESS, 3: CONTENT}
    assert receipts[1].retry_after == 0


WAITS = {
    "seconds": ({"retry-after": "17"}, b"", 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, b"", 120),
    "text": ({}, b"try again in 30 seconds", 30),
    "none": ({}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: int | None) -> None:
    async with provider_before("infobip", LEAST, Reply(429, body, headers)) as (provider, _):
        receipts = await provider.send(call(SMS, 1, 2))
    assert {r.retry_after for r in receipts} == {seconds}


LOGGED = {
    "on its way": ([status(1, 26, "PENDING_ACCEPTED")], Result.QUEUED),
    "with the operator": ([status(3, 2, "DELIVERED_TO_OPERATOR")], Result.SENT),
    "delivered": ([status(3, 5, "DELIVERED_TO_HANDSET")], Result.DELIVERED),
    "nobody knows": ([status(4, 29, "EXPIRED_DLR_UNKNOWN")], Result.SENT),
    "not delivered": ([status(2, 9, "UNDELIVERABLE_NOT_DELIVERED")], Result.FAILED),
    "refused, then delivered": (
        [status(5, 12, "REJECTED_NOT_ENOUGH_CREDITS"), status(3, 5, "DELIVERED_TO_HANDSET")],
        Result.DELIVERED,
    ),
}


@pytest.mark.parametrize(("statuses", "result"), LOGGED.values(), ids=LOGGED.keys())
async def test_the_log_says_what_became_of_a_message(statuses: list[object], result: Result) -> None:
    entries = [{"messageId": WIRE, "status": each} for each in statuses]
    async with provider_before("infobip", LEAST, json_reply({"results": [*entries, "odd"]})) as (provider, server):
        assert (await provider.look_up(WIRE, sent_at=NOW))[0].result == result
    assert (server.requests[0].path, server.requests[0].query["messageId"]) == ("/sms/3/logs", WIRE)


async def test_a_message_that_is_not_in_the_log_when_it_would_be_was_never_there() -> None:
    stranger = {"messageId": f"{WIRE}0", "status": status(3, 5, "DELIVERED_TO_HANDSET")}
    async with provider_before("infobip", LEAST, json_reply({"results": [stranger]}, date=DATE)) as (provider, _):
        assert await provider.look_up(WIRE, sent_at=NOW) == []


def dated(after: timedelta) -> Reply:
    return json_reply({"results": []}, date=format_datetime(NOW + after, usegmt=True))


@pytest.mark.parametrize(
    "answer",
    [
        dated(timedelta(minutes=9)),
        dated(timedelta(hours=48)),
        json_reply({"results": []}),
        json_reply({"results": []}, date="today"),
        refusal(429, "Too many requests"),
        Reply(200, b"<html>", {"date": DATE}),
        Reply(drops=True),
    ],
    ids=["too soon", "too late", "no date", "no readable date", "busy", "page", "closes"],
)
async def test_that_a_message_is_not_in_the_log_proves_nothing_where_it_might_not_be_there(answer: Reply) -> None:
    async with provider_before("infobip", LEAST, answer) as (provider, _):
        with pytest.raises(Unanswered):
            await provider.look_up(WIRE, sent_at=NOW)


async def test_the_key_is_proved_without_sending() -> None:
    async with provider_before("infobip", LEAST, json_reply({"results": []})) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/sms/3/logs?limit=1")]


@pytest.mark.parametrize("answer", [refusal(401, "no"), Reply(500, b""), Reply(drops=True)])
async def test_a_key_that_does_not_do_is_named(answer: Reply) -> None:
    async with provider_before("infobip", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble) as caught:
            await provider.check()
    assert caught.value.thing == "INFOBIP_API_KEY"
    assert SECRET not in str(caught.value)


def test_an_address_without_tls_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting) as caught:
        build("infobip", {**LEAST, "url": "http://xyz.api.infobip.com"}, httpx.AsyncClient())
    assert caught.value.thing == "INFOBIP_URL"
