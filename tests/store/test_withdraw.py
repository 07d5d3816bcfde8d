"""Stop beats everything: batches at once, their rows afterwards, and nothing that shares a message with another appeal."""

from datetime import date

import pytest

from reminder.domain.states import BatchState, CampaignState, Channel, Reason, WaveState
from reminder.providers.contract import Capabilities
from reminder.store import handover
from reminder.store.withdraw import sweep_withdrawn, withdraw_campaign, withdraw_steps
from tests.fakes.scripted import LATER, LOST, Scripted
from tests.outbox.world import DAY, DEADLINE, HOUR, MORNING, ONE_DAY, STEP, World, address


def withdraw(world: World, *keep: tuple[str, date]) -> int:
    campaign = world.campaigns["A"]
    return world.database.write(
        lambda connection: withdraw_steps(connection, campaign, keep, Reason.PLAN_CHANGED).batches
    )


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (CampaignState.STOPPED, "campaign stopped"),
        (CampaignState.PAUSED, "campaign paused"),
        (CampaignState.CLOSED, "campaign closed"),
    ],
)
def test_what_has_not_left_is_taken_back(world: World, state: CampaignState, reason: str) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    world.wave(step="deadline-2d", on=DAY + 5 * ONE_DAY)
    withdrawn = world.stop(state=state)
    assert (withdrawn.batches, withdrawn.under_way) == (1, 0)
    provider = Scripted()
    world.send(provider)
    assert provider.calls == []
    assert world.counts("wave") == {WaveState.OPEN: 1, WaveState.WITHDRAWN: 1}
    world.tidy()
    assert world.ledger() == [
        f"A {STEP} email Clara: withdrawn, {reason}",
        f"A {STEP} email Davi: withdrawn, {reason}",
    ]
    assert world.messages() == [
        f"Clara 22 email A: cancelled, {reason}",
        f"Davi 22 email A: cancelled, {reason}",
    ]
    assert world.counts("batch") == {BatchState.DONE: 1}


def test_what_has_left_stays_as_it_is(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.send(Scripted())
    assert world.stop().batches == 0
    world.tidy()
    assert world.ledger() == [f"A {STEP} email Clara: carried"]


def test_what_is_under_way_is_told(world: World) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    told = []
    provider = Scripted(before=lambda call: told.append(world.stop()))
    world.send(provider)
    assert [(each.batches, each.under_way) for each in told] == [(0, 2)]
    assert world.ledger() == [f"A {STEP} email Clara: carried", f"A {STEP} email Davi: carried"]


def test_a_stop_in_the_middle_of_a_batch_ends_it_after_the_call_under_way(world: World) -> None:
    world.neighbours(5)
    world.scene().open(MORNING)
    provider = Scripted(capabilities=Capabilities(batch_size=2, real=False), before=lambda call: world.stop())
    world.send(provider)
    assert len(provider.taken) == 2
    told = sorted(line.split(": ")[1] for line in world.ledger())
    assert told == ["carried"] * 2 + ["withdrawn, campaign stopped"] * 3


def test_other_campaigns_and_messages_of_several_appeals_are_left_to_the_last_check(world: World) -> None:
    world.person("Clara")
    world.person("Davi", scopes=("list:b",))
    for letter in "AB":
        world.campaign(letter, audience=["all", f"list:{letter.lower()}"])
        world.wave(letter)
    world.open(MORNING)
    assert world.stop("A").batches == 0
    provider = Scripted()
    world.send(provider)
    assert sorted(provider.addresses()) == [address("Clara"), address("Davi")]
    assert world.messages() == ["Clara 22 email B: accepted", "Davi 22 email B: accepted"]


def test_a_step_taken_out_of_the_plan_takes_its_batches_along(world: World) -> None:
    world.scene("Clara").open(MORNING)
    assert withdraw(world, (STEP, DEADLINE)) == 0
    assert withdraw(world, (STEP, DEADLINE + ONE_DAY), ("deadline-2d", DEADLINE)) == 1
    world.tidy()
    assert world.ledger() == [f"A {STEP} email Clara: withdrawn, plan changed"]


def test_a_claimed_batch_is_taken_back_from_its_owner(world: World) -> None:
    world.scene("Clara").open(MORNING)
    claimed = world.database.write(lambda c: handover.claim(c, Channel.EMAIL, "me", MORNING))
    assert claimed is not None
    assert world.stop().batches == 1
    assert not world.database.write(lambda c: handover.hold_batch(c, claimed, MORNING))


def test_rows_follow_in_chunks_and_only_once(world: World) -> None:
    for number in range(3):
        world.person(f"Reader{number}", locale="en", scopes=(f"list:{number}",))
        world.campaign(str(number), audience=[f"list:{number}"])
        world.wave(str(number))
    world.open(MORNING)
    for campaign in world.campaigns.values():
        world.database.write(lambda c, campaign=campaign: withdraw_campaign(c, campaign, Reason.CAMPAIGN_STOPPED))
    assert [world.database.write(lambda c: sweep_withdrawn(c, 2)) for _ in range(3)] == [2, 1, 0]
    assert {line.split(": ")[1] for line in world.ledger()} == {"withdrawn, campaign stopped"}


def test_what_was_tried_is_skipped_for_good_and_the_rest_may_come_again(world: World) -> None:
    world.scene("Clara", "Davi").open(MORNING)
    tried = Scripted(answer=lambda recipient: LATER)
    world.send(tried)
    world.person("Ellen")
    world.run("UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0")
    world.clock.move_to(MORNING + HOUR)
    world.run("UPDATE subscriber SET email_since = 0")
    world.open()
    world.stop(state=CampaignState.PAUSED)
    world.tidy()
    assert world.ledger() == [
        f"A {STEP} email Clara: skipped, campaign paused",
        f"A {STEP} email Davi: skipped, campaign paused",
        f"A {STEP} email Ellen: withdrawn, campaign paused",
    ]


def test_an_unclear_message_stays_unclear_when_its_campaign_is_stopped(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.send(Scripted(answer=lambda recipient: LOST))
    world.stop()
    world.tidy()
    assert world.messages() == ["Clara 22 email A: ambiguous"]
    assert world.ledger() == [f"A {STEP} email Clara: due"]
