"""A campaign's budget for texts, through the whole sender: email instead, a reason, and never one text too many."""

import asyncio
import json
import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.cost import Cost, Money, Prices, cost_of
from reminder.domain.states import Channel, Fault, MessageKind, MessageState, Verdict
from reminder.outbox.paying import Paying
from reminder.outbox.sender import Sender
from reminder.planning.why import why
from reminder.providers.contract import Call, Capabilities
from reminder.store import budget
from reminder.store.columns import ordinal
from reminder.store.database import Database
from reminder.store.queueing import Addressee, at_once, queue
from reminder.store.tables import Organiser
from tests.databases import LONG_AGO
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, YES, Answer, Broke, Scripted, in_turn
from tests.outbox.moves import forbid_other_moves
from tests.outbox.world import DAY, HOUR, MINUTE, MORNING, ONE_DAY, World, address, no_zones, phone

ONE_BY_ONE = Capabilities(batch_size=1, volley=2, real=False)
# The reminder of these tests is one segment in English; a segment costs a cent.
CENT = 10_000
PRICES = Prices({("GB", ""): Money(CENT, "USD")})


def texts_provider(**more: object) -> Scripted:
    return Scripted("texts", Channel.SMS, capabilities=ONE_BY_ONE, **more)  # type: ignore[arg-type]


def sender(world: World, texts: Scripted, mail: Scripted | None = None, prices: Prices = PRICES) -> Sender:
    found = world.sender(*([mail] if mail else []), sms=[texts])
    found.paying = Paying(prices)
    return found


def send(world: World, texts: Scripted, mail: Scripted | None = None, prices: Prices = PRICES) -> None:
    # Twice: the lane for mail may have ended before a text turned into an email.
    for _ in range(2):
        asyncio.run(sender(world, texts, mail, prices).drain())


def set_budget(world: World, cents: int, letter: str = "A") -> None:
    amount = Money(cents * CENT, "USD")
    world.database.write(lambda connection: budget.set_budget(connection, world.campaigns[letter], amount))


def spent(world: World, letter: str = "A") -> int:
    return int(world.one("SELECT spent FROM sms_budget WHERE campaign_id = :id", id=world.campaigns[letter]))


def cost(world: World, letter: str = "A") -> Cost:
    with world.database.read() as connection:
        return cost_of(budget.texts_of(connection, world.campaigns[letter]))


def in_britain(world: World) -> int:
    return world.rhythm(sms_country="GB")


def scene(world: World, names: Sequence[str], letters: str = "A", *, email: bool = False) -> World:
    """People with British numbers, and one sending by text for each campaign."""
    for name in names:
        world.person(name, sms=True, email=email, rhythm_id=in_britain(world), phone_country="GB")
    for letter in letters:
        world.campaign(letter)
        world.wave(letter, channel=Channel.SMS, rhythm_id=in_britain(world))
    world.open(MORNING)
    return world


def test_what_texts_cost_is_written_down_with_country_segments_and_price(world: World) -> None:
    texts = texts_provider()
    send(scene(world, ["Clara", "Davi", "Ellen"]), texts)
    assert len(texts.taken) == 3
    assert cost(world) == Cost(3, 3, {"USD": 3 * CENT})
    rows = world.rows("SELECT country, provider, segments, texts FROM sms_cost ORDER BY attempt_id")
    assert [tuple(row) for row in rows] == [("GB", "texts", 1, 2), ("GB", "texts", 1, 1)]


def test_an_email_costs_nothing(world: World) -> None:
    world.scene("Clara").open(MORNING)
    world.send(Scripted())
    assert world.rows("SELECT * FROM sms_cost") == []


def test_when_the_budget_is_spent_who_has_email_gets_email_and_the_others_their_reason(world: World) -> None:
    world.person("Clara", sms=True, email=False, rhythm_id=in_britain(world))
    world.person("Davi", sms=True, email=False, rhythm_id=in_britain(world))
    world.person("Ellen", sms=True, rhythm_id=in_britain(world))
    world.person("Farid", sms=True, email=False, rhythm_id=in_britain(world))
    scene(world, [])
    set_budget(world, 2)
    texts, mail = texts_provider(), Scripted()
    send(world, texts, mail)
    assert sorted(texts.addresses()) == sorted([phone("Clara"), phone("Davi")])
    assert mail.addresses() == [address("Ellen")]
    assert world.ledger() == [
        "A deadline-7d sms Clara: carried",
        "A deadline-7d sms Davi: carried",
        "A deadline-7d sms Ellen: carried",
        "A deadline-7d sms Farid: skipped, sms budget spent",
    ]
    assert world.messages() == [
        "Clara 22 sms A: accepted",
        "Davi 22 sms A: accepted",
        "Ellen 22 email A: accepted",
        "Ellen 22 sms A: cancelled, sms budget spent",
        "Farid 22 sms A: cancelled, sms budget spent",
    ]
    assert spent(world) == 2 * CENT


