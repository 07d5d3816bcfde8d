"""The sender as a whole: which provider, how much at a time, and what happens when something goes wrong."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from reminder.domain.limits import Limits
from reminder.domain.states import AttemptState, BatchState, Channel, Fault, Verdict
from reminder.errors import Trouble
from reminder.providers.contract import Call, Capabilities
from tests.fakes.scripted import LATER, LOST, YES, Answer, Broke, Scripted, by_address, in_turn
from tests.outbox.world import DEADLINE, EVENING, HOUR, MINUTE, MORNING, ONE_DAY, SECOND, STEP, World, address, phone

BAD_ACCOUNT = Answer(Verdict.RETRY, Fault.ACCOUNT, code="535")
FULL = Answer(Verdict.RETRY, Fault.MAILBOX, code="452")


def states(world: World) -> list[str]:
    return sorted(line.split(": ", 1)[1] for line in world.ledger())


def crowd(world: World, count: int) -> World:
    world.neighbours(count)
    world.scene().open(MORNING)
    return world


class TestCalls:
    """A batch is cut into calls of the size that this provider takes."""

    @pytest.mark.parametrize(
        ("able", "sizes"),
        [
            (Capabilities(batch_size=500), [7]),
            (Capabilities(batch_size=3), [3, 3, 1]),
            (Capabilities(batch_size=1, volley=4), [4, 3]),
            (Capabilities(batch_size=1, volley=1), [1] * 7),
        ],
    )
    def test_calls_have_the_size_that_the_provider_takes(
        self, sqlite_world: World, able: Capabilities, sizes: list[int]
    ) -> None:
        provider = Scripted(capabilities=able)
        crowd(sqlite_world, 7).send(provider)
        assert [len(call.recipients) for call in provider.calls] == sizes
        assert len({call.idempotency_key for call in provider.calls}) == len(sizes)
        assert states(sqlite_world) == ["carried"] * 7

    def test_the_attempt_is_durable_before_the_provider_hears_of_it(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        seen = []

        def look(call: Call) -> None:
            # Another connection: it sees only what is committed.
            seen.append([tuple(row) for row in world.rows("SELECT state, id FROM attempt")])
            seen.append(world.counts("batch"))

        world.send(Scripted(before=look))
        assert seen == [[(AttemptState.SENDING, 1)], {BatchState.SENDING: 1}]

    def test_a_call_says_until_when_it_helps_the_readers(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)
        world.run("UPDATE message SET not_after = :at WHERE subscriber_id = 2", at=int(EVENING.timestamp()))
        provider = Scripted()
        world.send(provider)
        assert provider.calls[0].not_after == EVENING
        assert provider.calls[0].now == MORNING

    def test_texts_and_mail_have_lanes_of_their_own(self, world: World) -> None:
        world.person("Clara")
        world.person("Davi", email=False, sms=True)
        world.campaign()
        world.wave(channel=Channel.SMS)
        world.wave(unless_channel=int(Channel.SMS))
        world.open(MORNING)
        mail, texts = Scripted(), Scripted("texts", Channel.SMS)
        world.send(mail, sms=[texts])
        assert (mail.addresses(), texts.addresses()) == ([address("Clara")], [phone("Davi")])

    def test_a_channel_without_a_provider_waits(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        assert world.send().batches == 0
        assert world.counts("batch") == {BatchState.OPEN: 1}

    def test_the_same_message_has_the_same_wire_id_each_time(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        provider = Scripted(answer=in_turn(Answer(Verdict.RETRY, retry_after=60), YES))
        world.send(provider)
        world.clock.move_to(MORNING + MINUTE)
        world.send(provider)
        assert len({call.recipients[0].wire_id for call in provider.calls}) == 1


class TestTrouble:
    """Whatever a provider does, the rest goes on and nobody is sent anything twice."""

    def test_healthchecks_212_a_provider_that_breaks_leaves_its_call_unclear_and_shown(self, world: World) -> None:
        world.scene("Clara", "Davi").open(MORNING)

        def breaks(call: Call) -> None:
            raise Broke

        provider = Scripted(capabilities=Capabilities(batch_size=1, volley=1, real=False))
        provider.before = lambda call: breaks(call) if len(provider.calls) == 1 else None
        sent = world.send(provider)
        assert (sent.unclear, sent.accepted) == (1, 1)
        assert world.messages() == ["Clara 22 email A: ambiguous", "Davi 22 email A: accepted"]

    def test_a_provider_that_takes_nothing_goes_out_and_the_batch_waits_for_it(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        provider = Scripted(answer=lambda recipient: BAD_ACCOUNT)
        world.send(provider)
        world.clock.move_to(MORNING + 59 * SECOND)
        world.send(provider)
        assert len(provider.calls) == 1
        world.clock.move_to(MORNING + MINUTE)
        provider.answer = lambda recipient: YES
        world.send(provider)
        assert states(world) == ["carried"]

    @pytest.mark.parametrize("raises", [False, True], ids=["no answer", "a fault of its own"])
    def test_a_provider_that_never_answers_goes_out_before_everything_is_unclear(
        self, world: World, raises: bool
    ) -> None:
        crowd(world, 20)
        one_by_one = Capabilities(batch_size=1, volley=2, real=False)
        provider = Scripted(answer=lambda recipient: LOST, capabilities=one_by_one)

        def breaks(call: Call) -> None:
            raise Broke

        provider.before = breaks if raises else provider.before
        second = Scripted("second", capabilities=one_by_one)
        sent = world.send(provider, second)
        assert (len(provider.calls), sent.unclear) == (3, 6)
        # The next one takes over what was not begun, and nothing else.
        assert sent.accepted == len(second.taken) == 14

    def test_full_mailboxes_are_tried_again_and_take_nobody_else_out(self, world: World) -> None:
        names = world.neighbours(4)
        world.scene().open(MORNING)
        provider = Scripted(capabilities=Capabilities(batch_size=1, volley=1, real=False))
        provider.answer = by_address({address(name): FULL for name in names[:3]})
        assert world.send(provider).accepted == 1
        assert world.rows("SELECT broken_until FROM provider_state WHERE broken_until IS NOT NULL") == []
        provider.answer = lambda recipient: YES
        world.clock.move_to(MORNING + MINUTE)
        assert world.send(provider).accepted == 3

    def test_the_second_provider_takes_over_what_the_first_has_certainly_not_taken(self, world: World) -> None:
        world.neighbours(6)
        world.scene().open(MORNING)
        taken, unclear, refused = (address(f"Reader{n}") for n in (1, 2, 3))
        first = Scripted("first", capabilities=Capabilities(batch_size=3, real=False))
        first.answer = by_address({taken: YES, unclear: LOST, refused: BAD_ACCOUNT})
        second = Scripted("second")
        world.send(first, second)
        assert first.addresses() == [taken, unclear]
        assert sorted(second.addresses()) == [address(f"Reader{n}") for n in (4, 5, 6)]
        world.clock.move_to(MORNING + MINUTE)
        first.answer = lambda recipient: BAD_ACCOUNT
        world.send(first, second)
        world.clock.move_to(MORNING + 2 * MINUTE)
        world.send(first, second)
        assert sorted(second.addresses()) == [refused] + [address(f"Reader{n}") for n in (4, 5, 6)]
        assert states(world) == ["carried"] * 5 + ["due"]

    def test_where_every_provider_is_out_the_batch_waits_for_the_first_that_is_back(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        providers = [Scripted(name, answer=lambda recipient: BAD_ACCOUNT) for name in ("first", "second")]
        world.send(*providers)
        for later in (MORNING + MINUTE, MORNING + 2 * MINUTE):
            world.clock.move_to(later)
            world.send(*providers)
        world.clock.move_to(MORNING + 3 * MINUTE)
        for provider in providers:
            provider.answer = lambda recipient: YES
        world.send(*providers)
        assert len(providers[0].taken) + len(providers[1].taken) == 1

    def test_a_sender_that_is_told_to_stop_ends_after_the_call_under_way(self, sqlite_world: World) -> None:
        world = crowd(sqlite_world, 5)
        provider = Scripted(capabilities=Capabilities(batch_size=2, real=False))
        sender = world.sender(provider)

        def stop(call: Call) -> None:
            sender.stopping = True

        provider.before = stop
        asyncio.run(sender.one_batch(Channel.EMAIL, "me"))
        assert states(world) == ["carried"] * 2 + ["due"] * 3
        assert world.counts("batch") == {BatchState.OPEN: 1}

    def test_a_call_that_comes_late_asks_whether_it_is_still_ours(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        passed, asked = [0.0], []

        def freeze(call: Call) -> None:
            for at in (0.0, 59.9, 60.0, 200.0):
                passed[0] = at
                asked.append(call.still_ours())

        sender = world.sender(Scripted(before=freeze))
        sender.monotonic = lambda: passed[0]
        asyncio.run(sender.drain())
        assert asked == [True, True, False, False]

    def test_on_the_last_day_it_is_tried_until_its_evening(self, world: World) -> None:
        world.person("Clara")
        world.campaign()
        world.wave(on=DEADLINE)
        last_evening = EVENING + 7 * ONE_DAY
        world.open(last_evening - 3 * HOUR)
        provider = Scripted(answer=lambda recipient: Answer(Verdict.RETRY, Fault.MAILBOX, retry_after=900))
        for minutes in range(180):
            world.clock.move_to(last_evening - 3 * HOUR + minutes * MINUTE)
            world.send(provider)
        assert provider.calls[-1].now == last_evening - MINUTE
        world.tidy(last_evening)
        assert states(world) == ["missed, too late"]

    def test_a_full_mailbox_is_tried_for_as_long_as_there_is_time(self, world: World) -> None:
        world.scene("Clara").open(MORNING)
        provider = Scripted(answer=lambda recipient: FULL)
        for hours in range(6 * 24):
            world.tidy(MORNING + hours * HOUR)
            world.send(provider)
        assert len(provider.calls) > 12
        provider.answer = lambda recipient: YES
        for hours in range(6 * 24, 7 * 24 + 11):
            world.tidy(MORNING + hours * HOUR)
            world.send(provider)
        assert states(world) == ["carried"]


class TestDatabaseTrouble:
    """An answer is known to nobody else: it is written as soon as the database takes it again."""

    def test_an_answer_is_written_when_the_disk_has_room_again(self, sqlite_world: World) -> None:
        world = sqlite_world.scene("Clara", "Davi")
        world.open(MORNING)
        provider = Scripted()
        refused = []

        def full(*given: object) -> None:
            if "UPDATE attempt SET state" in str(given[2]) and not refused:
                refused.append(True)
                raise Trouble("The disk", "is full, nothing was written", "Make room.")

        event.listen(Engine, "before_cursor_execute", full)
        try:
            sent = world.send(provider)
        finally:
            event.remove(Engine, "before_cursor_execute", full)
        assert refused == [True]
        assert sent.accepted == 2
        assert len(provider.calls) == 1
        assert states(world) == ["carried", "carried"]

    def test_a_lane_that_fails_waits_for_the_others(self, sqlite_world: World) -> None:
        world = sqlite_world
        world.person("Clara")
        world.person("Davi", email=False, sms=True)
        world.campaign()
        world.wave(channel=Channel.SMS)
        world.wave(unless_channel=int(Channel.SMS))
        world.open(MORNING)
        texts, mail = Scripted("texts", Channel.SMS), Scripted()
        # After the first call the mail's provider does not know any more what it can do: a mistake of ours.
        mail.after = lambda call: setattr(mail, "capabilities", None)
        with pytest.raises(AttributeError):
            world.send(mail, sms=[texts])
        assert texts.addresses() == [phone("Davi")]
        assert "A deadline-7d sms Davi: carried" in world.ledger()


class TestLimits:
    """Rates and quotas are kept, and cost nothing where nothing is sent."""

    def test_a_daily_quota_is_used_to_the_last_message_and_goes_on_next_day(self, sqlite_world: World) -> None:
        world = crowd(sqlite_world, 9)
        limits = Limits(per_day=5)
        provider = Scripted(capabilities=Capabilities(batch_size=4, real=False))
        assert world.send(provider, limits=limits).accepted == 5
        assert world.send(provider, limits=limits).accepted == 0
        world.tidy(EVENING)
        world.clock.move_to(MORNING + ONE_DAY)
        assert world.send(provider, limits=limits).accepted == 4

    def test_small_batches_do_not_eat_the_quota_of_large_ones(self, sqlite_world: World) -> None:
        world = sqlite_world
        for number in range(4):
            world.person(f"Reader{number}", locale=["en", "fr", "es", "ar"][number])
        world.scene().open(MORNING)
        assert world.send(Scripted(), limits=Limits(per_day=4)).accepted == 4

    def test_a_used_up_quota_sends_the_rest_by_the_next_provider(self, sqlite_world: World) -> None:
        world = crowd(sqlite_world, 8)
        first, second = (Scripted(name, capabilities=Capabilities(batch_size=2)) for name in ("first", "second"))
        world.send(first, second, limits=Limits(per_day=5))
        assert (len(first.taken), len(second.taken)) == (5, 3)

    def test_a_rate_is_kept_by_the_first_provider_and_does_not_overflow_to_the_next(self, sqlite_world: World) -> None:
        world = crowd(sqlite_world, 8)
        first, second = Scripted("first"), Scripted("second")
        for second_ in range(4):
            world.clock.move_to(MORNING + second_ * SECOND)
            world.send(first, second, limits=Limits(per_second=2))
            assert len(first.taken) == 2 * (second_ + 1)
        assert second.calls == []

    def test_a_lane_knows_how_long_it_may_rest(self, world: World) -> None:
        world.scene("Clara").open(MORNING - HOUR)
        sender = world.sender(Scripted())
        assert sender.rest(Channel.EMAIL, 5.0) == 5.0
        world.open(MORNING)
        world.run("UPDATE batch SET send_at = :at", at=int((MORNING + 2 * SECOND).timestamp()))
        assert sender.rest(Channel.EMAIL, 5.0) == 2.0
        assert sender.rest(Channel.SMS, 5.0) == 5.0
        world.clock.move_to(MORNING + timedelta(seconds=3))
        assert sender.rest(Channel.EMAIL, 5.0) == 0.1


def test_civicrm_31600_cht_10802_a_batch_that_fails_half_way_repeats_none_of_its_accepted_half(world: World) -> None:
    world.neighbours(8)
    world.scene().open(MORNING)
    half = {address(f"Reader{n}"): [LATER, YES] for n in range(1, 9, 2)}
    provider = Scripted(answer=by_address(half))
    world.send(provider)
    assert len(provider.taken) == 4
    for later in (MINUTE, 10 * MINUTE, HOUR):
        world.clock.move_to(MORNING + later)
        world.send(provider)
    assert sorted(provider.addresses()) == sorted(address(f"Reader{n}") for n in range(1, 9))


def test_the_mail_that_goes_out_is_a_whole_message_to_that_person(world: World) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    provider = Scripted()
    world.send(provider)
    call = provider.calls[0]
    assert call.content.mime is not None
    mails = {r.address: call.content.mime.fill(r.values) for r in call.recipients}
    assert sorted(mails) == [address("Clara"), address("Davi")]
    for name, other in (("Clara", "Davi"), ("Davi", "Clara")):
        mail = mails[address(name)]
        assert f"<{next(r.wire_id for r in call.recipients if r.address == address(name))}@" in mail
        assert address(other) not in mail
    assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Davi: carried"]
