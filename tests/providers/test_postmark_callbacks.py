"""Postmark calls back: logins, events, mails."""

import asyncio
from base64 import b64encode

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.providers.over_http import WIRE, callback
from tests.providers.people import EMAILS, NOW
from tests.providers.samples import SECRET
from tests.providers.samples.postmark import LEAST


def provider(logins: str = f"old:login, postmark:{SECRET}") -> Provider:
    return build("postmark", {**LEAST, "hook_logins": logins}, httpx.AsyncClient())


def basic(login: str) -> str:
    return f"Basic {b64encode(login.encode()).decode()}"


@pytest.mark.parametrize("login", [f"postmark:{SECRET}", "old:login"])
async def test_either_login_is_genuine(login: str) -> None:
    await provider().verify(callback(b"{}", authorization=basic(login)))


BAD = {
    "no login": {},
    "another password": {"authorization": basic("postmark:guess")},
    "another name": {"authorization": basic(f"someone:{SECRET}")},
    "half a password": {"authorization": basic(f"postmark:{SECRET[:8]}")},
    "half of the header": {"authorization": basic(f"postmark:{SECRET}")[:-5]},
    "no base64": {"authorization": "Basic ???"},
    "another scheme": {"authorization": basic(f"postmark:{SECRET}").replace("Basic", "Bearer")},
    "nothing": {"authorization": basic("")},
}


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD.keys())
async def test_what_is_not_genuine_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        await provider().verify(callback(b"{}", **headers))


async def test_without_a_login_set_every_callback_is_refused() -> None:
    with pytest.raises(BadSignature):
        await provider("").verify(callback(b"{}", authorization=basic("")))


def event(record: str, **more: object) -> dict[str, object]:
    return {
        "RecordType": record,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": EMAILS[1],
        "Metadata": {"wire_id": WIRE},
        "MessageStream": "broadcast",
        **more,
    }


def bounce(kind: str) -> dict[str, object]:
    found = event(
        "Bounce", Type=kind, TypeCode=1, ID=4323372036854775807, Email=EMAILS[1], BouncedAt="2020-12-22T09:00:00Z"
    )
    del found["Recipient"]
    return found


def change(reason: str | None, *, stops: bool = True) -> dict[str, object]:
    more = {"SuppressSending": stops, "SuppressionReason": reason, "Origin": "Recipient"}
    return event("SubscriptionChange", ChangedAt="2020-12-22T09:00:00.0000000Z", **more)


STATUS, LEFT, NOTED, STRANGE = "status", "left", "noted", "unknown"
BOUNCED, FAILED, DEFERRED, COMPLAINED, NOTHING = (
    Result.BOUNCED,
    Result.FAILED,
    Result.DEFERRED,
    Result.COMPLAINED,
    Result.UNKNOWN,
)
EVENTS: list[tuple[dict[str, object], str, Result, bool]] = [
    (event("Delivery", DeliveredAt="2020-12-22T10:00:00+01:00"), STATUS, Result.DELIVERED, False),
    (bounce("HardBounce"), STATUS, BOUNCED, True),
    (bounce("BadEmailAddress"), STATUS, BOUNCED, True),
    (bounce("SoftBounce"), STATUS, BOUNCED, False),
    (bounce("Undeliverable"), STATUS, BOUNCED, False),
    (bounce("Transient"), STATUS, DEFERRED, False),
    (bounce("DnsError"), STATUS, DEFERRED, False),
    (bounce("OpenRelayTest"), STATUS, DEFERRED, False),
    (bounce("SpamNotification"), STATUS, COMPLAINED, False),
    (bounce("SpamComplaint"), STATUS, COMPLAINED, False),
    (bounce("Blocked"), STATUS, FAILED, False),
    (bounce("DMARCPolicy"), STATUS, FAILED, False),
    (bounce("ManuallyDeactivated"), STATUS, FAILED, False),
    (bounce("Unconfirmed"), STATUS, FAILED, False),
    (bounce("VirusNotification"), STATUS, FAILED, False),
    (bounce("SMTPApiError"), STATUS, FAILED, False),
    (bounce("TemplateRenderingFailed"), STATUS, FAILED, False),
    (bounce("AutoResponder"), NOTED, NOTHING, False),
    (bounce("ChallengeVerification"), NOTED, NOTHING, False),
    (bounce("AddressChange"), NOTED, NOTHING, False),
    (bounce("InboundError"), NOTED, NOTHING, False),
    (bounce("Subscribe"), NOTED, NOTHING, False),
    (bounce("Unsubscribe"), LEFT, NOTHING, False),
    (bounce("ManualSuppression"), LEFT, NOTHING, False),
    (bounce("Unknown"), STRANGE, NOTHING, False),
    (event("SpamComplaint", Email=EMAILS[1], BouncedAt="2020-12-22T09:00:00Z"), STATUS, COMPLAINED, False),
    (change("HardBounce"), STATUS, BOUNCED, True),
    (change("SpamComplaint"), STATUS, COMPLAINED, False),
    (change("ManualSuppression"), LEFT, NOTHING, False),
    (change(None), LEFT, NOTHING, False),
    (change(None, stops=False), NOTED, NOTHING, False),
    (event("Open", ReceivedAt="2020-12-22T09:00:00Z"), NOTED, NOTHING, False),
    (event("Click"), NOTED, NOTHING, False),
    (event("SomethingNew"), STRANGE, NOTHING, False),
]


