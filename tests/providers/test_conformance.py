"""What every provider in the registry keeps, tried against the real thing. A provider without samples fails."""

import asyncio
import functools
import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.message import Receipt
from reminder.domain.states import Channel, Result, Verdict
from reminder.errors import BadSetting
from reminder.providers.contract import BadSignature, Callback, Provider
from reminder.providers.options import setting_name
from reminder.providers.registry import REGISTRY, build, options_from, provider_class, settings_of
from tests.providers.people import EMAILS, NOW, PHONES, call, recipients, wire_id
from tests.providers.samples import SECRET, Setting, Situation, Stand

PATIENCE_SECONDS = 20
# A folder has nobody who could refuse: the others must show every situation.
WITHOUT_ANSWERS = {Situation.GOOD, Situation.BUSY, Situation.NO_ANSWER}


def module_of(name: str) -> str:
    return f"tests.providers.samples.{name.replace('-', '_')}"


def samples(name: str) -> dict[Situation, Setting]:
    """The situations of a provider; none, and a test that says so, where it has no samples."""
    if importlib.util.find_spec(module_of(name)) is None:
        return {}
    found: dict[Situation, Setting] = importlib.import_module(module_of(name)).SITUATIONS
    return found


def least(name: str) -> dict[str, str]:
    found: dict[str, str] = importlib.import_module(module_of(name)).LEAST
    return found


NAMES = list(REGISTRY)
CASES = [pytest.param(name, situation, id=f"{name}-{situation.name}") for name in NAMES for situation in samples(name)]


@asynccontextmanager
async def stand(name: str, folder: Path, situation: Situation = Situation.GOOD) -> AsyncIterator[Stand]:
    async with asyncio.timeout(PATIENCE_SECONDS), samples(name)[situation](folder) as ready:
        yield ready


def everybody(provider: Provider) -> list[int]:
    """As many as one call of this provider takes, up to the whole cast."""
    size = provider.capabilities.volley if provider.capabilities.batch_size == 1 else provider.capabilities.batch_size
    return list(EMAILS)[:size]


@functools.cache
def unconfigured(name: str) -> Provider:
    """A provider with nothing but what it cannot be made without; it sends nothing."""
    return build(name, least(name), httpx.AsyncClient())


def by_message(receipts: list[Receipt]) -> dict[int, Receipt]:
    return {receipt.message_id: receipt for receipt in receipts}


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_has_samples_for_every_answer_it_can_get(name: str) -> None:
    wanted = set(Situation) if provider_class(name).capabilities.real else WITHOUT_ANSWERS
    assert wanted - samples(name).keys() == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_is_called_what_the_registry_calls_it(name: str) -> None:
    assert provider_class(name).name == name


@pytest.mark.parametrize(("name", "situation"), CASES)
async def test_every_recipient_has_one_receipt_and_it_says_what_happened(
    name: str, situation: Situation, tmp_path: Path
) -> None:
    async with stand(name, tmp_path, situation) as ready:
        people = everybody(ready.provider)
        receipts = await ready.provider.send(call(ready.provider.channel, *people))
        taken = {n: ready.taken(wire_id(n)) for n in people}
    assert sorted(receipt.message_id for receipt in receipts) == people
    assert {(r.verdict, r.fault) for r in receipts} == {(situation.verdict, situation.fault)}
    if situation.verdict is Verdict.ACCEPTED:
        assert set(taken.values()) == {1}
    elif situation.verdict is not Verdict.AMBIGUOUS:
        assert set(taken.values()) == {0}


