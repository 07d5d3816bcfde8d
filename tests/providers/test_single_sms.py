"""What every SMS provider keeps that takes one message a call: bad answers, waits, volleys, numbers."""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from reminder.domain.message import Content, Gap, Receipt, Spliced
from reminder.domain.states import Channel, Fault
from reminder.errors import BadSetting
from reminder.providers.options import setting_name
from reminder.providers.registry import REGISTRY, build, provider_class
from reminder.providers.sms.single import SingleSms, e164, iso_instant, volley_of
from tests.fakes.http import FakeHttp, Reply, Request
from tests.providers.judges import judge_of
from tests.providers.people import NOW, PHONES, call
from tests.providers.samples import SECRET

NAMES = [name for name in REGISTRY if issubclass(provider_class(name), SingleSms)]
CLOSED = "http://127.0.0.1:9"


def sample(name: str) -> Any:
    return importlib.import_module(f"tests.providers.samples.{name.replace('-', '_')}")


@dataclass
class Bench:
    """A provider before a server on loopback."""

    provider: SingleSms
    server: FakeHttp

    async def send(self, *message_ids: int, what: Content | None = None) -> list[Receipt]:
        return await self.provider.send(call(Channel.SMS, *(message_ids or (1,)), what=what))


@asynccontextmanager
async def bench(name: str, answer: Reply | Callable[[Request], Reply], **more: str) -> AsyncIterator[Bench]:
    async with FakeHttp(answer, judge_of(name)) as server, httpx.AsyncClient(timeout=0.5) as http:
        provider = build(name, sample(name).options(server.url) | more, http)
        assert isinstance(provider, SingleSms)
        yield Bench(provider, server)


def test_there_are_such_providers() -> None:
    assert "twilio" in NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_everybody_gets_their_own_text_and_no_address_holds_anybody(name: str) -> None:
    text = Spliced(("Write today: ", ""), (Gap(2),))
    fields = ("to", "message_id", "leave_url")
    what = Content(Channel.SMS, "en", fields, "", text, None, (), None, "+447700900200")
    async with bench(name, Reply(503)) as it:
        await it.send(1, 2, 3, what=what)
        requests = it.server.requests
    for number in (1, 2, 3):
        own = [r for r in requests if PHONES[number].lstrip("+") in f"{r.headers} {r.form} {r.body.decode()}"]
        assert len(own) == 1
        assert f"https://example.org/l/{number}" in f"{own[0].form} {own[0].body.decode()}"
    targets = " ".join(request.target for request in requests)
    assert [phone for phone in PHONES.values() if phone.lstrip("+") in targets] == []
    assert SECRET not in targets


@pytest.mark.parametrize("name", NAMES)
async def test_the_same_call_is_the_same_bytes(name: str) -> None:
    async with bench(name, Reply(503)) as it:
        await it.send(1)
        await it.send(1)
        first, second = it.server.requests
    assert first.body == second.body
    assert first.target == second.target


@pytest.mark.parametrize("name", NAMES)
async def test_after_the_fault_of_our_account_nobody_else_is_tried(name: str) -> None:
    async with bench(name, Reply(401), connections="1") as it:
        receipts = await it.send(1, 2)
        assert len(it.server.requests) == 1
    assert [receipt.fault for receipt in receipts] == [Fault.ACCOUNT] * 2


@pytest.mark.parametrize("name", NAMES)
async def test_without_an_address_for_callbacks_none_is_promised(name: str) -> None:
    async with httpx.AsyncClient() as http:
        # Africa's Talking has its addresses in a dashboard: the secret in them says that there are any.
        addresses = {"hook_url", "topics", "hook_secret" if name == "africas-talking" else "hook_url"}
        options = {key: value for key, value in sample(name).options(CLOSED).items() if key not in addresses}
        can = build(name, options, http).capabilities
        with_one = build(name, sample(name).options(CLOSED), http).capabilities
    assert (can.webhooks, can.inbound) == (False, False)
    assert (with_one.webhooks, with_one.inbound) == (True, True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("asked", "volley", "calls"), [("1", 2, 1), ("2", 4, 2), ("10", 20, 2), ("100", 20, 2)])
async def test_a_volley_is_never_longer_than_twenty(name: str, asked: str, volley: int, calls: int) -> None:
    async with httpx.AsyncClient() as http:
        can = build(name, sample(name).options(CLOSED) | {"connections": asked}, http).capabilities
    assert (can.batch_size, can.volley, can.connections) == (1, volley, calls)
    assert volley_of(int(asked)) == volley


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("option", ["connections", "url", "hook_url"])
async def test_a_setting_out_of_its_range_is_named(name: str, option: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting) as caught:
            build(name, sample(name).options(CLOSED) | {option: "http://0.example.org"}, http)
    assert caught.value.thing == setting_name(name, option)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("447700900101", "+447700900101"),
        ("+447700900101", "+447700900101"),
        (" 447700900101", "+447700900101"),
        ("00447700900101", "+447700900101"),
        ("12345", "12345"),
        ("Appeals", "Appeals"),
        ("٤٤٧٧٠٠٩٠٠١٠١", "٤٤٧٧٠٠٩٠٠١٠١"),
        ("", ""),
    ],
)
def test_numbers_come_out_as_e164(raw: str, number: str) -> None:
    assert e164(raw) == number


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2020-12-22T10:00:00.331Z", "2020-12-22T10:00:00.331000+00:00"),
        ("2020-12-22T11:00:00+01:00", "2020-12-22T10:00:00+00:00"),
        ("2020-12-22 10:00:00", "2020-12-22T10:00:00+00:00"),
        ("0001-01-01T00:00:00+14:00", NOW.isoformat()),
        ("yesterday", NOW.isoformat()),
        (None, NOW.isoformat()),
    ],
)
def test_instants_of_callbacks_are_utc(text: object, iso: str) -> None:
    assert iso_instant(text, NOW).isoformat() == iso
