"""Telnyx: the document it is sent, what its errors mean, its signatures and its callbacks."""

import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from reminder.providers.sms.telnyx import CODES
from tests.fakes.http import Reply, json_reply
from tests.providers.people import NOW, PHONES, call, recipients, wire_id
from tests.providers.samples import SECRET
from tests.providers.samples.telnyx import HOOK, LEAST, MESSAGE, TAKEN, refusal
from tests.providers.test_single_sms import bench

# Of the description of Messages: nothing else may be sent.
KNOWN_FIELDS = {
    *("auto_detect", "from", "media_urls", "messaging_profile_id", "subject", "text", "to", "type"),
    *("use_profile_webhooks", "webhook_failover_url", "webhook_url"),
}
# RFC 8032, 7.1, test 2: a secret key and its public key.
SIGNING = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
PUBLIC = b64encode(bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")).decode()
OTHER = b64encode(Ed25519PrivateKey.from_private_bytes(b"\1" * 32).public_key().public_bytes_raw()).decode()
EVENT = "86f58db9-0fe3-4adc-9d1f-46e66e6e9323"
ADDRESS = f"{HOOK}?m={wire_id(1)}"


def telnyx(**more: str) -> Provider:
    return build("telnyx", {**LEAST, "hook_url": HOOK, "public_key": PUBLIC, **more}, httpx.AsyncClient())


def state(status: str, *codes: str, kind: str = "message.finalized", webhook_url: str | None = ADDRESS) -> Any:
    payload = {
        "id": MESSAGE,
        "direction": "outbound",
        "to": [{"phone_number": PHONES[1], "status": status}],
        "errors": [{"code": code, "title": "Refused"} for code in codes],
        "webhook_url": webhook_url,
    }
    return {
        "data": {
            "event_type": kind,
            "id": EVENT,
            "occurred_at": "2020-12-22T08:59:00.331+00:00",
            "payload": payload,
        },
        "meta": {"attempt": 1},
    }


def called(said: object, url: str = ADDRESS) -> Callback:
    return Callback("POST", url, {}, orjson.dumps(said), NOW)


def signed(said: object, *, seconds: str = str(int(NOW.timestamp()))) -> Callback:
    """A callback as Telnyx makes it."""
    callback = called(said)
    signature = b64encode(SIGNING.sign(seconds.encode() + b"|" + callback.body)).decode()
    return replace(callback, headers={"telnyx-signature-ed25519": signature, "telnyx-timestamp": seconds})


async def test_a_message_is_one_document_with_a_key_of_its_own() -> None:
    async with bench("telnyx", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.target) == ("POST", "/messages")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["idempotency-key"] == f"attempt-7-{wire_id(1)}"
    assert request.json == {
        "from": "Appeals",
        "to": PHONES[1],
        "text": "One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: https://example.org/l/1\r\n",
        "type": "SMS",
        "webhook_url": ADDRESS,
    }
    assert request.json.keys() <= KNOWN_FIELDS
    assert (receipt.verdict, receipt.provider_id) == (Verdict.ACCEPTED, MESSAGE)


async def test_a_profile_may_be_named_and_callbacks_left_out() -> None:
    async with bench("telnyx", TAKEN, messaging_profile_id="abc", hook_url="") as it:
        await it.send(1)
        [request] = it.server.requests
    assert request.json["messaging_profile_id"] == "abc"
    assert "webhook_url" not in request.json
    assert request.json.keys() <= KNOWN_FIELDS


async def test_a_key_has_no_sign_that_telnyx_refuses() -> None:
    person = recipients(Channel.SMS, 1)[0]._replace(wire_id="1f4a.9c0e6f2b7d81a355")
    async with bench("telnyx", TAKEN) as it:
        await it.provider.send(call(Channel.SMS, to=[person]))
        [request] = it.server.requests
    assert re.fullmatch(r"[A-Za-z0-9_:-]{1,255}", request.headers["idempotency-key"])
    assert request.json["webhook_url"] == f"{HOOK}?m=1f4a.9c0e6f2b7d81a355"


@pytest.mark.parametrize(
    ("codes", "verdict", "fault"),
    [
        (("10011", "40011", "40018", "40318"), Verdict.RETRY, Fault.NONE),
        (("10009", "10010", "20100", "40013", "40100", "40305", "40309", "40312"), Verdict.RETRY, Fault.ACCOUNT),
        (("40314", "40329", "40010"), Verdict.RETRY, Fault.ACCOUNT),
        (("40001", "40012", "40310"), Verdict.REJECTED, Fault.ADDRESS),
        (("40009", "40302", "40316", "40322", "99999"), Verdict.REJECTED, Fault.CONTENT),
        (("40300",), Verdict.REJECTED, Fault.OPTED_OUT),
    ],
)
async def test_errors_mean_what_the_documents_say(codes: tuple[str, ...], verdict: Verdict, fault: Fault) -> None:
    for code in codes:
        async with bench("telnyx", refusal(code)) as it:
            [receipt] = await it.send(1)
        assert (receipt.verdict, receipt.fault, receipt.code) == (verdict, fault, code)


@pytest.mark.parametrize("code", CODES)
async def test_no_error_of_the_account_costs_anybody_a_message(code: str) -> None:
    async with bench("telnyx", refusal(code)) as it:
        [receipt] = await it.send(1)
    assert (receipt.fault is Fault.ACCOUNT) <= (receipt.verdict is Verdict.RETRY)


@pytest.mark.parametrize("code", ["10002", "10004", "10015", "10016"])
@pytest.mark.parametrize(
    ("pointer", "fault"),
    [("/to", Fault.ADDRESS), ("/from", Fault.ACCOUNT), ("/text", Fault.CONTENT), ("", Fault.CONTENT)],
)
async def test_a_bad_field_is_the_fault_of_what_it_holds(code: str, pointer: str, fault: Fault) -> None:
    async with bench("telnyx", refusal(code, pointer=pointer)) as it:
        [receipt] = await it.send(1)
    assert receipt.fault is fault


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (json_reply({"data": {}}), Verdict.AMBIGUOUS),
        (json_reply({"data": []}), Verdict.AMBIGUOUS),
        (json_reply({"errors": ["odd"]}, 422), Verdict.REJECTED),
        (json_reply({"errors": 1}, 500), Verdict.AMBIGUOUS),
        (refusal("10007", 500), Verdict.AMBIGUOUS),
        (refusal("10012", 409), Verdict.AMBIGUOUS),
    ],
)
async def test_odd_answers(reply: Reply, verdict: Verdict) -> None:
    async with bench("telnyx", reply) as it:
        [receipt] = await it.send(1)
    assert receipt.verdict is verdict


