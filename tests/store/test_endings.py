"""Two appeals in one message, and the nearer one ends: the other goes on, by whichever way the message is late."""

import pytest

from reminder.domain.states import Verdict
from tests.fakes.scripted import LATER, YES, Answer, Scripted
from tests.outbox.world import DAY, EVENING, HOUR, MINUTE, MORNING, ONE_DAY, SECOND, STEP, World

TODAY, TOMORROW = DAY, DAY + ONE_DAY


def together(world: World, **of_a: object) -> World:
    """Clara's message of A, whose last day is today, and of B, which counts for another week."""
    world.person("Clara")
    world.campaign("A")
    world.wave("A", until=TODAY, last_useful=True, **of_a)
    world.campaign("B")
    world.wave("B")
    world.open(MORNING)
    assert world.messages() == ["Clara 22 email A+B: due"]
    return world


def test_when_the_day_ends_the_other_appeal_goes_on_next_morning(world: World) -> None:
    together(world)
    assert world.tidy(EVENING).put_off == 1
    assert world.ledger() == [f"A {STEP} email Clara: missed, too late", f"B {STEP} email Clara: due"]
    provider = Scripted()
    world.clock.move_to(EVENING + 12 * HOUR)
    assert world.send(provider).accepted == 1
    assert world.messages() == ["Clara 23 email B: accepted"]
    assert world.ledger()[1] == f"B {STEP} email Clara: carried"


def test_what_goes_on_ends_with_the_last_instant_of_what_it_says(world: World) -> None:
    together(world)
    before = world.message_of("Clara").not_after
    world.tidy(EVENING)
    assert world.message_of("Clara").not_after == before + 7 * 24 * 3600


@pytest.mark.parametrize(("past", "appeals"), [(-SECOND, "A+B"), (0 * SECOND, "B"), (SECOND, "B")])
def test_within_its_hours_it_goes_without_what_is_over(world: World, past: object, appeals: str) -> None:
    noon = MORNING + 3 * HOUR
    together(world, not_after=noon)
    world.clock.move_to(noon + past)  # type: ignore[operator]
    assert world.send(Scripted()).accepted == 1
    assert world.messages() == [f"Clara 22 email {appeals}: accepted"]


def test_a_try_that_comes_too_late_for_one_is_made_for_the_other(world: World) -> None:
    together(world, not_after=MORNING + 30 * SECOND)
    provider = Scripted(answer=lambda recipient: LATER)
    world.send(provider)
    assert world.messages() == ["Clara 22 email A+B: retry"]
    provider.answer = lambda recipient: YES
    world.clock.move_to(MORNING + 29 * SECOND)
    assert world.send(provider).batches == 0
    world.clock.move_to(MORNING + MINUTE)
    world.send(provider)
    assert world.messages() == ["Clara 22 email B: accepted"]
    assert world.ledger() == [f"A {STEP} email Clara: missed, too late", f"B {STEP} email Clara: carried"]


def test_the_wait_that_a_provider_asks_for_is_kept_when_one_appeal_ends_within_it(world: World) -> None:
    together(world, not_after=MORNING + 30 * SECOND)
    provider = Scripted(answer=lambda recipient: Answer(Verdict.RETRY, retry_after=7_200))
    world.send(provider)
    provider.answer = lambda recipient: YES
    world.clock.move_to(MORNING + 2 * HOUR - SECOND)
    assert world.send(provider).batches == 0
    world.clock.move_to(MORNING + 2 * HOUR)
    world.send(provider)
    assert world.messages() == ["Clara 22 email B: accepted"]


def test_a_stopped_appeal_takes_its_last_instant_along(world: World) -> None:
    together(world, not_after=MORNING + 3 * HOUR)
    world.stop("A")
    world.send(Scripted(answer=lambda recipient: LATER))
    world.send(Scripted(answer=lambda recipient: LATER))
    assert world.messages() == ["Clara 22 email B: retry"]
    world.run("DELETE FROM provider_state")
    world.clock.move_to(MORNING + 4 * HOUR)
    assert world.send(Scripted()).accepted == 1


def test_when_both_are_over_both_are_missed(world: World) -> None:
    together(world)
    world.run("UPDATE delivery SET not_after = (SELECT min(not_after) FROM delivery)")
    assert world.tidy(EVENING).missed == 1
    assert world.ledger() == [f"{letter} {STEP} email Clara: missed, too late" for letter in "AB"]
    assert world.messages() == ["Clara 22 email A+B: cancelled, too late"]
