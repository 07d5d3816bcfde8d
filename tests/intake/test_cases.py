import base64
import itertools
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.domain.documents import Document, DocumentKind, Doubt, DoubtCode
from reminder.domain.states import BatchState, CampaignState, WaveState
from reminder.errors import NotAllowed, Trouble
from reminder.intake.cases import AddedCase, find_case, list_cases, show_case, stop
from reminder.intake.cases.settle import new_code
from reminder.intake.documents import read_document
from reminder.store import cases as case_rows
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.intake.case_samples import (
    AMNESTY,
    DEADLINE,
    FIRST,
    MAY,
    NOVEMBER,
    OUTCOME,
    UPDATE,
    WITHOUT_YEAR,
    add,
    add_campaign,
    add_sending,
    campaign,
    count,
    sending_states,
)


def chain(database: Database, added: AddedCase) -> list[str]:
    return [document.title for document in show_case(database, added.code, NOVEMBER).documents]


def test_the_founding_case_has_one_case_two_deadlines_and_a_long_silence(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST, MAY)
    update = add(database, vault, UPDATE, NOVEMBER)
    assert (update.case_id, update.new_case, update.is_newest, update.place) == (first.case_id, False, True, 2)
    case = find_case(database, "UA 63/20")
    assert (case.code, case.key) == (first.code, "amnesty-international/ua/63/20")
    assert (case.deadline_on, case.title, case.country, case.zone) == (DEADLINE, UPDATE.title, "CN", "Europe/London")
    assert chain(database, first) == [FIRST.title, UPDATE.title]
    assert "People may write until Tuesday 29 December 2020, that whole day included." in update.sentences
    assert update.next == f"`reminder campaign create {update.code} --audience all`"


def test_the_update_alone_is_a_case_and_its_first_document_finds_it_later(database: Database, vault: Vault) -> None:
    update = add(database, vault, UPDATE, NOVEMBER)
    assert (update.new_case, update.questions) == (True, ())
    assert find_case(database, "ASA 17/2219/2020").code == update.code
    first = add(database, vault, FIRST, NOVEMBER + timedelta(days=1))
    assert (first.case_id, first.place, first.is_newest) == (update.case_id, 1, False)
    assert first.changed == {"number"}
    assert find_case(database, "63/20").deadline_on == DEADLINE
    assert "newer ones keep their word" in first.sentences[0]


def test_a_case_is_never_found_by_a_name(database: Database, vault: Vault) -> None:
    add(database, vault, FIRST)
    namesake = replace(FIRST, ua_number="64/20", index="ASA 17/3000/2020", title="Another of that name")
    assert add(database, vault, namesake).new_case
    assert count(database, "casefile") == 2


def test_the_same_number_of_another_organisation_is_another_case(database: Database, vault: Vault) -> None:
    amnesty = add(database, vault, FIRST)
    other = add(database, vault, replace(FIRST, organisation="Asian Human Rights Commission", index=None), data=b"ahrc")
    assert other.case_id != amnesty.case_id
    with pytest.raises(Trouble, match="belongs to several cases"):
        find_case(database, "UA 63/20")


def test_the_same_file_twice_is_one_document(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE)
    again = add(database, vault, UPDATE, NOVEMBER + timedelta(hours=1))
    assert (again.case_id, again.new_document, again.changed) == (added.case_id, False, frozenset())
    assert count(database, "document") == 1
    assert "this file is here already, as document 1 of 1" in again.sentences[0]


def test_what_is_supplied_with_the_same_file_later_answers_what_it_left_open(
    sqlite_database: Database, vault: Vault
) -> None:
    first = add(sqlite_database, vault, WITHOUT_YEAR)
    assert [question.code for question in first.questions] == ["deadline"]
    again = add(sqlite_database, vault, WITHOUT_YEAR, deadline=DEADLINE, because="a call")
    assert (again.questions, again.changed) == ((), {"deadline", "questions"})


def test_a_deadline_without_a_year_waits_and_says_why(sqlite_database: Database, vault: Vault) -> None:
    added = add(sqlite_database, vault, WITHOUT_YEAR)
    assert find_case(sqlite_database, added.code).deadline_on is None
    assert added.next == f"answer with `reminder case decide {added.code}`"
    assert any('The document says "29 December"' in sentence for sentence in added.sentences)
    assert list_cases(sqlite_database, NOVEMBER)[0].state == "waiting for you"


def test_a_supplied_deadline_never_overrides_a_certain_one(database: Database, vault: Vault) -> None:
    with pytest.raises(NotAllowed, match="is 2020-12-29 already"):
        add(database, vault, UPDATE, deadline=date(2020, 12, 28), because="a call")
    assert (count(database, "casefile"), count(database, "audit")) == (0, 0)
    assert add(database, vault, UPDATE, deadline=DEADLINE, because="a call").new_case


