"""What a campaign may spend on texts: never passed by one text, whatever happens in whatever order."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from reminder.domain.cost import Cost, Money, TextCount, cost_of
from reminder.domain.states import Channel, MessageKind
from reminder.store import budget
from reminder.store.budget import Budget
from reminder.store.database import Connection, Database
from reminder.store.handover import Claimed
from tests.outbox.world import EVENING, World

CENT = Money(10_000, "USD")
CAMPAIGN = 1


def dollars(amount: float) -> Money:
    return Money(round(amount * 1_000_000), "USD")


def claimed(campaign: int = CAMPAIGN) -> Claimed:
    items = ((campaign, "deadline-7d", date(2020, 12, 29).toordinal(), int(Channel.SMS)),)
    return Claimed(
        batch_id=1,
        owner="me",
        content_id=1,
        kind=MessageKind.NUDGE,
        channel=Channel.SMS,
        locale="en",
        named=False,
        rhythm_id=1,
        day=1,
        items=items,
        also_open=0,
        payload={},
        open_until=EVENING,
        turn=0,
        attempts=0,
        route="GB",
    )


def begin(database: Database, attempt: int, wanted: int, segments: int = 1, price: Money | None = CENT) -> int:
    """Reserve and write down one attempt's texts; returns how many the budget pays for."""

    def work(connection: Connection) -> int:
        budget.hold(connection, claimed())
        texts = budget.reserve(connection, CAMPAIGN, price, segments, wanted)
        if texts:
            budget.keep_cost(connection, attempt, CAMPAIGN, "p", TextCount("GB", texts, segments, price))
        return texts

    return database.write(work)


def set_budget(database: Database, amount: Money | None) -> Budget | None:
    return database.write(lambda connection: budget.set_budget(connection, CAMPAIGN, amount))


def settle(database: Database, attempt: int, texts: int) -> None:
    database.write(lambda connection: budget.settle(connection, attempt, texts))


def spent(database: Database) -> int:
    with database.read() as connection:
        found = budget.read_budget(connection, CAMPAIGN)
    assert found is not None
    return found.spent.amount


def cost(database: Database) -> Cost:
    with database.read() as connection:
        return cost_of(budget.texts_of(connection, CAMPAIGN))


def test_a_campaign_without_a_budget_spends_what_texts_cost(database: Database) -> None:
    assert begin(database, 1, 5_000, 3) == 5_000
    assert cost(database) == Cost(5_000, 15_000, {"USD": 150_000_000})


def test_the_last_text_that_the_budget_pays_for_goes_and_the_next_one_does_not(database: Database) -> None:
    set_budget(database, dollars(0.05))
    assert [begin(database, attempt, 2, 1) for attempt in (1, 2, 3, 4)] == [2, 2, 1, 0]
    assert spent(database) == 50_000


def test_a_text_of_two_segments_does_not_go_for_the_price_of_one(database: Database) -> None:
    set_budget(database, dollars(0.03))
    assert begin(database, 1, 5, 2) == 1
    assert begin(database, 2, 1, 2) == 0
    assert begin(database, 3, 1, 1) == 1


def test_what_was_not_taken_is_given_back_once(database: Database) -> None:
    set_budget(database, dollars(0.05))
    begin(database, 1, 5)
    settle(database, 1, 2)
    settle(database, 1, 2)
    settle(database, 1, 4)
    assert spent(database) == 20_000
    settle(database, 99, 0)
    assert begin(database, 2, 5) == 3


def test_a_country_without_a_price_gets_no_text_on_a_budget_and_counts_as_unknown_without_one(
    database: Database,
) -> None:
    assert begin(database, 1, 4, price=None) == 4
    set_budget(database, dollars(100))
    assert begin(database, 2, 4, price=None) == 0
    assert begin(database, 3, 4, price=Money(10_000, "EUR")) == 0
    assert cost(database).words() == "unknown for 4 texts"
    assert spent(database) == 0


def test_what_costs_nothing_goes_on_when_the_budget_is_spent(database: Database) -> None:
    set_budget(database, dollars(0))
    assert begin(database, 1, 4, price=Money(0, "EUR")) == 4


