from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from reminder.domain.cases import IssuedText
from reminder.domain.states import CampaignState, DeliveryState, Reason
from reminder.store import case_moves, cases
from reminder.store.audit import record
from reminder.store.database import Database
from reminder.store.tables import CaseKey, Subscription
from reminder.store.vault import Vault
from tests.intake.case_samples import add_campaign, add_delivery, campaign

NOW = datetime(2020, 11, 2, 9, tzinfo=UTC)


def new_case(connection: Connection, code: str = "k3x7qa", key: str = "amnesty-international/ua/63/20") -> int:
    return cases.create_case(connection, key, code, "Amnesty International", "Europe/London", NOW)


def add_text(connection: Connection, case_id: int, digest: str) -> int:
    issued = IssuedText(digest, NOW, {"kind": "first", "title": "ü"}, "CN", {"deadline": "2020-12-29"})
    return cases.add_document_row(connection, case_id, issued, "appeal.txt", b"hidden", date(2020, 4, 30))


def test_a_key_belongs_to_one_case(database: Database) -> None:
    one = database.write(new_case)
    two = database.write(lambda c: new_case(c, "aaaaaa", "index/ASA 17/2219/20"))
    assert database.write(lambda c: cases.claim_keys(c, one, ["a", "b"])) == {"a", "b"}
    assert database.write(lambda c: cases.claim_keys(c, two, ["b", "c"])) == {"c"}
    with pytest.raises(IntegrityError):
        database.write(lambda c: c.execute(insert(CaseKey).values(key="a", case_id=two)))
    with database.read() as connection:
        assert cases.cases_by_key(connection, ["a", "c", "nobody's"]) == {"a": one, "c": two}


TWICE: list[Callable[[Connection], Any]] = [
    lambda c: new_case(c, "bbbbbb"),
    lambda c: new_case(c, "k3x7qa", "another"),
]


@pytest.mark.parametrize("again", TWICE, ids=["key", "code"])
def test_a_case_has_a_key_and_a_code_of_its_own(database: Database, again: Callable[[Connection], Any]) -> None:
    database.write(new_case)
    with pytest.raises(IntegrityError):
        database.write(again)


def test_the_same_file_is_one_document_of_its_case(database: Database) -> None:
    case_id = database.write(new_case)
    database.write(lambda c: add_text(c, case_id, "aa"))
    with pytest.raises(IntegrityError):
        database.write(lambda c: add_text(c, case_id, "aa"))


def test_a_chain_is_read_back_in_its_places_as_it_was_written(database: Database) -> None:
    case_id = database.write(new_case)
    ids = [database.write(lambda c, d=digest: add_text(c, case_id, d)) for digest in ("aa", "bb", "cc")]
    database.write(lambda c: cases.set_places(c, [ids[2], ids[0], ids[1]]))
    with database.read() as connection:
        documents = cases.documents_of(connection, case_id)
        assert [(d.id, d.sequence) for d in documents] == [(ids[2], 1), (ids[0], 2), (ids[1], 3)]
        assert cases.count_documents(connection) == {case_id: 3}
    first = documents[0]
    assert (first.text.digest, first.text.added_at, first.text.country) == ("cc", NOW, "CN")
    assert (first.text.read["title"], first.text.answer("deadline"), first.file_name) == (
        "ü",
        "2020-12-29",
        "appeal.txt",
    )


def test_removed_texts_take_the_file_and_its_name_with_them(database: Database) -> None:
    case_id = database.write(new_case)
    document = database.write(lambda c: add_text(c, case_id, "aa"))
    database.write(lambda c: case_moves.remove_texts(c, document, {"kind": "first"}, {"redacted": "yes"}))
    with database.read() as connection:
        stored = cases.documents_of(connection, case_id)[0]
        assert cases.source_of(connection, document) is None
    assert (stored.file_name, stored.text.read, stored.text.given) == ("", {"kind": "first"}, {"redacted": "yes"})


@pytest.mark.parametrize(("expired_too", "asked"), [(False, [3, 4]), (True, [3, 4, 5])])
def test_only_campaigns_that_have_begun_are_asked(database: Database, expired_too: bool, asked: list[int]) -> None:
    case_id = database.write(new_case)
    other = database.write(lambda c: new_case(c, "aaaaaa", "another"))
    ids = {state: add_campaign(database, case_id, state) for state in CampaignState}
    elsewhere = add_campaign(database, other)
    result = database.write(
        lambda c: case_moves.ask_campaigns(c, case_id, "letter", Reason.DOCUMENT_CHANGED, expired_too=expired_too)
    )
    assert result.campaigns == tuple(ids[CampaignState(state)] for state in asked)
    assert result.drafts == (ids[CampaignState.APPROVED],)
    assert {state: campaign(database, i).question for state, i in ids.items()} == {
        state: "letter" if state in asked else "" for state in CampaignState
    }
    risen = {state for state, i in ids.items() if campaign(database, i).version == 2}
    assert risen == {*asked, CampaignState.APPROVED}
    assert (campaign(database, elsewhere).question, campaign(database, elsewhere).version) == ("", 1)


