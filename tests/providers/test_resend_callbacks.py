"""Resend calls back: signatures and events."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.states import Channel, Result
from reminder.errors import BadSetting
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.email.resend import body_of
from reminder.providers.registry import build
from tests.providers.over_http import WIRE, callback, full_content
from tests.providers.people import EMAILS, recipients
from tests.providers.samples.resend import LEAST

# The known answer of Svix's page on verifying by hand.
SVIX_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SVIX_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SVIX_STAMP = 1_614_265_330
SVIX_BODY = b'{"test": 2432232314}'
SVIX_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER_SECRET = f"whsec_{base64.b64encode(b'another key of ours').decode()}"


def configured(secrets: str = SVIX_SECRET) -> Provider:
    return build("resend", {**LEAST, "webhook_secrets": secrets}, httpx.AsyncClient())


def signed(
    body: bytes = SVIX_BODY,
    signature: str = SVIX_SIGNATURE,
    stamp: str = str(SVIX_STAMP),
    *,
    told_id: str = SVIX_ID,
    age: timedelta = timedelta(),
) -> Callback:
    headers = {"svix-id": told_id, "svix-timestamp": stamp, "svix-signature": signature}
    kept = {name: text for name, text in headers.items() if text}
    return Callback("POST", "https://example.org/hooks", kept, body, datetime.fromtimestamp(SVIX_STAMP, UTC) + age)


async def test_the_known_answer_is_genuine_whichever_secret_or_signature_comes_first() -> None:
    await configured().verify(signed())
    await configured(f"{OTHER_SECRET}, {SVIX_SECRET}").verify(signed(age=timedelta(minutes=5)))
    await configured().verify(signed(signature=f"v2,AAAA v1,AAAA {SVIX_SIGNATURE}", age=timedelta(minutes=-5)))


def own_signature() -> str:
    digest = hmac.digest(b"another key of ours", f"{SVIX_ID}.{SVIX_STAMP}.".encode() + SVIX_BODY, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


BAD = {
    "another body": signed(SVIX_BODY + b" "),
    "another stamp": signed(stamp=str(SVIX_STAMP + 1)),
    "another id": signed(told_id="msg_other"),
    "no id": signed(told_id=""),
    "no signature": signed(signature=""),
    "no stamp": signed(stamp=""),
    "a stamp that is none": signed(stamp="now"),
    "half a signature": signed(signature=SVIX_SIGNATURE[:20]),
    "an unknown version": signed(signature=SVIX_SIGNATURE.replace("v1", "v2")),
    "another's signature": signed(signature=own_signature()),
    "told again later": signed(age=timedelta(minutes=5, seconds=1)),
    "from the future": signed(age=timedelta(minutes=-5, seconds=-1)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_whatever_is_not_signed_right_is_refused(bad: Callback) -> None:
    with pytest.raises(BadSignature):
        await configured().verify(bad)


async def test_without_a_secret_everything_is_refused() -> None:
    with pytest.raises(BadSignature, match="configured"):
        await configured("").verify(signed())


def test_a_secret_that_is_none_is_a_bad_setting() -> None:
    with pytest.raises(BadSetting) as caught:
        configured("whsec_%%%")
    assert caught.value.thing == "RESEND_WEBHOOK_SECRETS"


def tell(kind: str, **data: object) -> list[ProviderEvent]:
    """The events of a callback of this kind."""
    event = {"type": kind, "created_at": "2020-12-22T08:30:00.125Z", "data": data}
    told = READER.parse(callback(orjson.dumps(event)))
    assert all(isinstance(each, ProviderEvent) for each in told)
    return told  # type: ignore[return-value]


def test_a_tag_holds_no_dot_and_the_id_comes_back_as_it_went_out() -> None:
    person = recipients(Channel.EMAIL, 1)[0]._replace(wire_id=WIRE)
    [mail] = orjson.loads(body_of(full_content(), [person]))
    value = mail["tags"][0]["value"]
    assert value.replace("_", "").isalnum()
    [event] = tell("email.delivered", tags={"wire_id": value})
    assert event.wire_id == WIRE


EVENTS = {
    "email.scheduled": ("status", Result.QUEUED),
    "email.sent": ("status", Result.QUEUED),
    "email.delivered": ("status", Result.DELIVERED),
    "email.delivery_delayed": ("status", Result.DEFERRED),
    "email.complained": ("status", Result.COMPLAINED),
    "email.bounced": ("status", Result.BOUNCED),
    "email.failed": ("status", Result.FAILED),
    "email.suppressed": ("status", Result.FAILED),
    "email.opened": ("noted", Result.UNKNOWN),
    "email.clicked": ("noted", Result.UNKNOWN),
    "suppression.removed": ("noted", Result.UNKNOWN),
    "domain.updated": ("unknown", Result.UNKNOWN),
    "": ("unknown", Result.UNKNOWN),
}


@pytest.mark.parametrize(("kind", "meaning"), EVENTS.items())
def test_an_event_means(kind: str, meaning: tuple[str, Result]) -> None:
    [event] = tell(kind, email_id="e-1", to=[f"Aigerim <{EMAILS[1]}>"], tags={"wire_id": WIRE.replace(".", "_")})
    assert (event.kind, event.result) == meaning
    assert (event.wire_id, event.provider_id, event.address) == (WIRE, "e-1", EMAILS[1])
    assert event.at == datetime(2020, 12, 22, 8, 30, 0, 125_000, tzinfo=UTC)
    assert not event.permanent


@pytest.mark.parametrize(("kind", "permanent"), [("Permanent", True), ("Transient", False), ("Undetermined", False)])
def test_only_a_permanent_bounce_closes_the_address(kind: str, permanent: bool) -> None:
    [event] = tell("email.bounced", bounce={"type": kind, "subType": "General", "message": EMAILS[1]})
    assert (event.permanent, event.code) == (permanent, f"{kind} General")


@pytest.mark.parametrize(
    ("origin", "meaning"),
    [
        ("bounce", ("status", Result.BOUNCED, True)),
        ("complaint", ("status", Result.COMPLAINED, True)),
        ("manual", ("noted", Result.UNKNOWN, False)),
    ],
)
def test_an_address_that_comes_on_its_list_is_told_without_a_message(
    origin: str, meaning: tuple[str, Result, bool]
) -> None:
    [event] = tell("suppression.added", email=EMAILS[1], origin=origin, id="s-1", source_id=None)
    assert (event.kind, event.result, event.permanent) == meaning
    assert (event.wire_id, event.address) == ("", EMAILS[1])


def test_of_a_mail_that_came_in_sender_and_subject_are_known() -> None:
    data = {"from": f"Aigerim <{EMAILS[1]}>", "to": ["appeals@example.org"], "subject": "STOP", "message_id": "<x@y>"}
    body = orjson.dumps({"type": "email.received", "created_at": "2020-12-22T08:30:00Z", "data": data})
    [told] = READER.parse(callback(body))
    assert isinstance(told, Inbound)
    assert (told.sender, told.to, told.subject, told.text) == (EMAILS[1], "appeals@example.org", "STOP", "")
    assert told.provider_id == "<x@y>"


@given(body=st.binary(max_size=200))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(READER.parse(callback(body)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8) | st.sampled_from([*EVENTS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "data", "tags", "to", "from", "bounce", "created_at", "wire_id"]), inner
        )
    ),
    max_leaves=12,
)


@given(found=JSON, kind=st.sampled_from([*EVENTS, "email.received", "suppression.added"]))
def test_any_json_gives_a_list(found: object, kind: str) -> None:
    assert isinstance(READER.parse(callback(orjson.dumps(found))), list)
    assert isinstance(READER.parse(callback(orjson.dumps({"type": kind, "data": found}))), list)


@given(body=st.binary(max_size=80), signature=st.text(max_size=90), stamp=st.text(max_size=14))
def test_any_signature_is_refused_without_another_error(body: bytes, signature: str, stamp: str) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(signed(body, signature, stamp)))


READER = configured()
