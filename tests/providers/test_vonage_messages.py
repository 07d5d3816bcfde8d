"""Vonage's Messages API: the document it is sent, its token, what its refusals mean, its callbacks."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt import decode, encode

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting
from reminder.providers.contract import BadSignature, Callback, Inbound, NotChecked, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.fakes.http import json_reply
from tests.providers.people import NOW, PHONES, call, wire_id
from tests.providers.samples import SECRET
from tests.providers.samples.vonage_messages import HOOK, KEY, LEAST, MESSAGE, PEM, SIGNATURE_SECRET, TAKEN, problem
from tests.providers.test_single_sms import bench

ISSUED = int(NOW.timestamp())
STATUS = {
    "message_uuid": MESSAGE,
    "to": "447700900101",
    "from": "Appeals",
    "timestamp": "2020-12-22T08:59:00.331Z",
    "channel": "sms",
    "client_ref": wire_id(1),
}
WRITTEN = {
    "message_uuid": MESSAGE,
    "to": "447700900200",
    "from": "447700900102",
    "timestamp": "2020-12-22T08:59:00Z",
    "channel": "sms",
    "message_type": "text",
    "text": "I wrote today",
    "sms": {"num_messages": "1", "keyword": "I"},
}


def messages(**more: str) -> Provider:
    given = {**LEAST, "hook_url": HOOK, "signature_secret": SIGNATURE_SECRET, **more}
    return build("vonage-messages", given, httpx.AsyncClient())


def called(said: object) -> Callback:
    return Callback("POST", HOOK, {}, orjson.dumps(said), NOW)


def signed(said: object, *, secret: str = SIGNATURE_SECRET, algorithm: str = "HS256", **claims: Any) -> Callback:
    """A callback with a token as Vonage makes it."""
    callback = called(said)
    digest = hashlib.sha256(callback.body).hexdigest()
    token = encode(
        {"iat": ISSUED, "jti": "1", "iss": "Vonage", "payload_hash": digest, "api_key": "abcd1234", **claims},
        secret if algorithm != "none" else "",
        algorithm=algorithm,
    )
    return replace(callback, headers={"authorization": f"Bearer {token}"})


async def test_a_message_is_one_document_with_a_token_of_the_application() -> None:
    async with bench("vonage-messages", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.target) == ("POST", "/v1/messages")
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "channel": "sms",
        "message_type": "text",
        "to": "447700900101",
        "from": "Appeals",
        "text": "One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: https://example.org/l/1\r\n",
        "client_ref": wire_id(1),
    }
    token = request.headers["authorization"].removeprefix("Bearer ")
    claims = decode(token, KEY.public_key(), algorithms=["RS256"], options={"verify_exp": False})
    assert (claims["application_id"], claims["iat"], claims["exp"]) == (LEAST["application_id"], ISSUED, ISSUED + 900)
    assert (receipt.verdict, receipt.provider_id) == (Verdict.ACCEPTED, MESSAGE)


async def test_a_token_serves_for_ten_minutes() -> None:
    async with bench("vonage-messages", TAKEN) as it:
        for minutes in (0, 9, 11, 12, -5):
            await it.provider.send(replace(call(Channel.SMS, 1), now=NOW + timedelta(minutes=minutes)))
        tokens = [request.headers["authorization"] for request in it.server.requests]
    assert tokens[0] == tokens[1] != tokens[2] == tokens[3]
    assert len(set(tokens)) == 3


def test_a_key_may_be_a_file_or_a_text_on_one_line(tmp_path: Path) -> None:
    file = tmp_path / "private.key"
    file.write_text(PEM)
    for key in (str(file), PEM, PEM.replace("\n", "\\n")):
        assert messages(private_key=key).name == "vonage-messages"


@pytest.mark.parametrize("key", ["/no/such/file", "-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----", SECRET])
def test_a_key_that_is_none_is_named_and_not_shown(key: str) -> None:
    with pytest.raises(BadSetting, match="VONAGE_MESSAGES_PRIVATE_KEY") as caught:
        messages(private_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "title", "more", "verdict", "fault"),
    [
        (401, "Unauthorized", {}, Verdict.RETRY, Fault.ACCOUNT),
        (402, "Low balance", {}, Verdict.RETRY, Fault.ACCOUNT),
        (403, "Forbidden", {}, Verdict.RETRY, Fault.ACCOUNT),
        (422, "Invalid recipient", {}, Verdict.REJECTED, Fault.ADDRESS),
        (422, "Invalid sender", {}, Verdict.RETRY, Fault.ACCOUNT),
        (422, "Unsupported channel", {}, Verdict.RETRY, Fault.ACCOUNT),
        (422, "Invalid params", {"invalid_parameters": [{"name": "to"}]}, Verdict.REJECTED, Fault.ADDRESS),
        (422, "Invalid params", {"invalid_parameters": [{"name": "from"}]}, Verdict.RETRY, Fault.ACCOUNT),
        (422, "Invalid params", {"invalid_parameters": [{"name": "text"}]}, Verdict.REJECTED, Fault.CONTENT),
        (422, "Invalid params", {"invalid_parameters": ["odd"]}, Verdict.REJECTED, Fault.CONTENT),
        (422, "Invalid params", {"invalid_parameters": 7}, Verdict.REJECTED, Fault.CONTENT),
        (422, "Invalid message type", {}, Verdict.REJECTED, Fault.CONTENT),
        (422, "Invalid client reference", {}, Verdict.REJECTED, Fault.CONTENT),
        (429, "Rate Limit Hit", {}, Verdict.RETRY, Fault.NONE),
        (500, "Internal error", {}, Verdict.AMBIGUOUS, Fault.NONE),
    ],
)
async def test_refusals_mean_what_the_description_says(
    status: int, title: str, more: dict[str, Any], verdict: Verdict, fault: Fault
) -> None:
    async with bench("vonage-messages", problem(status, title, number="1120", **more)) as it:
        [receipt] = await it.send(1)
    assert (receipt.verdict, receipt.fault, receipt.code) == (verdict, fault, "1120")


async def test_a_success_without_an_id_is_unclear() -> None:
    async with bench("vonage-messages", json_reply({"message_uuid": None}, 202)) as it:
        [receipt] = await it.send(1)
    assert receipt.verdict is Verdict.AMBIGUOUS


async def test_there_is_no_way_to_try_the_key() -> None:
    with pytest.raises(NotChecked):
        await messages().check()


async def test_a_signed_callback_is_accepted_by_either_secret() -> None:
    await messages().verify(signed(STATUS))
    other = f"{SECRET}-that-is-being-introduced-now"
    await messages(signature_secret=f"{other}, {SIGNATURE_SECRET}").verify(signed(STATUS))
    with pytest.raises(BadSignature):
        await messages(signature_secret=other).verify(signed(STATUS))


@pytest.mark.parametrize(
    "callback",
    [
        called(STATUS),
        replace(called(STATUS), headers={"authorization": "Basic YTpi"}),
        replace(called(STATUS), headers={"authorization": "Bearer "}),
        replace(called(STATUS), headers={"authorization": "Bearer é.\udcff.x"}),
        replace(signed(STATUS), body=b"{}"),
        replace(signed(STATUS), body=signed(STATUS).body + b" "),
        replace(signed(STATUS), headers={"authorization": signed(STATUS).headers["authorization"][:-3]}),
        signed(STATUS, algorithm="none"),
        signed(STATUS, algorithm="HS512", secret=SIGNATURE_SECRET * 2),
        signed(STATUS, secret=f"{SECRET}-of-somebody-else-altogether"),
        signed(STATUS, payload_hash=None),
        signed(STATUS, payload_hash="\ud800"),
        signed(STATUS, iat=ISSUED - 26 * 3600),
        signed(STATUS, iat=ISSUED + 26 * 3600),
        signed(STATUS, iat="now"),
        signed(STATUS, iat=None),
    ],
)
async def test_a_callback_without_a_fitting_fresh_token_is_refused(callback: Callback) -> None:
    with pytest.raises(BadSignature):
        await messages().verify(callback)


async def test_without_a_signature_secret_all_are_refused() -> None:
    with pytest.raises(BadSignature, match="no secret"):
        await messages(signature_secret="").verify(signed(STATUS))


@pytest.mark.parametrize(
    ("status", "kind", "result"),
    [
        ("submitted", "status", Result.SENT),
        ("delivered", "status", Result.DELIVERED),
        ("read", "status", Result.DELIVERED),
        ("teleported", "unknown", Result.UNKNOWN),
    ],
)
def test_states(status: str, kind: str, result: Result) -> None:
    assert messages().parse(called(STATUS | {"status": status})) == [
        ProviderEvent(
            kind=kind,
            result=result,
            at=datetime(2020, 12, 22, 8, 59, 0, 331000, tzinfo=UTC),
            wire_id=wire_id(1),
            provider_id=MESSAGE,
            address=PHONES[1],
            same=f"{MESSAGE} {status}",
        )
    ]


def failed(code: str, status: str) -> Callback:
    error = {"title": int(code), "type": f"https://developer.nexmo.com/api-errors/messages-olympus#{code}"}
    return called(STATUS | {"status": status, "error": error})


@pytest.mark.parametrize("status", ["rejected", "undeliverable"])
@pytest.mark.parametrize(
    ("code", "result", "permanent"),
    [
        ("1170", Result.BOUNCED, True),
        ("1190", Result.BOUNCED, True),
        ("1180", Result.BOUNCED, False),
        ("1220", Result.BOUNCED, False),
        ("1290", Result.BOUNCED, False),
        ("1000", Result.FAILED, False),
        ("1070", Result.FAILED, False),
        ("1210", Result.FAILED, False),
        ("1330", Result.FAILED, False),
    ],
)
def test_what_did_not_arrive(status: str, code: str, result: Result, permanent: bool) -> None:
    [event] = messages().parse(failed(code, status))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.permanent, event.code) == ("status", result, permanent, code)


def test_an_error_may_be_named_by_its_address_alone() -> None:
    error = {"title": "Absent", "type": "https://developer.vonage.com/api-errors/messages#1190"}
    [event] = messages().parse(called(STATUS | {"status": "rejected", "error": error}))
    assert isinstance(event, ProviderEvent)
    assert (event.code, event.permanent) == ("1190", True)


def test_somebody_who_opted_out_has_left() -> None:
    _, left = messages().parse(failed("1240", "rejected"))
    assert isinstance(left, ProviderEvent)
    assert (left.kind, left.leaving, left.address, left.wire_id) == ("left", Leaving.STOP, PHONES[1], wire_id(1))


def test_what_somebody_wrote() -> None:
    assert messages().parse(called(WRITTEN)) == [
        Inbound(
            channel=Channel.SMS,
            at=datetime(2020, 12, 22, 8, 59, tzinfo=UTC),
            sender=PHONES[2],
            to="+447700900200",
            text="I wrote today",
            provider_id=MESSAGE,
        )
    ]


@given(body=st.binary(max_size=200) | st.from_regex(rb"\{.*", fullmatch=True))
def test_any_bytes_are_a_list(body: bytes) -> None:
    assert isinstance(messages().parse(Callback("POST", HOOK, {}, body, NOW)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*STATUS, *WRITTEN, "status", "error"]), JSON))
def test_any_values_are_a_list(said: dict[str, object]) -> None:
    assert isinstance(messages().parse(called(said)), list)
