"""Reports that the program makes by itself: when, which version, and what of it cannot change any more."""

from datetime import timedelta

import pytest

from reminder.domain.states import DeliveryState, MessageKind, MessageState
from reminder.reporting.expiry import GIVE_UP_AFTER, keep_report, report_expired
from reminder.reporting.make import make_report
from reminder.store import reports
from reminder.store.database import Database
from tests.reporting.world import ENDED, World, world

SECOND = timedelta(seconds=1)


@pytest.fixture
def appeal(database: Database) -> World:
    made = world(database)
    made.add_organiser()
    return made


def kept(appeal: World) -> list[tuple[int, bool]]:
    with appeal.database.read() as connection:
        return [(each.version, each.final) for each in reports.versions(connection, appeal.campaign_id)]


@pytest.mark.parametrize(("at", "made"), [(ENDED - SECOND, 0), (ENDED, 1), (ENDED + SECOND, 1)])
def test_the_report_is_made_when_the_deadline_has_passed_for_the_last_reader(appeal: World, at, made) -> None:  # type: ignore[no-untyped-def]
    assert len(report_expired(appeal.database, at)) == made
    assert len(kept(appeal)) == made


def test_it_is_kept_and_mailed_to_the_organisers_once(appeal: World) -> None:
    queued = report_expired(appeal.database, ENDED)
    assert [(each.version, each.final, each.dedupe) for each in queued] == [(1, True, f"report:{appeal.campaign_id}:1")]
    assert report_expired(appeal.database, ENDED + SECOND) == []
    assert report_expired(appeal.database, ENDED + timedelta(days=30)) == []
    assert appeal.mails() == [(MessageKind.REPORT, f"report:{appeal.campaign_id}:1:1:1")]


def test_with_something_unclear_the_next_version_waits_until_nothing_is(appeal: World) -> None:
    number = appeal.promise("Clara", state=DeliveryState.DUE, message=MessageState.AMBIGUOUS)
    (first,) = report_expired(appeal.database, ENDED)
    assert not first.final
    assert report_expired(appeal.database, ENDED + timedelta(hours=5)) == []
    appeal.run("UPDATE message SET state = 2 WHERE id = :id", id=number)
    appeal.run("UPDATE delivery SET state = 2")
    (second,) = report_expired(appeal.database, ENDED + timedelta(hours=6))
    assert (second.version, second.final) == (2, True)
    assert kept(appeal) == [(1, False), (2, True)]


def test_what_is_on_its_way_makes_another_version_too(appeal: World) -> None:
    appeal.promise("Clara", state=DeliveryState.DUE, message=MessageState.RETRY)
    assert [each.final for each in report_expired(appeal.database, ENDED)] == [False]
    assert report_expired(appeal.database, ENDED + SECOND) == []
    appeal.run("UPDATE batch SET state = 4")
    appeal.run("UPDATE message SET state = 6, void = 1")
    appeal.run("UPDATE delivery SET state = 4")
    assert [each.final for each in report_expired(appeal.database, ENDED + SECOND)] == [True]


@pytest.mark.parametrize(("after", "made"), [(GIVE_UP_AFTER - SECOND, []), (GIVE_UP_AFTER, [(2, True)])])
def test_after_three_days_the_last_version_says_what_is_still_open(appeal: World, after, made) -> None:  # type: ignore[no-untyped-def]
    appeal.promise("Clara", state=DeliveryState.DUE, message=MessageState.AMBIGUOUS)
    report_expired(appeal.database, ENDED)
    later = report_expired(appeal.database, ENDED + after)
    assert [(each.version, each.final) for each in later] == made
    assert all("1 reminder is unclear" in str(each.payload["notes"]) for each in later)


def test_a_closing_note_on_its_way_keeps_no_report_open(appeal: World) -> None:
    appeal.promise("Clara", state=DeliveryState.DUE, message=MessageState.RETRY)
    report_expired(appeal.database, ENDED)
    appeal.run("UPDATE content SET kind = 2")
    assert [each.version for each in report_expired(appeal.database, ENDED + SECOND)] == [2]


def test_a_campaign_that_was_opened_again_and_expires_again_is_reported_again(appeal: World) -> None:
    report_expired(appeal.database, ENDED)
    again = ENDED + timedelta(days=20)
    appeal.run("UPDATE campaign SET state = 3, report_due_at = NULL")
    assert report_expired(appeal.database, again) == []
    appeal.run("UPDATE campaign SET state = 5, report_due_at = :due", due=int(again.timestamp()))
    assert [each.version for each in report_expired(appeal.database, again)] == [2]


def test_a_version_is_never_written_over(appeal: World) -> None:
    report = make_report(appeal.database, appeal.campaign_id, ENDED).as_version(1, final=True)
    assert appeal.database.write(lambda connection: keep_report(connection, report))
    other = make_report(appeal.database, appeal.campaign_id, ENDED + SECOND).as_version(1, final=True)
    assert not appeal.database.write(lambda connection: keep_report(connection, other))
    with appeal.database.read() as connection:
        (only,) = reports.versions(connection, appeal.campaign_id)
    assert only.made_at == ENDED
    assert only.body == report.to_json()


def test_two_programs_that_make_the_same_version_mail_it_once(appeal: World) -> None:
    report = make_report(appeal.database, appeal.campaign_id, ENDED).as_version(1, final=True)
    with appeal.database.read() as connection:
        (due,) = reports.reports_due(connection, ENDED, 1)
    appeal.database.write(lambda connection: keep_report(connection, report))
    assert due.version == report.version
    assert report_expired(appeal.database, ENDED) == []
    assert appeal.mails() == []


def test_the_mail_of_an_appeal_that_was_past_already_says_that_nobody_was_reminded(database: Database) -> None:
    appeal = World(database)
    appeal.case_id = appeal.add_case(added_at=ENDED)
    appeal.campaign_id = appeal.add_campaign(appeal.case_id)
    (queued,) = report_expired(database, ENDED)
    assert "The deadline had passed when this appeal was added: nobody was reminded." in queued.payload["notes"]
    assert ["People reminded", "0"] in queued.payload["facts"]
