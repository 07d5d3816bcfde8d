"""Only a reminder that has left keeps the day from others: what must go today joins the one that still waits."""

import pytest

from reminder.domain.states import Channel, WaveState
from tests.fakes.scripted import LATER, YES, Scripted
from tests.outbox.world import DAY, EVENING, HOUR, MORNING, ONE_DAY, STEP, World

TOMORROW = DAY + ONE_DAY
NEXT_MORNING = MORNING + ONE_DAY


def put_off(world: World, *names: str, **of_a: object) -> World:
    """The reminder of A was not sent all day and waits for tomorrow morning; B has its last one then."""
    for name in names or ("Clara",):
        world.person(name)
    world.campaign("A")
    world.wave("A", **of_a)
    world.open(MORNING)
    world.tidy(EVENING)
    world.campaign("B")
    return world


def last_morning_of_b(world: World, letter: str = "B", **more: object) -> None:
    world.wave(letter, on=TOMORROW, until=TOMORROW, **{"last_useful": True, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_the_last_morning_of_one_appeal_takes_along_what_was_put_off_to_it(world: World, chunk: int) -> None:
    put_off(world, "Clara", "Davi", "Ellen")
    last_morning_of_b(world)
    opened = world.open(NEXT_MORNING, chunk=chunk)
    assert (opened.messages, opened.skipped) == (0, 0)
    assert world.send(Scripted()).accepted == 3
    assert world.messages() == [f"{name} 23 email B+A: accepted" for name in ("Clara", "Davi", "Ellen")]
    assert {line.split(": ")[1] for line in world.ledger()} == {"carried"}
    assert world.rows("SELECT n_opened, n_skipped FROM wave WHERE campaign_id = 2") == [(3, 0)]


def test_what_cannot_wait_for_tomorrow_joins_though_the_week_is_full(world: World) -> None:
    put_off(world)
    world.set_person("Clara", cadence_n=1)
    last_morning_of_b(world, last_useful=False)
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email B+A: due"]


def test_what_can_wait_goes_tomorrow(world: World) -> None:
    put_off(world)
    world.wave("B", on=TOMORROW)
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email A: due"]
    assert world.counts("wave") == {WaveState.OPEN: 1, WaveState.PLANNED: 1}


def test_once_it_has_left_the_day_is_taken(world: World) -> None:
    put_off(world)
    last_morning_of_b(world, hour=12)
    world.clock.move_to(NEXT_MORNING)
    world.send(Scripted())
    world.open(NEXT_MORNING + 3 * HOUR)
    assert world.messages() == ["Clara 23 email A: accepted"]
    assert world.ledger()[1] == f"B {STEP} email Clara: skipped, daily limit"


def test_what_a_sender_has_in_its_hands_counts_as_left(world: World) -> None:
    put_off(world)
    last_morning_of_b(world)
    world.run("UPDATE batch SET state = 2, owner = 'other', lease_until = :end", end=2**40)
    world.open(NEXT_MORNING)
    assert world.ledger()[1] == f"B {STEP} email Clara: skipped, daily limit"


def test_the_last_useful_one_chooses_the_channel(world: World) -> None:
    world.person("Clara", sms=True)
    put_off(world, "Davi")
    last_morning_of_b(world, channel=Channel.SMS)
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 sms B+A: due", "Davi 23 email A: due"]
    sms = Scripted(channel=Channel.SMS)
    assert world.send(Scripted(), sms=[sms]).accepted == 2
    assert len(sms.taken) == 1


def test_what_was_in_an_attempt_keeps_its_channel_and_its_wait(world: World) -> None:
    world.person("Clara", sms=True)
    world.scene(letters="A").open(NEXT_MORNING - ONE_DAY)
    world.tidy(EVENING)
    provider = Scripted(answer=lambda recipient: LATER)
    world.clock.move_to(NEXT_MORNING)
    world.send(provider)
    world.campaign("B")
    last_morning_of_b(world, channel=Channel.SMS)
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email B+A: retry"]
    provider.answer = lambda recipient: YES
    assert world.send(provider).batches == 0
    world.clock.move_to(NEXT_MORNING + HOUR)
    world.send(provider)
    assert world.messages() == ["Clara 23 email B+A: accepted"]


def test_a_newer_reminder_of_the_same_appeal_speaks_for_the_older_one(world: World) -> None:
    put_off(world)
    world.wave("A", "deadline-6d", on=TOMORROW, last_useful=True)
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email A: due"]
    assert world.ledger() == ["A deadline-6d email Clara: due", f"A {STEP} email Clara: skipped, daily limit"]


def test_a_fourth_appeal_finds_room_by_taking_the_place_of_the_least_useful(world: World) -> None:
    world.person("Clara")
    world.scene(letters="ABC").open(MORNING)
    world.tidy(EVENING)
    world.campaign("D")
    last_morning_of_b(world, "D")
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email D+A+B (+1): due"]
    assert f"C {STEP} email Clara: skipped, daily limit" in world.ledger()


def test_each_of_those_who_join_keeps_what_she_was_promised(world: World) -> None:
    """Clara's message speaks of A, Davi's of C, Ellen has none; two last mornings meet them."""
    for name, scope in (("Clara", "list:a"), ("Davi", "list:c")):
        world.person(name, scopes=(scope, "list:b"))
    world.person("Ellen", scopes=("list:b", "list:d"))
    for letter in "ABCD":
        world.campaign(letter, audience=[f"list:{letter.lower()}"])
    world.wave("A")
    world.wave("C")
    world.open(MORNING)
    world.tidy(EVENING)
    last_morning_of_b(world, "B")
    last_morning_of_b(world, "D")
    world.open(NEXT_MORNING)
    assert world.messages() == ["Clara 23 email B+A: due", "Davi 23 email B+C: due", "Ellen 23 email B+D: due"]
    assert world.send(Scripted()).accepted == 3
    assert {line.split(": ")[1] for line in world.ledger()} == {"carried"}


def test_what_joined_ends_with_the_first_to_end_and_goes_on_without_it(world: World) -> None:
    put_off(world)
    last_morning_of_b(world)
    world.open(NEXT_MORNING)
    world.tidy(EVENING + ONE_DAY)
    assert world.messages() == ["Clara 24 email A: due"]
    assert world.ledger() == [f"A {STEP} email Clara: due", f"B {STEP} email Clara: missed, too late"]


def test_who_moved_behind_a_sending_joins_too(world: World) -> None:
    new_york = "America/New_York"
    world.person("Clara")
    world.person("Davi", zone=new_york)
    for letter in "AB":
        world.campaign(letter)
    world.wave("A", hour=20)
    world.wave("B", zones=[new_york])
    world.open(MORNING + 11 * HOUR)
    world.run(
        "UPDATE subscriber SET rhythm_id = :id, rhythm_since = :now WHERE id = :clara",
        id=world.rhythm(new_york),
        now=int(world.clock.now().timestamp()) + 1,
        clara=world.people["Clara"],
    )
    world.open(MORNING + 11 * HOUR + HOUR / 2)
    assert "Clara 22 email B+A: due" in world.messages()
