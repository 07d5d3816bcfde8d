"""Twilio: the form it is sent, what its errors mean, its signatures and its callbacks."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from reminder.providers.sms.twilio import CODES
from tests.fakes.http import Reply, json_reply
from tests.providers.people import LAST, NOW, PHONES, call, wire_id
from tests.providers.samples import SECRET
from tests.providers.samples.twilio import ACCOUNT, HOOK, LEAST, SID, TAKEN, refusal
from tests.providers.test_single_sms import bench

KNOWN_FIELDS = {"To", "From", "MessagingServiceSid", "Body", "ValidityPeriod", "StatusCallback"}


def twilio(**more: str) -> Provider:
    return build("twilio", {**LEAST, "hook_url": HOOK, **more}, httpx.AsyncClient())


def signed(
    form: list[tuple[str, str]] | dict[str, str],
    *,
    query: str = "",
    token: str = SECRET,
    url: str = HOOK,
    method: str = "POST",
) -> Callback:
    """A callback as Twilio makes it."""
    fields = list(form.items()) if isinstance(form, dict) else form
    full = f"{url}?{query}" if query else url
    text = full + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    signature = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    return Callback(method, f"{HOOK}?{query}" if query else HOOK, headers, urlencode(fields).encode(), NOW)


def status(word: str, code: str = "") -> Callback:
    form = {"MessageSid": SID, "MessageStatus": word, "To": PHONES[1], "From": "+447700900200", "AccountSid": ACCOUNT}
    return signed(form | ({"ErrorCode": code} if code else {}), query=f"m={wire_id(1)}")


async def test_a_message_is_one_form() -> None:
    async with bench("twilio", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == f"{ACCOUNT}:{SECRET}"
    assert request.form == {
        "To": PHONES[1],
        "From": "Appeals",
        "Body": "One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: https://example.org/l/1\r\n",
        "ValidityPeriod": "36000",
        "StatusCallback": f"{HOOK}?m={wire_id(1)}",
    }
    assert request.form.keys() <= KNOWN_FIELDS
    assert (receipt.verdict, receipt.provider_id) == (Verdict.ACCEPTED, SID)


async def test_a_messaging_service_chooses_the_sender_and_a_key_may_send() -> None:
    service = "MG00000000000000000000000000000003"
    more = {"messaging_service_sid": service, "key_sid": "SK1", "key_secret": "s3"}
    async with bench("twilio", TAKEN, **more, hook_url="") as it:
        await it.send(1)
        [request] = it.server.requests
    assert request.form["MessagingServiceSid"] == service
    assert request.form.keys() & {"From", "StatusCallback"} == set()
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"SK1:s3"


@pytest.mark.parametrize(
    ("left", "seconds"), [(timedelta(days=3), "36000"), (timedelta(hours=1), "3600"), (timedelta(seconds=-5), "6")]
)
async def test_twilio_gives_up_when_the_message_no_longer_helps(left: timedelta, seconds: str) -> None:
    async with bench("twilio", TAKEN) as it:
        await it.provider.send(replace(call(Channel.SMS, 1), now=LAST - left))
        [request] = it.server.requests
    assert request.form["ValidityPeriod"] == seconds


@pytest.mark.parametrize("more", [{"key_sid": "SK1"}, {"account_sid": "AC/../x"}, {"takes_stop": "perhaps"}])
def test_settings_that_do_not_fit_are_named(more: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="TWILIO_"):
        twilio(**more)


@pytest.mark.parametrize(
    ("codes", "verdict", "fault"),
    [
        ((14107, 20429, 21611, 30001), Verdict.RETRY, Fault.NONE),
        ((20003, 20005, 21212, 21408, 21606, 21608, 21609, 21660, 21703, 30002, 63038), Verdict.RETRY, Fault.ACCOUNT),
        ((21211, 21217, 21265, 21268, 21614, 21635), Verdict.REJECTED, Fault.ADDRESS),
        ((21602, 21617, 21658, 21612, 99999), Verdict.REJECTED, Fault.CONTENT),
        ((21610,), Verdict.REJECTED, Fault.OPTED_OUT),
    ],
)
async def test_errors_mean_what_the_dictionary_says(codes: tuple[int, ...], verdict: Verdict, fault: Fault) -> None:
    for code in codes:
        async with bench("twilio", refusal(code)) as it:
            [receipt] = await it.send(1)
        assert (receipt.verdict, receipt.fault, receipt.code) == (verdict, fault, str(code))


@pytest.mark.parametrize("code", CODES)
async def test_no_error_of_the_account_costs_anybody_a_message(code: int) -> None:
    async with bench("twilio", refusal(code)) as it:
        [receipt] = await it.send(1)
    assert (receipt.fault is Fault.ACCOUNT) <= (receipt.verdict is Verdict.RETRY)
    assert receipt.verdict is not Verdict.AMBIGUOUS


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (json_reply({"sid": SID, "status": "failed", "error_code": 21610}, 201), Verdict.REJECTED),
        (json_reply({"status": "queued"}, 201), Verdict.AMBIGUOUS),
        (json_reply({"code": "odd"}, 400), Verdict.REJECTED),
        (json_reply({"code": 20500}, 500), Verdict.AMBIGUOUS),
    ],
)
async def test_odd_answers(reply: Reply, verdict: Verdict) -> None:
    async with bench("twilio", reply) as it:
        [receipt] = await it.send(1)
    assert receipt.verdict is verdict


async def test_a_key_is_proved_without_sending() -> None:
    async with bench("twilio", json_reply({"messages": []})) as it:
        await it.provider.check()
        [request] = it.server.requests
    assert (request.method, request.query) == ("GET", {"PageSize": "1"})
    async with bench("twilio", refusal(20003, 401)) as it:
        with pytest.raises(Trouble, match="TWILIO_AUTH_TOKEN"):
            await it.provider.check()


# Twilio's own example: docs "Validating requests", and the vectors of its libraries.
EXAMPLE_URL = "https://mycompany.com/myapp.php"
EXAMPLE = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
REPEATED = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]


@pytest.mark.parametrize(
    ("hook", "form", "signature"),
    [
        (EXAMPLE_URL, list(EXAMPLE.items()), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (EXAMPLE_URL, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        ("https://mycompany.com:1234/myapp.php", list(EXAMPLE.items()), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (EXAMPLE_URL, list(EXAMPLE.items()), "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ],
    ids=["as documented", "repeated fields", "without our port", "with the port that goes without saying"],
)
async def test_known_signatures_fit(hook: str, form: list[tuple[str, str]], signature: str) -> None:
    callback = Callback(
        "POST",
        "https://anything.example.org/behind/a/proxy?foo=1&bar=2",
        {"x-twilio-signature": signature},
        urlencode(form).encode(),
        NOW,
    )
    await twilio(auth_token="12345", hook_url=hook).verify(callback)
    with pytest.raises(BadSignature):
        await twilio(auth_token="12346", hook_url=hook).verify(callback)


async def test_either_token_fits_while_it_is_changed() -> None:
    callback = status("delivered")
    await twilio(auth_token=f"new, {SECRET}").verify(callback)
    with pytest.raises(BadSignature):
        await twilio(auth_token="new").verify(callback)


async def test_a_callback_by_get_is_signed_by_its_address_alone() -> None:
    callback = signed({}, query="MessageStatus=sent&MessageSid=SM1", method="GET")
    await twilio().verify(callback)
    [event] = twilio().parse(callback)
    assert isinstance(event, ProviderEvent)
    assert event.result is Result.SENT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: replace(c, headers={}),
        lambda c: replace(c, headers={"x-twilio-signature": ""}),
        lambda c: replace(c, headers={"x-twilio-signature": c.headers["x-twilio-signature"][:-4]}),
        lambda c: replace(c, headers={"x-twilio-signature": "\udcff\u20ac"}),
        lambda c: replace(c, body=c.body + b"&Body=more"),
        lambda c: replace(c, body=c.body[:-3]),
        lambda c: replace(c, url=c.url.replace(wire_id(1), wire_id(2))),
        lambda c: replace(c, url=HOOK),
        lambda c: replace(c, method="GET"),
    ],
)
async def test_a_callback_that_was_touched_is_refused(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(BadSignature):
        await twilio().verify(spoil(status("delivered")))


async def test_without_an_address_for_callbacks_all_are_refused() -> None:
    with pytest.raises(BadSignature, match="no address"):
        await twilio(hook_url="").verify(status("sent"))


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("accepted", Result.QUEUED),
        ("queued", Result.QUEUED),
        ("sending", Result.QUEUED),
        ("scheduled", Result.QUEUED),
        ("sent", Result.SENT),
        ("delivered", Result.DELIVERED),
        ("read", Result.DELIVERED),
        ("partially_delivered", Result.SENT),
        ("canceled", Result.FAILED),
    ],
)
async def test_states(word: str, result: Result) -> None:
    await twilio().verify(status(word))
    [event] = twilio().parse(status(word))
    assert event == ProviderEvent(
        kind="status",
        result=result,
        at=NOW,
        wire_id=wire_id(1),
        provider_id=SID,
        address=PHONES[1],
        same=f"{SID} {word}",
    )


@pytest.mark.parametrize("word", ["failed", "undelivered"])
@pytest.mark.parametrize(
    ("code", "result", "permanent"),
    [
        ("30003", Result.BOUNCED, False),
        ("30004", Result.BOUNCED, False),
        ("30005", Result.BOUNCED, True),
        ("30006", Result.BOUNCED, True),
        ("21614", Result.BOUNCED, True),
        ("30007", Result.FAILED, False),
        ("30008", Result.FAILED, False),
        ("", Result.FAILED, False),
    ],
)
def test_what_did_not_arrive(word: str, code: str, result: Result, permanent: bool) -> None:
    [event] = twilio().parse(status(word, code))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.permanent, event.code) == ("status", result, permanent, code)


def test_somebody_who_told_twilio_to_stop_has_left() -> None:
    failed, left = twilio().parse(status("failed", "21610"))
    assert isinstance(failed, ProviderEvent)
    assert isinstance(left, ProviderEvent)
    assert (failed.kind, failed.result) == ("status", Result.FAILED)
    assert (left.kind, left.leaving, left.address, left.wire_id) == ("left", Leaving.STOP, PHONES[1], wire_id(1))


def test_a_state_nobody_has_heard_of_is_unknown() -> None:
    [event] = twilio().parse(status("teleported"))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result) == ("unknown", Result.UNKNOWN)


@pytest.mark.parametrize(
    ("more", "text", "option", "handled"),
    [
        ({}, "I wrote today", "yes", None),
        ({}, "stop", "yes", Leaving.STOP),
        ({}, " Unsubscribe\n", "yes", Leaving.STOP),
        ({}, "Please stop", "yes", None),
        ({}, "STOP", "no", None),
        ({"OptOutType": "STOP"}, "ARRET", "no", Leaving.STOP),
        ({"OptOutType": "START"}, "START", "yes", None),
        ({"OptOutType": "HELP"}, "HELP", "yes", None),
    ],
)
async def test_what_somebody_wrote(more: dict[str, str], text: str, option: str, handled: Leaving | None) -> None:
    form = {"MessageSid": SID, "SmsStatus": "received", "From": PHONES[2], "To": "+447700900200", "Body": text}
    callback = signed(form | more)
    provider = twilio(takes_stop=option)
    await provider.verify(callback)
    [reply] = provider.parse(callback)
    assert reply == Inbound(
        channel=Channel.SMS,
        at=NOW,
        sender=PHONES[2],
        to="+447700900200",
        text=text,
        provider_id=SID,
        handled=handled,
    )


def test_the_answer_to_a_callback_is_no_reply_to_the_person() -> None:
    told = twilio().acknowledgement
    assert told.content_type.startswith("text/xml")
    assert b"<Response></Response>" in told.body
    assert b"<Message" not in told.body


@given(body=st.binary(max_size=200), query=st.text(max_size=40), method=st.sampled_from(["GET", "POST"]))
def test_any_bytes_are_a_list(body: bytes, query: str, method: str) -> None:
    assert isinstance(twilio().parse(Callback(method, f"{HOOK}?{query}", {}, body, NOW)), list)