@pytest.mark.parametrize(("one", "kind", "result", "permanent"), EVENTS, ids=str)
def test_an_event_becomes(one: dict[str, object], kind: str, result: Result, permanent: bool) -> None:
    [told] = provider().parse(callback(orjson.dumps(one)))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent) == (kind, result, permanent)
    assert told.leaving == (Leaving.ALL_EMAIL if kind == LEFT else None)
    assert (told.wire_id, told.provider_id) == (WIRE, "883953f4-6105-42a2-a16a-77a8eac79483")
    assert (told.address, told.at) == (EMAILS[1], NOW)


def mail(**more: object) -> dict[str, object]:
    return {
        "FromFull": {"Email": EMAILS[2], "Name": "Bikash"},
        "From": EMAILS[2],
        "To": "office@example.org",
        "OriginalRecipient": "leave@example.org",
        "Subject": "Re: Reminder",
        "Date": "Tue, 22 Dec 2020 09:00:00 +0000",
        "MessageID": "22c74902-a0c1-4511-804f-341342852c90",
        "TextBody": "STOP\n> Leave:",
        "StrippedTextReply": "STOP",
        "HtmlBody": "<p>STOP</p>",
        "Headers": [
            {"Name": "Return-Path", "Value": "<bikash@example.net>"},
            {"Name": "Message-ID", "Value": "<reply-1@example.net>"},
            {"Name": "In-Reply-To", "Value": f"<{WIRE}@example.org>"},
            {"Name": "Auto-Submitted", "Value": "auto-replied"},
        ],
        **more,
    }


@pytest.mark.parametrize("more", [{}, {"RecordType": "Inbound"}])
def test_a_mail_is_a_reply(more: dict[str, object]) -> None:
    [told] = provider().parse(callback(orjson.dumps(mail(**more))))
    assert isinstance(told, Inbound)
    assert (told.channel, told.at, told.sender, told.to) == (Channel.EMAIL, NOW, EMAILS[2], "leave@example.org")
    assert (told.text, told.subject) == ("STOP\n> Leave:", "Re: Reminder")
    assert (told.provider_id, told.in_reply_to) == ("22c74902-a0c1-4511-804f-341342852c90", WIRE)
    assert (told.headers["return-path"], told.headers["auto-submitted"]) == ("<bikash@example.net>", "auto-replied")


def test_a_mail_with_a_page_alone_is_read_as_text() -> None:
    [told] = provider().parse(callback(orjson.dumps(mail(TextBody="", HtmlBody="<p>DONE<br>today</p>", Headers=None))))
    assert isinstance(told, Inbound)
    assert told.text == "DONE\ntoday"


def test_a_mail_from_nobody_is_unknown() -> None:
    [told] = provider().parse(callback(orjson.dumps(mail(FromFull={}, From=""))))
    assert isinstance(told, ProviderEvent)
    assert told.kind == STRANGE


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"{}"])
def test_what_holds_no_event_is_unknown(body: bytes) -> None:
    assert [each.kind for each in provider().parse(callback(body)) if isinstance(each, ProviderEvent)] == [STRANGE]


READER = provider()
KEYS = [
    "RecordType",
    "Type",
    "Metadata",
    "wire_id",
    "FromFull",
    "Email",
    "Headers",
    "Name",
    "Value",
    "BouncedAt",
    "HtmlBody",
]
JSON = st.recursive(
    st.none()
    | st.floats()
    | st.integers(-(2**63), 2**63)
    | st.sampled_from(["Bounce", "Inbound", "a@b"])
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=14,
)


@given(data=JSON)
def test_any_json_gives_a_list(data: object) -> None:
    assert isinstance(READER.parse(callback(orjson.dumps(data))), list)


@given(body=st.binary(max_size=200), login=st.text(max_size=40))
def test_any_bytes_give_a_list_and_are_not_genuine(body: bytes, login: str) -> None:
    assert isinstance(READER.parse(callback(body)), list)
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(callback(body, authorization=login)))
