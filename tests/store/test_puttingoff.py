"""A message that goes on next morning keeps the id that it had on the wire: what a provider says of it still finds it."""

from reminder.outbox.settling import decide
from reminder.providers.contract import Capabilities
from tests.fakes.scripted import LATER, LOST, YES, Scripted, by_address
from tests.outbox.world import EVENING, HOUR, MINUTE, MORNING, ONE_DAY, World, address

LOOK_UP = Capabilities(batch_size=500, look_up=True, keeps_message_id=True, real=False)


def ids_of(provider: Scripted) -> dict[str, list[str]]:
    """Every wire id under which a message was ever handed over, by address."""
    found: dict[str, list[str]] = {}
    for recipient in (recipient for call in provider.calls for recipient in call.recipients):
        found.setdefault(recipient.address, []).append(recipient.wire_id)
    return found


def test_what_an_organiser_sends_again_after_quiet_hours_has_the_same_message_id(world: World) -> None:
    world.scene("Clara").open(MORNING)
    provider = Scripted(answer=by_address({address("Clara"): [LOST, YES]}))
    world.send(provider)
    decide(world.database, world.message_of("Clara").id, "send-again", EVENING)
    world.tidy(EVENING)
    world.clock.move_to(MORNING + ONE_DAY)
    world.send(provider)
    assert world.messages() == ["Clara 23 email A: accepted"]
    first, again = ids_of(provider)[address("Clara")]
    assert first == again


def test_beside_what_was_never_tried_and_however_often_it_is_put_off(world: World) -> None:
    world.scene("Clara", "Davi").open(EVENING - HOUR)
    provider = Scripted(
        answer=by_address({address("Clara"): [LATER, LATER, YES]}), capabilities=Capabilities(batch_size=1)
    )
    world.run("UPDATE batch SET send_at = 0")
    world.send(provider)
    for days in (0, 1):
        world.tidy(EVENING + days * ONE_DAY)
        world.run("DELETE FROM provider_state")
        world.clock.move_to(MORNING + (days + 1) * ONE_DAY)
        world.send(provider)
    ids = ids_of(provider)
    assert [len(ids[address(name)]) for name in ("Clara", "Davi")] == [3, 1]
    assert len(set(ids[address("Clara")])) == 1


def test_of_those_put_off_together_only_who_was_in_an_attempt_keeps_the_former_day(world: World) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    first = world.message_of("Clara").local_on
    # Clara's was refused for now, and both wait in one batch.
    world.run("UPDATE message SET state = 4, tries = 1 WHERE subscriber_id = :id", id=world.people["Clara"])
    world.tidy(EVENING)
    assert [(world.message_of(n).local_on, world.message_of(n).wire_on) for n in ("Clara", "Davi")] == [
        (first + 1, first),
        (first + 1, None),
    ]
    provider = Scripted()
    world.clock.move_to(MORNING + ONE_DAY)
    assert world.send(provider).accepted == 2
    assert len({taken.wire_id for taken in provider.taken}) == 2


def test_a_provider_is_asked_for_the_id_that_it_was_given(world: World) -> None:
    world.scene("Clara").open(EVENING - HOUR)
    provider = Scripted(answer=by_address({address("Clara"): [LATER, LOST]}), capabilities=LOOK_UP)
    world.send(provider)
    world.tidy(EVENING)
    world.clock.move_to(MORNING + ONE_DAY)
    world.send(provider)
    assert world.settle(provider, now=MORNING + ONE_DAY + MINUTE).arrived == 1
    assert world.messages() == ["Clara 23 email A: accepted"]
