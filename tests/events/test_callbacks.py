"""What providers say: stored once, applied in any order and as often as one likes, to the same end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import Channel, MessageState, Result
from reminder.errors import Trouble
from reminder.events.intake import Keeper, read, written
from reminder.providers.contract import Inbound
from reminder.store import hooks
from reminder.store.brake import SOFT_BOUNCES_IN_A_ROW, Fared, fared
from reminder.store.database import Database
from reminder.store.tables import RawState
from tests.databases import vault_for_tests
from tests.events.conftest import Ear
from tests.fakes.scripted import LOST
from tests.fakes.talking import callback, inbound, status
from tests.outbox.world import EVENING, HOUR, MINUTE, MORNING, ONE_DAY, World, address


def sent(ear: Ear, *names: str) -> Ear:
    ear.world.scene(*names).open(MORNING)
    ear.world.send(ear.provider)
    return ear


def result_of(ear: Ear, name: str) -> Result:
    return Result(ear.world.message_of(name).result)


def test_a_callback_is_stored_once_and_nobody_reads_it_in_the_file(ear: Ear) -> None:
    came = callback([status("x", Result.SENT, MORNING, address="clara@example.org")], MORNING)
    assert ear.keep(came)
    assert not ear.keep(came)
    [row] = ear.world.rows("SELECT callback_ct, state FROM raw_event")
    assert b"clara" not in bytes(row.callback_ct)
    assert row.state == RawState.NEW


def test_what_is_stored_is_the_callback_but_for_what_opens_the_door() -> None:
    came = callback([], MORNING)
    came.headers.update({"authorization": "Basic c2VjcmV0"})  # type: ignore[attr-defined]
    again = read(written(came))
    assert "authorization" not in again.headers
    assert (again.method, again.url, again.body, again.received_at) == (
        came.method,
        came.url,
        came.body,
        came.received_at,
    )


def test_a_result_rises_by_our_own_id_whatever_the_order(ear: Ear) -> None:
    sent(ear, "Clara")
    name = ear.wire_id("Clara")
    for result in (Result.DELIVERED, Result.QUEUED, Result.SENT, Result.DEFERRED):
        applied = ear.hear(status(name, result, MORNING))
        assert (applied.events, applied.news, applied.foreign) == (1, 1, 0)
    assert result_of(ear, "Clara") is Result.DELIVERED
    assert ear.hear(status(name, Result.DELIVERED, MORNING + MINUTE)).news == 0


def test_a_message_that_is_known_by_the_providers_own_id_is_found(ear: Ear) -> None:
    sent(ear, "Clara")
    number = ear.world.message_of("Clara").id
    ear.world.run("INSERT INTO receipt VALUES ('talking', 'AT-77', :number, 1)", number=number)
    ear.hear({**status("", Result.DELIVERED, MORNING), "provider_id": "AT-77"})
    assert result_of(ear, "Clara") is Result.DELIVERED


def test_a_callback_by_the_providers_own_id_that_overtakes_our_receipt_is_looked_at_again(ear: Ear) -> None:
    sent(ear, "Clara")
    early = {**status("", Result.DELIVERED, MORNING), "provider_id": "AT-77"}
    assert ear.hear(early).callbacks == 0
    ear.world.run("INSERT INTO receipt VALUES ('talking', 'AT-77', :id, 1)", id=ear.world.message_of("Clara").id)
    assert ear.callbacks.apply_waiting(MORNING + MINUTE).callbacks == 1
    assert result_of(ear, "Clara") is Result.DELIVERED


def test_a_callback_about_nobodys_message_does_not_wait_for_ever(ear: Ear) -> None:
    ear.hear({**status("", Result.DELIVERED, MORNING), "provider_id": "AT-78"})
    assert ear.callbacks.apply_waiting(MORNING + HOUR).callbacks == 1
    assert ear.callbacks.apply_waiting(MORNING + HOUR).callbacks == 0


def test_the_ids_that_a_provider_gives_are_kept_where_it_speaks_by_no_others(ear: Ear) -> None:
    ear.provider.capabilities = replace(ear.provider.capabilities, names_by_own_id=True)
    ear.provider.names = lambda recipient: f"AT-{recipient.message_id}"
    sent(ear, "Clara")
    number = ear.world.message_of("Clara").id
    ear.hear({**status("", Result.DELIVERED, MORNING), "provider_id": f"AT-{number}"})
    assert result_of(ear, "Clara") is Result.DELIVERED


@pytest.mark.parametrize(
    ("result", "permanent", "closed"),
    [
        (Result.BOUNCED, True, ["bounced"]),
        (Result.BOUNCED, False, []),
        (Result.COMPLAINED, True, ["complained"]),
        (Result.FAILED, True, []),
        (Result.DELIVERED, True, []),
    ],
)
def test_a_hard_bounce_and_a_complaint_close_the_address(
    ear: Ear, result: Result, permanent: bool, closed: list[str]
) -> None:
    sent(ear, "Clara")
    ear.hear(status(ear.wire_id("Clara"), result, MORNING, permanent=permanent))
    assert ear.closed() == closed


def test_a_hard_bounce_behind_a_soft_one_closes_the_address(ear: Ear) -> None:
    sent(ear, "Clara")
    name = ear.wire_id("Clara")
    ear.hear(status(name, Result.BOUNCED, MORNING, permanent=False))
    assert ear.closed() == []
    for minutes in (1, 2):
        ear.hear(status(name, Result.BOUNCED, MORNING + minutes * MINUTE, permanent=True))
    assert ear.closed() == ["bounced"]
    [row] = ear.world.rows("SELECT since FROM do_not_contact")
    assert row.since == int((MORNING + MINUTE).timestamp())


def test_so_many_soft_bounces_in_a_row_are_a_hard_one_and_a_delivery_ends_the_row(ear: Ear) -> None:
    sent(ear, "Clara", "Davi")
    for name in ("Clara", "Davi"):
        for number in range(SOFT_BOUNCES_IN_A_ROW - 1):
            ear.world.run("INSERT INTO soft_bounce VALUES (1, :hash, 1, 0) ON CONFLICT DO NOTHING", hash=digest(name))
            ear.world.run("UPDATE soft_bounce SET times = :n, at = :now", n=number + 1, now=int(MORNING.timestamp()))
    ear.hear(status(ear.wire_id("Davi"), Result.DELIVERED, MORNING))
    ear.hear(status(ear.wire_id("Davi"), Result.BOUNCED, MORNING, permanent=False))
    assert ear.closed() == []
    ear.hear(status(ear.wire_id("Clara"), Result.BOUNCED, MORNING, permanent=False))
    assert ear.closed() == ["bounced"]


def digest(name: str) -> bytes:
    return vault_for_tests().address_hash(Channel.EMAIL, address(name))


def test_what_came_back_is_counted_for_the_brake(ear: Ear) -> None:
    sent(ear, "Clara", "Davi", "Ellen")
    ear.hear(status(ear.wire_id("Clara"), Result.COMPLAINED, MORNING))
    ear.hear(status(ear.wire_id("Davi"), Result.BOUNCED, MORNING), status(ear.wire_id("Davi"), Result.BOUNCED, MORNING))
    with ear.world.database.read() as connection:
        found = fared(connection, "talking", MORNING)
        assert (found.bounced, found.complained) == (1, 1)
        assert fared(connection, "talking", MORNING + ONE_DAY) == Fared()


def test_django_sendgrid_54_a_callback_before_the_answer_is_written_is_kept_for_the_message(ear: Ear) -> None:
    ear.world.scene("Clara").open(MORNING)

    def meanwhile(call: Any) -> None:
        ear.hear(status(call.recipients[0].wire_id, Result.DELIVERED, MORNING))

    ear.provider.before = meanwhile
    ear.world.send(ear.provider)
    assert ear.world.messages() == ["Clara 22 email A: accepted"]
    assert result_of(ear, "Clara") is Result.DELIVERED
    [event] = ear.world.rows("SELECT attempt_id FROM event")
    assert event.attempt_id == ear.world.message_of("Clara").attempt_id


def test_whatever_is_said_of_an_unclear_message_settles_it(ear: Ear) -> None:
    ear.world.scene("Clara").open(MORNING)
    ear.provider.answer = lambda recipient: LOST
    ear.world.send(ear.provider)
    assert ear.world.message_of("Clara").state == MessageState.AMBIGUOUS
    ear.hear(status(ear.wire_id("Clara"), Result.QUEUED, MORNING))
    assert ear.world.messages() == ["Clara 22 email A: accepted"]
    assert ear.world.ledger() == ["A deadline-7d email Clara: carried"]
    ear.world.settle(ear.provider, now=EVENING)
    assert len(ear.provider.taken) == 1


def test_a_message_of_another_history_closes_its_own_address_and_halts_the_sender(ear: Ear) -> None:
    sent(ear, "Clara", "Davi")
    number, _, mac = ear.wire_id("Clara").partition(".")
    stranger = f"{number}.{mac[::-1]}"
    applied = ear.hear(status(stranger, Result.BOUNCED, MORNING, permanent=True, address="Davi@Example.org"))
    assert (applied.news, applied.foreign) == (0, 1)
    assert result_of(ear, "Clara") is Result.UNKNOWN
    assert ear.world.one("SELECT address_hash FROM do_not_contact") == digest("Davi")
    assert "older copy" in ear.world.one("SELECT waits_because FROM instance")


def test_a_message_of_an_erased_person_halts_nothing(ear: Ear) -> None:
    sent(ear, "Clara")
    name = ear.wire_id("Clara")
    ear.world.set_person("Clara", email_hash=None, email_ct=None, state=4)
    assert ear.hear(status(name, Result.BOUNCED, MORNING)).foreign == 1
    assert ear.world.one("SELECT waits_because FROM instance") == ""


@pytest.mark.parametrize("name", ["", "not-one-of-ours", "zz.00", "1.2.3"])
def test_a_message_that_is_not_ours_changes_nothing(ear: Ear, name: str) -> None:
    sent(ear, "Clara")
    assert ear.hear(status(name, Result.BOUNCED, MORNING)).news == 0
    assert ear.closed() == []
    assert ear.world.one("SELECT waits_because FROM instance") == ""


def test_who_was_taken_off_by_the_provider_is_taken_off_here(ear: Ear) -> None:
    sent(ear, "Clara", "Davi")
    ear.hear({**status(ear.wire_id("Clara"), Result.UNKNOWN, MORNING), "kind": "left", "leaving": "all email"})
    ear.hear(
        {**status("", Result.UNKNOWN, MORNING), "kind": "left", "leaving": "complaint", "address": address("Davi")}
    )
    assert ear.closed() == ["complained", "left"]


def test_one_callback_that_cannot_be_read_stops_no_other(ear: Ear) -> None:
    sent(ear, "Clara")
    ear.keep(callback([{"is": "nonsense"}], MORNING))
    ear.keep(callback([status(ear.wire_id("Clara"), Result.SENT, MORNING)], MORNING))
    applied = ear.callbacks.apply_waiting(MORNING)
    assert (applied.callbacks, applied.unreadable) == (1, 1)
    assert result_of(ear, "Clara") is Result.SENT


def test_a_callback_that_tells_more_than_results_is_done_with_only_when_that_is_done(ear: Ear) -> None:
    """A database that fails half-way loses neither the reply nor the leaving; what was done before is not done again."""
    sent(ear, "Clara", "Davi", "Ellen")

    def fails(*_: Any) -> None:
        raise Trouble("The disk", "is full", "Make room.")

    wrote = Inbound(Channel.EMAIL, MORNING, address("Davi"), "office@example.org", "STOP")
    ear.keep(callback([status(ear.wire_id("Clara"), Result.DELIVERED, MORNING)], MORNING))
    ear.keep(callback([status(ear.wire_id("Davi"), Result.DELIVERED, MORNING), inbound(wrote)], MORNING))
    left = {**status(ear.wire_id("Ellen"), Result.UNKNOWN, MORNING), "kind": "left", "leaving": "all email"}
    ear.keep(callback([left, inbound(wrote)], MORNING))
    with pytest.raises(Trouble):
        replace(ear.callbacks, reply=fails).apply_waiting(MORNING)
    states = ear.world.rows("SELECT state FROM raw_event ORDER BY id")
    assert [row.state for row in states] == [RawState.APPLIED, RawState.NEW, RawState.NEW]
    assert result_of(ear, "Davi") is Result.DELIVERED
    applied = ear.callbacks.apply_waiting(MORNING)
    assert (applied.callbacks, applied.news, applied.replies) == (2, 0, 2)
    assert {row.state for row in ear.world.rows("SELECT state FROM raw_event")} == {RawState.APPLIED}
    assert ear.closed() == ["left", "left"]


def test_replayed_it_comes_to_the_same(ear: Ear) -> None:
    sent(ear, "Clara")
    ear.hear(status(ear.wire_id("Clara"), Result.BOUNCED, MORNING))
    before = ear.world.rows("SELECT * FROM event"), ear.closed()
    assert ear.world.database.write(lambda connection: hooks.again(connection, since=MORNING - HOUR)) == 1
    assert ear.callbacks.apply_waiting(MORNING + HOUR).news == 0
    assert (ear.world.rows("SELECT * FROM event"), ear.closed()) == before


def test_the_bodies_go_after_some_days_and_the_fingerprints_stay(ear: Ear) -> None:
    came = callback([status("x", Result.SENT, MORNING)], MORNING)
    ear.keep(came)
    write = ear.world.database.write
    assert write(lambda connection: hooks.empty_before(connection, MORNING + ONE_DAY, limit=10)) == 0, "not applied yet"
    ear.callbacks.apply_waiting(MORNING)
    assert write(lambda connection: hooks.empty_before(connection, MORNING + ONE_DAY, limit=10)) == 1
    assert not ear.keep(came)
    assert ear.callbacks.apply_waiting(MORNING).callbacks == 0


RESULTS = st.lists(st.sampled_from(Result), min_size=1, max_size=6)
EXAMPLES = 25


@pytest.fixture
def crowd(sqlite_database: Database) -> tuple[Ear, list[str]]:
    """Two readers for each example."""
    ear = Ear(World(sqlite_database))
    names = ear.world.neighbours(2 * EXAMPLES)
    ear.world.scene().open(MORNING)
    ear.world.send(ear.provider)
    return ear, names


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=RESULTS, order=st.randoms(use_true_random=False), repeated=st.integers(0, 5))
def test_any_order_and_repetition_of_a_messages_events_ends_alike(
    crowd: tuple[Ear, list[str]], said: Sequence[Result], order: Any, repeated: int
) -> None:
    ear, names = crowd
    shuffled = [*said, *said[:repeated]]
    order.shuffle(shuffled)
    ends = []
    for told in (said, shuffled):
        name = names.pop() if names else "Reader1"
        for number, result in enumerate(told):
            ear.hear(status(ear.wire_id(name), result, MORNING), at=MORNING + timedelta(seconds=number))
        closed = ear.world.rows("SELECT reason FROM do_not_contact WHERE address_hash = :hash", hash=digest(name))
        ends.append((result_of(ear, name), [row.reason for row in closed]))
    assert ends[0] == ends[1]


async def test_callbacks_that_come_together_are_all_stored_and_told_when_they_cannot_be(database: Database) -> None:
    keeper = Keeper(database, vault_for_tests())
    came = [callback([status(f"x{number}", Result.SENT, MORNING)], MORNING) for number in range(50)]
    await asyncio.gather(*(keeper.keep("talking", each) for each in [*came, *came[:5]]))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM raw_event").scalar_one() == 50


async def test_who_waits_for_a_callback_is_told_that_it_could_not_be_stored(sqlite_database: Database) -> None:
    keeper = Keeper(sqlite_database, vault_for_tests())
    sqlite_database.write(lambda connection: connection.exec_driver_sql("DROP TABLE raw_event"))
    told = await asyncio.gather(
        *(keeper.keep("talking", callback([], MORNING + number * MINUTE)) for number in range(3)),
        return_exceptions=True,
    )
    assert [type(each) for each in told] == [Trouble] * 3


def test_a_mail_that_anybody_can_write_halts_nothing_and_closes_nobody(ear: Ear) -> None:
    sent(ear, "Clara")
    ear.provider.name = "mailbox"
    number = ear.wire_id("Clara").partition(".")[0]
    forged = status(f"{number}.0000000000000000", Result.BOUNCED, MORNING, permanent=True, address=address("Clara"))
    assert ear.hear(forged).foreign == 1
    assert ear.closed() == []
    assert ear.world.one("SELECT waits_because FROM instance") == ""


def test_a_bounce_that_comes_by_mail_counts_against_who_sent_it(ear: Ear) -> None:
    sent(ear, "Clara")
    name = ear.wire_id("Clara")
    ear.provider.name = "mailbox"
    ear.hear(status(name, Result.BOUNCED, MORNING, permanent=True))
    with ear.world.database.read() as connection:
        assert fared(connection, "talking", MORNING).bounced == 1
        assert fared(connection, "mailbox", MORNING) == Fared()
