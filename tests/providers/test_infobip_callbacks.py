"""Infobip calls back: its secret, delivery reports, texts that came in."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent, Told
from reminder.providers.registry import build
from tests.providers.over_http import WIRE
from tests.providers.people import NOW, PHONES
from tests.providers.samples.infobip import HOOK, LEAST, status

SECRETS = "infobip:s3cret-of-now,an0ther-one"
NUMBER = PHONES[1].removeprefix("+")


def configured(secrets: str = SECRETS) -> Provider:
    return build("infobip", {**LEAST, **HOOK, "hook_secret": secrets}, httpx.AsyncClient())


READER = configured()


def from_infobip(body: bytes = b"{}", key: str = "", basic: str = "") -> Callback:
    headers = {"authorization": f"Basic {base64.b64encode(basic.encode()).decode()}"} if basic else {}
    url = f"{HOOK['hook_url']}?key={key}" if key else HOOK["hook_url"]
    return Callback("POST", url, headers, body, NOW)


@pytest.mark.parametrize(
    "callback",
    [
        from_infobip(key="an0ther-one"),
        from_infobip(key="infobip%3As3cret-of-now"),
        from_infobip(basic="infobip:s3cret-of-now"),
    ],
    ids=["second secret", "first secret", "basic authentication"],
)
async def test_the_secret_in_the_address_or_in_the_header_is_genuine(callback: Callback) -> None:
    await READER.verify(callback)


@pytest.mark.parametrize(
    "callback",
    [
        from_infobip(),
        from_infobip(key="another"),
        from_infobip(key="an0ther-on"),
        from_infobip(basic="infobip:wrong"),
        from_infobip(basic="wrong:wrong", key="an0ther-one"),
        Callback("POST", "https://example.org", {"authorization": "Basic %%%"}, b"", NOW),
        Callback("POST", "https://example.org", {"authorization": "App x"}, b"", NOW),
    ],
    ids=["nothing", "wrong", "cut off", "wrong password", "wrong header", "no base64", "another scheme"],
)
async def test_whatever_lacks_the_secret_is_refused(callback: Callback) -> None:
    with pytest.raises(BadSignature):
        await READER.verify(callback)


async def test_without_a_secret_everything_is_refused() -> None:
    with pytest.raises(BadSignature):
        await configured("").verify(from_infobip(key="an0ther-one"))


def heard(*results: object) -> list[Told]:
    return READER.parse(from_infobip(orjson.dumps({"results": results})))


def report(said: dict[str, object], error: int = 0, group: int = 0) -> dict[str, Any]:
    return {
        "bulkId": "b",
        "messageId": WIRE,
        "to": NUMBER,
        "sentAt": "2020-12-22T08:29:00.000+0000",
        "doneAt": "2020-12-22T08:30:00.250+0000",
        "callbackData": WIRE,
        "status": said,
        "error": {"groupId": group, "id": error, "name": f"EC_{error}", "permanent": True},
    }


ARRIVED = {
    "PENDING_ACCEPTED": (status(1, 26, "PENDING_ACCEPTED"), Result.QUEUED),
    "PENDING_ENROUTE": (status(1, 7, "PENDING_ENROUTE"), Result.SENT),
    "PENDING_WAITING_DELIVERY": (status(1, 3, "PENDING_WAITING_DELIVERY"), Result.SENT),
    "DELIVERED_TO_OPERATOR": (status(3, 2, "DELIVERED_TO_OPERATOR"), Result.SENT),
    "DELIVERED_TO_HANDSET": (status(3, 5, "DELIVERED_TO_HANDSET"), Result.DELIVERED),
    "EXPIRED_DLR_UNKNOWN": (status(4, 29, "EXPIRED_DLR_UNKNOWN"), Result.SENT),
}


@pytest.mark.parametrize("name", ARRIVED)
def test_a_report_means(name: str) -> None:
    said, result = ARRIVED[name]
    [event] = heard(report(said))
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.wire_id, event.code) == ("status", result, WIRE, name)
    assert event.at == datetime(2020, 12, 22, 8, 30, 0, 250_000, tzinfo=UTC)
    assert event.address == PHONES[1]


UNDELIVERABLE = status(2, 9, "UNDELIVERABLE_NOT_DELIVERED")
DEAD, AWAY, REFUSED = (Result.BOUNCED, True), (Result.BOUNCED, False), (Result.FAILED, False)
NOT_ARRIVED = {
    "unknown subscriber": (report(UNDELIVERABLE, 1, 1), DEAD),
    "no texts for this number": (report(UNDELIVERABLE, 11, 1), DEAD),
    "deactivated": (report(UNDELIVERABLE, 3041, 2), DEAD),
    "absent": (report(UNDELIVERABLE, 27, 1), AWAY),
    "memory full": (report(UNDELIVERABLE, 256, 1), AWAY),
    "out of credit": (report(UNDELIVERABLE, 581, 1), AWAY),
    "expired": (report(status(4, 15, "EXPIRED_EXPIRED")), AWAY),
    "operator refused": (report(status(2, 4, "UNDELIVERABLE_REJECTED_OPERATOR"), 632, 3), REFUSED),
    "spam": (report(UNDELIVERABLE, 607, 2), REFUSED),
    "no such prefix": (report(status(5, 8, "REJECTED_PREFIX_MISSING")), DEAD),
    "out of money": (report(status(5, 12, "REJECTED_NOT_ENOUGH_CREDITS")), REFUSED),
}


@pytest.mark.parametrize("name", NOT_ARRIVED)
def test_a_message_that_did_not_arrive_means(name: str) -> None:
    said, meaning = NOT_ARRIVED[name]
    [event] = heard(said)
    assert isinstance(event, ProviderEvent)
    assert (event.kind, event.result, event.permanent) == ("status", *meaning)


@pytest.mark.parametrize(
    "said",
    [
        report(UNDELIVERABLE, 573, 1),
        report(UNDELIVERABLE, 603, 2),
        report(UNDELIVERABLE, 2050, 3),
        report(UNDELIVERABLE, 2052, 2),
        report(status(5, 10, "REJECTED_DND")),
        report(status(5, 14, "REJECTED_DESTINATION_BLOCKLISTED")),
    ],
    ids=["blocked by the person", "stop", "do not disturb", "our list", "status do not disturb", "status our list"],
)
def test_somebody_whom_the_provider_took_off_has_left(said: dict[str, Any]) -> None:
    status_event, left = heard(said)
    assert isinstance(status_event, ProviderEvent)
    assert isinstance(left, ProviderEvent)
    assert (status_event.kind, status_event.result) == ("status", Result.FAILED)
    assert (left.kind, left.leaving, left.wire_id) == ("left", Leaving.STOP, WIRE)


def test_several_reports_of_a_callback_are_told_one_by_one_and_strange_ones_are_unknown() -> None:
    told = heard(report(ARRIVED["DELIVERED_TO_HANDSET"][0]), "odd", report(status(9, 900, "NEW")), {"messageId": WIRE})
    assert [each.kind for each in told if isinstance(each, ProviderEvent)] == ["status"] + ["unknown"] * 3


def text_in(**more: object) -> Inbound:
    result = {
        "messageId": "817790313235066447",
        "from": NUMBER,
        "to": "447860041117",
        "text": "Stop",
        "cleanText": "",
        "keyword": "STOP",
        "receivedAt": "2020-12-22T08:28:39.220+0000",
        "pairedMessageId": None,
        "callbackData": None,
    }
    [told] = heard(result | more)
    assert isinstance(told, Inbound)
    return told


def test_a_text_that_came_in_has_the_whole_text_and_numbers_with_a_plus() -> None:
    told = text_in()
    assert (told.channel, told.sender, told.to, told.text) == (Channel.SMS, PHONES[1], "+447860041117", "Stop")
    assert (told.provider_id, told.in_reply_to, told.handled) == ("817790313235066447", "", None)
    assert told.at == datetime(2020, 12, 22, 8, 28, 39, 220_000, tzinfo=UTC)


def test_a_text_that_is_paired_with_one_of_ours_answers_it() -> None:
    assert text_in(pairedMessageId=WIRE).in_reply_to == WIRE
    assert text_in(callbackData=WIRE).in_reply_to == WIRE
    assert text_in(callbackData="another's data").in_reply_to == ""


@given(body=st.binary(max_size=200))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(READER.parse(from_infobip(body)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8) | st.sampled_from([1, 2, 5]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "error", "id", "groupId", "from", "text", "to", "doneAt", "callbackData"]), inner
        )
    ),
    max_leaves=12,
)


@given(found=st.lists(JSON, max_size=3))
def test_any_results_give_a_list(found: list[object]) -> None:
    assert isinstance(heard(*found), list)


@given(key=st.text(max_size=20), basic=st.text(max_size=20))
def test_any_secret_that_is_not_ours_is_refused_without_another_error(key: str, basic: str) -> None:
    for callback in (from_infobip(key=key), from_infobip(basic=basic)):
        with pytest.raises(BadSignature):
            asyncio.run(READER.verify(callback))
