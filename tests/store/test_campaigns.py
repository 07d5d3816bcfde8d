"""Campaigns and steps in the database: guarded changes, plans kept whole."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reminder.domain.plan import PlanFacts, default_plan
from reminder.domain.states import CampaignState, Reason, WaveState, may_move
from reminder.store import campaigns, cases
from reminder.store.campaigns import Change
from reminder.store.database import Database
from reminder.store.tables import Campaign

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
STEPS = default_plan(PlanFacts(NOW, NOW.date(), DEADLINE, None, frozenset({"email"})))


@pytest.fixture
def campaign_id(database: Database) -> int:
    def work(connection: Any) -> int:
        case_id = cases.create_case(connection, "amnesty/ua/63/20", "k3x7qa", "Amnesty", "Europe/London", NOW)
        new = Campaign(case_id=case_id, zone="Europe/London", deadline_on=DEADLINE, audience=["all"], created_at=NOW)
        return campaigns.create_campaign(connection, new, STEPS)

    return database.write(work)


def read(database: Database, campaign_id: int) -> Campaign:
    with database.read() as connection:
        campaign = campaigns.read_campaign(connection, campaign_id)
    assert campaign is not None
    return campaign


def change(database: Database, wanted: Change) -> bool:
    return database.write(lambda connection: campaigns.change_campaign(connection, wanted, NOW)) is not None


def test_a_plan_is_read_as_it_was_kept(database: Database, campaign_id: int) -> None:
    with database.read() as connection:
        assert campaigns.steps_of(connection, campaign_id) == STEPS


def test_a_change_raises_the_version_only_where_it_says_so(database: Database, campaign_id: int) -> None:
    approved = {"state": CampaignState.APPROVED, "approved_version": 1}
    assert change(database, Change(campaign_id, CampaignState.DRAFT, 1, approved))
    assert read(database, campaign_id).version == 1
    assert change(database, Change(campaign_id, CampaignState.APPROVED, 1, {"version": 2}))
    assert read(database, campaign_id).version == 2


STALE = {"another state": (CampaignState.LIVE, 1), "another version": (CampaignState.DRAFT, 2)}


@pytest.mark.parametrize(("state", "version"), STALE.values(), ids=STALE.keys())
def test_a_change_of_what_is_no_longer_so_writes_nothing(
    database: Database, campaign_id: int, state: CampaignState, version: int
) -> None:
    before = read(database, campaign_id)
    assert not change(database, Change(campaign_id, state, version, {"round": 9}, steps=[]))
    with database.read() as connection:
        assert campaigns.steps_of(connection, campaign_id) == STEPS
    assert read(database, campaign_id) == before


def test_a_go_ahead_stays_with_a_step_whose_date_stays(database: Database, campaign_id: int) -> None:
    database.write(lambda c: c.exec_driver_sql("UPDATE step SET over_limit = true"))
    moved = default_plan(PlanFacts(NOW, NOW.date(), DEADLINE + timedelta(days=7), None, frozenset({"email"})))
    database.write(lambda connection: campaigns.replace_steps(connection, campaign_id, moved))
    with database.read() as connection:
        kept = connection.exec_driver_sql("SELECT step_key FROM step WHERE over_limit ORDER BY id").scalars().all()
    assert kept == ["start+0d"]


def test_a_campaign_that_does_not_exist_is_none(database: Database) -> None:
    with database.read() as connection:
        assert campaigns.read_campaign(connection, 7) is None


def test_only_what_a_withdrawal_asks_for_is_withdrawn(database: Database, campaign_id: int) -> None:
    wanted = Change(campaign_id, CampaignState.DRAFT, 1, {"round": 2}, withdraw=Reason.DOCUMENT_CHANGED)
    taken = database.write(lambda connection: campaigns.change_campaign(connection, wanted, NOW))
    assert taken is not None
    assert (taken.batches, taken.under_way) == (0, 0)


# Each guarded update of campaigns and waves, as the services and the store make it.
CAMPAIGN_MOVES = [
    ("DRAFT", "APPROVED"),
    ("DRAFT", "CLOSED"),
    ("APPROVED", "DRAFT"),
    ("APPROVED", "LIVE"),
    ("APPROVED", "CLOSED"),
    ("APPROVED", "EXPIRED"),
    ("LIVE", "PAUSED"),
    ("LIVE", "CLOSED"),
    ("LIVE", "EXPIRED"),
    ("PAUSED", "LIVE"),
    ("PAUSED", "CLOSED"),
    ("PAUSED", "EXPIRED"),
    ("EXPIRED", "PAUSED"),
]
WAVE_MOVES = [
    ("PLANNED", "MISSED"),
    ("PLANNED", "SUPERSEDED"),
    ("PLANNED", "WAITING"),
    ("PLANNED", "WITHDRAWN"),
    ("WAITING", "PLANNED"),
    ("WAITING", "MISSED"),
    ("MISSED", "PLANNED"),
    ("WITHDRAWN", "PLANNED"),
]


@pytest.mark.parametrize(("old", "new"), CAMPAIGN_MOVES)
def test_the_ledger_knows_every_move_of_a_campaign(old: str, new: str) -> None:
    assert may_move(CampaignState[old], CampaignState[new])


@pytest.mark.parametrize(("old", "new"), WAVE_MOVES)
def test_the_ledger_knows_every_move_of_a_sending(old: str, new: str) -> None:
    assert may_move(WaveState[old], WaveState[new])