def test_a_budget_that_comes_later_counts_what_was_spent_before_it(database: Database) -> None:
    begin(database, 1, 10)
    settle(database, 1, 7)
    assert set_budget(database, dollars(0.09)) == Budget(dollars(0.09), dollars(0.07))
    assert begin(database, 2, 10) == 2
    assert set_budget(database, dollars(0.05)) == Budget(dollars(0.05), dollars(0.09))
    assert begin(database, 3, 10) == 0
    settle(database, 2, 0)
    assert set_budget(database, dollars(0.1)) == Budget(dollars(0.1), dollars(0.07))
    assert set_budget(database, None) is None
    assert begin(database, 4, 10) == 10


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(1, 8), st.integers(1, 3), st.sampled_from([1, 3_000, 10_000])),
        st.tuples(st.just("settle"), st.integers(0, 20), st.integers(0, 8), st.just(0)),
        st.tuples(st.just("set"), st.integers(0, 300_000), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTIONS)
def test_no_order_of_sends_answers_and_changes_passes_the_budget(
    database: Database, actions: list[tuple[str, int, int, int]]
) -> None:
    def wipe(connection: Connection) -> None:
        for table in ("sms_cost", "sms_budget"):
            connection.execute(text(f"DELETE FROM {table}"))

    database.write(wipe)
    limit = 100_000
    set_budget(database, Money(limit, "USD"))
    attempts: dict[int, tuple[int, int]] = {}
    for number, (what, first, second, price) in enumerate(actions, 100):
        before = spent(database)
        if what == "begin":
            texts = begin(database, number, first, second, Money(price, "USD"))
            attempts[number] = (texts, second * price)
            assert spent(database) <= max(limit, before)
            assert texts == 0 or spent(database) <= limit
            assert texts == first or before + (texts + 1) * second * price > limit
        elif what == "settle" and attempts:
            attempt = sorted(attempts)[first % len(attempts)]
            settle(database, attempt, second)
            attempts[attempt] = (min(second, attempts[attempt][0]), attempts[attempt][1])
        elif what == "set":
            limit = first
            set_budget(database, Money(limit, "USD"))
        assert spent(database) == sum(texts * each for texts, each in attempts.values())


def test_many_machines_at_once_spend_a_budget_to_its_last_text_and_not_further(database: Database) -> None:
    set_budget(database, dollars(1.0))
    together = threading.Barrier(4)

    def machine(number: int) -> int:
        together.wait()
        paid = 0
        for turn in range(12):
            attempt = 1_000 * number + turn
            texts = begin(database, attempt, 3)
            taken = max(0, texts - (turn % 2))
            settle(database, attempt, taken)
            paid += taken
        return paid

    with ThreadPoolExecutor(4) as threads:
        paid = sum(threads.map(machine, range(1, 5)))
    assert 97 <= paid <= 100
    assert spent(database) == paid * 10_000


def test_a_budget_that_is_set_while_texts_leave_counts_them(postgres_url: str) -> None:
    """An attempt that began without a budget holds the campaign until it is durable: whoever adds up waits for it."""
    database = Database(postgres_url)
    World(database).campaign()
    began, goes_on = threading.Event(), threading.Event()

    def sender(connection: Connection) -> None:
        budget.hold(connection, claimed())
        connection.execute(text("SELECT id FROM campaign WHERE id = 1 FOR SHARE"))
        texts = budget.reserve(connection, CAMPAIGN, CENT, 1, 5)
        budget.keep_cost(connection, 1, CAMPAIGN, "p", TextCount("GB", texts, 1, CENT))
        began.set()
        goes_on.wait(10)

    with ThreadPoolExecutor(2) as threads:
        sending = threads.submit(database.write, sender)
        began.wait(10)
        setting = threads.submit(set_budget, database, dollars(0.06))
        with pytest.raises(TimeoutError):
            setting.result(timeout=0.3)
        goes_on.set()
        sending.result(timeout=10)
        assert setting.result(timeout=10) == Budget(dollars(0.06), dollars(0.05))
    database.close()
