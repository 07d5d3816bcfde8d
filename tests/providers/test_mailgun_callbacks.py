"""Mailgun calls back: signatures, events, mails."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.providers.over_http import WIRE, callback, form
from tests.providers.people import EMAILS, NOW
from tests.providers.samples import SECRET
from tests.providers.samples.mailgun import LEAST

STAMP = str(int(NOW.timestamp()))
TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"


def provider(keys: str = f"old-key, {SECRET}") -> Provider:
    return build("mailgun", {**LEAST, "signing_keys": keys}, httpx.AsyncClient())


def signature(stamp: str = STAMP, token: str = TOKEN, key: str = SECRET) -> dict[str, str]:
    made = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": made}


def event(name: str, **more: object) -> dict[str, object]:
    return {
        "event": name,
        "id": "Ase7i2zsRYeDXztHGENqRA",
        "timestamp": NOW.timestamp(),
        "recipient": EMAILS[1],
        "user-variables": {"wire_id": WIRE},
        "message": {"headers": {"message-id": "20201222.1.ABC@mg.example.org"}},
        **more,
    }


def hook(data: object, signed: object = None, *, age: timedelta = timedelta()) -> Callback:
    body = {"signature": signature() if signed is None else signed, "event-data": data}
    return callback(orjson.dumps(body), at=NOW + age)


async def test_the_known_answer_is_genuine() -> None:
    """What OpenSSL makes of a timestamp, a token and a key."""
    made = "475f2b8beb895b42fa89cf96f6b1ea27071b621423748d2637eb6fec6e5b1080"
    signed = {"timestamp": "1529006854", "token": TOKEN, "signature": made}
    then = datetime.fromtimestamp(1_529_006_854, UTC) - NOW
    await provider("key-of-a-domain").verify(hook(event("delivered"), signed, age=then))


async def test_events_and_forms_are_genuine_with_either_key() -> None:
    await provider().verify(hook(event("delivered")))
    await provider().verify(hook(event("delivered"), signature(key="old-key"), age=timedelta(hours=20)))
    body, kind = form(signature() | {"sender": "a@example.org"})
    await provider().verify(callback(body, kind))
    await provider().verify(callback(str(httpx.QueryParams(signature())).encode(), "application/x-www-form-urlencoded"))


async def test_the_same_callback_told_again_is_genuine_and_its_token_with_another_body_is_not() -> None:
    ready = provider()
    await ready.verify(hook(event("delivered")))
    await ready.verify(hook(event("delivered")))
    with pytest.raises(BadSignature, match="something else"):
        await ready.verify(hook(event("complained")))


BAD: dict[str, Callback] = {
    "another key": hook(event("opened"), signature(key="guess")),
    "another token": hook(event("opened"), signature() | {"token": TOKEN[::-1]}),
    "another stamp": hook(event("opened"), signature() | {"timestamp": str(int(STAMP) + 1)}),
    "half a signature": hook(event("opened"), signature() | {"signature": signature()["signature"][:32]}),
    "letters beyond ASCII": hook(event("opened"), signature() | {"signature": "ä" * 64}),
    "no signature": hook(event("opened"), {}),
    "a signature that is a text": hook(event("opened"), "x"),
    "bad JSON": callback(b'{"signature":'),
    "no form": callback(b"x", "text/plain"),
    "told again much later": hook(event("opened"), age=timedelta(hours=25)),
    "from the future": hook(event("opened"), age=-timedelta(hours=25)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_what_is_not_genuine_is_refused(bad: Callback) -> None:
    with pytest.raises(BadSignature):
        await provider().verify(bad)


STATUS, LEFT, NOTED = "status", "left", "noted"
EVENTS: list[tuple[dict[str, object], str, Result, bool, Leaving | None]] = [
    (event("accepted"), STATUS, Result.QUEUED, False, None),
    (event("delivered"), STATUS, Result.DELIVERED, False, None),
    (event("failed", severity="temporary", reason="generic"), STATUS, Result.DEFERRED, False, None),
    (event("failed", severity="permanent", reason="bounce"), STATUS, Result.BOUNCED, True, None),
    (event("failed", severity="permanent", reason="suppress-bounce"), STATUS, Result.BOUNCED, True, None),
    (event("failed", severity="permanent", reason="suppress-complaint"), STATUS, Result.COMPLAINED, False, None),
    (event("failed", severity="permanent", reason="generic"), STATUS, Result.BOUNCED, False, None),
    (event("failed", severity="permanent", reason="old"), STATUS, Result.BOUNCED, False, None),
    (event("failed", severity="permanent"), STATUS, Result.BOUNCED, False, None),
    (
        event("failed", severity="permanent", reason="bounce", **{"delivery-status": {"bounce-type": "soft"}}),
        *(STATUS, Result.BOUNCED, False, None),
    ),
    (event("rejected", reject={"reason": "Rate limited"}), STATUS, Result.FAILED, False, None),
    (event("complained"), STATUS, Result.COMPLAINED, False, None),
    (event("unsubscribed"), LEFT, Result.UNKNOWN, False, Leaving.ALL_EMAIL),
    (event("opened"), NOTED, Result.UNKNOWN, False, None),
    (event("clicked"), NOTED, Result.UNKNOWN, False, None),
    (event("stored"), NOTED, Result.UNKNOWN, False, None),
    (event("list_uploaded"), "unknown", Result.UNKNOWN, False, None),
]


@pytest.mark.parametrize(("one", "kind", "result", "permanent", "leaving"), EVENTS, ids=str)
def test_an_event_becomes(
    one: dict[str, object], kind: str, result: Result, permanent: bool, leaving: Leaving | None
) -> None:
    [told] = provider().parse(hook(one))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent, told.leaving) == (kind, result, permanent, leaving)
    assert (told.wire_id, told.provider_id) == (WIRE, "20201222.1.ABC@mg.example.org")
    assert (told.address, told.at) == (EMAILS[1], NOW)


def test_somebody_on_its_list_of_unsubscribed_did_not_get_it_and_has_left() -> None:
    told = provider().parse(hook(event("failed", severity="permanent", reason="suppress-unsubscribe")))
    assert [(each.kind, each.result, each.leaving) for each in told if isinstance(each, ProviderEvent)] == [
        (STATUS, Result.FAILED, None),
        (LEFT, Result.UNKNOWN, Leaving.ALL_EMAIL),
    ]


def test_the_code_of_a_failure_is_kept() -> None:
    status = {"enhanced-code": "5.1.1", "code": 550, "message": f"{EMAILS[1]} unknown"}
    codes = []
    for one in (status, {"code": 605}, {}):
        [told] = provider().parse(
            hook(event("failed", severity="permanent", reason="bounce", **{"delivery-status": one}))
        )
        assert isinstance(told, ProviderEvent)
        codes.append(told.code)
    assert codes == ["5.1.1", "605", "bounce"]


FIELDS = {
    "sender": "bikash@example.net",
    "recipient": "office@example.org",
    "subject": "Re: Reminder",
    "body-plain": "STOP\n\n> Leave:",
    "stripped-text": "STOP",
    "message-headers": orjson.dumps(
        [
            ["Message-Id", "<reply-1@example.net>"],
            ["References", f"<x@example.net> <{WIRE}@example.org>"],
            ["From", f"Bikash <{EMAILS[2]}>"],
            ["Subject", "Re: Reminder"],
            ["Auto-Submitted", "auto-replied"],
        ]
    ).decode(),
}


def urlencoded(fields: dict[str, str]) -> tuple[bytes, str]:
    return str(httpx.QueryParams(fields)).encode(), "application/x-www-form-urlencoded"


@pytest.mark.parametrize("written", [form, urlencoded])
def test_a_forwarded_mail_is_a_reply(written: Callable[[dict[str, str]], tuple[bytes, str]]) -> None:
    [told] = provider().parse(callback(*written(FIELDS)))
    assert isinstance(told, Inbound)
    assert (told.channel, told.sender, told.to) == (Channel.EMAIL, EMAILS[2], "office@example.org")
    assert (told.text, told.subject) == ("STOP\n\n> Leave:", "Re: Reminder")
    assert (told.provider_id, told.in_reply_to) == ("<reply-1@example.net>", WIRE)
    assert (told.headers["return-path"], told.headers["auto-submitted"]) == ("<bikash@example.net>", "auto-replied")


def test_a_mail_that_is_a_page_alone_is_read_as_text() -> None:
    fields = {**FIELDS, "body-html": "<p>DONE</p>", "body-plain": "", "stripped-text": ""}
    [told] = provider().parse(callback(*form(fields)))
    assert isinstance(told, Inbound)
    assert told.text == "DONE"


def test_a_whole_mail_is_a_reply() -> None:
    raw = f"From: {EMAILS[2]}\r\nTo: office@example.org\r\nSubject: x\r\n\r\nDONE\r\n"
    [told] = provider().parse(callback(*form({"body-mime": raw, "sender": "", "recipient": ""})))
    assert isinstance(told, Inbound)
    assert (told.text.strip(), told.to, told.headers["return-path"]) == ("DONE", "office@example.org", "<>")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event-data":7}', b"{"])
def test_json_without_an_event_is_unknown(body: bytes) -> None:
    assert [each.kind for each in provider().parse(callback(body)) if isinstance(each, ProviderEvent)] == ["unknown"]


READER = provider()
KEYS = ["event", "severity", "reason", "delivery-status", "user-variables", "message", "headers", "timestamp", "code"]
JSON = st.recursive(
    st.none() | st.floats() | st.integers(-(2**63), 2**63) | st.sampled_from(["failed", "permanent", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(data=JSON)
def test_any_json_gives_a_list(data: object) -> None:
    assert isinstance(READER.parse(hook(data)), list)


@given(body=st.binary(max_size=200), name=st.sampled_from(["body-mime", "message-headers", "body-html"]))
def test_any_bytes_give_a_list_and_are_not_genuine(body: bytes, name: str) -> None:
    part = b'--a\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n--a--\r\n' % (name.encode(), body)
    for one in (callback(body), callback(body, "x"), callback(part, "multipart/form-data; boundary=a")):
        assert isinstance(READER.parse(one), list)
        with pytest.raises(BadSignature):
            asyncio.run(READER.verify(one))
