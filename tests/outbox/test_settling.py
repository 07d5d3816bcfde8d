"""What may have arrived: settled by the provider, by the channel's rule, or by an organiser; never sent again blindly."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from reminder.domain.consent import Closed
from reminder.domain.states import AttemptState, Channel, MessageKind, Result
from reminder.errors import NotAllowed, Trouble
from reminder.outbox.settling import decide
from reminder.providers.contract import Capabilities, ProviderEvent, Told
from reminder.store import unclear as store
from reminder.store.queueing import Addressee, at_once, queue
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, Answer, Broke, Scripted, in_turn
from tests.outbox.world import DAY, EVENING, HOUR, MINUTE, MORNING, ONE_DAY, SECOND, STEP, World, address, phone

LOOK_UP = Capabilities(batch_size=500, look_up=True, keeps_message_id=True, real=False)
DEAF = Capabilities(batch_size=500, real=False)


def unclear(world: World, answer: Answer = LOST, *, able: Capabilities | None = None, sms: bool = False) -> Scripted:
    """One person whose message got this answer."""
    channel = Channel.SMS if sms else Channel.EMAIL
    world.person("Clara", sms=sms, email=not sms)
    world.campaign()
    world.wave(channel=channel)
    world.open(MORNING)
    provider = Scripted(channel=channel, answer=in_turn(answer, Answer()))
    provider.capabilities = able or provider.capabilities
    send(world, provider)
    return provider


def send(world: World, provider: Scripted) -> None:
    if provider.channel is Channel.SMS:
        world.send(sms=[provider])
    else:
        world.send(provider)


class TestLookUp:
    """The provider itself says whether it took a message."""

    @pytest.mark.parametrize("sms", [False, True])
    def test_what_it_took_is_carried(self, world: World, sms: bool) -> None:
        provider = unclear(world, LOST, able=LOOK_UP, sms=sms)
        assert world.settle(provider).arrived == 1
        assert [line.split(": ")[1] for line in world.ledger()] == ["carried"]
        assert world.message_of("Clara").result == Result.SENT
        assert world.counts("attempt") == {AttemptState.ANSWERED: 1}

    @pytest.mark.parametrize("sms", [False, True])
    def test_what_it_never_saw_is_sent_and_reaches_the_person_once(self, world: World, sms: bool) -> None:
        provider = unclear(world, NEVER_ARRIVED, able=LOOK_UP, sms=sms)
        assert world.settle(provider).sent_again == 1
        send(world, provider)
        assert provider.addresses() == [phone("Clara") if sms else address("Clara")]
        assert [line.split(": ")[1] for line in world.ledger()] == ["carried"]

    def test_what_it_never_saw_is_not_sent_in_the_night(self, world: World) -> None:
        provider = unclear(world, NEVER_ARRIVED, able=LOOK_UP)
        assert world.settle(provider, now=EVENING + HOUR).sent_again == 1
        world.tidy()
        send(world, provider)
        assert provider.addresses() == []
        world.clock.move_to(MORNING + ONE_DAY)
        send(world, provider)
        assert provider.addresses() == [address("Clara")]
        assert world.messages() == ["Clara 23 email A: accepted"]

    def test_what_it_never_saw_gives_way_to_the_next_days_reminder(self, world: World) -> None:
        provider = unclear(world, NEVER_ARRIVED, able=LOOK_UP)
        world.wave(step="next", on=DAY + ONE_DAY, due_at=EVENING)
        world.open(EVENING)
        world.settle(provider)
        world.tidy()
        assert world.messages() == ["Clara 22 email A: cancelled, daily limit", "Clara 23 email A: due"]

    def test_what_it_never_saw_is_not_sent_when_it_is_too_late(self, world: World) -> None:
        provider = unclear(world, NEVER_ARRIVED, able=LOOK_UP)
        settled = world.settle(provider, now=MORNING + 10 * ONE_DAY)
        assert (settled.sent_again, settled.still_unclear) == (0, 1)

    def test_who_left_meanwhile_is_not_written_to(self, world: World) -> None:
        provider = unclear(world, NEVER_ARRIVED, able=LOOK_UP)
        world.closes("Clara")
        world.settle(provider)
        send(world, provider)
        assert provider.addresses() == []
        assert world.ledger() == [f"A {STEP} email Clara: skipped, do not contact"]

    def test_a_message_to_somebody_who_is_erased_cannot_be_asked_for(self, world: World) -> None:
        provider = unclear(world, LOST, able=LOOK_UP)
        world.set_person("Clara", state=4, email_ct=None, email_hash=None)
        world.settle(provider)
        send(world, provider)
        assert len(provider.taken) == 1

    def test_a_dead_address_is_closed_as_by_a_callback(self, world: World) -> None:
        provider = unclear(world, LOST, able=LOOK_UP)
        provider.says = ProviderEvent("status", Result.BOUNCED, MORNING, permanent=True)
        assert world.settle(provider).arrived == 1
        assert world.message_of("Clara").result == Result.BOUNCED
        assert world.closed() == {"Clara": Closed.BOUNCED}


@dataclass
class Forgetful(Scripted):
    """A provider that cannot tell of some messages."""

    cannot_tell: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        self.asked.append(wire_id)
        if wire_id in self.cannot_tell:
            raise Broke
        return await super().look_up(wire_id, sent_at=sent_at, provider_id=provider_id)


class TestNoAnswer:
    """A provider that cannot be asked now has said nothing, least of all that it never saw the message."""

    def crowd(self, world: World, count: int, answer: Answer, able: Capabilities = LOOK_UP) -> Forgetful:
        world.neighbours(count)
        world.scene().open(MORNING)
        provider = Forgetful(answer=lambda recipient: answer, capabilities=able)
        world.send(provider)
        return provider

    def test_one_that_cannot_be_asked_for_stays_unclear_and_the_others_are_settled(self, world: World) -> None:
        provider = self.crowd(world, 3, LOST)
        lost = provider.taken[1].wire_id
        provider.cannot_tell = frozenset({lost})
        settled = world.settle(provider)
        assert (settled.arrived, settled.sent_again, settled.still_unclear) == (2, 0, 1)
        provider.cannot_tell = frozenset()
        assert world.settle(provider).arrived == 1
        assert provider.asked.count(lost) == 2

    def test_one_that_cannot_be_asked_at_all_is_not_asked_for_each_message(self, sqlite_world: World) -> None:
        provider = self.crowd(sqlite_world, 25, LOST)
        provider.cannot_tell = frozenset(taken.wire_id for taken in provider.taken)
        other = Scripted("other")
        assert sqlite_world.settle(provider, other).still_unclear == 25
        assert len(provider.asked) == 10

    def test_while_it_is_asked_no_statement_stands_in_its_way(self, sqlite_world: World) -> None:
        provider = self.crowd(sqlite_world, 12, NEVER_ARRIVED)
        in_the_loop = []

        def look(*given: object) -> None:
            with suppress(RuntimeError):
                in_the_loop.append(asyncio.get_running_loop())

        event.listen(Engine, "before_cursor_execute", look)
        try:
            assert sqlite_world.settle(provider).sent_again == 12
        finally:
            event.remove(Engine, "before_cursor_execute", look)
        assert in_the_loop == []

    def test_what_only_a_person_can_settle_is_not_looked_at_one_by_one(self, sqlite_world: World) -> None:
        provider = self.crowd(sqlite_world, 60, LOST, Capabilities(batch_size=500, keeps_message_id=True, real=False))
        statements = []

        def count(*given: object) -> None:
            statements.append(given[2])

        event.listen(Engine, "before_cursor_execute", count)
        try:
            assert sqlite_world.settle(provider, now=MORNING + HOUR).still_unclear == 60
        finally:
            event.remove(Engine, "before_cursor_execute", count)
        # Is there any that can be settled, and how many stay.
        assert len([sql for sql in statements if sql != "BEGIN"]) == 2


class TestTheRuleOfTheChannel:
    """Without a look-up: an email once more where its Message-ID stays and nothing else will reach the person; a text never."""

    def test_healthchecks_610_what_was_posted_without_an_answer_is_not_posted_again(self, world: World) -> None:
        provider = unclear(world, LOST)
        for minutes in (1, 5, 60, 359):
            world.settle(provider, now=MORNING + minutes * MINUTE)
            world.tidy()
            send(world, provider)
        assert len(provider.calls) == 1
        assert world.messages() == ["Clara 22 email A: ambiguous"]

    @pytest.mark.parametrize(("after", "again"), [(-SECOND, 0), (timedelta(), 1)])
    def test_an_email_is_sent_once_more_after_the_settle_time(self, world: World, after: timedelta, again: int) -> None:
        provider = unclear(world, LOST)
        assert world.settle(provider, now=MORNING + 6 * HOUR + after).sent_again == again

    def test_it_is_not_sent_once_more_on_another_day(self, world: World) -> None:
        provider = unclear(world, LOST)
        assert world.settle(provider, now=EVENING).sent_again == 0
        assert world.settle(provider, now=EVENING - SECOND).sent_again == 1

    def test_it_is_sent_once_more_only_with_the_same_id_and_listed(self, world: World) -> None:
        provider = unclear(world, LOST)
        provider.answer = lambda recipient: LOST
        world.settle(provider, now=MORNING + 6 * HOUR)
        send(world, provider)
        for days in (1, 2, 3):
            world.settle(provider, now=MORNING + days * ONE_DAY)
            send(world, provider)
        assert len(provider.taken) == 2
        assert len({taken.wire_id for taken in provider.taken}) == 1
        assert world.message_of("Clara").tries == 2

    @pytest.mark.parametrize(
        ("able", "sms"),
        [(DEAF, False), (Capabilities(keeps_message_id=True, volley=20, real=False), True)],
        ids=["own Message-ID", "a text"],
    )
    def test_others_wait_for_an_organiser(self, world: World, able: Capabilities, sms: bool) -> None:
        provider = unclear(world, LOST, able=able, sms=sms)
        settled = world.settle(provider, now=MORNING + 2 * ONE_DAY)
        assert (settled.sent_again, settled.still_unclear) == (0, 1)

    def test_where_a_later_step_reaches_the_person_nothing_is_repeated(self, world: World) -> None:
        provider = unclear(world, LOST)
        world.wave(step="deadline-2d", on=DAY + 5 * ONE_DAY)
        assert world.settle(provider, now=MORNING + 7 * HOUR).sent_again == 0
        world.run("DELETE FROM step WHERE step_key = 'deadline-2d'")
        assert world.settle(provider).sent_again == 1

    def test_what_was_put_off_before_it_became_unclear_is_not_sent_by_itself(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        provider = Scripted(answer=in_turn(LATER, LOST))
        world.send(provider)
        world.clock.move_to(MORNING + MINUTE)
        world.send(provider)
        assert world.settle(provider, now=MORNING + 8 * HOUR).sent_again == 0

    def test_a_provider_that_is_no_longer_configured_repeats_nothing(self, world: World) -> None:
        unclear(world, LOST)
        settled = world.settle(now=MORNING + 8 * HOUR)
        assert (settled.sent_again, settled.still_unclear) == (0, 1)


class TestDecide:
    """An organiser's word."""

    def number(self, world: World) -> int:
        return int(world.message_of("Clara").id)

    @pytest.mark.parametrize(
        ("decision", "promise", "message"),
        [
            ("arrived", "carried", "accepted"),
            ("give-up", "skipped, gave up", "rejected, gave up"),
            ("send-again", "due", "retry"),
        ],
    )
    def test_each_word_does_what_it_says(self, world: World, decision: str, promise: str, message: str) -> None:
        unclear(world)
        assert decide(world.database, self.number(world), decision, MORNING).startswith("next: ")
        assert world.ledger() == [f"A {STEP} email Clara: {promise}"]
        assert world.messages() == [f"Clara 22 email A: {message}"]
        assert world.counts("attempt") == {AttemptState.ANSWERED: 1}

    def test_a_message_is_decided_once(self, world: World) -> None:
        unclear(world)
        number = self.number(world)
        decide(world.database, number, "arrived", MORNING)
        with pytest.raises(Trouble, match="is not unclear"):
            decide(world.database, number, "give-up", MORNING)
        assert world.ledger() == [f"A {STEP} email Clara: carried"]

    def test_a_text_is_never_sent_again(self, world: World) -> None:
        unclear(world, sms=True)
        with pytest.raises(NotAllowed, match="never sent a second time"):
            decide(world.database, self.number(world), "send-again", MORNING)

    def test_nothing_is_sent_again_when_it_is_too_late(self, world: World) -> None:
        unclear(world)
        with pytest.raises(NotAllowed, match="too late"):
            decide(world.database, self.number(world), "send-again", MORNING + 10 * ONE_DAY)

    def test_a_message_far_down_the_list_is_found(self, sqlite_world: World) -> None:
        world = sqlite_world
        unclear(world)
        columns = (
            "kind, channel, subscriber_id, batch_id, state, reason, result, attempt_id, tries, open_until, not_after"
        )
        numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1100)"
        world.run("UPDATE message SET id = 5000")
        world.run(
            f"INSERT INTO message (id, local_on, {columns}) {numbers} SELECT 5000 - n, local_on + n, {columns} FROM message, n"
        )
        assert decide(world.database, 5000, "arrived", MORNING)
        with world.database.read() as connection:
            pages = [store.unclear_messages(connection, after=after) for after in (0, 4899)]
        assert [len(page) for page in pages] == [1000, 100]


def test_mail_that_is_no_reminder_is_settled_alike_and_keeps_no_hours(world: World) -> None:
    world.scene("Clara")
    to = [Addressee(world.people["Clara"], Channel.EMAIL, "en", 1)]
    payload = {"wording": "Yes."}
    when = at_once(MessageKind.CONFIRMATION, EVENING)
    world.database.write(
        lambda c: queue(c, MessageKind.CONFIRMATION, to, dedupe="c", payload=payload, when=when, now=EVENING)
    )
    world.clock.move_to(EVENING)
    provider = Scripted(answer=in_turn(NEVER_ARRIVED, Answer()), capabilities=LOOK_UP)
    world.send(provider)
    assert world.settle(provider).sent_again == 1
    world.send(provider)
    assert provider.addresses() == [address("Clara")]
