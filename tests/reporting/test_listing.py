"""What expires soon and what has expired, to the day, in the zone of each case."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from reminder.domain.states import CampaignState
from reminder.rendering.templates import Templates, default_template_folder
from reminder.reporting.expiry import report_expired
from reminder.reporting.listing import Listed, expired, expiring
from reminder.reporting.show import Form, show_expired, show_expiring
from reminder.store.database import Database
from tests.reporting.world import DEADLINE, ENDED, World, world

TEMPLATES = Templates([default_template_folder()])
FORTNIGHT = timedelta(days=14)
NOON = datetime(2020, 12, 15, 12, tzinfo=UTC)
QUESTION = [{"code": "deadline", "question": "Until which day?", "answer": "a day"}]
LIVE = {"state": CampaignState.LIVE, "ended_at": None, "report_due_at": None}


def codes(rows: tuple[Listed, ...]) -> list[str]:
    return [row.code for row in rows]


@pytest.mark.parametrize(
    ("now", "listed"),
    [
        (datetime(2020, 12, 14, 23, 59, tzinfo=UTC), False),
        (datetime(2020, 12, 15, 0, 0, tzinfo=UTC), True),
        (datetime(2020, 12, 29, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2020, 12, 30, 0, 0, tzinfo=UTC), False),
    ],
)
def test_an_appeal_is_on_the_list_for_fourteen_days_and_the_whole_of_its_last(
    database: Database, now: datetime, listed: bool
) -> None:
    world(database)
    assert (expiring(database, now, FORTNIGHT).rows != ()) is listed
    assert (expired(database, now, date(2020, 12, 1)).rows != ()) is (now.day == 30)


def test_the_day_is_that_of_the_zone_of_the_case(database: Database) -> None:
    made = World(database)
    made.add_case("farid2", zone="Pacific/Auckland")
    made.add_case("ellen2", zone="America/Los_Angeles")
    after = datetime(2020, 12, 29, 12, tzinfo=UTC)
    assert codes(expired(database, after, DEADLINE).rows) == ["farid2"]
    assert [(row.code, row.left) for row in expiring(database, after, FORTNIGHT).rows] == [("ellen2", 0)]


def test_the_list_has_cases_without_campaign_cases_that_wait_and_reviews(database: Database) -> None:
    made = World(database)
    made.case_id = made.add_case("live22")
    made.add_campaign(made.case_id, **LIVE)
    made.add_case("alone2")
    made.add_case("waits2", deadline_on=None, questions=QUESTION)
    made.add_case("review", deadline_on=None, review_on=date(2020, 12, 20))
    made.add_case("later2", deadline_on=date(2021, 2, 1))
    made.add_case("again2", deadline_on=None, review_on=date(2021, 2, 1))
    made.add_case("ended2", deadline_on=date(2020, 12, 1), questions=QUESTION)
    made.add_case("stops2", stopped_at=NOON)
    assert [(row.code, row.state, row.left, row.is_review) for row in expiring(database, NOON, FORTNIGHT).rows] == [
        ("review", "no campaign", 5, True),
        ("alone2", "no campaign", 14, False),
        ("live22", "live", 14, False),
        ("waits2", "waiting for you: 1 question", None, False),
    ]


def test_a_campaign_that_waits_for_the_letter_is_listed_with_its_own_deadline(database: Database) -> None:
    made = World(database)
    case = made.add_case(deadline_on=date(2021, 3, 1))
    made.add_campaign(case, **LIVE, question="letter")
    assert [(row.until, row.state) for row in expiring(database, NOON, FORTNIGHT).rows] == [
        (DEADLINE, "waiting for you: same letter or new letter")
    ]


def test_a_closed_campaign_is_told_as_closed(database: Database) -> None:
    made = World(database)
    made.add_campaign(made.add_case(), state=CampaignState.CLOSED)
    assert [row.state for row in expiring(database, NOON, FORTNIGHT).rows] == ["closed"]


def test_what_expired_is_told_with_its_figures_and_its_outcome(database: Database) -> None:
    appeal = world(database)
    appeal.promise("Clara")
    appeal.promise("Clara", "deadline-7d")
    appeal.wrote("Clara")
    appeal.wrote("Davi", late=True)
    appeal.run("UPDATE casefile SET outcome = 'moved to a hospital'")
    (row,) = expired(database, ENDED, DEADLINE).rows
    assert (row.reminded, row.wrote, row.outcome, row.left, row.state) == (1, 1, "moved to a hospital", -1, "expired")
    report_expired(database, ENDED)
    appeal.run("DELETE FROM delivery")
    assert expired(database, ENDED, DEADLINE).rows == (row,)


def test_what_ended_before_the_day_asked_for_is_left_out(database: Database) -> None:
    world(database)
    assert codes(expired(database, ENDED, DEADLINE + timedelta(days=1)).rows) == []


def test_what_was_past_when_it_was_added_is_listed_by_the_day_it_was_added(database: Database) -> None:
    made = World(database)
    made.add_case(deadline_on=date(2020, 6, 11), added_at=NOON)
    assert [row.state for row in expired(database, ENDED, NOON.date()).rows] == ["expired on arrival"]
    assert expired(database, ENDED, NOON.date() + timedelta(days=1)).rows == ()


@pytest.mark.parametrize("form", ["text", "html", "csv", "json"])
def test_a_list_has_every_form_also_when_it_is_empty(sqlite_database: Database, form: Form) -> None:
    empty = show_expiring(sqlite_database, NOON, FORTNIGHT, form, TEMPLATES)
    appeal = world(sqlite_database)
    appeal.run("UPDATE campaign SET state = 3")
    written = show_expiring(sqlite_database, NOON, FORTNIGHT, form, TEMPLATES)
    over = show_expired(sqlite_database, ENDED, DEADLINE, form, TEMPLATES)
    assert "k3x7qa" in written
    assert "k3x7qa" in over
    assert "k3x7qa" not in empty


def test_days_that_have_passed_are_a_number_in_a_spreadsheet(sqlite_database: Database) -> None:
    appeal = world(sqlite_database)
    appeal.run("UPDATE campaign SET state = 3")
    (row,) = csv.DictReader(io.StringIO(show_expired(sqlite_database, ENDED, DEADLINE, "csv", TEMPLATES)))
    assert int(row["days_left"]) < 0


def test_the_list_as_json_csv_and_text(sqlite_database: Database) -> None:
    appeal = world(sqlite_database)
    appeal.run("UPDATE campaign SET state = 3")
    told = json.loads(show_expiring(sqlite_database, NOON, FORTNIGHT, "json", TEMPLATES))
    (row,) = csv.DictReader(io.StringIO(show_expiring(sqlite_database, NOON, FORTNIGHT, "csv", TEMPLATES)))
    assert told["list"] == "expiring"
    assert {name: "" if value is None else str(value) for name, value in told["appeals"][0].items()} == row
    assert (row["deadline"], row["days_left"], row["campaign"]) == ("2020-12-29", "14", str(appeal.campaign_id))
    lines = show_expiring(sqlite_database, NOON, FORTNIGHT, "text", TEMPLATES).splitlines()
    assert lines[0] == "Appeals that expire within 14 days"
    assert max(map(len, lines)) <= 80