def test_a_supplied_deadline_before_the_day_of_issue_is_refused(sqlite_database: Database, vault: Vault) -> None:
    undated = replace(WITHOUT_YEAR, issued_on=date(2020, 11, 1))
    with pytest.raises(Trouble, match="before the day of issue"):
        add(sqlite_database, vault, undated, deadline=date(2019, 12, 29), because="a call")


def test_an_appeal_that_is_already_past_is_recorded_as_expired_on_arrival(
    sqlite_database: Database, vault: Vault
) -> None:
    added = add(sqlite_database, vault, FIRST, NOVEMBER)
    assert added.expired_on_arrival
    assert "The last day was Tuesday 30 June 2020: the deadline has passed, nobody is reminded." in added.sentences
    assert list_cases(sqlite_database, NOVEMBER)[0].state == "deadline passed"


@pytest.mark.parametrize(("zone", "expired"), [("Pacific/Kiritimati", True), ("America/Los_Angeles", False)])
def test_the_zone_of_the_case_rules_whether_it_came_too_late(
    sqlite_database: Database, vault: Vault, zone: str, expired: bool
) -> None:
    now = NOVEMBER.replace(month=12, day=29, hour=12)
    assert add(sqlite_database, vault, UPDATE, now, zone=zone).expired_on_arrival is expired


def test_no_deadline_but_a_day_to_look_again_is_a_normal_case(sqlite_database: Database, vault: Vault) -> None:
    nothing = replace(UPDATE, deadline=None, warnings=(Doubt(DoubtCode.NO_DEADLINE, "None was found."),))
    added = add(sqlite_database, vault, nothing, review_on=date(2021, 1, 31))
    case = find_case(sqlite_database, added.code)
    assert (added.questions, case.deadline_on, case.review_on) == ((), None, date(2021, 1, 31))


@pytest.mark.parametrize(
    ("supplied", "says"),
    [
        ({"review_on": NOVEMBER.date() - timedelta(days=1)}, "is past already"),
        ({"review_on": DEADLINE, "deadline": DEADLINE, "because": "a call"}, "do not go together"),
    ],
)
def test_a_review_day_is_still_to_come_and_stands_in_for_a_deadline(
    sqlite_database: Database, vault: Vault, supplied: dict[str, date | str], says: str
) -> None:
    with pytest.raises(Trouble, match=says):
        add(sqlite_database, vault, WITHOUT_YEAR, **supplied)
    assert count(sqlite_database, "casefile") == 0


def test_what_an_organiser_supplies_goes_before_what_was_read(database: Database, vault: Vault) -> None:
    bare = Document(title="Appeal", deadline=DEADLINE)
    added = add(
        database,
        vault,
        bare,
        zone="asia/almaty",
        ua_number="UA 063/2020",
        organisation=AMNESTY,
        country="China",
        topics=("Writers", " writers "),
        channels=("email", "post"),
        sent_by_counts=True,
    )
    case = find_case(database, "63/20")
    assert (added.questions, case.zone, case.country, case.topics) == ((), "Asia/Almaty", "CN", ["writers"])
    assert case.sent_by_counts
    assert show_case(database, added.code, NOVEMBER).documents[0].given["channels"] == "post email"


BAD = [
    {"zone": "Mars/Olympus"},
    {"country": "Atlantis"},
    {"ua_number": "none of your business"},
    {"channels": ("pigeon",)},
    {"case": "nowhere"},
]


@pytest.mark.parametrize("supplied", BAD)
def test_a_bad_word_of_an_organiser_is_refused_and_stores_nothing(
    sqlite_database: Database, vault: Vault, supplied: dict[str, str]
) -> None:
    with pytest.raises(Trouble):
        add(sqlite_database, vault, UPDATE, **supplied)
    assert count(sqlite_database, "document") == 0


def test_a_list_of_several_appeals_is_no_case(sqlite_database: Database, vault: Vault) -> None:
    with pytest.raises(NotAllowed, match="several appeals"):
        add(sqlite_database, vault, replace(UPDATE, kind=DocumentKind.LIST))


def test_a_document_without_any_number_goes_where_an_organiser_says(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST)
    bare = replace(UPDATE, previous_ua=None, issued_on=date(2020, 11, 1))
    assert add(database, vault, bare, case=first.code).case_id == first.case_id
    other = add(database, vault, replace(FIRST, ua_number="64/20", index=None, title="Another"))
    with pytest.raises(NotAllowed, match="already in case"):
        add(database, vault, bare, case=other.code)