@pytest.mark.parametrize(("name", "situation"), CASES)
async def test_no_person_and_no_secret_comes_out(
    name: str, situation: Situation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with stand(name, tmp_path, situation) as ready:
        receipts = await ready.provider.send(call(ready.provider.channel, *everybody(ready.provider)))
        shown = [repr(ready.provider), repr(vars(ready.provider)), caplog.text]
    shown += [f"{r.detail} {r.code} {r.provider_id}" for r in receipts]
    private = [SECRET, *PHONES.values(), *(part for email in EMAILS.values() for part in (email, email.split("@")[0]))]
    assert [text for text in shown for word in private if word in text] == []


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_is_written_once_it_is_not_ours(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        people = everybody(ready.provider)
        receipts = await ready.provider.send(call(ready.provider.channel, *people, still_ours=lambda: False))
        taken = [ready.taken(wire_id(n)) for n in people]
    assert set(taken) == {0}
    assert sorted((r.message_id, r.verdict) for r in receipts) == [(n, Verdict.RETRY) for n in people]


@pytest.mark.parametrize("name", NAMES)
async def test_what_was_written_before_it_was_lost_to_us_stays_accepted(name: str, tmp_path: Path) -> None:
    answers = iter([True] * 5)
    async with stand(name, tmp_path) as ready:
        people = everybody(ready.provider)
        lost = call(ready.provider.channel, *people, still_ours=lambda: next(answers, False))
        receipts = by_message(await ready.provider.send(lost))
        taken = {n: ready.taken(wire_id(n)) for n in people}
    assert {n: int(receipts[n].verdict is Verdict.ACCEPTED) for n in people} == taken
    assert {receipt.verdict for receipt in receipts.values()} <= {Verdict.ACCEPTED, Verdict.RETRY}


@pytest.mark.parametrize("name", NAMES)
async def test_closing_twice_is_harmless_and_before_the_first_call_too(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        await ready.provider.close()
        receipts = await ready.provider.send(call(ready.provider.channel, 1))
        await ready.provider.close()
        await ready.provider.close()
    assert [receipt.verdict for receipt in receipts] == [Verdict.ACCEPTED]


@pytest.mark.parametrize("name", NAMES)
async def test_calls_side_by_side_answer_each_for_its_own(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        groups = [(1, 2), (3, 4), (5, 6)]
        answers = await asyncio.gather(*(ready.provider.send(call(ready.provider.channel, *g)) for g in groups))
        taken = [ready.taken(wire_id(n)) for group in groups for n in group]
    assert [tuple(sorted(by_message(receipts))) for receipts in answers] == groups
    assert taken == [1] * 6


@pytest.mark.parametrize("name", NAMES)
async def test_the_same_call_twice_is_taken_once_only_where_the_capabilities_say_so(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        for _ in range(2):
            await ready.provider.send(call(ready.provider.channel, 1))
        taken = ready.taken(wire_id(1))
    assert taken == (1 if ready.provider.capabilities.idempotent_seconds else 2)


ASKED_BY_OUR_ID = [name for name in NAMES if not provider_class(name).capabilities.look_up_by_own_id]


@pytest.mark.parametrize("name", ASKED_BY_OUR_ID)
async def test_look_up_knows_what_was_taken_only_where_the_capabilities_say_so(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        before = await ready.provider.look_up(wire_id(1), sent_at=NOW)
        await ready.provider.send(call(ready.provider.channel, 1))
        after = await ready.provider.look_up(wire_id(1), sent_at=NOW)
        # The beginning of an id is another id.
        stranger = await ready.provider.look_up(wire_id(1)[:-1], sent_at=NOW)
    assert (len(before), len(stranger)) == (0, 0)
    assert any(told.result >= Result.SENT for told in after) == ready.provider.capabilities.look_up


@pytest.mark.parametrize("name", NAMES)
async def test_capabilities_fit_together(name: str, tmp_path: Path) -> None:
    async with stand(name, tmp_path) as ready:
        can = ready.provider.capabilities
    assert can.batch_size >= 1
    assert 1 <= can.volley <= (20 if can.batch_size == 1 else 1)
    assert can.connections >= 1
    assert can.idempotent_seconds >= 0
    assert not (ready.provider.channel is Channel.SMS and can.keeps_message_id)
    assert can.real == provider_class(name).capabilities.real


@pytest.mark.parametrize("name", NAMES)
def test_options_are_described_and_a_wrong_one_is_named_without_its_value(name: str) -> None:
    chosen = provider_class(name)
    for option in chosen.options:
        assert option.sentence.endswith(".")
        assert not (option.secret and option.default)
    http = httpx.AsyncClient()
    with pytest.raises(BadSetting) as unknown:
        build(name, {**least(name), "no_such": SECRET}, http)
    assert unknown.value.thing == setting_name(name, "no_such")
    assert SECRET not in str(unknown.value)
    for needed in least(name):
        with pytest.raises(BadSetting) as missing:
            build(name, {**least(name), needed: " "}, http)
        assert missing.value.thing == setting_name(name, needed)


@pytest.mark.parametrize("name", NAMES)
def test_options_are_picked_out_of_the_environment_by_their_names(name: str) -> None:
    environment = {key: f"value of {key}" for key in settings_of(name)} | {"PATH": "elsewhere"}
    picked = options_from(name, environment)
    assert picked == {
        option.name: f"value of {setting_name(name, option.name)}" for option in provider_class(name).options
    }


@given(body=st.binary(max_size=300), header=st.text(max_size=40), method=st.sampled_from(["GET", "POST"]))
@pytest.mark.parametrize("name", NAMES)
def test_an_unconfigured_callback_is_refused_and_no_bytes_break_the_reading(
    name: str, body: bytes, header: str, method: str
) -> None:
    provider = unconfigured(name)
    callback = Callback(
        method, "https://example.org/hooks", {"content-type": header}, body, datetime(2020, 12, 22, tzinfo=UTC)
    )
    with pytest.raises(BadSignature):
        asyncio.run(provider.verify(callback))
    assert isinstance(provider.parse(callback), list)


async def test_an_unknown_provider_is_an_error_that_names_the_known_ones() -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(BadSetting, match=r"pigeon.*smtp"):
            build("pigeon", {}, http)


def test_the_cast_has_an_address_for_each_channel() -> None:
    assert len(recipients(Channel.EMAIL)) == len(recipients(Channel.SMS)) == 10
