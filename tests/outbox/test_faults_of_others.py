"""Faults that were reported to peers of ours by their users: each is a test with its name. Others stand with what they test."""

import pytest

from reminder.domain.states import CampaignState, Channel, Result
from reminder.domain.wire import message_of
from reminder.providers.contract import Call, Capabilities
from reminder.store import handover
from reminder.store.results import Word, note_results
from tests.fakes.scripted import Answer, Broke, Scripted, in_turn
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, World, address


class Died(BaseException):
    """The process is gone."""


def die_in(call_number: int, provider: Scripted, *, after: bool) -> None:
    def die(call: Call) -> None:
        if len(provider.calls) == call_number:
            raise Died

    if after:
        provider.after = die
    else:
        provider.before = die


@pytest.mark.parametrize("after", [False, True], ids=["before it was taken", "after it was taken"])
@pytest.mark.parametrize("call_number", [1, 2, 3])
def test_listmonk_3022_after_the_sender_died_nobody_is_skipped(world: World, call_number: int, after: bool) -> None:
    names = [address(name) for name in world.neighbours(6)]
    world.scene().open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=2, look_up=True, real=False))
    die_in(call_number, provider, after=after)
    with pytest.raises(Died):
        world.send(provider)
    # Started again: the claim is taken back, the call under way is asked for, the rest is sent.
    world.tidy(nobody_else=True)
    world.settle(provider)
    world.send(provider)
    assert sorted(provider.addresses()) == sorted(names)
    assert {line.split(": ")[1] for line in world.ledger()} == {"carried"}


def test_listmonk_3022_after_a_batch_was_only_claimed_nobody_is_skipped(world: World) -> None:
    world.scene("Clara").open(MORNING)
    assert world.database.write(lambda connection: handover.claim(connection, Channel.EMAIL, "dead", MORNING))
    world.tidy(nobody_else=True)
    provider = Scripted()
    world.send(provider)
    assert provider.addresses() == [address("Clara")]


def test_listmonk_2313_resumed_it_sends_only_what_is_missing(world: World) -> None:
    world.neighbours(6)
    world.scene().open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=2, real=False))
    provider.before = lambda call: world.stop(state=CampaignState.PAUSED) if len(provider.calls) == 2 else None
    world.send(provider)
    assert len(provider.taken) == 4
    for _ in range(3):
        world.tidy()
        world.set_campaign(state=CampaignState.LIVE)
        world.run("UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0")
        world.open(world.clock.now() + MINUTE)
        world.send(provider)
    assert sorted(provider.addresses()) == sorted(address(f"Reader{number}") for number in range(1, 7))


def test_civicrm_consent_is_checked_at_the_last_moment(world: World) -> None:
    world.neighbours(6)
    world.scene().open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=2, real=False))

    def leave(call: Call) -> None:
        if len(provider.calls) == 1:
            world.closes("Reader4")
            world.wrote("Reader5")

    # They leave while the first call of their own batch is under way.
    provider.before = leave
    world.send(provider)
    assert sorted(provider.addresses()) == [address(f"Reader{number}") for number in (1, 2, 3, 6)]


def test_healthchecks_212_an_interrupted_sending_is_shown_and_settled(world: World) -> None:
    world.scene("Clara").open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=500, look_up=True, real=False))

    def breaks(call: Call) -> None:
        raise Broke

    provider.before = breaks
    assert world.send(provider).unclear == 1
    assert world.messages() == ["Clara 22 email A: ambiguous"]
    provider.before = lambda call: None
    assert world.settle(provider).sent_again == 1
    world.send(provider)
    assert provider.addresses() == [address("Clara")]


def test_healthchecks_610_a_call_that_timed_out_is_not_made_again(world: World) -> None:
    world.scene("Clara").open(MORNING)
    provider = Scripted(answer=in_turn(Answer(silent=True, taken=True), Answer()))
    provider.capabilities = Capabilities(batch_size=500, real=False)
    for minutes in range(0, 48 * 60, 240):
        world.clock.move_to(MORNING + minutes * MINUTE)
        world.send(provider)
        world.tidy()
        world.settle(provider)
    assert provider.addresses() == [address("Clara")]


def test_novu_9126_a_message_in_quiet_hours_is_deferred_and_not_dropped(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.tidy(MORNING + 13 * HOUR)
    provider = Scripted()
    world.clock.move_to(MORNING + ONE_DAY)
    world.send(provider)
    assert provider.addresses() == [address("Clara")]


def told(world: World, wire_id: str, result: Result) -> bool:
    """What a callback does that names our own id: it finds the row of a message that fits the id."""
    message_id = message_of(wire_id)
    assert message_id is not None
    now = world.clock.now()
    return (
        world.database.write(lambda connection: note_results(connection, [Word(message_id, 1, result, now)], now)) != []
    )


def test_django_sendgrid_54_a_callback_that_overtakes_us_finds_its_row_by_our_own_id(world: World) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    found = []

    def overtake(call: Call) -> None:
        found.extend(told(world, recipient.wire_id, Result.DELIVERED) for recipient in call.recipients)

    # The provider calls back while our own call to it has no answer yet.
    world.send(Scripted(after=overtake))
    assert found == [True, True]
    assert world.messages() == ["Clara 22 email A: accepted", "Davi 22 email A: accepted"]
    assert world.message_of("Clara").result == Result.DELIVERED
