"""Brevo calls back: its login, events, mails that came in."""

import asyncio
import base64
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.consent import Leaving
from reminder.domain.states import Result
from reminder.providers.contract import BadSignature, Inbound, Provider, ProviderEvent, Told
from reminder.providers.registry import build
from tests.providers.over_http import WIRE, callback
from tests.providers.people import EMAILS
from tests.providers.samples.brevo import LEAST

LOGINS = "brevo:s3cret-of-now, t0ken-of-now"


def configured(logins: str = LOGINS) -> Provider:
    return build("brevo", {**LEAST, "hook_logins": logins}, httpx.AsyncClient())


READER = configured()


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


@pytest.mark.parametrize("given_header", [basic("brevo:s3cret-of-now"), "Bearer t0ken-of-now", "bearer t0ken-of-now"])
async def test_the_login_or_the_token_is_genuine(given_header: str) -> None:
    await READER.verify(callback(b"{}", authorization=given_header))


@pytest.mark.parametrize(
    "given_header",
    [
        "",
        basic("brevo:wrong"),
        basic("brevo:s3cret-of-no"),
        "Bearer wrong",
        "Bearer t0ken-of-no",
        "Bearer ",
        "Basic %%%",
        "Digest t0ken-of-now",
    ],
)
async def test_whatever_lacks_the_login_is_refused(given_header: str) -> None:
    with pytest.raises(BadSignature):
        await READER.verify(callback(b"{}", authorization=given_header))


async def test_without_a_login_everything_is_refused() -> None:
    with pytest.raises(BadSignature):
        await configured("").verify(callback(b"{}", authorization=basic("brevo:s3cret-of-now")))


def event(name: str, **more: object) -> dict[str, object]:
    return {
        "event": name,
        "email": EMAILS[1],
        "id": 26224,
        "date": "2020-12-22 09:30:00",
        "message-id": "<1@brevo>",
        "ts_epoch": 1_608_625_800_125,
        "X-Mailin-custom": WIRE,
        **more,
    }


def tell(found: object) -> list[Told]:
    return READER.parse(callback(orjson.dumps(found)))


EVENTS = {
    "request": ("status", Result.QUEUED, False),
    "sent": ("status", Result.QUEUED, False),
    "delivered": ("status", Result.DELIVERED, False),
    "deferred": ("status", Result.DEFERRED, False),
    "soft_bounce": ("status", Result.BOUNCED, False),
    "hard_bounce": ("status", Result.BOUNCED, True),
    "invalid_email": ("status", Result.BOUNCED, True),
    "blocked": ("status", Result.FAILED, False),
    "error": ("status", Result.FAILED, False),
    "spam": ("status", Result.COMPLAINED, False),
    "complaint": ("status", Result.COMPLAINED, False),
    "opened": ("noted", Result.UNKNOWN, False),
    "unique_opened": ("noted", Result.UNKNOWN, False),
    "proxy_open": ("noted", Result.UNKNOWN, False),
    "click": ("noted", Result.UNKNOWN, False),
    "list_addition": ("noted", Result.UNKNOWN, False),
    "something_new": ("unknown", Result.UNKNOWN, False),
}


@pytest.mark.parametrize(("name", "meaning"), EVENTS.items())
def test_an_event_means(name: str, meaning: tuple[str, Result, bool]) -> None:
    [told] = tell(event(name))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent) == meaning
    assert (told.wire_id, told.provider_id, told.address, told.code) == (WIRE, "<1@brevo>", EMAILS[1], name)
    assert told.at == datetime(2020, 12, 22, 8, 30, 0, 125_000, tzinfo=UTC)


def test_somebody_who_unsubscribed_at_brevo_has_left() -> None:
    [told] = tell(event("unsubscribe"))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.leaving) == ("left", Leaving.ALL_EMAIL)


def test_batched_events_are_told_one_by_one() -> None:
    told = tell([event("delivered"), "odd", event("hard_bounce")])
    assert [each.kind for each in told if isinstance(each, ProviderEvent)] == ["status", "unknown", "status"]


MAIL = {
    "Uuid": ["0e0d6c1c-6b9e"],
    "MessageId": "<r1@example.org>",
    "From": {"Name": "Aigerim", "Address": EMAILS[1]},
    "To": [{"Name": None, "Address": "reply@example.net"}],
    "Recipients": ["appeals@reply.example.net"],
    "Subject": "Re: Reminder",
    "Headers": {
        "From": f"Aigerim <{EMAILS[1]}>",
        "In-Reply-To": f"<{WIRE}@example.org>",
        "Received": ["one", "two"],
        "Auto-Submitted": "no",
    },
    "RawTextBody": "STOP\n",
    "RawHtmlBody": "<p>STOP</p>",
}


def mail(**more: object) -> Inbound:
    [told] = tell({"items": [MAIL | more]})
    assert isinstance(told, Inbound)
    return told


def test_a_mail_that_came_in_has_its_text_and_headers() -> None:
    told = mail()
    assert (told.sender, told.to, told.text, told.subject) == (
        EMAILS[1],
        "appeals@reply.example.net",
        "STOP\n",
        "Re: Reminder",
    )
    assert (told.in_reply_to, told.provider_id) == (WIRE, "0e0d6c1c-6b9e")
    assert (told.headers["auto-submitted"], told.headers["received"]) == ("no", "one")


def test_a_mail_that_has_no_text_or_no_headers_is_read_all_the_same() -> None:
    assert mail(RawTextBody="", Headers=None).text == "STOP"
    assert mail(Headers=None).sender == EMAILS[1]
    assert mail(Recipients=None, Uuid=None).to == "reply@example.net"


@given(body=st.binary(max_size=200))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(READER.parse(callback(body)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8) | st.sampled_from([*EVENTS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "items", "Headers", "From", "To", "Uuid", "ts_epoch", "Address"]), inner
        )
    ),
    max_leaves=12,
)


@given(found=JSON)
def test_any_json_gives_a_list(found: object) -> None:
    assert isinstance(tell(found), list)
    assert isinstance(tell({"items": [found]}), list)


@given(given_header=st.text(max_size=40))
def test_any_header_is_refused_without_another_error(given_header: str) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(callback(b"{}", authorization=given_header)))