def test_a_source_is_kept_encrypted_and_comes_back_whole(database: Database, vault: Vault) -> None:
    added = add(database, vault, UPDATE, data=b"%PDF \x00\xff Nagyz Muhammed")
    with database.read() as connection:
        document = case_rows.documents_of(connection, added.case_id)[0]
        source = case_rows.source_of(connection, document.id)
    assert source is not None
    assert b"Nagyz" not in source
    assert base64.b64decode(vault.decrypt(source, b"document")) == b"%PDF \x00\xff Nagyz Muhammed"


def test_a_document_that_links_two_cases_makes_them_one(database: Database, vault: Vault) -> None:
    """The third names the second, which comes last and names the first."""
    second = replace(UPDATE, index="ASA 17/3279/2020", title="Second")
    third = replace(UPDATE, previous_ua="ASA 17/3279/2020", title="Third", deadline=date(2021, 2, 1))
    one, two = add(database, vault, FIRST), add(database, vault, third)
    assert one.case_id != two.case_id
    begun = add_campaign(database, two.case_id)
    joined = add(database, vault, second)
    assert (joined.case_id, joined.place, joined.length) == (one.case_id, 2, 3)
    assert chain(database, one) == [FIRST.title, "Second", "Third"]
    assert campaign(database, begun).case_id == one.case_id
    assert find_case(database, two.code).code == one.code
    assert count(database, "casefile") == 1


def test_a_stopped_case_is_not_joined_to_another_by_itself(database: Database, vault: Vault) -> None:
    one = add(database, vault, FIRST)
    add(database, vault, replace(UPDATE, previous_ua="ASA 17/3279/2020", title="Third"))
    stop(database, vault, one.code, "He is free.", note=False, who="clara", now=NOVEMBER)
    with pytest.raises(NotAllowed, match="one of which was stopped"):
        add(database, vault, replace(UPDATE, index="ASA 17/3279/2020", title="Second"))


def test_an_update_takes_back_what_was_about_to_go_and_asks_about_the_letter(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST, MAY)
    live = add_campaign(database, first.case_id)
    batch = add_sending(database, live)
    approved = add_campaign(database, first.case_id, CampaignState.APPROVED)
    draft = add_campaign(database, first.case_id, CampaignState.DRAFT)
    closed = add_campaign(database, first.case_id, CampaignState.CLOSED)
    expired = add_campaign(database, first.case_id, CampaignState.EXPIRED)
    update = add(database, vault, UPDATE)
    assert (update.asked, update.drafts) == ((live, expired), (approved,))
    assert sending_states(database, live, batch) == (WaveState.WITHDRAWN, BatchState.WITHDRAWN)
    assert [campaign(database, i).question for i in (live, expired, draft, closed)] == ["letter", "letter", "", ""]
    assert campaign(database, approved).state is CampaignState.DRAFT
    assert update.next == f"say whether the letter is the same or new with `reminder case decide {update.code}`"


def test_an_older_document_added_later_leaves_campaigns_alone(database: Database, vault: Vault) -> None:
    update = add(database, vault, UPDATE)
    live = add_campaign(database, update.case_id)
    batch = add_sending(database, live)
    older = add(database, vault, FIRST)
    assert (older.asked, campaign(database, live).question) == ((), "")
    assert sending_states(database, live, batch) == (WaveState.PLANNED, BatchState.OPEN)


def test_an_update_that_cannot_be_read_with_certainty_lets_nothing_of_the_old_one_go(
    database: Database, vault: Vault
) -> None:
    first = add(database, vault, replace(FIRST, deadline=DEADLINE), MAY)
    live = add_campaign(database, first.case_id)
    update = add(database, vault, WITHOUT_YEAR)
    assert (update.asked, find_case(database, first.code).deadline_on) == ((live,), None)


def test_a_document_of_unknown_age_lets_nothing_go_until_somebody_says_which_is_newest(
    database: Database, vault: Vault
) -> None:
    known = add(database, vault, FIRST, MAY)
    live = add_campaign(database, known.case_id)
    other = add(database, vault, replace(FIRST, kind=None, index=None, issued_on=None), data=b"reprint")
    assert "newest" in [question.code for question in other.questions]
    assert campaign(database, live).question == "letter"


def test_a_message_that_speaks_of_another_appeal_too_stays(database: Database, vault: Vault) -> None:
    first = add(database, vault, FIRST, MAY)
    live, elsewhere = add_campaign(database, first.case_id), add_campaign(database, first.case_id, CampaignState.DRAFT)
    batch = add_sending(database, live, elsewhere)
    add(database, vault, UPDATE)
    assert sending_states(database, live, batch) == (WaveState.WITHDRAWN, BatchState.OPEN)


