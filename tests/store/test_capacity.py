"""What a provider may still take: by the second, by the day, and not at all for a while after it failed."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from reminder.domain.limits import Limits, Used
from reminder.store import capacity
from reminder.store.capacity import FAILURES_UNTIL_BREAK, Room
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


class TestWarmUp:
    """Few on the first day, then twice the most that went before, until the quota."""

    LIMITS = Limits(per_day=300, warm_up=50)

    def taken(self, database: Database, day: int, wanted: int = 1_000) -> int:
        return reserve(database, wanted, self.LIMITS, day * ONE_DAY).granted

    def test_it_doubles_each_day_until_the_quota(self, database: Database) -> None:
        assert [self.taken(database, day) for day in range(5)] == [50, 100, 200, 300, 300]

    def test_within_a_day_the_rest_of_its_number_is_left(self, database: Database) -> None:
        assert [self.taken(database, 0, 30), self.taken(database, 0, 30)] == [30, 20]
        assert reserve(database, 1, self.LIMITS) == Room(0, MIDNIGHT)
        assert out_until(database, self.LIMITS) == MIDNIGHT - MORNING

    def test_a_day_that_was_hardly_used_doubles_nothing(self, database: Database) -> None:
        assert [self.taken(database, 0), self.taken(database, 1, 1), self.taken(database, 2)] == [50, 1, 100]

    def test_what_was_given_back_was_not_used(self, database: Database) -> None:
        self.taken(database, 0)
        give_back(database, 20, self.LIMITS)
        assert self.taken(database, 1) == 60

    def test_days_without_use_change_nothing_until_a_month_makes_it_new(self, database: Database) -> None:
        self.taken(database, 0)
        assert self.taken(database, 30) == 100
        assert self.taken(database, 61) == 50

    def test_without_a_quota_it_goes_on_doubling(self, database: Database) -> None:
        limits = Limits(warm_up=10)
        assert [reserve(database, 1_000, limits, day * ONE_DAY).granted for day in range(4)] == [10, 20, 40, 80]

    def test_a_warmed_provider_is_known_after_a_restart(self, database: Database) -> None:
        self.taken(database, 0)
        with database.read() as connection:
            used = capacity.standing(connection, ["p"], MORNING + ONE_DAY)["p"].used
        assert used == Used((MORNING + ONE_DAY).toordinal(), 0, 50)


class TestStopped:
    """The brake stops a provider for campaigns; what tells organisers of it still goes."""

    def test_there_is_room_for_organisers_alone(self, database: Database) -> None:
        database.write(lambda c: capacity.stop(c, "p", "too much came back", MORNING))
        assert reserve(database, 5, Limits()).granted == 0
        room = database.write(lambda c: capacity.reserve(c, "p", 5, Limits(), MORNING, even_stopped=True))
        assert room == Room(5)

    def test_one_that_fails_is_closed_for_them_too(self, database: Database) -> None:
        database.write(lambda c: capacity.stop(c, "p", "too much came back", MORNING))
        fail(database, account=True)
        room = database.write(lambda c: capacity.reserve(c, "p", 5, Limits(), MORNING, even_stopped=True))
        assert room == Room(0, MORNING + MINUTE)


def test_a_failure_is_to_be_told_once_until_it_worked_again(database: Database) -> None:
    def tell() -> bool:
        return database.write(lambda c: capacity.tell_of(c, "p", MORNING))

    fail(database, account=True)
    assert [tell(), tell()] == [True, False]
    database.write(lambda c: capacity.note_success(c, "p"))
    fail(database, account=True)
    assert tell()


def test_without_limits_room_costs_one_look(sqlite_database: Database) -> None:
    fail(sqlite_database)
    asked: list[str] = []
    listen(Engine, "before_cursor_execute", heard := lambda *about: asked.append(about[2]))
    try:
        reserve(sqlite_database, 5, Limits())
    finally:
        remove(Engine, "before_cursor_execute", heard)
    assert [sql.split()[0] for sql in asked if not sql.startswith(("BEGIN", "PRAGMA"))] == ["SELECT"]


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
