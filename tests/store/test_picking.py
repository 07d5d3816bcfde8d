"""A chunk is written as if nobody had anything already; where that is wrong it is written with care, and comes to the same."""

import pytest

from reminder.domain.states import WaveState
from tests.outbox.world import DAY, HOUR, MORNING, ONE_DAY, STEP, World

NEW_YORK = "America/New_York"


def test_who_had_todays_reminder_waits_for_tomorrow_though_the_week_is_full(world: World) -> None:
    world.person("Clara", cadence_n=1)
    for days, letter, more in ((-1, "A", {}), (0, "B", {"last_useful": True}), (0, "C", {"hour": 12})):
        world.campaign(letter)
        world.wave(letter, on=DAY + days * ONE_DAY, **more)
        world.open(MORNING + days * ONE_DAY + more.get("hour", 9) * HOUR - 9 * HOUR)
    assert world.messages() == ["Clara 21 email A: due", "Clara 22 email B: due"]
    assert [line for line in world.ledger() if line.startswith("C")] == []
    assert world.counts("wave") == {WaveState.OPEN: 2, WaveState.PLANNED: 1}


def test_who_comes_along_with_a_promise_gets_no_second_message(world: World) -> None:
    world.person("Clara")
    world.person("Davi", zone=NEW_YORK)
    world.campaign()
    world.wave(zones=["Europe/London", NEW_YORK])
    world.open(MORNING)
    # Her message leaves the day free; the promise stands.
    world.run("UPDATE message SET state = 6, void = 1")
    world.run("UPDATE subscriber SET rhythm_id = :id", id=world.rhythm(NEW_YORK))
    world.open(MORNING + 5 * HOUR)
    assert "Davi 22 email A: due" in world.messages()
    assert len(world.messages()) == 2
    assert world.ledger() == [f"A {STEP} email Clara: due", f"A {STEP} email Davi: due"]


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_one_who_has_todays_reminder_does_not_stop_the_others_of_the_chunk(world: World, chunk: int) -> None:
    world.scene("Clara").open(MORNING)
    for name in ("Bikash", "Davi", "Ellen"):
        world.person(name, scopes=("list:b",))
    world.campaign("B", audience=["all", "list:b"])
    world.wave("B", hour=12)
    opened = world.open(MORNING + 3 * HOUR, chunk=chunk)
    assert opened.messages == 3
    assert [line for line in world.messages() if "Clara" in line] == ["Clara 22 email A: due"]
    assert world.counts("wave") == {WaveState.OPEN: 1, WaveState.PLANNED: 1}
    # What the first attempt took for its batches was given back with it.
    assert world.one("SELECT next_batch_id FROM instance") == world.one("SELECT max(id) FROM batch") + 1
