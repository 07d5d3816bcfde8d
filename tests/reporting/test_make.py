"""The report of a campaign: what it says of the case, and that its figures are those of the ledger."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from reminder.domain.states import CampaignState, Channel, DeliveryState, MessageState, Reason, Result, WaveState
from reminder.errors import Trouble
from reminder.reporting.ledger import line_of, tally
from reminder.reporting.make import make_report
from reminder.reporting.report import Report
from reminder.reporting.small_counts import Hidden
from reminder.reporting.words import BY_REASON, TAKEN, Line
from reminder.store import reports
from reminder.store.audit import record
from reminder.store.database import Database
from reminder.store.reports import Promises
from reminder.store.vault import Vault
from tests.reporting.world import DEADLINE, ENDED, PHRASE, START, World, promise, world

NOW = ENDED + timedelta(minutes=1)
LATER = START + timedelta(days=3)

# What became of a promise: state, reason, message, result, and the line it stands in.
LINES = {
    "a mail program took it in": (DeliveryState.CARRIED, Reason.NONE, MessageState.ACCEPTED, Result.DELIVERED, Line.DELIVERED),
    "nobody said more": (DeliveryState.CARRIED, Reason.NONE, MessageState.ACCEPTED, Result.SENT, Line.ACCEPTED),
    "it came back": (DeliveryState.CARRIED, Reason.NONE, MessageState.ACCEPTED, Result.BOUNCED, Line.BOUNCED),
    "it was lost": (DeliveryState.CARRIED, Reason.NONE, MessageState.ACCEPTED, Result.FAILED, Line.FAILED),
    "it was not wanted": (DeliveryState.CARRIED, Reason.NONE, MessageState.ACCEPTED, Result.COMPLAINED, Line.COMPLAINED),
    "no such address": (DeliveryState.SKIPPED, Reason.REFUSED_ADDRESS, MessageState.REJECTED, Result.UNKNOWN, Line.REFUSED),
    "no answer came": (DeliveryState.DUE, Reason.NONE, MessageState.AMBIGUOUS, Result.UNKNOWN, Line.UNCLEAR),
    "it waits": (DeliveryState.DUE, Reason.NONE, MessageState.DUE, Result.UNKNOWN, Line.WAITING),
    "it waits for another try": (DeliveryState.DUE, Reason.NONE, MessageState.RETRY, Result.UNKNOWN, Line.WAITING),
    "its message was cancelled": (DeliveryState.DUE, Reason.NONE, MessageState.CANCELLED, Result.UNKNOWN, Line.WAITING),
    "it came too late": (DeliveryState.MISSED, Reason.TOO_LATE, MessageState.CANCELLED, Result.UNKNOWN, Line.MISSED),
    "the week was full": (DeliveryState.SKIPPED, Reason.WEEKLY_LIMIT, None, Result.UNKNOWN, Line.SKIPPED),
    "the plan changed": (DeliveryState.WITHDRAWN, Reason.PLAN_CHANGED, None, Result.UNKNOWN, Line.WITHDRAWN),
    "it could not be built": (DeliveryState.SET_ASIDE, Reason.NOT_BUILT, MessageState.CANCELLED, Result.UNKNOWN, Line.SET_ASIDE),
}  # fmt: skip


@pytest.fixture
def appeal(database: Database) -> World:
    return world(database)


def report_of(appeal: World, now: datetime = NOW) -> Report:
    return make_report(appeal.database, appeal.campaign_id, now)


@pytest.mark.parametrize(("state", "reason", "message", "result", "line"), LINES.values(), ids=LINES.keys())
def test_each_promise_stands_in_its_line(
    appeal: World, state: DeliveryState, reason: Reason, message: MessageState | None, result: Result, line: Line
) -> None:
    number = appeal.promise("Clara", state=state, reason=reason, message=message, result=result)
    report = report_of(appeal)
    assert dict(report.lines) == {line: 1}
    assert report.accepted == (1 if line in TAKEN else 0)
    assert report.unclear_messages == ((number,) if line is Line.UNCLEAR else ())
    if line in BY_REASON:
        assert dict(report.reasons) == {(line, reason): 1}


def test_the_reminder_of_another_appeal_on_the_same_day_speaks_for_no_promise_that_was_skipped(appeal: World) -> None:
    other = appeal.add_campaign(appeal.case_id)
    appeal.promise("Clara", state=DeliveryState.SKIPPED, reason=Reason.DAILY_LIMIT, message=None)
    appeal.database.write(lambda c: promise(c, other, appeal.people["Clara"], "start+0d", result=Result.DELIVERED))
    assert dict(report_of(appeal).lines) == {Line.SKIPPED: 1}


def test_the_report_says_whose_it_is_and_until_when(appeal: World) -> None:
    report = report_of(appeal)
    assert (report.case.number, report.case.index) == ("UA 63/20", "ASA 17/3279/2020")
    assert (report.case.title, report.case.country) == ("Writer sentenced for a poem", "China")
    assert (report.deadline_on, report.deadline_printed, report.zone) == (DEADLINE, PHRASE, "Europe/London")
    assert [(d.place, d.kind, d.issued_on, d.deadline) for d in report.documents] == [
        (1, "first", "2020-04-30", "2020-06-11"),
        (2, "update", "2020-11-02", "2020-12-29"),
    ]
    assert (report.end.state, report.end.started_on, report.end.at) == (CampaignState.EXPIRED, START.date(), ENDED)
    assert not report.end.on_arrival


def test_people_are_counted_once_and_their_reminders_by_step_and_channel(appeal: World) -> None:
    for name in ("Clara", "Ellen"):
        appeal.promise(name)
        appeal.promise(name, "deadline-7d", channel=Channel.SMS)
    appeal.promise("Davi", state=DeliveryState.SKIPPED, reason=Reason.WEEKLY_LIMIT, message=None)
    report = report_of(appeal)
    assert report.reminded == 2
    assert [(s.key, s.words, s.on, s.people) for s in report.steps] == [
        ("start+0d", "start", date(2020, 12, 1), 2),
        ("deadline-7d", "7 days before the deadline", date(2020, 12, 22), 2),
    ]
    assert (report.accepted, report.promised) == (4, 5)


def test_the_channel_is_the_one_by_which_it_left(appeal: World) -> None:
    for number in range(30):
        appeal.add_person(f"reader {number}")
        appeal.promise(f"reader {number}", channel=Channel.EMAIL)
    appeal.run("UPDATE message SET channel = 2 WHERE subscriber_id <= :last", last=appeal.people["reader 14"])
    assert report_of(appeal).steps[0].by_channel == {"email": 15, "sms": 15}


def test_few_people_are_counted_together_only(appeal: World) -> None:
    for name in ("Clara", "Ellen", "Davi"):
        appeal.promise(name)
    report = report_of(appeal)
    assert (report.reminded, report.by_country, report.by_language, report.steps[0].by_channel) == (3, None, None, None)


def test_a_country_with_few_people_is_not_counted_and_cannot_be_worked_out(appeal: World) -> None:
    for number in range(60):
        country = "NP" if number < 3 else "GB" if number < 25 else "US"
        appeal.add_person(f"reader {number}", country)
        appeal.promise(f"reader {number}")
    assert report_of(appeal).by_country == {
        "United States": 35,
        "Nepal": Hidden.FEW,
        "United Kingdom": Hidden.WITHHELD,
    }


def test_an_erased_person_still_counts(appeal: World) -> None:
    appeal.promise("Clara")
    appeal.run("DELETE FROM subscriber WHERE id = :id", id=appeal.people["Clara"])
    assert report_of(appeal).reminded == 1


def test_letters_are_counted_in_time_by_person_and_late_ones_apart(appeal: World) -> None:
    appeal.wrote("Clara")
    appeal.wrote("Clara", in_round=2, how="sms")
    appeal.wrote("Ellen")
    appeal.wrote("Davi", late=True)
    letters = report_of(appeal).letters
    assert (letters.total, letters.people, letters.late, letters.by_way) == (3, 2, 1, None)


def test_who_left_counts_only_after_their_first_reminder(appeal: World) -> None:
    for name in ("Clara", "Ellen", "Davi", "Farid", "Grace"):
        appeal.promise(name, at=START + timedelta(days=1))
    appeal.left("Clara", LATER)
    appeal.left("Clara", LATER + timedelta(hours=1), "stop")
    appeal.left("Ellen", START)
    appeal.left("Davi", LATER, "taken off by an organiser")
    appeal.left("Bikash", LATER)
    appeal.leaves_out("Farid")
    assert report_of(appeal).left == 2


def test_people_of_sendings_that_never_began_are_told_apart_from_the_promises(appeal: World) -> None:
    appeal.add_wave(WaveState.SUPERSEDED, 40)
    appeal.add_wave(WaveState.MISSED, 7, rhythm=2)
    appeal.add_wave(WaveState.WAITING, 5, rhythm=3)
    appeal.add_wave(WaveState.OPEN, 9, rhythm=4)
    report = report_of(appeal)
    assert (report.superseded, report.missed_sendings, report.over_limit, report.promised) == (40, 7, 5, 0)
    assert report.steps[1].superseded == 40


def test_a_step_that_was_torn_up_keeps_its_figures(appeal: World) -> None:
    appeal.promise("Clara", "hearing-1d", on=date(2020, 12, 10))
    assert [(s.words, s.on, s.people) for s in report_of(appeal).steps if s.people] == [
        ("1 day before the hearing", date(2020, 12, 10), 1)
    ]


def test_a_stop_is_told_with_its_reason_and_who_said_so(appeal: World, vault: Vault) -> None:
    appeal.run("UPDATE campaign SET state = 6")
    appeal.run("UPDATE casefile SET stopped_because = 'the family asks for quiet'")
    appeal.database.write(lambda c: record(c, vault, "console", "case stop", "case:k3x7qa", {}, LATER))
    end = report_of(appeal).end
    assert (end.state, end.by, end.because) == (CampaignState.STOPPED, "console", "the family asks for quiet")


def test_who_closed_it_is_told_but_never_an_address(appeal: World, vault: Vault) -> None:
    appeal.run("UPDATE campaign SET state = 7")
    about = f"campaign:{appeal.campaign_id}"
    appeal.database.write(lambda c: record(c, vault, "hana@example.org", "campaign close", about, {}, LATER))
    assert report_of(appeal).end.by == "an organiser"


def test_an_appeal_that_was_past_when_it_was_added_expired_on_arrival(database: Database) -> None:
    appeal = World(database)
    appeal.case_id = appeal.add_case(added_at=datetime(2020, 12, 30, 0, 1, tzinfo=UTC))
    appeal.campaign_id = appeal.add_campaign(appeal.case_id)
    report = report_of(appeal)
    assert report.end.on_arrival
    assert report.end.words.startswith("expired on arrival")
    assert report.reminded == 0


def test_an_appeal_added_on_its_last_day_did_not_expire_on_arrival(database: Database) -> None:
    appeal = World(database)
    appeal.case_id = appeal.add_case(added_at=datetime(2020, 12, 29, 23, 59, tzinfo=UTC))
    appeal.campaign_id = appeal.add_campaign(appeal.case_id)
    assert not report_of(appeal).end.on_arrival


def test_the_outcome_stands_beside_the_deadline(appeal: World) -> None:
    assert (report_of(appeal).outcome, report_of(appeal).outcome_on) == ("", None)
    appeal.run("UPDATE casefile SET outcome = 'moved to a hospital', outcome_at = :at", at=int(LATER.timestamp()))
    assert (report_of(appeal).outcome, report_of(appeal).outcome_on) == ("moved to a hospital", LATER.date())


def test_a_campaign_that_is_not_there_is_named(appeal: World) -> None:
    with pytest.raises(Trouble, match="Campaign 99: does not exist"):
        make_report(appeal.database, 99, NOW)


def test_the_json_has_no_supporter_and_is_plain(appeal: World) -> None:
    appeal.promise("Clara", state=DeliveryState.DUE, message=MessageState.AMBIGUOUS)
    told = json.loads(json.dumps(report_of(appeal).to_json()))
    assert told["deadline"] == {"on": "2020-12-29", "printed": PHRASE, "because": "", "review_on": None}
    assert told["reminders"]["lines"]["unclear"] == len(told["reminders"]["unclear_messages"]) == 1
    assert told["people"] == {"reminded": 0, "left": 0, "by_country": {}, "by_language": {}}
    assert "Clara" not in json.dumps(told)
    assert "example.org" not in json.dumps(told)


# Any ledger, also one that no part of the program would write.
rows = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["start+0d", "deadline-7d", "deadline-2d"]),
        st.sampled_from(Channel),
        st.sampled_from(DeliveryState),
        st.sampled_from(Reason),
        st.none() | st.sampled_from(MessageState),
        st.sampled_from(Result),
        st.integers(0, 2),
    ),
    max_size=30,
    unique_by=(lambda row: (row[0], row[1], row[2]), lambda row: (row[0], row[7])),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=rows)
def test_the_figures_of_a_report_add_up_to_the_ledger(sqlite_database: Database, rows: list[tuple]) -> None:  # type: ignore[type-arg]
    database = sqlite_database
    for table in (
        "delivery",
        "message",
        "attempt",
        "batch",
        "content_campaign",
        "content",
        "letter",
        "step",
        "campaign",
    ):
        database.write(lambda c, table=table: c.execute(text(f"DELETE FROM {table}")))
    appeal = World(database)
    with database.read() as connection:
        known = connection.execute(text("SELECT id FROM casefile")).scalar()
    appeal.case_id = known or appeal.add_case()
    campaign = appeal.add_campaign(appeal.case_id)

    def write(connection: reports.Connection) -> None:
        for person, step, channel, state, reason, message, result, day in rows:
            on = date(2020, 12, 1) + timedelta(days=day)
            promise(
                connection, campaign, person, step,
                state=state, reason=reason, message=message, result=result, channel=channel, on=on,
            )  # fmt: skip

    database.write(write)
    report = make_report(database, campaign, NOW)
    assert report.promised == len(rows)
    assert sum(sum(step.lines.values()) for step in report.steps) == len(rows)
    assert sum(report.reasons.values()) == len(rows)
    assert report.reminded == len({row[0] for row in rows if row[3] is DeliveryState.CARRIED})
    assert len(report.unclear_messages) == report.lines.get(Line.UNCLEAR, 0)
    assert report.final == (not report.lines.get(Line.UNCLEAR, 0) and not report.lines.get(Line.WAITING, 0))


def test_a_look_at_a_campaign_that_goes_on_is_never_final(appeal: World) -> None:
    appeal.run("UPDATE campaign SET ended_at = NULL")
    assert not report_of(appeal).final
    appeal.run(f"UPDATE campaign SET ended_at = {int(ENDED.timestamp())}")
    assert report_of(appeal).final


@given(
    st.sampled_from(DeliveryState), st.sampled_from(Reason), st.none() | st.sampled_from(MessageState), st.sampled_from(Result)
)  # fmt: skip
def test_every_promise_has_a_line(
    state: DeliveryState, reason: Reason, message: MessageState | None, result: Result
) -> None:
    each = Promises("start+0d", DEADLINE, Channel.EMAIL, state, reason, message, result, 3, DEADLINE)
    whole, steps = tally([each], [])
    assert whole.lines == {line_of(each): 3}
    assert steps["start+0d", DEADLINE].lines == whole.lines
