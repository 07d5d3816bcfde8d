"""A call whose answer never came, made again with the same key and the same bytes: taken once, whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from reminder.domain.states import AttemptState, CampaignState, Channel, Fault, Verdict
from reminder.errors import Trouble
from reminder.outbox.settling import decide
from reminder.providers.contract import Call, Capabilities
from reminder.store.capacity import stop
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, YES, Answer, Scripted, in_turn
from tests.outbox.world import EVENING, HOUR, MINUTE, MORNING, ONE_DAY, SECOND, STEP, World, address, phone

DAYLONG = Capabilities(batch_size=500, idempotent_seconds=86_400, real=False)
ONE_BY_ONE = Capabilities(volley=20, idempotent_seconds=86_400, real=False)
NAMES = ("Clara", "Davi", "Ellen")


class Died(BaseException):
    """The sender's process is gone."""


def scene(
    world: World, *names: str, answer: Answer = LOST, able: Capabilities = DAYLONG, sms: bool = False
) -> Scripted:
    """People whose messages went to a provider that answers so, and yes from then on."""
    channel = Channel.SMS if sms else Channel.EMAIL
    for name in names or NAMES:
        world.person(name, sms=sms, email=not sms)
    world.campaign()
    world.wave(channel=channel)
    world.open(MORNING)
    turns = [answer] * len(names or NAMES) + [YES]
    provider = Scripted(channel=channel, answer=in_turn(*turns), capabilities=able)
    world.send(sms=[provider]) if sms else world.send(provider)
    return provider


def states(world: World) -> list[str]:
    return [line.split(": ")[1] for line in world.messages()]


