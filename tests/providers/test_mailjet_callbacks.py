"""Mailjet calls back: its login, events, mails that came in."""

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
from tests.providers.samples.mailjet import LEAST

LOGINS = "mailjet:s3cret-of-now, mailjet:an0ther-one"


def configured(logins: str = LOGINS) -> Provider:
    return build("mailjet", {**LEAST, "hook_logins": logins}, httpx.AsyncClient())


READER = configured()


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


@pytest.mark.parametrize("login", ["mailjet:s3cret-of-now", "mailjet:an0ther-one"])
async def test_either_login_is_genuine(login: str) -> None:
    await READER.verify(callback(b"[]", authorization=basic(login)))


@pytest.mark.parametrize(
    "given_header",
    ["", basic("mailjet:wrong"), basic("mailjet:s3cret-of-no"), basic("mailjet"), "Bearer s3cret-of-now", "Basic %%%"],
)
async def test_whatever_lacks_the_login_is_refused(given_header: str) -> None:
    with pytest.raises(BadSignature):
        await READER.verify(callback(b"[]", authorization=given_header))


async def test_without_a_login_everything_is_refused() -> None:
    with pytest.raises(BadSignature):
        await configured("").verify(callback(b"[]", authorization=basic("mailjet:s3cret-of-now")))


def event(name: str, **more: object) -> dict[str, object]:
    return {
        "event": name,
        "time": 1_608_625_800,
        "MessageID": 13_792_286_917_004_336,
        "email": EMAILS[1],
        "CustomID": WIRE,
        "Payload": "",
        **more,
    }


def tell(found: object) -> list[Told]:
    return READER.parse(callback(orjson.dumps(found)))


EVENTS = {
    "sent": (event("sent", smtp_reply="sent (250 2.0.0 OK)"), ("status", Result.DELIVERED, False)),
    "hard bounce": (event("bounce", hard_bounce=True, error="user unknown"), ("status", Result.BOUNCED, True)),
    "soft bounce": (event("bounce", hard_bounce=False, error="quota exceeded"), ("status", Result.BOUNCED, False)),
    "greylisted": (event("bounce", hard_bounce=False, error="greylisted"), ("status", Result.DEFERRED, False)),
    "greylisted for good": (event("bounce", hard_bounce=True, error="greylisted"), ("status", Result.BOUNCED, True)),
    "blocked": (event("blocked", error="preblocked"), ("status", Result.FAILED, False)),
    "spam": (event("spam", source="JMRPP"), ("status", Result.COMPLAINED, False)),
    "open": (event("open"), ("noted", Result.UNKNOWN, False)),
    "click": (event("click", url="https://example.org"), ("noted", Result.UNKNOWN, False)),
    "something new": (event("teleported"), ("unknown", Result.UNKNOWN, False)),
}


@pytest.mark.parametrize(("said", "meaning"), EVENTS.values(), ids=EVENTS.keys())
def test_an_event_means(said: dict[str, object], meaning: tuple[str, Result, bool]) -> None:
    [told] = tell([said])
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.result, told.permanent) == meaning
    assert (told.wire_id, told.provider_id, told.address) == (WIRE, "13792286917004336", EMAILS[1])
    assert told.at == datetime(2020, 12, 22, 8, 30, tzinfo=UTC)


def test_somebody_who_unsubscribed_at_mailjet_has_left() -> None:
    [told] = tell(event("unsub", mj_list_id=1))
    assert isinstance(told, ProviderEvent)
    assert (told.kind, told.leaving, told.code) == ("left", Leaving.ALL_EMAIL, "unsub")


def test_grouped_events_are_told_one_by_one() -> None:
    told = tell([event("sent"), "odd", event("open")])
    assert [each.kind for each in told if isinstance(each, ProviderEvent)] == ["status", "unknown", "noted"]


MAIL = {
    "Sender": EMAILS[1],
    "Recipient": "appeals@parse.example.net",
    "Date": "20201222T083000",
    "From": f"Aigerim <{EMAILS[1]}>",
    "Subject": "Re: Reminder",
    "Headers": {
        "Received": ["one", "two"],
        "Message-ID": "<r1@example.org>",
        "From": f"Aigerim <{EMAILS[1]}>",
        "Auto-Submitted": "auto-replied",
    },
    "Text-part": "STOP\n",
    "Html-part": "<p>STOP</p>",
    "CustomID": WIRE,
}


def mail(**more: object) -> Inbound:
    [told] = tell(MAIL | {name.replace("_", "-"): value for name, value in more.items()})
    assert isinstance(told, Inbound)
    return told


def test_a_mail_that_came_in_has_its_text_and_headers_and_says_what_it_answers() -> None:
    told = mail()
    assert (told.sender, told.to, told.text) == (EMAILS[1], "appeals@parse.example.net", "STOP\n")
    assert (told.in_reply_to, told.provider_id, told.subject) == (WIRE, "<r1@example.org>", "Re: Reminder")
    assert (told.headers["auto-submitted"], told.headers["received"]) == ("auto-replied", "one")


def test_a_mail_without_text_headers_or_our_id_is_read_all_the_same() -> None:
    assert mail(Text_part="").text == "STOP"
    assert mail(Headers=None).sender == EMAILS[1]
    assert mail(CustomID="another's").in_reply_to == ""


@given(body=st.binary(max_size=200))
def test_any_bytes_give_a_list(body: bytes) -> None:
    assert isinstance(READER.parse(callback(body)), list)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "Sender", "Headers", "From", "time", "hard_bounce", "error", "CustomID"]), inner
        )
    ),
    max_leaves=12,
)


@given(found=JSON)
def test_any_json_gives_a_list(found: object) -> None:
    assert isinstance(tell(found), list)
    assert isinstance(tell({"Sender": found, "Headers": found, "From": found}), list)


@given(given_header=st.text(max_size=40))
def test_any_header_is_refused_without_another_error(given_header: str) -> None:
    with pytest.raises(BadSignature):
        asyncio.run(READER.verify(callback(b"[]", authorization=given_header)))
