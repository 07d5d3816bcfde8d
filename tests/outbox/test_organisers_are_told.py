"""What organisers must know of a provider reaches them, by that provider itself where it was stopped and is the only one."""

import pytest

from reminder.domain.states import Fault, MessageKind, MessageState, Verdict
from reminder.ops.setup import add_organiser
from reminder.store import capacity
from reminder.store.queueing import queue_to_organisers
from tests.databases import LONG_AGO, vault_for_tests
from tests.fakes.scripted import YES, Answer, Scripted
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, World, address

OFFICE = "office@example.org"
BAD_ACCOUNT = Answer(Verdict.RETRY, Fault.ACCOUNT, code="401")
ALERT = {"subject": "Trouble", "reason": "something is wrong", "remedy": "Look at it."}


@pytest.fixture
def told(world: World) -> World:
    """Clara is to be reminded, and there is an office."""
    add_organiser(world.database, vault_for_tests(), OFFICE, "Office", LONG_AGO)
    world.scene("Clara").open(MORNING)
    return world


def stop(world: World, name: str) -> None:
    """The brake, and the mail that tells of it."""

    world.database.write(lambda c: capacity.stop(c, name, "3 of 1000 messages were reported as spam", MORNING))
    world.database.write(lambda c: queue_to_organisers(c, MessageKind.ALERT, ALERT, f"brake:{name}", MORNING))


def alerts(world: World) -> list[MessageState]:
    rows = world.rows("SELECT state FROM message WHERE kind = :alert ORDER BY id", alert=int(MessageKind.ALERT))
    return [MessageState(row.state) for row in rows]


class TestStopped:
    def test_the_only_provider_still_carries_the_mail_that_says_so(self, told: World) -> None:
        stop(told, "only")
        provider = Scripted("only")
        told.send(provider)
        assert provider.addresses() == [OFFICE]
        assert told.messages() == ["Clara 22 email A: due"]

    def test_where_another_takes_mail_it_goes_by_that(self, told: World) -> None:
        stop(told, "first")
        first, second = Scripted("first"), Scripted("second")
        told.send(first, second)
        assert (first.addresses(), sorted(second.addresses())) == ([], [address("Clara"), OFFICE])

    def test_one_that_fails_as_well_carries_nothing_until_it_works(self, told: World) -> None:
        stop(told, "only")
        provider = Scripted("only", answer=lambda recipient: BAD_ACCOUNT)
        told.send(provider)
        assert len(provider.calls) == 1
        provider.answer = lambda recipient: YES
        told.send(provider)
        assert provider.addresses() == []
        told.clock.move_to(MORNING + HOUR)
        told.send(provider)
        assert OFFICE in provider.addresses()


class TestRefused:
    """An account that a provider refuses is told once, by another one where there is one."""

    def test_the_office_hears_of_it_by_the_next_provider(self, told: World) -> None:
        first, second = Scripted("first", answer=lambda recipient: BAD_ACCOUNT), Scripted("second")
        told.send(first, second)
        assert (first.addresses(), second.addresses()) == ([], [OFFICE])
        [call] = second.calls
        assert call.content.subject == "first refuses our account"
        assert "401" in call.content.text.fill(call.recipients[0].values)

    def test_it_hears_once_however_often_the_provider_refuses(self, told: World) -> None:
        only = Scripted("only", answer=lambda recipient: BAD_ACCOUNT)
        for minutes in (0, 2, 8, 30, 100):
            told.clock.move_to(MORNING + minutes * MINUTE)
            told.send(only)
        assert len(only.calls) > 3
        assert len(alerts(told)) == 1

    def test_where_there_is_no_other_it_waits_until_the_provider_works(self, told: World) -> None:
        only = Scripted("only", answer=lambda recipient: BAD_ACCOUNT)
        told.send(only)
        only.answer = lambda recipient: YES
        told.clock.move_to(MORNING + HOUR)
        told.send(only)
        assert sorted(only.addresses()) == [address("Clara"), OFFICE]

    def test_when_it_worked_and_fails_again_another_day_it_is_told_again(self, told: World) -> None:
        first, second = Scripted("first", answer=lambda recipient: BAD_ACCOUNT), Scripted("second")
        for day, answer in enumerate((BAD_ACCOUNT, YES, BAD_ACCOUNT)):
            now = MORNING + day * ONE_DAY
            first.answer = lambda recipient, answer=answer: answer  # type: ignore[misc]
            told.clock.move_to(now)
            told.database.write(
                lambda c, day=day, now=now: queue_to_organisers(c, MessageKind.REPORT, ALERT, f"report:{day}", now)  # type: ignore[misc]
            )
            told.send(first, second)
        assert len(alerts(told)) == 2
