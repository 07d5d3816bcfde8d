"""Vonage's SMS API: the form it is sent, what its statuses mean, its signatures and its callbacks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.message import Content, Spliced
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from reminder.providers.sms.vonage import SIGNERS, STATUSES
from tests.fakes.http import Reply, json_reply
from tests.providers.people import LAST, NOW, PHONES, call, wire_id
from tests.providers.samples import SECRET
from tests.providers.samples.vonage import HOOK, LEAST, SIGNATURE_SECRET, TAKEN, parts
from tests.providers.test_single_sms import bench

# Of the description of the SMS API: nothing else may be sent.
KNOWN_FIELDS = {
    *("account-ref", "api_key", "api_secret", "body", "callback", "client-ref", "content-id", "entity-id", "from"),
    *("message-class", "protocol-id", "sig", "status-report-req", "text", "to", "ttl", "type", "udh"),
}
RECEIPT = {
    "msisdn": "447700900101",
    "to": "Appeals",
    "network-code": "12345",
    "messageId": "0A0000001234567B",
    "price": "0.03330000",
    "scts": "2012220858",
    "api-key": "abcd1234",
    "client-ref": wire_id(1),
    "message-timestamp": "2020-12-22 08:59:00",
    "timestamp": str(int(NOW.timestamp()) - 60),
    "nonce": "ec11dd3e-1e7f-4db5-9467-82b02cd223b9",
}
WRITTEN = {
    "msisdn": "447700900102",
    "to": "447700900200",
    "messageId": "0A0000000123ABCD1",
    "text": "I wrote & posted = done",
    "type": "text",
    "keyword": "I",
    "message-timestamp": "2020-12-22 08:59:00",
    "timestamp": str(int(NOW.timestamp())),
}


def vonage(**more: str) -> Provider:
    given = {**LEAST, "hook_url": HOOK, "signature_secret": SIGNATURE_SECRET, **more}
    return build("vonage", given, httpx.AsyncClient())


def sign(fields: dict[str, str], *, method: str = "sha256", secret: str = SIGNATURE_SECRET) -> dict[str, str]:
    text = "".join(f"&{k}={v.replace('&', '_').replace('=', '_')}" for k, v in sorted(fields.items()))
    return {**fields, "sig": SIGNERS[method](secret.encode(), text.encode()).decode()}


def called(fields: dict[str, str], how: str = "form") -> Callback:
    """A callback in one of the three ways that an account can choose."""
    if how == "query":
        return Callback("GET", f"{HOOK}?{urlencode(fields)}", {}, b"", NOW)
    body = urlencode(fields).encode() if how == "form" else orjson.dumps(fields)
    return Callback("POST", HOOK, {}, body, NOW)


async def test_a_message_is_one_form() -> None:
    async with bench("vonage", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.target) == ("POST", "/sms/json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == {
        "api_key": "abcd1234",
        "api_secret": SECRET,
        "from": "Appeals",
        "to": "447700900101",
        "text": "One week is left to write.\r\n.\r\n..and a line of dots\r\nLeave: https://example.org/l/1\r\n",
        "type": "text",
        "client-ref": wire_id(1),
        "ttl": "604800000",
        "status-report-req": "true",
        "callback": HOOK,
    }
    assert request.form.keys() <= KNOWN_FIELDS
    assert (receipt.verdict, receipt.provider_id) == (Verdict.ACCEPTED, "0A0")


@pytest.mark.parametrize(("text", "kind"), [("Grüße, 5 €", "text"), ("Пишите сегодня", "unicode")])
async def test_what_the_sms_alphabet_lacks_goes_out_as_unicode(text: str, kind: str) -> None:
    what = Content(Channel.SMS, "en", (), "", Spliced((text,), ()), None, (), None, "+447700900200")
    async with bench("vonage", TAKEN, hook_url="") as it:
        await it.send(1, what=what)
        [request] = it.server.requests
    assert (request.form["type"], request.form["text"], request.form["from"]) == (kind, text, "447700900200")
    assert request.form.keys() & {"callback", "status-report-req"} == set()


@pytest.mark.parametrize(
    ("left", "ttl"), [(timedelta(days=30), "604800000"), (timedelta(hours=1), "3600000"), (timedelta(0), "20000")]
)
async def test_vonage_gives_up_when_the_message_no_longer_helps(left: timedelta, ttl: str) -> None:
    async with bench("vonage", TAKEN) as it:
        await it.provider.send(replace(call(Channel.SMS, 1), now=LAST - left))
        [request] = it.server.requests
    assert request.form["ttl"] == ttl


def test_an_address_for_callbacks_that_vonage_does_not_take_is_named() -> None:
    with pytest.raises(BadSetting, match="VONAGE_HOOK_URL"):
        vonage(hook_url=f"https://example.org/{'x' * 100}")


@pytest.mark.parametrize(
    ("statuses", "verdict", "fault"),
    [
        (("1", "5", "10", "13"), Verdict.RETRY, Fault.NONE),
        (("4", "8", "9", "11", "14", "15", "19", "23", "29", "39"), Verdict.RETRY, Fault.ACCOUNT),
        (("7", "33", "34"), Verdict.REJECTED, Fault.ADDRESS),
        (("2", "3", "6", "12", "16", "20", "77"), Verdict.REJECTED, Fault.CONTENT),
    ],
)
async def test_statuses_mean_what_the_documents_say(statuses: tuple[str, ...], verdict: Verdict, fault: Fault) -> None:
    for status in statuses:
        async with bench("vonage", parts(status)) as it:
            [receipt] = await it.send(1)
        assert (receipt.verdict, receipt.fault, receipt.code) == (verdict, fault, status)


def test_every_documented_status_is_in_the_table() -> None:
    documented = [*range(17), 19, 20, 23, 29, 33, 34, 39]
    assert STATUSES.keys() == {str(status) for status in documented}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("Missing to param", Fault.ADDRESS),
        ("Invalid value for parameter: to", Fault.ADDRESS),
        ("Missing from param", Fault.ACCOUNT),
        ("Missing api_key param", Fault.ACCOUNT),
        ("Invalid parameter: callback", Fault.ACCOUNT),
        ("Missing text param", Fault.CONTENT),
        ("", Fault.CONTENT),
    ],
)
@pytest.mark.parametrize("status", ["2", "3"])
async def test_a_bad_parameter_is_the_fault_of_what_it_names(status: str, words: str, fault: Fault) -> None:
    async with bench("vonage", parts(status, words=words)) as it:
        [receipt] = await it.send(1)
    assert receipt.fault is fault


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (parts("0", "0", "0"), Verdict.ACCEPTED),
        (parts("0", "1"), Verdict.AMBIGUOUS),
        (parts("1", "0"), Verdict.AMBIGUOUS),
        (parts("1", "1"), Verdict.RETRY),
        (parts(), Verdict.AMBIGUOUS),
        (json_reply({"messages": None}), Verdict.AMBIGUOUS),
        (json_reply({"messages": ["odd"]}), Verdict.AMBIGUOUS),
        (json_reply({"messages": [{"status": 0}]}), Verdict.ACCEPTED),
        (json_reply({"messages": [{}]}), Verdict.REJECTED),
    ],
)
async def test_the_parts_of_a_long_text_count_together(reply: Reply, verdict: Verdict) -> None:
    async with bench("vonage", reply) as it:
        [receipt] = await it.send(1)
    assert receipt.verdict is verdict


async def test_the_secret_is_proved_by_the_balance() -> None:
    async with bench("vonage", json_reply({"value": 3.5})) as it:
        await it.provider.check()
        [request] = it.server.requests
    assert (request.method, request.target) == ("GET", "/account/get-balance")
    assert request.headers["authorization"].startswith("Basic ")
    async with bench("vonage", Reply(401)) as it:
        with pytest.raises(Trouble, match="VONAGE_API_SECRET"):
            await it.provider.check()


# The first two are vectors of Vonage's own Python library, the third is the plain digest of the same text.
VECTOR = {"param1": "value1", "param2": "value2", "timestamp": "1234567890"}


@pytest.mark.parametrize(
    ("method", "fields", "signature"),
    [
        ("sha256", VECTOR, "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"),
        ("md5", VECTOR, "724c2bf6ca423c36e20631b11d1c5753"),
        ("md5hash", VECTOR, "d72f75ac8cda9bbce891c4fa62bee6cd"),
        ("md5", VECTOR | {"param1": "value&1", "param2": "value=2"}, "2bbf0abafb2c55e5af6231513896a2ac"),
        ("md5", {"param": "value", "timestamp": "1234567890"}, "655a4d0b7f064dff438defc52b012cf5"),
    ],
)
@pytest.mark.parametrize("how", ["form", "json", "query"])
async def test_known_signatures_fit(method: str, fields: dict[str, str], signature: str, how: str) -> None:
    then = datetime.fromtimestamp(1234567890, UTC)
    for sig in (signature, signature.upper()):
        callback = replace(called({**fields, "sig": sig}, how), received_at=then)
        await vonage(signature_secret="signature_secret", signature_method=method).verify(callback)
    with pytest.raises(BadSignature):
        await vonage(signature_secret="another", signature_method=method).verify(callback)


@pytest.mark.parametrize("method", SIGNERS)
@pytest.mark.parametrize("how", ["form", "json", "query"])
async def test_every_method_and_either_secret_fit(method: str, how: str) -> None:
    callback = called(sign(RECEIPT | {"status": "delivered"}, method=method), how)
    await vonage(signature_method=method, signature_secret=f"new,{SIGNATURE_SECRET}").verify(callback)
    other = "sha512" if method != "sha512" else "sha256"
    with pytest.raises(BadSignature):
        await vonage(signature_method=other).verify(callback)


@pytest.mark.parametrize(
    "fields",
    [
        RECEIPT,
        sign(RECEIPT) | {"status": "delivered"},
        sign(RECEIPT) | {"client-ref": wire_id(2)},
        {**sign(RECEIPT), "sig": sign(RECEIPT)["sig"][:-2]},
        {**sign(RECEIPT), "sig": ""},
        {**sign(RECEIPT), "sig": "é"},
        sign(RECEIPT, secret=SECRET),
        sign({name: value for name, value in RECEIPT.items() if name != "timestamp"}),
        sign(RECEIPT | {"timestamp": str(int(NOW.timestamp()) - 80 * 3600)}),
        sign(RECEIPT | {"timestamp": str(int(NOW.timestamp()) + 80 * 3600)}),
        sign(RECEIPT | {"timestamp": "now"}),
    ],
)
async def test_a_callback_that_was_touched_or_is_old_is_refused(fields: dict[str, str]) -> None:
    for how in ("form", "json", "query"):
        with pytest.raises(BadSignature):
            await vonage().verify(called(fields, how))


async def test_without_a_signature_secret_all_are_refused() -> None:
    with pytest.raises(BadSignature, match="no secret"):
        await vonage(signature_secret="").verify(called(sign(RECEIPT, secret="")))


@pytest.mark.parametrize("how", ["form", "json", "query"])
@pytest.mark.parametrize(
    ("status", "kind", "result"),
    [
        ("delivered", "status", Result.DELIVERED),
        ("accepted", "status", Result.SENT),
        ("buffered", "status", Result.DEFERRED),
        ("unknown", "noted", Result.UNKNOWN),
        ("teleported", "unknown", Result.UNKNOWN),
    ],
)
async def test_receipts(how: str, status: str, kind: str, result: Result) -> None:
    callback = called(sign(RECEIPT | {"status": status, "err-code": "0"}), how)
    await vonage().verify(callback)
    assert vonage().parse(callback) == [
        ProviderEvent(
            kind=kind,
            result=result,
            at=datetime(2020, 12, 22, 8, 59, tzinfo=UTC),
            wire_id=wire_id(1),
            provider_id="0A0000001234567B",
            address=PHONES[1],
            code="0",
            same=f"0A0000001234567B {status}",
        )
    ]


@pytest.mark.parametrize("status", ["failed", "rejected", "expired"])
@pytest.mark.parametrize(
    ("code", "result", "permanent"),
    [
        ("2", Result.BOUNCED, False),
        ("3", Result.BOUNCED, True),
        ("4", Result.BOUNCED, True),
        ("7", Result.BOUNCED, False),
        ("14", Result.BOUNCED, False),
        ("15", Result.BOUNCED, False),
    ],
)
def test_what_the_number_did_not_take(status: str, code: str, result: Result, permanent: bool) -> None:
    [event] = vonage().parse(called(RECEIPT | {"status": status, "err-code": code}))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.permanent, event.code) == ("status", result, permanent, code)


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        ("failed", "1", Result.FAILED),
        ("rejected", "6", Result.FAILED),
        ("failed", "11", Result.FAILED),
        ("failed", "99", Result.FAILED),
        ("expired", "0", Result.BOUNCED),
    ],
)
def test_what_says_nothing_of_the_number(status: str, code: str, result: Result) -> None:
    [event] = vonage().parse(called(RECEIPT | {"status": status, "err-code": code}))
    assert isinstance(event, ProviderEvent)
    assert (event.result, event.permanent) == (result, False)


def test_somebody_who_opted_out_has_left() -> None:
    failed, left = vonage().parse(called(RECEIPT | {"status": "failed", "err-code": "9"}))
    assert isinstance(failed, ProviderEvent)
    assert isinstance(left, ProviderEvent)
    assert (failed.kind, failed.result) == ("status", Result.FAILED)
    assert (left.kind, left.leaving, left.address, left.wire_id) == ("left", Leaving.STOP, PHONES[1], wire_id(1))


@pytest.mark.parametrize("how", ["form", "json", "query"])
async def test_what_somebody_wrote(how: str) -> None:
    callback = called(sign(WRITTEN), how)
    await vonage().verify(callback)
    assert vonage().parse(callback) == [
        Inbound(
            channel=Channel.SMS,
            at=datetime(2020, 12, 22, 8, 59, tzinfo=UTC),
            sender=PHONES[2],
            to="+447700900200",
            text="I wrote & posted = done",
            provider_id="0A0000000123ABCD1",
        )
    ]


def part_of(number: str, **more: str) -> Inbound:
    fields = {"concat": "true", "concat-ref": "3", "concat-total": "2", "concat-part": number, **more}
    [reply] = vonage().parse(called(WRITTEN | {"messageId": f"id {number}"} | fields))
    assert isinstance(reply, Inbound)
    return reply


def test_parts_of_a_text_share_an_id_and_others_do_not() -> None:
    first, second = part_of("1"), part_of("2")
    assert (first.part, second.part) == ((1, 2), (2, 2))
    assert first.provider_id == second.provider_id
    others = {
        part_of("1", msisdn="447700900103").provider_id,
        part_of("1", **{"concat-ref": "4"}).provider_id,
        part_of("1", **{"message-timestamp": "2020-12-24 08:59:00"}).provider_id,
    }
    assert len(others | {first.provider_id}) == 4
    assert PHONES[2].lstrip("+") not in first.provider_id


@pytest.mark.parametrize("number", ["0", "3", "x", "", "٢"])
def test_a_part_that_cannot_be_is_read_as_a_whole_text(number: str) -> None:
    assert (part_of(number).part, part_of(number).provider_id) == ((1, 1), f"id {number}")


@given(body=st.binary(max_size=200) | st.from_regex(rb"\{.*", fullmatch=True), query=st.text(max_size=60))
def test_any_bytes_are_a_list(body: bytes, query: str) -> None:
    for method in ("GET", "POST"):
        assert isinstance(vonage().parse(Callback(method, f"{HOOK}?{query}", {}, body, NOW)), list)
