from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, text

from reminder.domain.documents import DeadlineKind, Doubt, DoubtCode
from reminder.domain.states import BatchState, CampaignState, DeliveryState, WaveState, may_move
from reminder.errors import NotAllowed, Trouble
from reminder.intake.cases import decide, find_case, list_cases, move_deadline, outcome, redact, show_case, stop
from reminder.store.case_moves import MAY_STOP
from reminder.store.database import Database
from reminder.store.tables import Exclusion, Subscription
from reminder.store.vault import Vault
from tests.intake.case_samples import (
    DEADLINE,
    DECEMBER,
    FIRST,
    MAY,
    NOVEMBER,
    OUTCOME,
    UPDATE,
    WITHOUT_YEAR,
    add,
    add_campaign,
    add_delivery,
    add_sending,
    campaign,
    count,
    sending_states,
)

LATER = DECEMBER + timedelta(days=7)


def test_an_answer_is_kept_with_who_gave_it_and_when(database: Database, vault: Vault) -> None:
    added = add(database, vault, WITHOUT_YEAR)
    decided = decide(database, vault, added.code, {"deadline": "2020-12-29", "because": "a call"}, "clara", DECEMBER)
    assert (decided.questions, decided.changed) == ((), {"deadline", "questions"})
    assert find_case(database, added.code).deadline_on == DEADLINE
    with database.read() as connection:
        row = connection.execute(text("SELECT at, who, what, about, detail_ct FROM audit ORDER BY id DESC")).first()
    assert row is not None
    assert (row.at, row.who, row.what) == (int(DECEMBER.timestamp()), "clara", "case decide")
    assert row.about == f"case:{added.code}"
    assert "2020-12-29" in vault.decrypt(row.detail_ct, b"audit")
    assert find_case(database, added.code).deadline_because == "a call"


def test_a_deadline_is_never_given_without_its_source(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR)
    with pytest.raises(Trouble, match="needs its source"):
        decide(sqlite_database, vault, added.code, {"deadline": "2020-12-29"}, "clara", DECEMBER)
    with pytest.raises(Trouble, match="goes with a deadline"):
        decide(sqlite_database, vault, added.code, {"because": "a call"}, "clara", DECEMBER)
    with pytest.raises(Trouble, match="needs its source"):
        add(sqlite_database, vault, WITHOUT_YEAR, deadline=DEADLINE)
    assert find_case(sqlite_database, added.code).deadline_on is None


def test_a_case_without_a_deadline_takes_another_review_day_and_never_a_past_one(
    sqlite_database: Database, vault: Vault
) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR, review_on=DECEMBER.date())
    with pytest.raises(Trouble, match="is past already"):
        decide(sqlite_database, vault, added.code, {"deadline": "review 2020-12-07"}, "clara", LATER)
    decided = decide(sqlite_database, vault, added.code, {"deadline": "review 2021-03-01"}, "clara", LATER)
    assert (decided.questions, decided.changed) == ((), {"review"})
    assert find_case(sqlite_database, added.code).review_on == date(2021, 3, 1)
    decide(sqlite_database, vault, added.code, {"deadline": "2020-12-29", "because": "a page"}, "clara", LATER)
    assert find_case(sqlite_database, added.code).deadline_on == DEADLINE
    with pytest.raises(NotAllowed, match="did not ask for deadline"):
        decide(sqlite_database, vault, added.code, {"deadline": "review 2021-03-01"}, "clara", LATER)


ANSWERS = [
    ("deadline", "29 December"),
    ("deadline", "2020-02-30"),
    ("deadline", "review soon"),
    ("deadline", ""),
    ("deadline", "yes"),
]


@pytest.mark.parametrize(("code", "answer"), ANSWERS)
def test_an_answer_that_is_none_is_refused_and_changes_nothing(
    sqlite_database: Database, vault: Vault, code: str, answer: str
) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR)
    with pytest.raises(Trouble):
        decide(sqlite_database, vault, added.code, {code: answer}, "clara", DECEMBER)
    assert find_case(sqlite_database, added.code).deadline_on is None


