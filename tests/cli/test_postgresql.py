"""The same commands on PostgreSQL: DATABASE_URL takes either."""

import base64
from pathlib import Path

import pytest

from reminder.store.database import Database
from tests.cli.office import ORGANISER, SUPPORTERS, URGENT, Office
from tests.databases import vault_for_tests


def key(byte: bytes) -> str:
    return base64.urlsafe_b64encode(byte * 32).rstrip(b"=").decode()


@pytest.fixture
def on_a_server(postgres_url: str, tmp_path: Path) -> Office:
    """An office whose database is a PostgreSQL that was made with the keys of the tests."""
    settings = {"DATABASE_URL": postgres_url, "INDEX_KEY": key(b"i"), "DATA_KEYS": f"1:{key(b'd')}"}
    return Office(tmp_path, settings)


def test_a_campaign_goes_from_its_document_to_its_report(on_a_server: Office) -> None:
    office = on_a_server
    assert vault_for_tests().fingerprint() in office.done("init --organiser Office", typed=f"{ORGANISER}\n").out
    office.done("subscribers import", SUPPORTERS)
    office.done("campaign create --audience all", office.code_of(URGENT))
    for line in ("campaign approve 1", "campaign start 1", "forecast 1"):
        office.done(line)
    # Two supporters, and the week's list for the office: this database is some weeks old.
    assert office.at(1, 9).done("tick").out.startswith("Sent 3, refused 0")
    assert office.at(1, 9).done("tick").out.startswith("Sent 0, refused 0")
    assert "sent" in office.at(1, 9).done("subscribers why 1", typed="clara@example.org\n").out
    assert "People reminded     2" in office.at(1, 10).done("report 1").out
    assert "1 live" in office.at(1, 10).done("status").out


def test_while_another_machine_sends_a_tick_is_refused(on_a_server: Office) -> None:
    elsewhere = Database(on_a_server.environment["DATABASE_URL"])
    lock = elsewhere.advisory_lock()
    assert lock is not None
    said = on_a_server.say("tick")
    lock.let_go()
    elsewhere.close()
    assert said.errors[0].startswith("error: Another Reminder: works on this database already.")
    on_a_server.done("tick")