async def test_the_key_is_proved_by_the_balance() -> None:
    async with bench("telnyx", json_reply({"data": {"balance": "1.00"}})) as it:
        await it.provider.check()
        [request] = it.server.requests
    assert (request.method, request.target) == ("GET", "/balance")
    async with bench("telnyx", refusal("10009", 401)) as it:
        with pytest.raises(Trouble, match="TELNYX_API_KEY"):
            await it.provider.check()


@pytest.mark.parametrize("key", ["%%%", "AAAA", PUBLIC + "AAAA", f"{PUBLIC},no"])
def test_a_public_key_that_is_none_is_named(key: str) -> None:
    with pytest.raises(BadSetting, match="TELNYX_PUBLIC_KEY"):
        telnyx(public_key=key)


def test_the_key_of_the_tests_is_the_published_one() -> None:
    assert b64encode(SIGNING.public_key().public_bytes_raw()).decode() == PUBLIC
    # RFC 8032, 7.1, test 2: the signature of the one byte 0x72.
    assert SIGNING.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8f")


async def test_a_signed_callback_is_accepted_by_either_key() -> None:
    await telnyx().verify(signed(state("delivered")))
    await telnyx(public_key=f"{OTHER}, {PUBLIC}").verify(signed(state("delivered")))
    with pytest.raises(BadSignature, match="does not fit"):
        await telnyx(public_key=OTHER).verify(signed(state("delivered")))


def spoiled(**headers: str) -> Callback:
    callback = signed(state("delivered"))
    return replace(callback, headers={**callback.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})


@pytest.mark.parametrize(
    "callback",
    [
        called(state("delivered")),
        spoiled(telnyx_signature_ed25519=""),
        spoiled(telnyx_signature_ed25519="%%%"),
        spoiled(telnyx_signature_ed25519="é"),
        spoiled(telnyx_signature_ed25519=b64encode(b"short").decode()),
        spoiled(telnyx_timestamp=str(int(NOW.timestamp()) + 1)),
        spoiled(telnyx_timestamp="now"),
        replace(signed(state("delivered")), body=b"{}"),
        replace(signed(state("delivered")), body=signed(state("delivered")).body[:-1]),
        signed(state("delivered"), seconds=str(int(NOW.timestamp()) - 301)),
        signed(state("delivered"), seconds=str(int(NOW.timestamp()) + 301)),
    ],
)
async def test_a_callback_that_was_touched_or_is_old_is_refused(callback: Callback) -> None:
    with pytest.raises(BadSignature):
        await telnyx().verify(callback)


async def test_without_a_public_key_all_are_refused() -> None:
    with pytest.raises(BadSignature, match="no public key"):
        await telnyx(public_key="").verify(signed(state("delivered")))