def test_an_outcome_proposes_its_words_and_lets_nothing_go_but_closes_nothing(database: Database, vault: Vault) -> None:
    add(database, vault, FIRST, MAY)
    update = add(database, vault, UPDATE)
    live = add_campaign(database, update.case_id)
    ended = add(database, vault, replace(OUTCOME, ua_number="63/20"))
    assert [question.code for question in ended.questions] == ["ended"]
    assert ended.proposed_outcome == "No further action is asked for."
    after = campaign(database, live)
    assert (after.state, after.question) == (CampaignState.LIVE, "letter")
    case = find_case(database, update.code)
    assert (case.stopped_at, case.outcome) == (None, "")


def test_two_adders_at_once_make_one_case(database_url: str, database: Database, vault: Vault) -> None:
    other = Database(database_url)
    start = threading.Barrier(2)
    results: list[AddedCase] = []
    documents = itertools.product((database, other), (FIRST,))

    def work(opened: Database, document: Document) -> None:
        start.wait()
        results.append(add(opened, vault, document, MAY))

    threads = [threading.Thread(target=work, args=pair) for pair in documents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(result.new_case for result in results) == [False, True]
    assert (count(database, "casefile"), count(database, "document")) == (1, 1)


def test_two_documents_of_one_chain_added_at_once_make_one_case(
    database_url: str, database: Database, vault: Vault
) -> None:
    other = Database(database_url)
    start = threading.Barrier(2)

    def work(opened: Database, document: Document) -> None:
        start.wait()
        add(opened, vault, document)

    threads = [threading.Thread(target=work, args=pair) for pair in ((database, FIRST), (other, UPDATE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    case = find_case(database, "63/20")
    assert (count(database, "casefile"), case.deadline_on, case.title) == (1, DEADLINE, UPDATE.title)


def test_a_code_that_is_taken_is_drawn_again(sqlite_database: Database, vault: Vault) -> None:
    taken = add(sqlite_database, vault, UPDATE).code
    drawn = iter([base64.b32decode(f"{taken.upper()}AA"), b"\x00" * 5])
    with sqlite_database.read() as connection:
        assert new_code(connection, lambda size: next(drawn)) == "aaaaaa"


SAMPLES = Path(__file__).resolve().parents[1] / "samples"


def test_the_sample_document_is_a_case_that_waits_for_nothing(sqlite_database: Database, vault: Vault) -> None:
    data = (SAMPLES / "nagyz-muhammed.txt").read_bytes()
    document = read_document(data, file_name="nagyz-muhammed.txt", read_on=NOVEMBER.date())
    added = add(sqlite_database, vault, document, data=data)
    case = find_case(sqlite_database, added.code)
    assert (added.questions, case.deadline_on, case.country) == ((), DEADLINE, "CN")


LINKS = ["ASA 17/2219/2020", "ASA 17/3279/2020", "ASA 17/3500/2020", "ASA 17/3600/2021"]
CHAIN = [
    replace(
        UPDATE,
        kind=DocumentKind.FIRST if place == 0 else DocumentKind.UPDATE,
        title=f"Document {place + 1}",
        index=index,
        previous_ua=LINKS[place - 1] if place else None,
        ua_number="63/20" if place == 0 else None,
        country_code="CN" if place in {0, 2} else None,
        country="China" if place in {0, 2} else None,
        deadline=date(2020, 12, 1 + place) if place != 2 else None,
        warnings=(Doubt(DoubtCode.OPEN_ENDED, "Open-ended."),) if place == 2 else (),
    )
    for place, index in enumerate(LINKS)
]


@settings(max_examples=12)
@given(order=st.permutations(CHAIN), length=st.integers(1, 4))
def test_a_chain_says_the_same_in_whatever_order_it_is_added(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, order: list[Document], length: int
) -> None:
    vault = Vault(b"i" * 32, {1: b"d" * 32})
    facts = []
    for number, documents in enumerate(
        (CHAIN[:length], [document for document in order if document in CHAIN[:length]])
    ):
        path = tmp_path_factory.mktemp("order") / f"{number}.db"
        path.write_bytes(sqlite_template.read_bytes())
        database = Database(f"sqlite:///{path}")
        for document in documents:
            added = add(database, vault, document)
        view = show_case(database, added.code, NOVEMBER)
        facts.append((view.line.number, view.line.country, view.line.deadline_on, view.questions, view.line.title))
        assert [document.title for document in view.documents] == [f"Document {n + 1}" for n in range(length)]
        assert count(database, "casefile") == 1
        database.close()
    assert facts[0] == facts[1]