def test_what_nobody_asked_cannot_be_answered(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR)
    with pytest.raises(NotAllowed, match="did not ask for country"):
        decide(sqlite_database, vault, added.code, {"country": "CN", "deadline": "2020-12-29"}, "clara", DECEMBER)
    assert find_case(sqlite_database, added.code).deadline_on is None


def test_several_questions_are_answered_one_after_the_other(database: Database, vault: Vault) -> None:
    doubts = (Doubt(DoubtCode.NO_YEAR, "No year."), Doubt(DoubtCode.NO_TARGET, "No address was found."))
    bare = replace(WITHOUT_YEAR, previous_ua=None, organisation=None, country=None, country_code=None, warnings=doubts)
    added = add(database, vault, bare)
    asked = {question.code for question in added.questions}
    assert asked == {"deadline", "organisation", "country", "channels", "number"}
    first = {"deadline": "review 2021-01-31", "channels": "post, email", "country": "China"}
    left = decide(database, vault, added.code, first, "clara", DECEMBER)
    assert {question.code for question in left.questions} == {"organisation", "number"}
    assert "channels" in left.changed
    done = decide(
        database, vault, added.code, {"organisation": "Amnesty International", "number": "63/20"}, "clara", DECEMBER
    )
    assert done.questions == ()
    case = find_case(database, "UA 63/20")
    assert (case.review_on, case.country, case.key) == (date(2021, 1, 31), "CN", "amnesty-international/ua/63/20")


def test_a_number_given_later_brings_a_document_to_its_case(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST, MAY)
    bare = add(database, vault, replace(UPDATE, previous_ua=None))
    subscribed = [
        {"scope": f"case:{bare.case_id}", "subscriber_id": 1},
        {"scope": f"case:{first.case_id}", "subscriber_id": 1},
    ]
    left_out = [{"what": f"case:{bare.case_id}", "subscriber_id": 2}]
    database.write(lambda c: (c.execute(insert(Subscription), subscribed), c.execute(insert(Exclusion), left_out)))
    decided = decide(database, vault, bare.code, {"number": "63/20"}, "clara", DECEMBER)
    assert (decided.case_id, decided.code) == (first.case_id, first.code)
    assert find_case(database, first.code).deadline_on == DEADLINE
    with database.read() as connection:
        scopes = connection.execute(text("SELECT scope, subscriber_id FROM subscription")).all()
        excluded = connection.execute(text("SELECT what, subscriber_id FROM exclusion")).all()
    assert [tuple(row) for row in scopes] == [(f"case:{first.case_id}", 1)]
    assert [tuple(row) for row in excluded] == [(f"case:{first.case_id}", 2)]


def test_somebody_says_which_document_is_newest_and_may_say_otherwise_when_a_third_comes(
    database: Database, vault: Vault
) -> None:
    one = replace(FIRST, kind=None, index=None, issued_on=None, title="One", deadline=date(2020, 12, 1))
    add(database, vault, one)
    added = add(database, vault, replace(one, title="Two", deadline=date(2020, 12, 2)))
    place = {d.title: str(d.place) for d in show_case(database, added.code, NOVEMBER).documents}
    with pytest.raises(Trouble, match="no place in the chain"):
        decide(database, vault, added.code, {"newest": "7"}, "clara", DECEMBER)
    with pytest.raises(NotAllowed, match="which document is the newest"):
        move_deadline(database, vault, added.code, date(2020, 12, 5), "a page", "clara", DECEMBER)
    decide(database, vault, added.code, {"newest": place["One"]}, "clara", DECEMBER)
    assert find_case(database, added.code).deadline_on == date(2020, 12, 1)
    third = add(database, vault, replace(one, title="Three", deadline=date(2020, 12, 3)))
    assert [question.code for question in third.questions] == ["newest"]
    place = {d.title: str(d.place) for d in show_case(database, added.code, NOVEMBER).documents}
    done = decide(database, vault, added.code, {"newest": place["Two"]}, "clara", DECEMBER)
    assert (done.questions, find_case(database, added.code).deadline_on) == ((), date(2020, 12, 2))


