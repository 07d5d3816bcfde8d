"""Kannel: its headers, what its answers mean, its reports and what people write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.message import Content, Spliced
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.errors import BadSetting, Trouble
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import build
from tests.fakes.http import Reply
from tests.providers.people import LAST, NOW, PHONES, call, wire_id
from tests.providers.samples import SECRET
from tests.providers.samples.kannel import HOOK, LEAST, TAKEN
from tests.providers.test_single_sms import bench

HOOK_SECRET = f"{SECRET}-2"


def kannel(**more: str) -> Provider:
    return build("kannel", {**LEAST, "hook_url": HOOK, "hook_secret": HOOK_SECRET, **more}, httpx.AsyncClient())


def report(kind: str, *, key: str = HOOK_SECRET) -> Callback:
    return called(urlencode({"key": key, "m": wire_id(1), "s": kind}))


def called(query: str, *, method: str = "GET") -> Callback:
    return Callback(method, f"{HOOK}?{query}", {}, b"", NOW)


def saying(text: str) -> Content:
    return Content(Channel.SMS, "en", (), "", Spliced((text,), ()), None, (), None, "Appeals")


async def test_a_message_is_a_text_with_headers() -> None:
    async with bench("kannel", TAKEN) as it:
        [receipt] = await it.send(1)
        [request] = it.server.requests
    assert (request.method, request.target) == ("POST", "/cgi-bin/sendsms")
    ours = {name: value for name, value in request.headers.items() if name.startswith("x-kannel-")}
    assert ours == {
        "x-kannel-username": "appeals",
        "x-kannel-password": SECRET,
        "x-kannel-to": PHONES[1],
        "x-kannel-from": "Appeals",
        "x-kannel-coding": "0",
        "x-kannel-validity": "10979",
        "x-kannel-dlr-mask": "31",
        "x-kannel-dlr-url": f"{HOOK}?key={HOOK_SECRET}&m={wire_id(1)}&s=%d",
    }
    assert request.headers["content-type"] == "text/plain; charset=UTF-8"
    assert request.body.decode().endswith("Leave: https://example.org/l/1\r\n")
    assert receipt.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("text", "coding"),
    [("One week is left.", "0"), ("Grüße, 5 € {x}", "0"), ("Пишите сегодня", "2"), ("Escreva já – São Paulo", "2")],
)
async def test_what_the_sms_alphabet_lacks_goes_out_as_ucs2(text: str, coding: str) -> None:
    async with bench("kannel", TAKEN) as it:
        await it.send(1, what=saying(text))
        [request] = it.server.requests
    assert (request.headers["x-kannel-coding"], request.body.decode()) == (coding, text)


@pytest.mark.parametrize(
    ("left", "minutes"),
    [
        (timedelta(hours=2, seconds=59), "120"),
        (timedelta(seconds=30), "1"),
        (timedelta(days=-1), "1"),
        (timedelta(days=1000), str(63 * 7 * 1440)),
    ],
)
async def test_kannel_gives_up_when_the_message_no_longer_helps(left: timedelta, minutes: str) -> None:
    async with bench("kannel", TAKEN) as it:
        await it.provider.send(replace(call(Channel.SMS, 1), now=LAST - left))
        [request] = it.server.requests
    assert request.headers["x-kannel-validity"] == minutes


async def test_signs_of_kannels_own_syntax_are_doubled_and_an_smsc_may_be_named() -> None:
    async with bench("kannel", TAKEN, hook_secret="50%&ü, old", smsc="primary") as it:
        await it.send(1)
        [request] = it.server.requests
    escaped = quote("50%&ü").replace("%", "%%")
    assert request.headers["x-kannel-dlr-url"] == f"{HOOK}?key={escaped}&m={wire_id(1)}&s=%d"
    assert request.headers["x-kannel-smsc"] == "primary"


async def test_without_a_secret_no_report_is_asked_for() -> None:
    async with bench("kannel", TAKEN, hook_secret="") as it:
        await it.send(1)
        [request] = it.server.requests
        assert not it.provider.capabilities.webhooks
    assert [name for name in request.headers if "dlr" in name] == []


@pytest.mark.parametrize(
    ("status", "words", "verdict", "fault"),
    [
        (202, "0: Accepted for delivery", Verdict.ACCEPTED, Fault.NONE),
        (202, "3: Queued for later delivery", Verdict.ACCEPTED, Fault.NONE),
        (202, "Sent. Message splits: 2", Verdict.ACCEPTED, Fault.NONE),
        (202, "something else", Verdict.AMBIGUOUS, Fault.NONE),
        (403, "Authorization failed for sendsms", Verdict.RETRY, Fault.ACCOUNT),
        (403, "Not routable. Do not try again.", Verdict.REJECTED, Fault.CONTENT),
        (403, "", Verdict.RETRY, Fault.ACCOUNT),
        (400, "Empty receiver number not allowed, rejected", Verdict.REJECTED, Fault.ADDRESS),
        (400, "Missing receiver(s) number(s), rejected", Verdict.REJECTED, Fault.ADDRESS),
        (400, "Number(s) has/have been denied by white- and/or black-lists.", Verdict.REJECTED, Fault.CONTENT),
        (400, "Charset or body misformed, rejected", Verdict.REJECTED, Fault.CONTENT),
        (400, "Validity field misformed, rejected", Verdict.REJECTED, Fault.CONTENT),
        (400, "Sender missing and no global set, rejected", Verdict.RETRY, Fault.ACCOUNT),
        (400, "DLR-URL field misformed, rejected", Verdict.RETRY, Fault.ACCOUNT),
        (400, "Invalid content-type", Verdict.RETRY, Fault.ACCOUNT),
        (500, "Sending failed. Failed receivers are: +447700900101", Verdict.RETRY, Fault.NONE),
        (500, "", Verdict.AMBIGUOUS, Fault.NONE),
        (503, "Temporal failure, try again later.", Verdict.RETRY, Fault.NONE),
        (404, "Unknown request.", Verdict.RETRY, Fault.ACCOUNT),
    ],
)
async def test_answers_mean_what_kannel_says(status: int, words: str, verdict: Verdict, fault: Fault) -> None:
    async with bench("kannel", Reply(status, words.encode())) as it:
        [receipt] = await it.send(1)
    code = "" if verdict is Verdict.ACCEPTED else str(status)
    assert (receipt.verdict, receipt.fault, receipt.code) == (verdict, fault, code)
    assert PHONES[1] not in receipt.detail


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(403, b"Authorization failed for sendsms"), "refused"),
        (Reply(404, b"Unknown request."), "404"),
        (Reply(400, b"Invalid content-type"), "400"),
        (Reply(drops=True), "no answer"),
    ],
)
async def test_a_login_that_does_not_work_is_told(reply: Reply, words: str) -> None:
    async with bench("kannel", reply) as it:
        with pytest.raises(Trouble, match=words) as caught:
            await it.provider.check()
    assert SECRET not in str(caught.value)


async def test_a_login_is_proved_by_a_message_to_nobody() -> None:
    async with bench("kannel", Reply(400, b"Missing receiver(s) number(s), rejected")) as it:
        await it.provider.check()
        [request] = it.server.requests
    assert "x-kannel-to" not in request.headers
    assert request.headers["x-kannel-password"] == SECRET


@pytest.mark.parametrize("option", ["user", "password", "smsc"])
def test_a_line_break_in_a_header_is_refused(option: str) -> None:
    with pytest.raises(BadSetting, match=f"KANNEL_{option.upper()}"):
        kannel(**{option: "a\r\nX-Kannel-To: b"})


async def test_either_secret_fits_while_it_is_changed() -> None:
    await kannel().verify(report("1"))
    await kannel(hook_secret=f"new, {HOOK_SECRET}").verify(report("1"))
    await kannel(hook_secret="schlüssel%").verify(report("1", key="schlüssel%"))


@pytest.mark.parametrize("key", ["", "wrong", HOOK_SECRET[:-1], f"{HOOK_SECRET}x", SECRET])
async def test_whoever_does_not_know_the_secret_is_refused(key: str) -> None:
    with pytest.raises(BadSignature):
        await kannel().verify(report("1", key=key))


async def test_without_a_secret_everything_is_refused() -> None:
    for key in ("", HOOK_SECRET):
        with pytest.raises(BadSignature):
            await kannel(hook_secret="").verify(report("1", key=key))


@pytest.mark.parametrize(
    ("kind", "event", "result"),
    [
        ("1", "status", Result.DELIVERED),
        ("2", "status", Result.BOUNCED),
        ("4", "status", Result.DEFERRED),
        ("8", "status", Result.SENT),
        ("16", "status", Result.FAILED),
        ("32", "noted", Result.UNKNOWN),
        ("64", "unknown", Result.UNKNOWN),
        ("", "unknown", Result.UNKNOWN),
    ],
)
def test_reports(kind: str, event: str, result: Result) -> None:
    assert kannel().parse(report(kind)) == [
        ProviderEvent(kind=event, result=result, at=NOW, wire_id=wire_id(1), code=kind, same=f"{wire_id(1)} {kind}")
    ]


@pytest.mark.parametrize(
    ("text", "charset", "raw"),
    [
        ("STOP", "UTF-8", b"STOP"),
        ("I wrote – today", "UTF-8", "I wrote – today".encode()),
        ("Пишу\nсегодня", "UTF-16BE", "Пишу\nсегодня".encode("utf-16-be")),
        ("schön", "ISO-8859-1", b"sch\xf6n"),
        ("?", "no-such-charset", b"?"),
    ],
)
async def test_what_somebody_wrote_is_read_in_its_charset(text: str, charset: str, raw: bytes) -> None:
    query = (
        f"key={HOOK_SECRET}&from=%2B447700900102&to=447700900200&text={quote(raw)}"
        f"&charset={charset}&id=0b1f&at=1608628000"
    )
    await kannel().verify(called(query))
    assert kannel().parse(called(query)) == [
        Inbound(
            channel=Channel.SMS,
            at=datetime(2020, 12, 22, 9, 6, 40, tzinfo=UTC),
            sender=PHONES[2],
            to="+447700900200",
            text=text,
            provider_id="0b1f",
        )
    ]


@pytest.mark.parametrize("at", ["", "soon", "٣", "9" * 12])
def test_what_was_written_at_an_unknown_time_came_when_we_heard_of_it(at: str) -> None:
    [reply] = kannel().parse(called(f"from=447700900102&text=hello&at={at}"))
    assert isinstance(reply, Inbound)
    assert reply.at == NOW


def test_the_answer_to_a_callback_is_empty() -> None:
    assert kannel().acknowledgement.body == b""


@given(query=st.text(max_size=80), body=st.binary(max_size=20))
def test_any_query_is_a_list(query: str, body: bytes) -> None:
    for more in (query, f"from={query}&text={query}&charset={query}&at={query}", f"m={query}&s={query}"):
        assert isinstance(kannel().parse(replace(called(more), body=body)), list)
