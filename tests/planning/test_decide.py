"""Whenever the heartbeat comes, or does not: each sending is planned once, and none is overlooked."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.late import CATCH_UP
from reminder.domain.plan import PlanFacts, default_plan
from reminder.domain.states import CampaignState, WaveState
from reminder.domain.waves import Habits, Hours, PlannedWave, plan_wave
from reminder.planning.waves import HORIZON, Readers, decide, readers_of
from reminder.store.tables import Campaign
from reminder.store.waves import Existing, WaveKey

BEGAN = datetime(2020, 11, 20, 10, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
MAIL = frozenset({"email"})
STEPS = default_plan(PlanFacts(BEGAN, BEGAN.date(), DEADLINE, None, MAIL))
HABITS = {
    1: Habits("Pacific/Kiritimati"),
    2: Habits("America/Los_Angeles", email=Hours(22), sms=Hours(7)),
    3: Habits("Europe/London", email=Hours(-1, 0, 0)),
    4: Habits("", "US"),
}


def readers(known: dict[int, Habits]) -> Readers:
    return readers_of(known, "Europe/London", lambda _: ("America/New_York", "Pacific/Honolulu"), timedelta(minutes=60))


def campaign() -> Campaign:
    return Campaign(
        id=1,
        case_id=1,
        state=CampaignState.LIVE,
        zone="Europe/London",
        approved_version=1,
        deadline_on=DEADLINE,
        live_since=BEGAN,
        plan_again_at=BEGAN,
        created_at=BEGAN,
    )


def everything(known: dict[int, Habits]) -> dict[WaveKey, PlannedWave]:
    found = {}
    for step in STEPS:
        for (rhythm_id, channel), who in readers(known).items():
            if who and channel in step.channels:
                wave = plan_wave(step, who, last_on=DEADLINE, live_since=BEGAN)
                if isinstance(wave, PlannedWave):
                    found[step.step_key, step.anchor_on, rhythm_id, channel] = wave
    return found


def heartbeat(live: Campaign, existing: dict[WaveKey, Existing], now: datetime, known: dict[int, Habits]) -> int:
    """What `plan_waves` does, without a database; returns how many were added."""
    if live.plan_again_at is None or live.plan_again_at > now:
        return 0
    plan = decide(live, STEPS, readers(known), existing, now, HORIZON, CATCH_UP)
    assert not plan.withdraw
    assert not plan.move
    for key, desired in plan.add.items():
        existing[key] = Existing(len(existing) + 1, WaveState.PLANNED, desired)
    live.planned_until, live.plan_again_at = plan.planned_until, plan.plan_again_at
    return len(plan.add)


gaps = st.lists(st.integers(1, 200), min_size=1, max_size=60)


@given(gaps)
def test_nothing_is_overlooked_whenever_the_heartbeat_comes(hours: list[int]) -> None:
    live, now = campaign(), BEGAN
    existing: dict[WaveKey, Existing] = {}
    for gap in hours:
        heartbeat(live, existing, now, HABITS)
        due = {key for key, wave in everything(HABITS).items() if wave.due_at <= now + timedelta(minutes=1)}
        assert due <= set(existing)
        now += timedelta(hours=gap)
    assert all(existing[key].desired.wave == wave for key, wave in everything(HABITS).items() if key in existing)


@given(gaps)
def test_a_heartbeat_every_few_hours_plans_before_anything_falls_due(hours: list[int]) -> None:
    live, now = campaign(), BEGAN
    existing: dict[WaveKey, Existing] = {}
    for gap in hours:
        heartbeat(live, existing, now, HABITS)
        now += timedelta(hours=min(gap, 20))
        ahead = {key for key, wave in everything(HABITS).items() if BEGAN <= wave.due_at <= now}
        assert ahead <= set(existing)


@given(st.integers(0, 24 * 45))
def test_planning_twice_at_any_hour_changes_nothing(hour: int) -> None:
    live, now = campaign(), BEGAN + timedelta(hours=hour)
    existing: dict[WaveKey, Existing] = {}
    heartbeat(live, existing, now, HABITS)
    live.plan_again_at = now
    assert heartbeat(live, existing, now, HABITS) == 0


@given(st.integers(0, 24 * 45))
def test_a_rhythm_that_comes_later_gets_nothing_older_than_the_catch_up_window(hour: int) -> None:
    live, now, first = campaign(), BEGAN, {1: HABITS[1]}
    existing: dict[WaveKey, Existing] = {}
    while now < BEGAN + timedelta(hours=hour):
        heartbeat(live, existing, now, first)
        now += timedelta(hours=6)
    heartbeat(live, existing, now, first)
    live.plan_again_at = now
    heartbeat(live, existing, now, HABITS)
    late = [key for key, was in existing.items() if key[2] != 1 and was.desired.wave.due_at < now - CATCH_UP]
    assert late == []