def test_same_or_new_letter_is_passed_through_to_the_campaigns(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, UPDATE)
    campaign_id = add_campaign(sqlite_database, added.case_id)
    with pytest.raises(NotAllowed, match="has no campaign that asks about the letter"):
        decide(sqlite_database, vault, added.code, {"letter": "same"}, "clara", DECEMBER)
    move_deadline(sqlite_database, vault, added.code, date(2020, 12, 31), "an update", "clara", DECEMBER)
    assert campaign(sqlite_database, campaign_id).question == "letter"
    assert decide(sqlite_database, vault, added.code, {"letter": "Same"}, "clara", DECEMBER).letter == "same"
    with pytest.raises(Trouble, match="same or new"):
        decide(sqlite_database, vault, added.code, {"letter": "maybe"}, "clara", DECEMBER)


def test_a_moved_deadline_takes_back_the_old_reminders_and_asks(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    live = add_campaign(database, added.case_id)
    batch = add_sending(database, live)
    moved = move_deadline(database, vault, added.code, date(2021, 1, 15), "the section's page", "clara", DECEMBER)
    assert (moved.changed, moved.asked) == ({"deadline"}, (live,))
    assert sending_states(database, live, batch) == (WaveState.WITHDRAWN, BatchState.WITHDRAWN)
    case = find_case(database, added.code)
    assert (case.deadline_on, case.deadline_because) == (date(2021, 1, 15), "the section's page")
    assert campaign(database, live).question == "letter"


def test_the_same_deadline_again_disturbs_nobody(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    live = add_campaign(database, added.case_id)
    moved = move_deadline(database, vault, added.code, DEADLINE, "the same page", "clara", DECEMBER)
    assert (moved.changed, moved.asked, campaign(database, live).question) == (frozenset(), (), "")


def test_a_moved_deadline_stands_when_an_older_document_comes_and_yields_to_a_newer_one(
    database: Database, vault: Vault
) -> None:
    added = add(database, vault, UPDATE)
    move_deadline(database, vault, added.code, date(2021, 1, 15), "the section's page", "clara", DECEMBER)
    add(database, vault, FIRST)
    assert find_case(database, added.code).deadline_on == date(2021, 1, 15)
    newer = replace(UPDATE, title="Newer", issued_on=date(2021, 1, 2), deadline=date(2021, 3, 1))
    assert add(database, vault, newer).changed == {"document", "deadline", "title"}
    assert find_case(database, added.code).deadline_on == date(2021, 3, 1)


BAD_MOVES = [(date(2020, 4, 1), "a page", "before the day of issue"), (date(2021, 1, 15), "  ", "The source: is empty")]


@pytest.mark.parametrize(("until", "because", "reason"), BAD_MOVES)
def test_a_deadline_is_moved_to_a_possible_day_with_a_source(
    sqlite_database: Database, vault: Vault, until: date, because: str, reason: str
) -> None:
    added = add(sqlite_database, vault, FIRST, MAY)
    with pytest.raises(Trouble, match=reason):
        move_deadline(sqlite_database, vault, added.code, until, because, "clara", MAY)
    assert find_case(sqlite_database, added.code).deadline_on == FIRST.deadline


def test_a_stop_reaches_every_campaign_that_may_be_stopped(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    ids = {state: add_campaign(database, added.case_id, state) for state in CampaignState}
    batch = add_sending(database, ids[CampaignState.LIVE])
    stopped = stop(database, vault, added.code, "He is free.", note=False, who="clara", now=DECEMBER)
    assert stopped.campaigns == tuple(ids[state] for state in MAY_STOP)
    assert {campaign(database, i).state for i in ids.values()} == {CampaignState.STOPPED}
    assert all(may_move(state, CampaignState.STOPPED) for state in MAY_STOP)
    assert sending_states(database, ids[CampaignState.LIVE], batch) == (WaveState.WITHDRAWN, BatchState.WITHDRAWN)
    assert campaign(database, ids[CampaignState.LIVE]).ended_at == DECEMBER
    case = find_case(database, added.code)
    assert (case.stopped_at, case.stopped_because, case.questions) == (DECEMBER, "He is free.", [])
    assert list_cases(database, DECEMBER)[0].state == "stopped"


def test_a_stop_says_how_many_had_been_reminded_and_a_note_may_be_asked_for_later(
    database: Database, vault: Vault
) -> None:
    added = add(database, vault, UPDATE)
    one, two = add_campaign(database, added.case_id), add_campaign(database, added.case_id)
    draft = add_campaign(database, added.case_id, CampaignState.DRAFT)
    for campaign_id, person in ((one, 1), (one, 2), (two, 2)):
        add_delivery(database, campaign_id, person, DeliveryState.CARRIED)
    add_delivery(database, one, 3, DeliveryState.DUE)
    stopped = stop(database, vault, added.code, "He is free.", note=False, who="clara", now=DECEMBER)
    assert (stopped.already, stopped.reminded, stopped.note_campaigns) == (False, 2, ())
    assert f"`reminder case stop {added.code} --note`" in stopped.next
    again = stop(database, vault, added.code, "He is free.", note=True, who="clara", now=LATER)
    assert (again.already, again.campaigns, again.note_campaigns) == (True, (), (one, two))
    assert draft not in again.note_campaigns
    assert find_case(database, added.code).stopped_at == DECEMBER


def test_an_ending_that_an_organiser_confirms_stops_the_case(database: Database, vault: Vault) -> None:
    added = add(database, vault, replace(OUTCOME, previous_ua=None, ua_number="63/20"))
    live = add_campaign(database, added.case_id)
    decided = decide(database, vault, added.code, {"ended": "stop"}, "clara", DECEMBER)
    assert decided.stopped is not None
    assert decided.stopped.campaigns == (live,)
    case = find_case(database, added.code)
    assert (case.stopped_because, case.outcome) == ("No further action is asked for.", "")


def test_an_ending_that_an_organiser_denies_asks_until_when(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, OUTCOME)
    decided = decide(sqlite_database, vault, added.code, {"ended": "no"}, "clara", DECEMBER)
    assert [question.code for question in decided.questions] == ["deadline"]
    assert decided.stopped is None


def test_a_newer_document_after_a_stop_asks_whether_the_appeal_starts_again(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST, MAY)
    over = add_campaign(database, first.case_id)
    stop(database, vault, first.code, "He is free.", note=False, who="clara", now=NOVEMBER)
    update = add(database, vault, UPDATE, DECEMBER)
    assert ([question.code for question in update.questions], update.asked) == (["reopen"], ())
    decided = decide(database, vault, first.code, {"reopen": "yes"}, "clara", LATER)
    case = find_case(database, first.code)
    assert (decided.questions, case.stopped_at, case.deadline_on) == ((), None, DEADLINE)
    assert campaign(database, over).state is CampaignState.STOPPED


def test_a_stopped_case_can_be_left_stopped_after_a_newer_document(sqlite_database: Database, vault: Vault) -> None:
    first = add(sqlite_database, vault, FIRST, MAY)
    stop(sqlite_database, vault, first.code, "He is free.", note=False, who="clara", now=NOVEMBER)
    add(sqlite_database, vault, UPDATE, DECEMBER)
    decided = decide(sqlite_database, vault, first.code, {"reopen": "no"}, "clara", LATER)
    assert (decided.questions, find_case(sqlite_database, first.code).stopped_at) == ((), NOVEMBER)
    with pytest.raises(NotAllowed, match="was stopped"):
        move_deadline(sqlite_database, vault, first.code, date(2021, 1, 15), "a page", "clara", LATER)


def everything(database: Database) -> str:
    """All that the database holds about cases in plain sight, as one text."""
    with database.read() as connection:
        tables = ("casefile", "document", "campaign", "content", "case_key")
        return " ".join(
            str(tuple(row)) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))
        )


def test_a_redacted_case_stays_as_a_number_without_a_word_of_the_person(database: Database, vault: Vault) -> None:
    add(database, vault, FIRST, MAY, names="Nagyz Muhammed")
    added = add(database, vault, replace(UPDATE, letter="Dear Director, Nagyz Muhammed is innocent."))
    outcome(database, vault, added.code, "Nagyz Muhammed is free.", "clara", DECEMBER)
    live, approved = (add_campaign(database, added.case_id, s) for s in (CampaignState.LIVE, CampaignState.APPROVED))
    batch = add_sending(database, live)
    assert "Nagyz" in everything(database)
    redacted = redact(database, vault, added.code, "clara", DECEMBER)
    left = everything(database)
    assert not any(word in left for word in ("Nagyz", "Muhammed", "Writer", "Director", "appeal.txt"))
    assert (redacted.documents, redacted.asked, redacted.drafts) == (2, (live,), (approved,))
    after = campaign(database, live)
    assert (after.state, after.question) == (CampaignState.PAUSED, "redacted")
    assert sending_states(database, live, batch) == (WaveState.WITHDRAWN, BatchState.WITHDRAWN)
    case = find_case(database, "UA 63/20")
    assert (case.title, case.deadline_on, case.redacted_at) == ("", DEADLINE, DECEMBER)
    assert list_cases(database, DECEMBER)[0].state == "texts removed"
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM document WHERE source_ct IS NOT NULL")).scalar_one() == 0


def test_a_redacted_case_goes_on_with_a_new_text_and_refuses_the_old_file(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    live = add_campaign(database, added.case_id)
    redact(database, vault, added.code, "clara", DECEMBER)
    with pytest.raises(NotAllowed, match="its texts were removed"):
        add(database, vault, UPDATE, DECEMBER)
    with pytest.raises(NotAllowed, match="Add a new document"):
        decide(database, vault, added.code, {"redacted": "ok"}, "clara", DECEMBER)
    move_deadline(database, vault, added.code, date(2021, 1, 15), "the family", "clara", DECEMBER)
    assert campaign(database, live).question == "redacted"
    neutral = replace(UPDATE, title="A writer", case_names=(), issued_on=date(2020, 12, 2))
    new = add(database, vault, neutral, LATER)
    assert (new.questions, find_case(database, added.code).title) == ((), "A writer")
    assert (campaign(database, live).state, campaign(database, live).question) == (CampaignState.PAUSED, "letter")


def test_an_outcome_is_a_fact_of_its_own_and_ends_nothing(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    live = add_campaign(database, added.case_id)
    kept = outcome(database, vault, added.code, " Moved to  another prison. ", "clara", DECEMBER)
    case = find_case(database, added.code)
    assert (case.outcome, case.outcome_at, case.stopped_at) == ("Moved to another prison.", DECEMBER, None)
    assert (campaign(database, live).state, kept.changed) == (CampaignState.LIVE, {"outcome"})
    assert "an outcome ends no appeal" in kept.sentences[1]


def test_a_case_is_shown_with_its_chain_its_questions_and_its_campaigns(database: Database, vault: Vault) -> None:
    add(database, vault, FIRST, MAY)
    added = add(database, vault, replace(WITHOUT_YEAR, deadline_kind=DeadlineKind.SEND_BY))
    live = add_campaign(database, added.case_id)
    view = show_case(database, "63/20", NOVEMBER)
    assert [(d.place, d.kind, d.deadline, d.deadline_phrase) for d in view.documents] == [
        (1, "first", FIRST.deadline, ""),
        (2, "update", None, "29 December"),
    ]
    assert [question.code for question in view.questions] == ["deadline"]
    assert [(c.campaign_id, c.state) for c in view.campaigns] == [(live, CampaignState.LIVE)]
    assert (view.sent_by_counts, view.line.documents, view.line.number) == (True, 2, "UA 63/20")


@pytest.mark.parametrize("reference", ["nowhere", "", "UA 64/20", "ASA 17/9999/2020", "%", "file/"])
def test_an_unknown_case_is_said_to_be_unknown(sqlite_database: Database, vault: Vault, reference: str) -> None:
    add(sqlite_database, vault, UPDATE)
    with pytest.raises(Trouble, match="not known"):
        find_case(sqlite_database, reference)


def test_all_that_is_done_to_a_case_is_on_record(database: Database, vault: Vault) -> None:
    code = add(database, vault, WITHOUT_YEAR).code
    decide(database, vault, code, {"deadline": "2020-12-29", "because": "a call"}, "clara", DECEMBER)
    move_deadline(database, vault, code, date(2021, 1, 15), "a page", "clara", DECEMBER)
    outcome(database, vault, code, "Moved.", "clara", DECEMBER)
    redact(database, vault, code, "clara", DECEMBER)
    stop(database, vault, code, "He is free.", note=False, who="clara", now=DECEMBER)
    with database.read() as connection:
        done = [row.what for row in connection.execute(text("SELECT what FROM audit ORDER BY id"))]
    assert done == [f"case {verb}" for verb in ("add", "decide", "deadline", "outcome", "redact", "stop")]
    assert count(database, "casefile") == 1


def test_what_comes_next_is_the_campaign_that_is_there_already(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, UPDATE)
    campaign_id = add_campaign(sqlite_database, added.case_id)
    again = move_deadline(sqlite_database, vault, added.code, DEADLINE, "a page", "clara", DECEMBER)
    assert again.next == f"see it with `reminder campaign show {campaign_id}`"
    assert show_case(sqlite_database, added.code, DECEMBER).next == again.next


def test_a_case_whose_review_day_has_passed_leads_to_the_command_that_moves_it(
    sqlite_database: Database, vault: Vault
) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR, review_on=DECEMBER.date())
    assert "campaign create" in show_case(sqlite_database, added.code, DECEMBER).next
    assert f"reminder case decide {added.code}" in show_case(sqlite_database, added.code, LATER).next


def test_one_is_one_and_several_are_several(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, UPDATE)
    one = add_campaign(sqlite_database, added.case_id)
    said = outcome(sqlite_database, vault, added.code, "moved", "clara", DECEMBER).sentences
    assert f"Campaign {one} goes on: an outcome ends no appeal." in said
    two = add_campaign(sqlite_database, added.case_id)
    said = outcome(sqlite_database, vault, added.code, "moved", "clara", DECEMBER).sentences
    assert f"Campaigns {one}, {two} go on: an outcome ends no appeal." in said
    stopped = stop(sqlite_database, vault, added.code, "free", note=False, who="clara", now=DECEMBER)
    assert f"Campaigns {one}, {two} stopped; nothing of them is sent any more." in stopped.sentences
    bare = add(sqlite_database, vault, replace(UPDATE, index="ASA 17/1/2020", previous_ua=None, title="Another"))
    redacted = redact(sqlite_database, vault, bare.code, "clara", DECEMBER)
    assert redacted.sentences[0].endswith("of 1 document was removed.")
    again = redact(sqlite_database, vault, bare.code, "clara", DECEMBER)
    assert again.sentences[0].endswith("its texts were removed before; there was nothing left to remove.")
    (asked,) = (line for line in show_case(sqlite_database, bare.code, DECEMBER).sentences if "Waiting" in line)
    assert asked.endswith("Add a new document with `reminder case add`, or stop the case.")
