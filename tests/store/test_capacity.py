"""What a provider may still take: by the second, by the day, and not at all for a while after it failed."""

from datetime import timedelta

import pytest

from reminder.store import capacity
from reminder.store.capacity import FAILURES_UNTIL_BREAK, Limits, Room
from reminder.store.database import Database
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, SECOND

MIDNIGHT = MORNING.replace(hour=0) + ONE_DAY


def reserve(database: Database, wanted: int, limits: Limits, after: timedelta = timedelta(), name: str = "p") -> Room:
    return database.write(lambda c: capacity.reserve(c, name, wanted, limits, MORNING + after))


def give_back(database: Database, unused: int, limits: Limits) -> None:
    database.write(lambda c: capacity.give_back(c, "p", unused, limits))


def fail(database: Database, after: timedelta = timedelta(), *, account: bool = False) -> timedelta | None:
    """For how long the provider is out after one more failure."""
    now = MORNING + after
    until = database.write(lambda c: capacity.note_failure(c, "p", "takes nothing", now, account=account))
    return None if until is None else until - now


def out_until(database: Database, limits: Limits, after: timedelta = timedelta()) -> timedelta | None:
    with database.read() as connection:
        until = capacity.out_until(connection, "p", limits, MORNING + after)
    return None if until is None else until - MORNING


def test_without_limits_there_is_room_for_everything(database: Database) -> None:
    assert reserve(database, 10_000, Limits()) == Room(10_000)


class TestRate:
    """So many a second."""

    def test_a_second_has_room_for_so_many_and_the_next_one_again(self, database: Database) -> None:
        limits = Limits(per_second=10)
        assert reserve(database, 6, limits) == Room(6)
        assert reserve(database, 6, limits) == Room(4)
        assert reserve(database, 6, limits) == Room(0, MORNING + SECOND)
        assert reserve(database, 6, limits, SECOND) == Room(6)

    @pytest.mark.parametrize("per_second", [0.1, 0.3, 0.4, 0.7, 1, 1.5, 7])
    def test_no_more_than_the_rate_over_a_minute(self, sqlite_database: Database, per_second: float) -> None:
        limits = Limits(per_second=per_second)
        taken = sum(reserve(sqlite_database, 100, limits, n * SECOND).granted for n in range(60))
        assert 0 < taken <= 60 * per_second

    def test_a_clock_that_went_back_does_not_close_it(self, database: Database) -> None:
        limits = Limits(per_second=1)
        assert reserve(database, 1, limits).granted == 1
        assert reserve(database, 1, limits, -HOUR).granted == 1

    def test_a_rate_that_is_reached_for_this_second_is_no_reason_to_change_the_provider(
        self, database: Database
    ) -> None:
        limits = Limits(per_second=1)
        reserve(database, 1, limits)
        assert reserve(database, 1, limits).granted == 0
        assert out_until(database, limits) is None


class TestQuota:
    """So many a day, by UTC."""

    def test_a_day_has_room_for_so_many_and_the_next_one_again(self, database: Database) -> None:
        limits = Limits(per_day=10)
        assert reserve(database, 7, limits) == Room(7)
        assert reserve(database, 7, limits) == Room(3)
        assert reserve(database, 7, limits) == Room(0, MIDNIGHT)
        assert reserve(database, 7, limits, MIDNIGHT - MORNING) == Room(7)

    def test_a_quota_that_is_used_up_takes_the_provider_out_until_midnight(self, database: Database) -> None:
        limits = Limits(per_day=10)
        assert out_until(database, limits) is None
        reserve(database, 10, limits)
        assert out_until(database, limits) == MIDNIGHT - MORNING
        assert out_until(database, limits, MIDNIGHT - MORNING) is None

    def test_what_was_not_needed_is_room_again(self, database: Database) -> None:
        limits = Limits(per_second=10, per_day=10)
        reserve(database, 10, limits)
        give_back(database, 7, limits)
        assert reserve(database, 10, limits) == Room(7)

    def test_giving_back_nothing_or_without_limits_changes_nothing(self, database: Database) -> None:
        limits = Limits(per_day=10)
        reserve(database, 10, limits)
        give_back(database, 0, limits)
        give_back(database, 5, Limits())
        assert reserve(database, 10, limits).granted == 0

    def test_each_provider_has_its_own(self, database: Database) -> None:
        limits = Limits(per_day=10)
        reserve(database, 10, limits)
        assert reserve(database, 10, limits, name="other") == Room(10)


class TestBreak:
    """A provider that takes nothing goes out of the rotation, longer each time."""

    def test_it_is_out_after_some_failures_in_a_row_and_longer_each_time(self, database: Database) -> None:
        waits = [fail(database) for _ in range(FAILURES_UNTIL_BREAK + 4)]
        assert waits == [None] * (FAILURES_UNTIL_BREAK - 1) + [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, HOUR]

    def test_the_fault_of_our_account_takes_it_out_at_once(self, database: Database) -> None:
        assert fail(database, account=True) == MINUTE
        assert fail(database, account=True) == 5 * MINUTE

    def test_while_it_is_out_there_is_no_room(self, database: Database) -> None:
        fail(database, account=True)
        assert reserve(database, 5, Limits(), MINUTE - SECOND) == Room(0, MORNING + MINUTE)
        assert out_until(database, Limits(), MINUTE - SECOND) == MINUTE
        assert reserve(database, 5, Limits(), MINUTE) == Room(5)
        assert out_until(database, Limits(), MINUTE) is None

    def test_a_provider_that_takes_messages_again_is_forgiven(self, database: Database) -> None:
        fail(database)
        fail(database)
        database.write(lambda c: capacity.note_success(c, "p"))
        assert [fail(database) for _ in range(FAILURES_UNTIL_BREAK)] == [None] * (FAILURES_UNTIL_BREAK - 1) + [MINUTE]
