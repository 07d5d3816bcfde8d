"""Callbacks get lost: what nobody told of is asked for, a few times, ever more seldom, never after a week."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from reminder.domain.consent import Closed, Leaving
from reminder.domain.states import Channel, MessageState, Result
from reminder.providers.contract import Capabilities, ProviderEvent, Told
from reminder.store.heard import known_messages
from reminder.store.results import Word
from reminder.store.words import take_words
from tests.fakes.scripted import LOST, YES, Broke, Scripted, in_turn
from tests.outbox.world import HOUR, MORNING, ONE_DAY, SECOND, World

BY_OURS = Capabilities(batch_size=3, look_up=True)
BY_ITS_OWN = Capabilities(batch_size=3, look_up_by_own_id=True)


@dataclass
class Asked(Scripted):
    """Notes what it is asked for. `mute`: it does not answer."""

    mute: bool = False
    questions: list[tuple[str, str]] = field(default_factory=list)
    at: list[datetime] = field(default_factory=list)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        self.questions.append((wire_id, provider_id))
        if self.mute:
            raise Broke
        return await super().look_up(wire_id, sent_at=sent_at, provider_id=provider_id)


def sent(world: World, count: int = 1, able: Capabilities = BY_OURS, result: Result = Result.SENT) -> Asked:
    """Messages that a provider took, of which it says this when it is asked."""
    world.neighbours(count)
    world.scene().open(MORNING)
    says = ProviderEvent("status", result, MORNING, permanent=True)
    provider = Asked(capabilities=able, says=says, names=lambda recipient: f"id-{recipient.message_id}")
    world.send(provider)
    return provider


def tell(world: World, name: str, result: Result) -> None:
    """A callback came."""
    message = world.message_of(name)
    word = Word(message.id, message.attempt_id, result, world.clock.now())
    world.database.write(
        lambda connection: take_words(
            connection, "scripted", [word], known_messages(connection, [message.id]), world.clock.now()
        )
    )


class TestWhatComesBack:
    """It counts as if a callback had told it."""

    @pytest.mark.parametrize("able", [BY_OURS, BY_ITS_OWN], ids=["by our id", "by its own"])
    def test_the_result_rises(self, world: World, able: Capabilities) -> None:
        provider = sent(world, 2, able, Result.DELIVERED)
        asked = world.ask(provider, now=MORNING + 4 * HOUR)
        assert (asked.messages, asked.news) == (2, 2)
        assert [world.message_of(name).result for name in ("Reader1", "Reader2")] == [Result.DELIVERED] * 2
        known = {taken.wire_id: taken.message_id for taken in provider.taken}
        expected = {(wire_id, f"id-{number}" if able.keeps_own_ids else "") for wire_id, number in known.items()}
        assert set(provider.questions) == expected

    def test_a_dead_address_is_closed(self, world: World) -> None:
        provider = sent(world, result=Result.BOUNCED)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert world.closed() == {"Reader1": Closed.BOUNCED}

    def test_a_soft_bounce_closes_nothing(self, world: World) -> None:
        provider = sent(world)
        provider.says = ProviderEvent("status", Result.BOUNCED, MORNING)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert (world.message_of("Reader1").result, world.closed()) == (Result.BOUNCED, {})

    def test_who_left_at_the_provider_has_left_here(self, world: World) -> None:
        provider = sent(world)
        provider.says = ProviderEvent("left", Result.FAILED, MORNING, leaving=Leaving.ALL_EMAIL)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert world.closed() == {"Reader1": Closed.LEFT}

    def test_that_it_does_not_know_a_message_changes_nothing(self, world: World) -> None:
        provider = sent(world)
        provider.taken.clear()
        world.ask(provider, now=MORNING + 4 * HOUR)
        message = world.message_of("Reader1")
        assert (message.state, message.result) == (MessageState.ACCEPTED, Result.UNKNOWN)

    def test_what_was_unclear_and_is_settled_is_asked_for_too(self, world: World) -> None:
        world.neighbours(1)
        world.scene().open(MORNING)
        provider = Asked(capabilities=BY_OURS, answer=in_turn(LOST, YES))
        provider.says = ProviderEvent("status", Result.QUEUED, MORNING)
        world.send(provider)
        world.ask(provider, now=MORNING + HOUR)
        assert world.settle(provider).arrived == 1
        provider.says = ProviderEvent("status", Result.DELIVERED, MORNING)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert world.message_of("Reader1").result == Result.DELIVERED


class TestWhen:
    """Some hours after, and only what is still open."""

    @pytest.mark.parametrize(("after", "asked"), [(-SECOND, 0), (timedelta(), 1)])
    def test_not_before_some_hours(self, world: World, after: timedelta, asked: int) -> None:
        provider = sent(world)
        assert world.ask(provider, now=MORNING + 4 * HOUR + after).messages == asked

    @pytest.mark.parametrize("result", [Result.DELIVERED, Result.FAILED, Result.BOUNCED, Result.COMPLAINED])
    def test_what_was_told_is_not_asked_for(self, world: World, result: Result) -> None:
        provider = sent(world, 2)
        tell(world, "Reader1", result)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert [wire_id for wire_id, _ in provider.questions] == [provider.taken[1].wire_id]

    def test_a_few_times_with_growing_waits_and_never_after_a_week(self, world: World) -> None:
        provider = sent(world)
        asked = []
        for hours in range(24 * 14):
            if world.ask(provider, now=MORNING + hours * HOUR).messages:
                asked.append(hours)
        assert asked == [4, 12, 28, 60, 124]
        assert world.one("SELECT count(*) FROM attempt WHERE ask_at IS NOT NULL") == 0

    def test_never_after_a_week_even_after_a_standstill(self, world: World) -> None:
        provider = sent(world)
        assert world.ask(provider, now=MORNING + 7 * ONE_DAY + HOUR).messages == 0
        assert world.one("SELECT ask_at FROM attempt") is None

    def test_only_so_many_at_a_time_of_each_provider(self, world: World) -> None:
        provider = sent(world, 210)
        first = world.ask(provider, now=MORNING + 4 * HOUR).messages
        second = world.ask(provider).messages
        assert (first, second) == (198, 12)
        assert len(set(provider.questions)) == 210

    def test_one_that_does_not_answer_is_asked_again_later_and_not_for_each_message(self, world: World) -> None:
        provider = sent(world, 30)
        provider.mute = True
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert len(provider.questions) == 10
        provider.mute = False
        provider.says = ProviderEvent("status", Result.DELIVERED, MORNING)
        world.ask(provider, now=MORNING + 13 * HOUR)
        assert world.one("SELECT count(*) FROM message WHERE result = :result", result=int(Result.DELIVERED)) == 30

    @pytest.mark.parametrize("able", [Capabilities(batch_size=3), Capabilities(batch_size=3, look_up=True, real=False)])
    def test_who_cannot_be_asked_and_a_folder_are_not(self, world: World, able: Capabilities) -> None:
        provider = sent(world, able=able)
        assert world.ask(provider, now=MORNING + 4 * HOUR).messages == 0
        assert world.one("SELECT ask_at FROM attempt") is None

    @pytest.mark.parametrize(("able", "questions"), [(BY_OURS, []), (BY_ITS_OWN, [("", "id-1")])])
    def test_of_an_erased_person_by_its_own_id_or_not_at_all(
        self, world: World, able: Capabilities, questions: list[tuple[str, str]]
    ) -> None:
        provider = sent(world, able=able)
        world.set_person("Reader1", state=4, email_ct=None, email_hash=None)
        world.ask(provider, now=MORNING + 4 * HOUR)
        assert provider.questions == questions
        assert world.ask(provider, now=MORNING + 5 * HOUR).messages == 0


def test_the_text_messages_of_a_volley_are_asked_for_one_by_one(world: World) -> None:
    world.person("Clara", sms=True, email=False)
    world.campaign()
    world.wave(channel=Channel.SMS)
    world.open(MORNING)
    able = Capabilities(volley=20, look_up_by_own_id=True)
    provider = Asked(channel=Channel.SMS, capabilities=able, names=lambda recipient: "SM1")
    provider.says = ProviderEvent("status", Result.BOUNCED, MORNING, permanent=True)
    world.send(sms=[provider])
    world.ask(provider, now=MORNING + 4 * HOUR)
    assert world.closed() == {"Clara": Closed.BOUNCED}