@pytest.mark.parametrize("kind", ["message.sent", "message.finalized"])
@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("queued", Result.QUEUED),
        ("sending", Result.QUEUED),
        ("sent", Result.SENT),
        ("delivery_unconfirmed", Result.SENT),
        ("delivered", Result.DELIVERED),
    ],
)
def test_states(kind: str, status: str, result: Result) -> None:
    assert telnyx().parse(called(state(status, kind=kind))) == [
        ProviderEvent(
            kind="status",
            result=result,
            at=datetime(2020, 12, 22, 8, 59, 0, 331000, tzinfo=UTC),
            wire_id=wire_id(1),
            provider_id=MESSAGE,
            address=PHONES[1],
            same=EVENT,
        )
    ]


@pytest.mark.parametrize(
    ("said", "url", "found"),
    [
        (ADDRESS, ADDRESS, wire_id(1)),
        (ADDRESS, HOOK, wire_id(1)),
        (None, ADDRESS, wire_id(1)),
        (ADDRESS, f"{HOOK}?m={wire_id(2)}", ""),
        (None, HOOK, ""),
        ("http://[", HOOK, ""),
    ],
)
def test_our_id_comes_back_with_what_is_signed(said: str | None, url: str, found: str) -> None:
    [event] = telnyx().parse(called(state("sent", webhook_url=said), url))
    assert isinstance(event, ProviderEvent)
    assert event.wire_id == found


@pytest.mark.parametrize(
    ("status", "code", "result", "permanent"),
    [
        ("delivery_failed", "40001", Result.BOUNCED, True),
        ("delivery_failed", "40012", Result.BOUNCED, True),
        ("sending_failed", "40310", Result.BOUNCED, True),
        ("delivery_failed", "40004", Result.BOUNCED, False),
        ("delivery_failed", "40006", Result.BOUNCED, False),
        ("delivery_failed", "40008", Result.BOUNCED, False),
        ("delivery_failed", "40002", Result.FAILED, False),
        ("delivery_failed", "40003", Result.FAILED, False),
        ("sending_failed", "99999", Result.FAILED, False),
        ("expired", "40014", Result.BOUNCED, False),
    ],
)
def test_what_did_not_arrive(status: str, code: str, result: Result, permanent: bool) -> None:
    [event] = telnyx().parse(called(state(status, code)))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.permanent, event.code) == ("status", result, permanent, code)


def test_somebody_who_told_telnyx_to_stop_has_left() -> None:
    _, left = telnyx().parse(called(state("sending_failed", "40300")))
    assert isinstance(left, ProviderEvent)
    assert (left.kind, left.leaving, left.address, left.wire_id) == ("left", Leaving.STOP, PHONES[1], wire_id(1))


@pytest.mark.parametrize(
    ("status", "kind"),
    [("teleported", "message.finalized"), ("delivered", "message.teleported"), ("", "call.answered")],
)
def test_an_event_nobody_has_heard_of_is_unknown(status: str, kind: str) -> None:
    [event] = telnyx().parse(called(state(status, kind=kind)))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result) == ("unknown", Result.UNKNOWN)


@pytest.mark.parametrize(
    ("answered", "handled"), [(None, None), ("STOP", Leaving.STOP), ("START", None), ("HELP", None), (7, None)]
)
def test_what_somebody_wrote(answered: object, handled: Leaving | None) -> None:
    payload = {
        "id": MESSAGE,
        "direction": "inbound",
        "from": {"phone_number": PHONES[2]},
        "to": [{"phone_number": "+447700900200"}],
        "text": "STOP",
        "received_at": "2020-12-22T08:58:00+00:00",
        "autoresponse_type": answered,
    }
    said = {"data": {"event_type": "message.received", "id": EVENT, "payload": payload}}
    assert telnyx().parse(called(said, HOOK)) == [
        Inbound(
            channel=Channel.SMS,
            at=datetime(2020, 12, 22, 8, 58, tzinfo=UTC),
            sender=PHONES[2],
            to="+447700900200",
            text="STOP",
            provider_id=MESSAGE,
            handled=handled,
        )
    ]


@given(body=st.binary(max_size=200) | st.from_regex(rb"\{.*", fullmatch=True), query=st.text(max_size=40))
def test_any_bytes_are_a_list(body: bytes, query: str) -> None:
    assert isinstance(telnyx().parse(Callback("POST", f"{HOOK}?{query}", {}, body, NOW)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "to", "from", "status", "errors", "phone_number", "text"]), inner)
    ),
    max_leaves=8,
)


@given(payload=JSON, kind=st.sampled_from(["message.received", "message.sent", "message.finalized", "x"]))
def test_any_values_are_a_list(payload: object, kind: str) -> None:
    assert isinstance(telnyx().parse(called({"data": {"event_type": kind, "payload": payload}})), list)
