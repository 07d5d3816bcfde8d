"""SendGrid calls back: signatures, events, mails."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.providers.over_http import WIRE, callback, form
from tests.providers.people import EMAILS, NOW
from tests.providers.samples.sendgrid import LEAST

# The known answer that SendGrid's own libraries are tested with.
KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eN"
    "Ec6wEA3F+g=="
)
SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
STAMP = 1_600_112_502
BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
OURS = ec.generate_private_key(ec.SECP256R1())
OUR_KEY = base64.b64encode(OURS.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def provider(keys: str = f"{OUR_KEY},{KEY}") -> Provider:
    return build("sendgrid", {**LEAST, "webhook_keys": keys}, httpx.AsyncClient())


def signed(
    body: bytes = BODY, signature: str = SIGNATURE, stamp: str = str(STAMP), *, age: timedelta = timedelta()
) -> Callback:
    headers = {
        "x-twilio-email-event-webhook-signature": signature,
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    kept = {name: text for name, text in headers.items() if text}
    return Callback("POST", "https://example.org/hooks", kept, body, datetime.fromtimestamp(STAMP, UTC) + age)


async def test_the_known_answer_is_genuine_with_either_key_first() -> None:
    await provider().verify(signed())
    await provider(f"{KEY}, {OUR_KEY}").verify(signed(age=timedelta(hours=30)))


async def test_what_we_sign_ourselves_is_genuine() -> None:
    body = b'[{"event":"open"}]'
    signature = base64.b64encode(OURS.sign(str(STAMP).encode() + body, ec.ECDSA(SHA256()))).decode()
    await provider().verify(signed(body, signature))


BAD = {
    "another body": signed(BODY.strip()),
    "another stamp": signed(stamp=str(STAMP + 1)),
    "no signature": signed(signature=""),
    "no stamp": signed(stamp=""),
    "a stamp that is none": signed(stamp="now"),
    "half a signature": signed(signature=SIGNATURE[:48]),
    "no base64": signed(signature="%%%"),
    "another's signature": signed(signature=base64.b64encode(OURS.sign(b"x", ec.ECDSA(SHA256()))).decode()),
    "told again much later": signed(age=timedelta(days=4)),
    "from the future": signed(age=timedelta(days=-4)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_what_is_not_genuine_is_refused(bad: Callback) -> None:
    with pytest.raises(BadSignature):
        await provider().verify(bad)


async def test_another_key_alone_refuses_the_known_answer() -> None:
    with pytest.raises(BadSignature):
        await provider(OUR_KEY).verify(signed())


def event(name: str, **more: object) -> dict[str, object]:
    return {
        "event": name,
        "email": EMAILS[1],
        "timestamp": 1_608_627_600,
        "wire_id": WIRE,
        "sg_event_id": "x",
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filter0001.0",
        **more,
    }


STATUS, LEFT, NOTED = "status", "left", "noted"
EVENTS: list[tuple[dict[str, object], str, Result, bool, Leaving | None]] = [
    (event("processed"), STATUS, Result.QUEUED, False, None),
    (event("deferred", response="450 later"), STATUS, Result.DEFERRED, False, None),
    (event("delivered", response="250 ok"), STATUS, Result.DELIVERED, False, None),
    (event("bounce", type="bounce", status="5.1.1"), STATUS, Result.BOUNCED, True, None),
    (event("bounce", type="bounce", status="4.2.2"), STATUS, Result.BOUNCED, False, None),
    (event("bounce", type="blocked", status="5.7.1"), STATUS, Result.BOUNCED, False, None),
    (event("bounce", type="expired"), STATUS, Result.BOUNCED, False, None),
    (event("bounce"), STATUS, Result.BOUNCED, False, None),
    (event("dropped", reason="Bounced Address"), STATUS, Result.BOUNCED, True, None),
    (event("dropped", reason="Invalid"), STATUS, Result.BOUNCED, True, None),
    (event("dropped", type="Bounced Address"), STATUS, Result.BOUNCED, True, None),
    (event("dropped", reason="Spam Reporting Address"), STATUS, Result.COMPLAINED, False, None),
    (event("dropped", reason="Spam Content (if Spam Checker app enabled)"), STATUS, Result.FAILED, False, None),
    (event("dropped", reason="Recipient List over Package Quota"), STATUS, Result.FAILED, False, None),
    (event("spamreport"), STATUS, Result.COMPLAINED, False, None),
    (event("unsubscribe"), LEFT, Result.UNKNOWN, False, Leaving.ALL_EMAIL),
    (event("group_unsubscribe", asm_group_id=1), LEFT, Result.UNKNOWN, False, Leaving.ALL_EMAIL),
    (event("group_resubscribe"), NOTED, Result.UNKNOWN, False, None),
    (event("open", useragent="x"), NOTED, Result.UNKNOWN, False, None),
    (event("click", url="https://example.org"), NOTED, Result.UNKNOWN, False, None),
    (event("account_status_change"), "unknown", Result.UNKNOWN, False, None),
]


@pytest.mark.parametrize(("one", "kind", "result", "permanent", "leaving"), EVENTS, ids=str)
def test_an_event_becomes(
    one: dict[str, object], kind: str, result: Result, permanent: bool, leaving: Leaving | None
) -> None:
    [told] = provider().parse(callback(orjson.dumps([one])))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent, told.leaving) == (kind, result, permanent, leaving)
    assert (told.wire_id, told.provider_id, told.address) == (WIRE, "LRzXl_NHStOGhQ4kofSm_A", EMAILS[1])
    assert told.at == NOW


def test_somebody_dropped_as_unsubscribed_did_not_get_it_and_has_left() -> None:
    told = provider().parse(callback(orjson.dumps([event("dropped", reason="Unsubscribed Address")])))
    assert [(each.kind, each.result, each.leaving) for each in told if isinstance(each, ProviderEvent)] == [
        (STATUS, Result.FAILED, None),
        (LEFT, Result.UNKNOWN, Leaving.ALL_EMAIL),
    ]


def test_several_events_come_in_one_callback_and_a_strange_one_spoils_none() -> None:
    told = provider().parse(callback(orjson.dumps([event("delivered"), 7, None, {}, event("open", timestamp="soon")])))
    assert [each.kind for each in told if isinstance(each, ProviderEvent)] == [
        STATUS,
        "unknown",
        "unknown",
        "unknown",
        NOTED,
    ]


def test_a_code_is_kept_only_where_it_looks_like_one() -> None:
    told = provider().parse(
        callback(orjson.dumps([event("bounce", status="5.1.1"), event("bounce", status=EMAILS[1])]))
    )
    assert [each.code for each in told if isinstance(each, ProviderEvent)] == ["5.1.1", ""]


HEADERS = (
    "Received: by mx.example.net\nMessage-ID: <reply-1@example.net>\n"
    f"In-Reply-To: <{WIRE}@example.org>\nFrom: Bikash <{EMAILS[2]}>\nSubject: =?utf-8?q?Re=3A_caf=C3=A9?=\n"
    "X-Long: one\n two\nAuto-Submitted: auto-replied\n"
)


def mail(**fields: str) -> list[object]:
    body, kind = form(fields)
    return list(provider().parse(callback(body, kind)))


def test_a_mail_taken_apart_is_a_reply() -> None:
    envelope = '{"to":["leave@example.org"],"from":"bikash@example.net"}'
    [told] = mail(
        headers=HEADERS, text="STOP\nplease", html="<p>no</p>", envelope=envelope, charsets='{"text":"UTF-8"}'
    )
    assert isinstance(told, Inbound)
    assert (told.channel, told.at) == (Channel.EMAIL, NOW)
    assert (told.sender, told.to) == (EMAILS[2], "leave@example.org")
    assert (told.text, told.subject) == ("STOP\nplease", "Re: café")
    assert (told.provider_id, told.in_reply_to) == ("<reply-1@example.net>", WIRE)
    assert told.headers["return-path"] == "<bikash@example.net>"
    assert (told.headers["x-long"], told.headers["auto-submitted"]) == ("one two", "auto-replied")


def test_a_mail_with_a_page_alone_is_read_as_text() -> None:
    page = "<html><head><style>p{}</style></head><body><p>STOP</p><div>now &amp; always</div></body></html>"
    [told] = mail(headers=HEADERS, html=page)
    assert isinstance(told, Inbound)
    assert told.text == "STOP\nnow & always"


def test_a_whole_mail_is_a_reply() -> None:
    raw = HEADERS.replace("\n", "\r\n") + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nDONE\r\n"
    [told] = mail(email=raw, envelope='{"to":[],"from":""}')
    assert isinstance(told, Inbound)
    assert (told.text.strip(), told.in_reply_to, told.headers["return-path"]) == ("DONE", WIRE, "<>")


def test_a_text_in_another_charset_is_read_in_it() -> None:
    body, kind = form({"headers": HEADERS, "text": "ARRET", "charsets": '{"text":"iso-8859-1"}'})
    [told] = provider().parse(callback(body.replace(b"ARRET", "ARRÊT".encode("iso-8859-1")), kind))
    assert isinstance(told, Inbound)
    assert told.text == "ARRÊT"


@pytest.mark.parametrize("fields", [{}, {"headers": "Subject: x"}, {"text": "STOP"}])
def test_a_form_without_a_mail_in_it_is_unknown(fields: dict[str, str]) -> None:
    [told] = mail(**fields)
    assert isinstance(told, ProviderEvent)
    assert told.kind == "unknown"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "timestamp", "type", "reason", "wire_id", "status"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(found=JSON)
def test_any_json_gives_a_list(found: object) -> None:
    assert isinstance(READER.parse(callback(orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS))), list)


@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["", "application/json", "multipart/form-data; boundary=a", "multipart/form-data", "x"])
    | st.text(),
    name=st.sampled_from(["headers", "email", "envelope", "charsets", "text"]),
)
def test_any_bytes_give_a_list(body: bytes, kind: str, name: str) -> None:
    assert isinstance(READER.parse(callback(body, kind)), list)
    part = b'--a\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), body)
    told = READER.parse(callback(part + b"--a--\r\n", "multipart/form-data; boundary=a"))
    assert isinstance(told, list)


@given(body=st.binary(max_size=80), signature=st.text(max_size=90), stamp=st.text(max_size=14))
def test_any_signature_is_refused_without_another_error(body: bytes, signature: str, stamp: str) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(signed(body, signature, stamp)))


READER = provider()