class TestOnce:
    """Taken or not at the first call: each person has it once in the end, and only one is carried."""

    @pytest.mark.parametrize("answer", [LOST, NEVER_ARRIVED], ids=["taken", "not taken"])
    @pytest.mark.parametrize(("able", "sms"), [(DAYLONG, False), (ONE_BY_ONE, False), (ONE_BY_ONE, True)])
    def test_the_same_call_settles_it(self, world: World, answer: Answer, able: Capabilities, sms: bool) -> None:
        provider = scene(world, answer=answer, able=able, sms=sms)
        assert states(world) == ["ambiguous"] * 3
        settled = world.settle(provider, now=MORNING + MINUTE)
        assert (settled.arrived, settled.still_unclear) == (3, 0)
        assert provider.addresses() == [phone(name) if sms else address(name) for name in NAMES]
        assert [line.split(": ")[1] for line in world.ledger()] == ["carried"] * 3
        assert world.counts("attempt") == {AttemptState.ANSWERED: 1}

    def test_the_call_is_the_same_to_the_byte(self, world: World) -> None:
        provider = scene(world)
        world.clock.move_to(MORNING + 3 * HOUR)
        world.settle(provider)
        first, second = provider.calls
        assert (first.idempotency_key, first.recipients) == (second.idempotency_key, second.recipients)
        assert provider.bodies(first) == provider.bodies(second)

    def test_a_sender_that_died_in_the_call_leaves_it_to_be_repeated(self, world: World) -> None:
        world.scene(*NAMES).open(MORNING)

        def die(call: Call) -> None:
            raise Died

        provider = Scripted(capabilities=DAYLONG, after=die)
        with pytest.raises(Died):
            world.send(provider)
        provider.after = lambda call: None
        world.tidy(nobody_else=True)
        assert world.settle(provider).arrived == 3
        assert provider.addresses() == [address(name) for name in NAMES]

    def test_of_a_volley_only_what_got_no_answer_is_repeated(self, world: World) -> None:
        world.scene(*NAMES).open(MORNING)
        provider = Scripted(capabilities=ONE_BY_ONE, answer=in_turn(YES, LOST, YES))
        world.send(provider)
        assert world.settle(provider, now=MORNING + MINUTE).arrived == 1
        assert [[each.address for each in call.recipients] for call in provider.calls] == [
            [address(name) for name in NAMES],
            [address("Davi")],
        ]

    def test_a_call_with_one_body_of_which_some_were_answered_is_not_repeated(self, world: World) -> None:
        world.scene(*NAMES).open(MORNING)
        provider = Scripted(capabilities=DAYLONG, answer=in_turn(YES, LOST, YES))
        world.send(provider)
        assert world.settle(provider, now=MORNING + MINUTE).arrived == 0
        assert len(provider.calls) == 1

    def test_what_it_refuses_now_it_never_took(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        bad = Answer(Verdict.REJECTED, Fault.ADDRESS)
        provider.answer = lambda recipient: bad if recipient.address == address("Davi") else YES
        settled = world.settle(provider, now=MORNING + MINUTE)
        assert (settled.arrived, settled.refused, settled.still_unclear) == (2, 1, 0)
        assert world.ledger()[1] == f"A {STEP} email Davi: skipped, refused address"
        assert set(world.closed()) == {"Davi"}

    @pytest.mark.parametrize("answer", [LATER, LOST, Answer(Verdict.RETRY, Fault.ACCOUNT)])
    def test_that_it_takes_nothing_now_says_nothing_of_the_first_call(self, world: World, answer: Answer) -> None:
        provider = scene(world)
        provider.answer = lambda recipient: answer
        assert world.settle(provider, now=MORNING + MINUTE).still_unclear == 3
        world.send(provider)
        assert states(world) == ["ambiguous"] * 3
        assert provider.addresses() == [address(name) for name in NAMES]


class TestWhen:
    """Only within the time of the key, with growing waits, and while the provider is in use."""

    @pytest.mark.parametrize(("after", "calls"), [(-31 * SECOND, 2), (-29 * SECOND, 1), (timedelta(), 1), (HOUR, 1)])
    def test_while_the_key_is_surely_known(self, world: World, after: timedelta, calls: int) -> None:
        able = replace(DAYLONG, idempotent_seconds=900)
        provider = scene(world, able=able)
        world.settle(provider, now=MORNING + timedelta(seconds=900) + after)
        assert len(provider.calls) == calls

    def test_the_waits_grow(self, world: World) -> None:
        provider = scene(world)
        provider.answer = lambda recipient: LOST
        called = []
        for minutes in range(1, 120):
            before = len(provider.calls)
            world.settle(provider, now=MORNING + minutes * MINUTE)
            if len(provider.calls) > before:
                called.append(minutes)
        assert called == [1, 2, 4, 8, 16, 32, 64]

    def test_a_provider_that_was_stopped_is_not_used_for_it(self, world: World) -> None:
        provider = scene(world)
        world.database.write(lambda connection: stop(connection, provider.name, "too many bounces", MORNING))
        world.settle(provider, now=MORNING + MINUTE)
        assert len(provider.calls) == 1

    def test_a_provider_without_such_keys_gets_nothing_twice(self, world: World) -> None:
        provider = scene(world, able=replace(DAYLONG, idempotent_seconds=0))
        assert world.settle(provider, now=MORNING + MINUTE).still_unclear == 3
        assert len(provider.calls) == 1
        assert world.one("SELECT body_sha256 FROM attempt") is None

    def test_one_that_does_not_answer_is_not_waited_for_once_more(self, sqlite_world: World) -> None:
        world = sqlite_world
        world.neighbours(30)
        world.scene().open(MORNING)
        provider = Scripted(capabilities=replace(ONE_BY_ONE, volley=2), answer=in_turn(*[YES, LOST] * 15))
        world.send(provider)
        assert len(provider.calls) == 15
        world.settle(provider, now=MORNING + MINUTE)
        assert len(provider.calls) == 25


def stop_it(world: World) -> None:
    world.stop("A")


def pause_it(world: World) -> None:
    world.stop("A", CampaignState.PAUSED)


def leave(world: World) -> None:
    world.closes("Davi")


def write(world: World) -> None:
    world.wrote("Davi")


def take_a_break(world: World) -> None:
    world.set_person("Davi", paused_until=MORNING + ONE_DAY)


def be_erased(world: World) -> None:
    world.set_person("Davi", state=4, email_ct=None, email_hash=None, email_since=None)


def change_the_plan(world: World) -> None:
    world.set_campaign("A", version=2)


class TestWhatSpeaksAgainstIt:
    """The same last checks as before any call; a body that several share goes for all of them or for none."""

    @pytest.mark.parametrize(
        "happens", [stop_it, pause_it, leave, write, take_a_break, be_erased, change_the_plan], ids=lambda f: f.__name__
    )
    def test_nobody_is_written_to_against_it(self, world: World, happens: object) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        happens(world)  # type: ignore[operator]
        settled = world.settle(provider, now=MORNING + MINUTE)
        assert (len(provider.calls), settled.still_unclear) == (1, 3)

    def test_of_a_volley_the_others_are_settled(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED, able=ONE_BY_ONE)
        world.closes("Davi")
        settled = world.settle(provider, now=MORNING + MINUTE)
        assert (settled.arrived, settled.still_unclear) == (2, 1)
        assert provider.addresses() == [address("Clara"), address("Ellen")]

    @pytest.mark.parametrize("at", [EVENING, MORNING + 7 * ONE_DAY])
    def test_not_in_the_night_and_not_after_the_last_day(self, world: World, at: object) -> None:
        provider = scene(world, answer=NEVER_ARRIVED, able=replace(DAYLONG, idempotent_seconds=30 * 86_400))
        world.settle(provider, now=at)  # type: ignore[arg-type]
        assert len(provider.calls) == 1

    def test_what_an_organiser_decided_is_not_sent(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        decide(world.database, world.message_of("Davi").id, "give-up", MORNING)
        world.settle(provider, now=MORNING + MINUTE)
        assert len(provider.calls) == 1

    def test_other_bytes_are_not_sent_ever(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        provider.style = "newer"
        world.settle(provider, now=MORNING + MINUTE)
        provider.style = ""
        world.settle(provider, now=MORNING + HOUR)
        assert len(provider.calls) == 1

    def test_a_new_address_makes_other_bytes(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        world.person("Emil")
        other = world.message_of("Clara").subscriber_id
        row = world.rows("SELECT email_ct FROM subscriber WHERE id = :id", id=world.people["Emil"])[0]
        world.run("UPDATE subscriber SET email_ct = :ct WHERE id = :id", ct=row.email_ct, id=other)
        world.settle(provider, now=MORNING + MINUTE)
        assert len(provider.calls) == 1


@dataclass
class Meanwhile:
    """Does something while a call is under way."""

    world: World
    refused: str = ""

    def decides(self, call: Call) -> None:
        try:
            decide(self.world.database, call.recipients[0].message_id, "send-again", self.world.clock.now())
        except Trouble as trouble:
            self.refused = trouble.reason

    def is_told(self, call: Call) -> None:
        number = call.recipients[0].message_id
        decide(self.world.database, number, "arrived", self.world.clock.now())

    def gives_up(self, call: Call) -> None:
        number = call.recipients[0].message_id
        decide(self.world.database, number, "give-up", self.world.clock.now())


class TestMeanwhile:
    """What happens while the call is made again."""

    def test_an_organiser_cannot_send_it_by_another_call_at_the_same_time(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        meanwhile = Meanwhile(world)
        provider.before = meanwhile.decides
        assert world.settle(provider, now=MORNING + MINUTE).arrived == 3
        assert "at this moment" in meanwhile.refused
        world.send(provider)
        assert provider.addresses() == [address(name) for name in NAMES]

    def test_an_organiser_can_once_it_is_over(self, world: World) -> None:
        provider = scene(world, answer=NEVER_ARRIVED)
        provider.answer = lambda recipient: NEVER_ARRIVED
        world.settle(provider, now=MORNING + MINUTE)
        provider.answer = lambda recipient: YES
        for name in NAMES:
            decide(world.database, world.message_of(name).id, "send-again", MORNING + MINUTE)
        world.settle(provider, now=MORNING + HOUR)
        world.send(provider)
        assert sorted(provider.addresses()) == sorted(address(name) for name in NAMES)

    def test_what_was_decided_meanwhile_stays(self, world: World) -> None:
        provider = scene(world)
        provider.before = Meanwhile(world).gives_up
        settled = world.settle(provider, now=MORNING + MINUTE)
        assert (settled.arrived, settled.still_unclear) == (2, 0)
        assert states(world) == ["rejected, gave up", "accepted", "accepted"]

    def test_a_death_in_it_leaves_it_unclear_and_it_is_repeated_later(self, world: World) -> None:
        provider = scene(world)

        def die(call: Call) -> None:
            raise Died

        provider.after = die
        with pytest.raises(Died):
            world.settle(provider, now=MORNING + MINUTE)
        provider.after = lambda call: None
        assert world.settle(provider, now=MORNING + MINUTE + 59 * SECOND).arrived == 0
        assert world.settle(provider, now=MORNING + MINUTE + 60 * SECOND).arrived == 3
        assert provider.addresses() == [address(name) for name in NAMES]


def test_each_message_has_its_own_digest_in_a_volley_and_all_share_one_in_a_batch(world: World) -> None:
    scene(world, able=ONE_BY_ONE)
    assert len(world.one("SELECT body_sha256 FROM attempt")) == 3 * 32


class TestBeforeTheCall:
    """The digests are kept before anything leaves: a sender that dies before that has sent nothing."""

    def die_first(self, world: World) -> Scripted:
        world.scene(*NAMES).open(MORNING)
        provider = Cut(capabilities=DAYLONG)
        with pytest.raises(Died):
            world.send(provider)
        provider.cut = False
        return provider

    def test_what_was_not_sent_is_not_unclear_and_goes_at_once(self, world: World) -> None:
        provider = self.die_first(world)
        assert world.one("SELECT length(body_sha256) FROM attempt") == 0
        world.tidy(nobody_else=True)
        assert states(world) == ["due"] * 3
        world.send(provider)
        assert provider.addresses() == [address(name) for name in NAMES]
        assert {world.message_of(name).tries for name in NAMES} == {1}

    def test_one_that_wakes_up_after_it_was_given_up_sends_nothing(self, world: World) -> None:
        world.scene(*NAMES).open(MORNING)
        provider = Cut(capabilities=DAYLONG, cut=False)
        provider.meanwhile = lambda: world.tidy(nobody_else=True)
        world.send(provider)
        assert [call.still_ours() for call in provider.calls[:1]] == [False]


@dataclass
class Cut(Scripted):
    """Dies, or lets something happen, while the bodies of a call are made."""

    cut: bool = True
    meanwhile: Callable[[], object] = lambda: None

    def bodies(self, call: Call) -> list[bytes]:
        if self.cut:
            raise Died
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return super().bodies(call)
