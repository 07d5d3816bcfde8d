"""What a removal of texts leaves of a report, of its mail and of a list: everything but somebody's words."""

import json

import pytest

from reminder.domain.report_scrub import mail_without_texts, report_without_texts
from reminder.domain.states import CampaignState
from reminder.reporting.listing import expired, listing_outline
from reminder.reporting.make import make_report
from reminder.reporting.outline import outline
from reminder.store.audit import record
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.reporting.world import ENDED, START, World, world

CODE = "k3x7qa"
WORD = "Nagyz"


@pytest.fixture
def appeal(sqlite_database: Database, vault: Vault) -> World:
    """A stopped appeal that names the person wherever somebody can type."""
    made = world(sqlite_database)
    typed = ("title", "deadline_because", "stopped_because", "outcome")
    made.run("UPDATE casefile SET " + ", ".join(f"{name} = '{WORD} ({name})'" for name in typed))
    made.run("UPDATE document SET read = replace(read, 'until 29', :word)", word=f"for {WORD} until 29")
    made.run("UPDATE campaign SET state = :stopped", stopped=int(CampaignState.STOPPED))
    made.database.write(lambda c: record(c, vault, "Clara", "case stop", f"case:{CODE}", {}, START))
    made.promise("Clara")
    return made


def test_a_report_and_its_mail_keep_the_figures_without_the_words(appeal: World) -> None:
    report = make_report(appeal.database, appeal.campaign_id, ENDED).as_version(1, final=True)
    body, payload = report.to_json(), outline(report).payload()
    assert (json.dumps(body).count(WORD), json.dumps(payload).count(WORD)) == (6, 6)
    left, mail = report_without_texts(body), mail_without_texts(payload, [CODE])
    assert WORD not in json.dumps([left, mail])
    assert left.keys() == body.keys()
    assert (left["people"], left["reminders"]) == (body["people"], body["reminders"])
    assert mail["tables"][1:] == payload["tables"][1:]
    assert [row[:5] for row in mail["tables"][0]["rows"]] == [row[:5] for row in payload["tables"][0]["rows"]]


def test_a_list_keeps_the_number_and_the_other_appeals(appeal: World) -> None:
    appeal.add_case("other2", title=f"Another {WORD}")
    payload = listing_outline(expired(appeal.database, ENDED, START.date())).payload()
    mail = mail_without_texts(payload, [CODE])
    mine, other = mail["tables"][0]["rows"]
    assert (mine[1], mine[6]) == (f"UA 63/20 ({CODE})", "")
    assert other in payload["tables"][0]["rows"]
    assert WORD in other[1]


def test_a_mail_about_other_appeals_is_left_as_it_is(appeal: World) -> None:
    payload = outline(make_report(appeal.database, appeal.campaign_id, ENDED)).payload()
    assert mail_without_texts(payload, ["other2"]) == payload
