"""The heartbeat: one part that fails stops no other, and a clock that jumped is not believed."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.engines.embedded import AtOnceThenEvery
from reminder.engines.heartbeat import Part, beat, clock_jumped
from reminder.errors import Busy

NOW = datetime(2020, 12, 22, 9, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
CATCH_UP = 12 * HOUR
LOCKED = Busy("The database", "is locked by another process", "Wait for it to end, then try again.")


def fails(error: Exception) -> Part:
    def work(now: datetime) -> object:
        raise error

    return Part("fails", work)


class TestBeat:
    """Every part has its turn."""

    def test_parts_run_in_order_with_the_same_instant(self) -> None:
        ran: list[tuple[str, datetime]] = []
        parts = [Part(name, lambda now, name=name: ran.append((name, now))) for name in ("plan", "open", "tidy")]
        beat(parts, NOW, on_trouble=lambda *told: None)
        assert ran == [("plan", NOW), ("open", NOW), ("tidy", NOW)]

    @pytest.mark.parametrize("error", [LOCKED, KeyError("anna@example.org")])
    def test_a_part_that_fails_is_told_and_the_others_go_on(
        self, error: Exception, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told: list[tuple[str, Exception, datetime]] = []
        results = beat([fails(error), Part("open", lambda now: 7)], NOW, on_trouble=lambda *each: told.append(each))
        assert results == {"fails": error, "open": 7}
        assert told == [("fails", error, NOW)]
        written = capsys.readouterr()
        assert "anna" not in written.out + written.err

    def test_trouble_that_cannot_be_told_stops_nothing_either(self) -> None:
        def tell(part: str, error: Exception, now: datetime) -> None:
            raise LOCKED

        assert beat([fails(LOCKED), Part("open", lambda now: 7)], NOW, on_trouble=tell)["open"] == 7

    def test_when_it_is_told_to_end_the_next_part_does_not_begin(self) -> None:
        ends = iter([True, False])
        results = beat(
            [Part("plan", lambda now: 1), Part("open", lambda now: 2)],
            NOW,
            on_trouble=lambda *told: None,
            go_on=lambda: next(ends),
        )
        assert results == {"plan": 1}


class TestClock:
    """Back by more than a minute, or ahead by more than the catch-up window: a second source must agree."""

    @pytest.mark.parametrize(
        ("moved", "is_believed"),
        [
            (-HOUR, False),
            (-61 * SECOND, False),
            (-60 * SECOND, True),
            (20 * SECOND, True),
            (CATCH_UP, True),
            (CATCH_UP + SECOND, False),
            (timedelta(days=365), False),
        ],
    )
    def test_how_far_it_may_move(self, moved: timedelta, is_believed: bool) -> None:
        because = clock_jumped(NOW, NOW + moved, catch_up=CATCH_UP, second_source=None)
        assert (because == "") is is_believed

    @pytest.mark.parametrize(("moved", "word"), [(-HOUR, "back"), (20 * HOUR, "ahead")])
    def test_it_says_which_way_it_went(self, moved: timedelta, word: str) -> None:
        because = clock_jumped(NOW, NOW + moved, catch_up=CATCH_UP, second_source=None)
        assert because.startswith(f"the clock went {word}: the last heartbeat was at 2020-12-22 09:00 UTC")

    @pytest.mark.parametrize(
        ("apart", "is_believed"), [(60 * SECOND, True), (-60 * SECOND, True), (61 * SECOND, False)]
    )
    def test_a_second_source_that_agrees_settles_it(self, apart: timedelta, is_believed: bool) -> None:
        now = NOW + timedelta(days=3)
        because = clock_jumped(NOW, now, catch_up=CATCH_UP, second_source=now + apart)
        assert (because == "") is is_believed

    def test_the_first_heartbeat_has_nothing_to_compare(self) -> None:
        assert clock_jumped(None, NOW, catch_up=CATCH_UP, second_source=None) == ""


def test_after_a_jump_of_fifty_years_the_next_beat_is_the_next_beat() -> None:
    trigger = AtOnceThenEvery(20 * SECOND)
    in_1970 = datetime(1970, 1, 1, tzinfo=UTC)
    assert trigger.get_next_fire_time(None, in_1970) == in_1970
    assert trigger.get_next_fire_time(in_1970, NOW) == NOW + 20 * SECOND
