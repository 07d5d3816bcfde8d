"""What every provider that calls back keeps: its callbacks are believed, understood, and no others are."""

import importlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qsl

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import Channel
from reminder.providers.contract import BadSignature, Callback, Inbound, Provider, ProviderEvent
from reminder.providers.registry import REGISTRY, build, provider_class
from tests.fakes.sns import Amazon
from tests.providers.callbacks import About, Happening
from tests.providers.descriptions import described, description
from tests.providers.people import EMAILS, PHONES
from tests.providers.test_conformance import least

NAMES = [name for name in REGISTRY if provider_class(name).capabilities.webhooks]
# Whom the provider's own words cannot tell that.
NEVER_SAYS = {
    "resend": {Happening.LEFT},
    "kannel": {Happening.NOBODY_THERE, Happening.LEFT},
    "aws-sms": {Happening.LEFT},
}
# Operators have no button for complaints.
ONLY_MAIL = {Happening.COMPLAINED}


def sample(name: str) -> tuple[dict[str, str], dict[Happening, Callable[[About], Callback]]]:
    """(the options with which it is believed, its callbacks); nothing where it has no samples."""
    module = f"tests.providers.callbacks.{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return {}, {}
    found = importlib.import_module(module)
    return found.HEARS, found.CALLBACKS


def about(name: str) -> About:
    """The message that the callbacks of a provider speak of."""
    return About(address=(EMAILS if provider_class(name).channel is Channel.EMAIL else PHONES)[1])


@asynccontextmanager
async def listening(name: str) -> AsyncIterator[Provider]:
    """The provider, set up for callbacks; Amazon's certificates are where Amazon has them."""
    async with Amazon().client() as http:
        yield build(name, least(name) | sample(name)[0], http)


CASES = [pytest.param(name, each, id=f"{name}-{each.name}") for name in NAMES for each in sample(name)[1]]


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_calls_back_has_a_callback_for_everything_that_it_can_tell(name: str) -> None:
    channel, can = provider_class(name).channel, provider_class(name).capabilities
    wanted = set(Happening) - NEVER_SAYS.get(name, set()) - (ONLY_MAIL if channel is Channel.SMS else set())
    # Resend tells that somebody wrote, but not what.
    optional = set() if can.inbound else {Happening.WRITES}
    assert set(sample(name)[1]) - optional == wanted - optional


@pytest.mark.parametrize(("name", "happening"), CASES)
async def test_a_genuine_callback_is_believed_and_understood(name: str, happening: Happening) -> None:
    callback = sample(name)[1][happening](about(name))
    async with listening(name) as provider:
        await provider.verify(callback)
        told = provider.parse(callback)
    kind, result, permanent = happening.value
    if happening is Happening.WRITES:
        [reply] = told
        assert isinstance(reply, Inbound)
        assert (reply.sender, "DONE" in f"{reply.text} {reply.subject}") == (about(name).address, True)
        return
    [event] = [each for each in told if isinstance(each, ProviderEvent) and each.kind == kind]
    assert result in {None, event.result}
    assert event.permanent == permanent
    assert (event.leaving is not None) == (happening is Happening.LEFT)
    known_by = event.provider_id if provider.capabilities.names_by_own_id else event.wire_id
    assert known_by == (about(name).own_id if provider.capabilities.names_by_own_id else about(name).wire_id)


@pytest.mark.parametrize("name", NAMES)
async def test_what_an_unconfigured_provider_would_be_told_is_refused(name: str) -> None:
    async with httpx.AsyncClient() as http:
        provider = build(name, least(name), http)
        for make in sample(name)[1].values():
            with pytest.raises(BadSignature):
                await provider.verify(make(about(name)))


def without_proof(callback: Callback) -> Callback:
    """The callback as somebody sends it who knows everything but the secret."""
    bare = callback.url.partition("?")[0]
    return replace(callback, headers={"content-type": callback.headers.get("content-type", "")}, url=bare)


@pytest.mark.parametrize("name", NAMES)
async def test_a_callback_without_its_proof_is_refused(name: str) -> None:
    # SNS, Mailgun and Vonage have theirs in the body.
    in_body = {"ses": b'"Signature"', "aws-sms": b'"Signature"', "mailgun": b'"signature"', "vonage": b"sig="}
    callback = sample(name)[1][Happening.DELIVERED](about(name))
    spoiled = without_proof(callback)
    if name in in_body:
        spoiled = replace(spoiled, body=callback.body.replace(in_body[name], b'"other"' if name != "vonage" else b"x="))
    async with listening(name) as provider:
        with pytest.raises(BadSignature):
            await provider.verify(spoiled)


SIGNED = ["sendgrid", "resend", "ses", "twilio", "vonage", "vonage-messages", "telnyx", "aws-sms"]


@given(at=st.integers(0, 10_000), data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@pytest.mark.parametrize("name", SIGNED)
async def test_one_changed_byte_of_a_signed_body_is_refused(name: str, at: int, data: st.DataObject) -> None:
    callback = sample(name)[1][Happening.DELIVERED](about(name))
    # The address of SNS's certificate is not signed: it must be Amazon's, and there the fake has one and the same.
    begin = callback.body.find(b'.pem"') + len(b'.pem"') if name in {"ses", "aws-sms"} else 0
    place = begin + at % (len(callback.body) - begin)
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != callback.body[place]))
    spoiled = replace(callback, body=callback.body[:place] + bytes([other]) + callback.body[place + 1 :])
    async with listening(name) as provider:
        with pytest.raises(BadSignature):
            await provider.verify(spoiled)


@pytest.mark.parametrize("name", SIGNED)
async def test_a_signed_body_without_its_end_is_refused(name: str) -> None:
    callback = sample(name)[1][Happening.DELIVERED](about(name))
    async with listening(name) as provider:
        for cut in (1, len(callback.body) // 2, len(callback.body)):
            with pytest.raises(BadSignature):
                await provider.verify(replace(callback, body=callback.body[:-cut]))


SHAPES = {
    ("vonage", Happening.DELIVERED): "DeliveryReceipt",
    ("vonage-messages", Happening.DELIVERED): "messageStatusSMS",
    ("vonage-messages", Happening.NOBODY_THERE): "messageStatusSMS",
    ("telnyx", Happening.DELIVERED): "OutboundMessageEvent",
    ("infobip", Happening.DELIVERED): "DeliveryReports",
    ("infobip", Happening.NOBODY_THERE): "DeliveryReports",
}


def fields(callback: Callback) -> object:
    """What a callback says, as the descriptions write it."""
    if callback.headers.get("content-type") != "application/x-www-form-urlencoded":
        return orjson.loads(callback.body)
    return dict(parse_qsl(callback.body.decode()))


@pytest.mark.parametrize(("case", "schema"), [each for each in SHAPES.items() if each[0][0] in described()])
def test_our_callbacks_have_the_shape_that_the_description_says(case: tuple[str, Happening], schema: str) -> None:
    name, happening = case
    assert description(name).schema_faults(schema, fields(sample(name)[1][happening](about(name)))) == []