def test_a_case_is_stopped_once(database: Database) -> None:
    case_id = database.write(new_case)
    later = NOW.replace(day=3)
    assert database.write(lambda c: case_moves.stop_case(c, case_id, "He is free.", NOW))
    assert not database.write(lambda c: case_moves.stop_case(c, case_id, "Again.", later))
    with database.read() as connection:
        row = cases.read_case(connection, case_id)
    assert (row.stopped_at, row.stopped_because) == (NOW, "He is free.")


def test_a_campaign_that_had_ended_keeps_its_end_when_the_case_is_stopped(database: Database) -> None:
    case_id = database.write(new_case)
    closed, live = add_campaign(database, case_id, CampaignState.CLOSED), add_campaign(database, case_id)
    ended = {"ended": int(NOW.timestamp()), "id": closed}
    database.write(lambda c: c.execute(text("UPDATE campaign SET ended_at = :ended WHERE id = :id"), ended))
    later = NOW.replace(day=3)
    assert database.write(lambda c: case_moves.stop_campaigns(c, case_id, later)).campaigns == (closed, live)
    assert [campaign(database, i).ended_at for i in (closed, live)] == [NOW, later]
    assert database.write(lambda c: case_moves.stop_campaigns(c, case_id, later)).campaigns == ()


def test_people_who_were_reminded_are_counted_once(database: Database) -> None:
    case_id = database.write(new_case)
    one, two = add_campaign(database, case_id), add_campaign(database, case_id)
    for campaign_id, person, state in [(one, 1, 2), (two, 1, 2), (one, 2, 2), (one, 3, 1), (two, 4, 4)]:
        add_delivery(database, campaign_id, person, DeliveryState(state))
    with database.read() as connection:
        assert case_moves.reminded_people(connection, [one, two]) == 2
        assert case_moves.reminded_people(connection, []) == 0


def test_two_cases_become_one_with_all_that_people_chose(database: Database) -> None:
    kept = database.write(new_case)
    joined = database.write(lambda c: new_case(c, "aaaaaa", "index/ASA 17/2219/20"))
    database.write(lambda c: add_text(c, kept, "aa"))
    database.write(lambda c: add_text(c, joined, "bb"))
    begun = add_campaign(database, joined)
    scopes = [(f"case:{kept}", 1), (f"case:{joined}", 1), (f"case:{joined}", 2), ("all", 3)]
    rows = [{"scope": scope, "subscriber_id": person} for scope, person in scopes]
    audience = {"audience": f'["all", "case:{joined}"]', "id": begun}
    database.write(lambda c: c.execute(insert(Subscription), rows))
    database.write(lambda c: c.execute(text("UPDATE campaign SET audience = :audience WHERE id = :id"), audience))
    database.write(lambda c: case_moves.join_cases(c, kept, joined))
    with database.read() as connection:
        assert [d.text.digest for d in cases.documents_of(connection, kept)] == ["aa", "bb"]
        assert cases.cases_by_reference(connection, "k3x7qa", ["code/aaaaaa"], "") == [kept]
        assert cases.is_code_taken(connection, "aaaaaa")
        subscribed = connection.execute(text("SELECT scope, subscriber_id FROM subscription ORDER BY 2")).all()
    assert [tuple(row) for row in subscribed] == [(f"case:{kept}", 1), (f"case:{kept}", 2), ("all", 3)]
    assert (campaign(database, begun).case_id, campaign(database, begun).audience) == (kept, ["all", f"case:{kept}"])


def test_a_record_tells_who_and_what_and_hides_the_details(database: Database, vault: Vault) -> None:
    database.write(lambda c: record(c, vault, "clara", "case stop", "case:k3x7qa", {"reason": "He is free."}, NOW))
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM audit")).one()
    assert (row.at, row.who, row.what, row.about) == (int(NOW.timestamp()), "clara", "case stop", "case:k3x7qa")
    assert b"free" not in row.detail_ct
    assert "He is free." in vault.decrypt(row.detail_ct, b"audit")