def test_why_says_by_which_way_it_came_and_why_a_text_did_not(world: World) -> None:
    scene(world, ["Clara"], email=True)
    world.person("Davi", sms=True, email=False, rhythm_id=in_britain(world))
    world.run("UPDATE wave SET state = 1, chunk_end = 0, chunk_locale = ''")
    world.open()
    set_budget(world, 0)
    send(world, texts_provider(), Scripted())
    said = {}
    for name, person in world.people.items():
        found = why(world.database, world.campaigns["A"], person, world.clock.now(), country_zones=no_zones)
        said[name] = found.lines()[1]
    assert said["Clara"].endswith("email: sent")
    assert said["Davi"].endswith("SMS: not sent: the campaign's budget for texts is spent")


def test_organisers_are_told_once_for_each_budget(world: World) -> None:
    world.add(Organiser, email_ct=b"a", email_hash=b"b", since=LONG_AGO)
    scene(world, ["Clara", "Davi", "Ellen", "Farid"])
    set_budget(world, 1)
    send(world, texts_provider())
    assert world.one("SELECT count(*) FROM message WHERE kind = :kind", kind=int(MessageKind.ALERT)) == 1
    payload = str(world.one("SELECT payload FROM content WHERE kind = :kind", kind=int(MessageKind.ALERT)))
    assert "0.01 USD of 0.01 USD are spent" in payload


def test_a_budget_of_nothing_sends_no_text_at_all(world: World) -> None:
    scene(world, ["Clara", "Davi"], email=True)
    set_budget(world, 0)
    texts, mail = texts_provider(), Scripted()
    send(world, texts, mail)
    assert (texts.calls, sorted(mail.addresses())) == ([], [address("Clara"), address("Davi")])


def test_without_a_known_price_a_budget_sends_no_text_and_says_why(world: World) -> None:
    scene(world, ["Clara"])
    set_budget(world, 1_000)
    texts = texts_provider()
    send(world, texts, prices=Prices())
    assert texts.calls == []
    assert world.ledger() == ["A deadline-7d sms Clara: skipped, no sms price"]


def test_what_a_provider_refused_or_put_off_is_paid_once_at_most(world: World) -> None:
    scene(world, ["Clara", "Davi", "Ellen"])
    set_budget(world, 3)
    bad = Answer(Verdict.REJECTED, Fault.CONTENT)
    texts = texts_provider(answer=in_turn(LATER, bad, YES, YES))
    send(world, texts)
    assert spent(world) == CENT
    world.clock.move_to(MORNING + 2 * HOUR)
    send(world, texts)
    assert (len(texts.taken), spent(world)) == (2, 2 * CENT)


@pytest.mark.parametrize("lost", [LOST, NEVER_ARRIVED])
def test_an_unclear_text_counts_as_spent(world: World, lost: Answer) -> None:
    scene(world, ["Clara", "Davi"])
    set_budget(world, 1)
    send(world, texts_provider(answer=lambda recipient: lost))
    assert spent(world) == CENT
    assert world.counts("message") == {MessageState.AMBIGUOUS: 1, MessageState.CANCELLED: 1}


def test_a_text_that_was_tried_before_goes_by_email_with_an_id_of_its_own(world: World) -> None:
    scene(world, ["Clara"], email=True)
    set_budget(world, 1)
    texts, mail = texts_provider(answer=lambda recipient: LATER), Scripted()
    send(world, texts, mail)
    set_budget(world, 0)
    world.clock.move_to(MORNING + 2 * HOUR)
    send(world, texts, mail)
    assert mail.addresses() == [address("Clara")]
    assert mail.taken[0].wire_id != texts.calls[0].recipients[0].wire_id
    assert world.messages() == ["Clara 22 email A: accepted", "Clara 22 sms A: cancelled, sms budget spent"]


def test_of_several_appeals_the_first_pays_and_when_it_cannot_the_next_one_does(world: World) -> None:
    scene(world, ["Clara"], letters="AB")
    items = world.one("SELECT items FROM content")
    first = world.letters()[(json.loads(items) if isinstance(items, str) else items)[0][0]]
    other = "B" if first == "A" else "A"
    set_budget(world, 0, first)
    texts = texts_provider()
    send(world, texts)
    assert len(texts.taken) == 1
    assert cost(world, other) == Cost(1, 1, {"USD": CENT})
    assert f"{first} deadline-7d sms Clara: skipped, sms budget spent" in world.ledger()
    assert f"{other} deadline-7d sms Clara: carried" in world.ledger()


def test_a_note_that_the_budget_does_not_pay_for_goes_by_email(world: World) -> None:
    scene(world, ["Clara"], email=True)
    set_budget(world, 1)
    send(world, texts_provider())
    world.stop()
    item = [world.campaigns["A"], "stop", ordinal(DAY), int(Channel.SMS)]
    world.database.write(
        lambda connection: queue(
            connection,
            MessageKind.NOTE,
            [Addressee(world.people["Clara"], Channel.SMS, "en", in_britain(world))],
            dedupe="stop:A",
            items=[item],
            payload={"says": "stop"},
            when=at_once(MessageKind.NOTE, MORNING),
            now=MORNING,
        )
    )
    mail = Scripted()
    send(world, texts_provider(), mail)
    assert mail.addresses() == [address("Clara")]
    assert spent(world) == CENT


