"""Africa's Talking: what goes out, what each answer means, what it tells us."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import Trouble
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent, Told
from reminder.providers.registry import build
from tests.fakes.http import Reply, json_reply
from tests.providers.over_http import provider_before, summed
from tests.providers.people import NOW, PHONES, call, recipients
from tests.providers.samples import SECRET
from tests.providers.samples.africas_talking import LEAST, of_one, takes

SMS = Channel.SMS
TAKEN = (Verdict.ACCEPTED, Fault.NONE)
ACCOUNT = (Verdict.RETRY, Fault.ACCOUNT)
ADDRESS = (Verdict.REJECTED, Fault.ADDRESS)
CONTENT = (Verdict.REJECTED, Fault.CONTENT)
LEFT = (Verdict.REJECTED, Fault.OPTED_OUT)
LATER = (Verdict.RETRY, Fault.NONE)
UNCLEAR = (Verdict.AMBIGUOUS, Fault.NONE)


async def test_each_message_is_a_form_of_its_own_and_its_id_is_kept() -> None:
    async with provider_before("africas-talking", LEAST, takes) as (provider, server):
        receipts = await provider.send(call(SMS, 1, 2))
        assert provider.capabilities.names_by_own_id
    assert summed(receipts) == {TAKEN}
    assert len({r.provider_id for r in receipts}) == 2
    assert all(r.provider_id.startswith("ATXid_") for r in receipts)
    texts = {person.address: call(SMS, 1).content.text.fill(person.values) for person in recipients(SMS, 1, 2)}
    assert {request.form["to"]: request.form["message"] for request in server.requests} == texts
    for request in server.requests:
        assert (request.method, request.target) == ("POST", "/version1/messaging")
        assert (request.headers["apikey"], request.headers["accept"]) == (SECRET, "application/json")
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.form.keys() == {"username", "to", "message", "from", "bulkSMSMode"}
        assert (request.form["username"], request.form["from"], request.form["bulkSMSMode"]) == (
            "appeals",
            "Appeals",
            "1",
        )


CODES = {
    "processed": (100, "Processed", "ATXid_1", TAKEN),
    "sent": (101, "Success", "ATXid_1", TAKEN),
    "queued": (102, "Queued", "ATXid_1", TAKEN),
    "sent without id": (101, "Success", "None", UNCLEAR),
    "kept back": (401, "RiskHold", "None", UNCLEAR),
    "sender": (402, "InvalidSenderId", "None", ACCOUNT),
    "number": (403, "InvalidPhoneNumber", "None", ADDRESS),
    "kind of number": (404, "UnsupportedNumberType", "None", ADDRESS),
    "credit": (405, "InsufficientBalance", "None", ACCOUNT),
    "opted out": (406, "UserInBlacklist", "None", LEFT),
    "no route": (407, "CouldNotRoute", "None", CONTENT),
    "do not disturb": (409, "DoNotDisturbRejection", "None", LEFT),
    "their fault": (500, "InternalServerError", "None", LATER),
    "gateway": (501, "GatewayError", "None", LATER),
    "their fault after an id": (500, "InternalServerError", "ATXid_1", UNCLEAR),
    "gateway refused": (502, "RejectedByGateway", "None", CONTENT),
    "code as text": ("406", "UserInBlacklist", "None", LEFT),
    "words alone": (None, "Success", "ATXid_1", TAKEN),
    "old words alone": (None, "Could Not Send", "None", CONTENT),
    "new code with known words": (499, "InsufficientBalance", "None", ACCOUNT),
    "new code": (499, "SomethingNew", "None", UNCLEAR),
}


@pytest.mark.parametrize(("code", "status", "told_id", "meaning"), CODES.values(), ids=CODES.keys())
async def test_what_is_said_of_the_recipient_means(
    code: object, status: str, told_id: str, meaning: tuple[Verdict, Fault]
) -> None:
    async with provider_before("africas-talking", LEAST, of_one(code, status, told_id)) as (provider, _):
        [receipt] = await provider.send(call(SMS, 1))
    assert (receipt.verdict, receipt.fault) == meaning
    assert receipt.provider_id == (told_id if meaning == TAKEN else "")


def whole(message: object, recipients_said: object = ()) -> Reply:
    return json_reply({"SMSMessageData": {"Message": message, "Recipients": recipients_said}}, 201)


ANSWERS = {
    "sender": (whole("InvalidSenderId"), ACCOUNT),
    "credit": (whole("InsufficientBalance"), ACCOUNT),
    "nothing sent": (whole("Sent to 0/1 Total Cost: 0"), UNCLEAR),
    "words of success without anybody": (whole("Success"), UNCLEAR),
    "two of one": (whole("Sent", [{"statusCode": 101}, {"statusCode": 101}]), UNCLEAR),
    "another shape": (whole(7, ["odd"]), UNCLEAR),
    "no data": (json_reply([], 201), UNCLEAR),
    "bad request": (Reply(400, b"The message is either empty or phone number is not valid"), CONTENT),
    "key": (Reply(401, b"The supplied authentication is invalid"), ACCOUNT),
    "right": (Reply(403, b""), ACCOUNT),
    "not found": (Reply(404, b""), ACCOUNT),
    "rate": (Reply(429, b""), LATER),
    "error": (Reply(500, b""), UNCLEAR),
    "gateway": (Reply(502, b"<html>bad gateway</html>"), UNCLEAR),
    "unavailable": (Reply(503, b""), LATER),
    "page": (Reply(200, b"<html>log in</html>", {"content-type": "text/html"}), UNCLEAR),
    "redirect": (Reply(302, b"", {"location": "https://elsewhere.example.org"}), ACCOUNT),
    "hangs": (Reply(hangs=True), UNCLEAR),
    "closes": (Reply(drops=True), UNCLEAR),
}


@pytest.mark.parametrize(("answer", "meaning"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_means(answer: Reply, meaning: tuple[Verdict, Fault]) -> None:
    async with provider_before("africas-talking", LEAST, answer) as (provider, _):
        receipts = await provider.send(call(SMS, 1, 2))
    assert summed(receipts) == {meaning}
    assert sorted(r.message_id for r in receipts) == [1, 2]


async def test_where_nobody_listens_nothing_was_taken() -> None:
    async with httpx.AsyncClient() as http:
        provider = build("africas-talking", {**LEAST, "url": "http://127.0.0.1:9"}, http)
        assert summed(await provider.send(call(SMS, 1))) == {LATER}


WAITS = {
    "seconds": ({"retry-after": "17"}, b"", 17),
    "date": ({"retry-after": format_datetime(NOW + timedelta(minutes=2), usegmt=True)}, b"", 120),
    "text": ({}, b"try again in 30 seconds", 30),
    "none": ({}, b"", None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS.keys())
async def test_how_long_to_wait(headers: dict[str, str], body: bytes, seconds: int | None) -> None:
    async with provider_before("africas-talking", LEAST, Reply(429, body, headers)) as (provider, _):
        [receipt] = await provider.send(call(SMS, 1))
    assert receipt.retry_after == seconds


async def test_the_key_is_proved_without_sending() -> None:
    async with provider_before("africas-talking", LEAST, json_reply({"UserData": {}})) as (provider, server):
        await provider.check()
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/version1/user?username=appeals")]


@pytest.mark.parametrize("answer", [Reply(401, b"no"), Reply(500, b""), Reply(drops=True)])
async def test_a_key_that_does_not_do_is_named(answer: Reply) -> None:
    async with provider_before("africas-talking", LEAST, answer) as (provider, _):
        with pytest.raises(Trouble) as caught:
            await provider.check()
    assert caught.value.thing == "AFRICAS_TALKING_API_KEY"
    assert SECRET not in str(caught.value)


def configured(secrets: str = "s3cret-of-now, an0ther-one") -> Provider:
    return build("africas-talking", {**LEAST, "hook_secret": secrets}, httpx.AsyncClient())


READER = configured()


def posted(fields: dict[str, str], key: str = "s3cret-of-now") -> Callback:
    url = "https://example.org/hooks/africas-talking" + (f"?{urlencode({'key': key})}" if key else "")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Callback("POST", url, headers, urlencode(fields).encode(), NOW)


def tell(**fields: str) -> list[Told]:
    return READER.parse(posted({"from" if name == "sender" else name: value for name, value in fields.items()}))


@pytest.mark.parametrize("key", ["s3cret-of-now", "an0ther-one"])
async def test_either_secret_in_the_address_is_genuine(key: str) -> None:
    await READER.verify(posted({}, key))
    assert READER.capabilities.webhooks


@pytest.mark.parametrize("key", ["", "wrong", "s3cret-of-no", "s3cret-of-now, an0ther-one"])
async def test_whatever_lacks_the_secret_is_refused(key: str) -> None:
    with pytest.raises(BadSignature):
        await READER.verify(posted({"key": "s3cret-of-now"}, key))


async def test_without_a_secret_everything_is_refused_and_no_callbacks_are_promised() -> None:
    without = configured("")
    with pytest.raises(BadSignature):
        await without.verify(posted({}))
    assert not without.capabilities.webhooks


REPORTS = {
    "sent": ("Sent", "", ("status", Result.SENT, False)),
    "submitted": ("Submitted", "", ("status", Result.SENT, False)),
    "buffered": ("Buffered", "", ("status", Result.SENT, False)),
    "delivered": ("Success", "", ("status", Result.DELIVERED, False)),
    "nobody there": ("Failed", "UserDoesNotExist", ("status", Result.BOUNCED, True)),
    "another network's": ("Rejected", "NotNetworkSubscriber", ("status", Result.BOUNCED, True)),
    "away": ("Failed", "UserIsInactive", ("status", Result.BOUNCED, False)),
    "suspended": ("Failed", "UserAccountSuspended", ("status", Result.BOUNCED, False)),
    "absent": ("AbsentSubscriber", "", ("status", Result.BOUNCED, False)),
    "expired": ("Expired", "", ("status", Result.BOUNCED, False)),
    "failed": ("Failed", "DeliveryFailure", ("status", Result.FAILED, False)),
    "refused": ("Rejected", "", ("status", Result.FAILED, False)),
    "something new": ("Teleported", "", ("unknown", Result.UNKNOWN, False)),
}


@pytest.mark.parametrize(("status", "reason", "meaning"), REPORTS.values(), ids=REPORTS.keys())
def test_a_report_means(status: str, reason: str, meaning: tuple[str, Result, bool]) -> None:
    more = {"failureReason": reason} if reason else {}
    [told] = tell(id="ATXid_1", status=status, phoneNumber=PHONES[1], networkCode="63902", **more)
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent) == meaning
    assert (told.provider_id, told.wire_id, told.address) == ("ATXid_1", "", PHONES[1])
    assert told.code == (reason or status)


@pytest.mark.parametrize("reason", ["UserInBlackList", "DoNotDisturbRejection"])
def test_somebody_whom_the_provider_took_off_has_left(reason: str) -> None:
    status_event, left = tell(id="ATXid_1", status="Failed", phoneNumber=PHONES[1], failureReason=reason)
    assert isinstance(status_event, ProviderEvent)
    assert isinstance(left, ProviderEvent)
    assert (status_event.kind, status_event.result) == ("status", Result.FAILED)
    assert (left.kind, left.leaving, left.provider_id) == ("left", Leaving.STOP, "ATXid_1")


def test_an_opt_out_names_the_number_that_has_left() -> None:
    [told] = tell(senderId="Appeals", phoneNumber=PHONES[1])
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.leaving, told.address) == ("left", Leaving.STOP, PHONES[1])


def test_a_text_that_came_in_has_numbers_with_a_plus() -> None:
    number = PHONES[1].removeprefix("+")
    [told] = tell(sender=number, to="22384", text="STOP", date="2020-12-22 08:30:00", id="8a1b", linkId="x")
    assert isinstance(told, Inbound)
    assert (told.sender, told.to, told.text, told.provider_id) == (PHONES[1], "22384", "STOP", "8a1b")
    assert told.at == datetime(2020, 12, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("fields", [{}, {"id": "1"}, {"phoneNumber": "+1", "shortCode": "2", "updateType": "addition"}])
def test_anything_else_is_unknown(fields: dict[str, str]) -> None:
    [told] = READER.parse(posted(fields))
    assert isinstance(told, ProviderEvent)
    assert told.kind == "unknown"


NAMES = st.sampled_from(["id", "status", "from", "to", "text", "date", "senderId", "phoneNumber", "failureReason"])


@given(body=st.binary(max_size=200), fields=st.dictionaries(NAMES, st.text(max_size=12)))
def test_any_bytes_and_any_fields_give_a_list(body: bytes, fields: dict[str, str]) -> None:
    assert isinstance(READER.parse(Callback("POST", "https://example.org/", {}, body, NOW)), list)
    assert isinstance(READER.parse(posted(fields)), list)


@given(key=st.text(max_size=20))
def test_any_secret_that_is_not_ours_is_refused_without_another_error(key: str) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(posted({}, key)))
