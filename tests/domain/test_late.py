"""Catch-up, not flood: what becomes of sendings whose time has come."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.late import CATCH_UP, DueWave, fates
from reminder.domain.states import WaveState, may_move

NOW = datetime(2020, 12, 22, 20, tzinfo=UTC)
PLANNED, MISSED, SUPERSEDED = WaveState.PLANNED, WaveState.MISSED, WaveState.SUPERSEDED


def wave(
    number: int, due: datetime, step: str = "deadline-7d", campaign: int = 1, rhythm: int = 1, after: int = 7
) -> DueWave:
    ends = (due.date(), due, due + timedelta(hours=12), due + timedelta(days=after))
    return DueWave(number, campaign, rhythm, step, date(2020, 12, 29), *ends, last_useful=False)


WINDOW = {
    "due this second": (timedelta(0), PLANNED),
    "a second less than twelve hours late": (CATCH_UP - timedelta(seconds=1), PLANNED),
    "twelve hours late": (CATCH_UP, PLANNED),
    "a second more": (CATCH_UP + timedelta(seconds=1), MISSED),
}


@pytest.mark.parametrize(("late", "fate"), WINDOW.values(), ids=WINDOW.keys())
def test_the_catch_up_window(late: timedelta, fate: WaveState) -> None:
    assert fates([wave(1, NOW - late)], NOW) == {1: fate}


ENDS = {
    "a second before its end": (timedelta(seconds=1), PLANNED),
    "at its end": (timedelta(0), MISSED),
    "after its end": (timedelta(seconds=-1), MISSED),
}


@pytest.mark.parametrize(("left", "fate"), ENDS.values(), ids=ENDS.keys())
def test_nothing_goes_after_its_end(left: timedelta, fate: WaveState) -> None:
    due = NOW - timedelta(hours=1)
    one = DueWave(1, 1, 1, "deadline-0d", due.date(), due.date(), due, NOW + left, NOW + left, last_useful=True)
    assert fates([one], NOW) == {1: fate}


def test_of_several_late_ones_of_a_campaign_and_rhythm_only_the_newest_goes() -> None:
    old, new = NOW - timedelta(hours=11), NOW
    late = [wave(1, old - timedelta(hours=10)), wave(2, old, "hearing-2d"), wave(3, new, "deadline-2d")]
    found = fates([*late, wave(4, old, campaign=2), wave(5, old, rhythm=2)], NOW, timedelta(days=1))
    # 2 and 3 are of one local day and make one message.
    assert found == {
        1: SUPERSEDED if late[0].local_on < late[2].local_on else PLANNED,
        2: PLANNED,
        3: PLANNED,
        4: PLANNED,
        5: PLANNED,
    }
    assert late[0].local_on < late[2].local_on


def test_the_email_and_the_sms_part_of_one_step_both_go() -> None:
    parts = [wave(1, NOW - timedelta(hours=23)), wave(2, NOW)]
    assert fates(parts, NOW, timedelta(days=1)) == {1: PLANNED, 2: PLANNED}


due_waves = st.builds(
    wave,
    st.integers(1, 10**6),
    st.integers(0, 40).map(lambda hours: NOW - timedelta(hours=hours)),
    st.sampled_from(["start+0d", "deadline-7d", "deadline-2d"]),
    st.integers(1, 2),
    st.integers(1, 2),
    st.integers(0, 3),
)


@given(st.lists(due_waves, unique_by=lambda one: one.wave_id), st.randoms())
def test_every_group_keeps_its_newest_and_the_order_does_not_matter(waves: list[DueWave], random: object) -> None:
    found = fates(waves, NOW)
    shuffled = sorted(waves, key=lambda one: hash((str(random), one.wave_id)))
    assert fates(shuffled, NOW) == found
    assert set(found) == {one.wave_id for one in waves}
    assert all(may_move(PLANNED, fate) for fate in found.values() if fate is not PLANNED)
    for one in waves:
        if found[one.wave_id] is SUPERSEDED:
            rivals = [o for o in waves if (o.campaign_id, o.rhythm_id) == (one.campaign_id, one.rhythm_id)]
            assert any(found[o.wave_id] is PLANNED and o.local_on > one.local_on for o in rivals)