def test_where_it_is_too_late_for_mail_today_it_goes_tomorrow(world: World) -> None:
    night = world.rhythm(sms_country="GB", email_quiet_from=10, email_quiet_to=8)
    world.person("Clara", sms=True, rhythm_id=night)
    world.campaign()
    world.wave(channel=Channel.SMS, rhythm_id=night)
    world.open(MORNING)
    set_budget(world, 0)
    world.clock.move_to(MORNING + 2 * HOUR)
    mail = Scripted()
    send(world, texts_provider(), mail)
    assert mail.calls == []
    world.tidy()
    world.clock.move_to(MORNING + ONE_DAY)
    send(world, texts_provider(), mail)
    assert mail.addresses() == [address("Clara")]
    assert "Clara 23 email A: accepted" in world.messages()


def test_what_was_reserved_stays_spent_when_the_sender_dies(world: World) -> None:
    scene(world, ["Clara", "Davi", "Ellen"])
    set_budget(world, 2)

    class Died(BaseException):
        pass

    def dies(call: Call) -> None:
        raise Died

    with pytest.raises(Died):
        send(world, texts_provider(before=dies))
    world.clock.move_to(MORNING + 10 * MINUTE)
    world.tidy()
    texts = texts_provider()
    send(world, texts)
    assert (texts.taken, spent(world)) == ([], 2 * CENT)
    assert world.ledger().count("A deadline-7d sms Ellen: skipped, sms budget spent") == 1


def test_two_machines_together_do_not_pass_a_budget(world: World) -> None:
    names = ["a" * number for number in range(1, 41)]
    scene(world, names)
    set_budget(world, 25)
    world.run("UPDATE batch SET turn = 0")
    together = threading.Barrier(2)
    providers = [texts_provider(), texts_provider()]
    # A second batch, so that both have something to do at once.
    half = world.one("SELECT max(id) FROM message") - 20
    batch = world.rows("SELECT * FROM batch")[0]
    columns = ", ".join(name for name in batch._mapping if name != "id")
    world.run(f"INSERT INTO batch (id, {columns}) SELECT 1000, {columns} FROM batch")
    world.run("UPDATE message SET batch_id = 1000 WHERE id > :half", half=half)

    def machine(number: int) -> None:
        mine = world.sender(sms=[providers[number]], owner=f"machine{number}")
        mine.paying = Paying(PRICES)
        together.wait()
        asyncio.run(mine.drain())

    threads = [threading.Thread(target=machine, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(provider.taken) for provider in providers) == 25
    assert spent(world) == 25 * CENT
    assert len([line for line in world.ledger() if line.endswith("sms budget spent")]) == 15


ANSWERS = [YES, YES, YES, LOST, NEVER_ARRIVED, LATER, Answer(Verdict.RETRY, retry_after=0)]
ANSWERS += [Answer(Verdict.REJECTED, Fault.ADDRESS), Answer(Verdict.RETRY, Fault.ACCOUNT)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(st.booleans(), min_size=1, max_size=9),
    answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=12),
    budgets=st.lists(st.integers(0, 8), min_size=1, max_size=4),
    breaks=st.sets(st.integers(0, 6), max_size=2),
)
def test_whatever_providers_answer_no_budget_is_passed_and_everybody_has_one_outcome(
    sqlite_template: Path, people: list[bool], answers: list[Answer], budgets: list[int], breaks: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reminder.db"
        shutil.copy(sqlite_template, path)
        database = Database(f"sqlite:///{path}")
        try:
            forbid_other_moves(database)
            _check_a_life(World(database), people, answers, budgets, breaks)
        finally:
            database.close()


def _check_a_life(
    world: World, people: list[bool], answers: list[Answer], budgets: list[int], breaks: set[int]
) -> None:
    for number, email in enumerate(people):
        world.person("a" * (number + 1), sms=True, email=email, rhythm_id=in_britain(world))
    scene(world, [])
    given_out = iter(range(10_000))
    texts = texts_provider(answer=lambda recipient: answers[next(given_out) % len(answers)])

    def may_break(call: Call) -> None:
        if len(texts.calls) in breaks:
            raise Broke

    texts.before = may_break
    mail, highest = Scripted(), 0
    for turn in range(6):
        cents = budgets[min(turn, len(budgets) - 1)]
        set_budget(world, cents)
        highest = max(highest, cents)
        before = spent(world)
        send(world, texts, mail)
        assert spent(world) <= max(before, cents * CENT) <= highest * CENT
        assert spent(world) == sum(cost(world).sums.values())
        assert len(texts.taken) * CENT <= spent(world)
        world.clock.move_to(world.clock.now() + HOUR)
        world.tidy()
    reached = [taken.address for taken in (*texts.taken, *mail.taken)]
    names = ["a" * (number + 1) for number in range(len(people))]
    for name in names:
        assert (phone(name) in reached) + (address(name) in reached) <= 1
    assert len(world.ledger()) == len(people)
