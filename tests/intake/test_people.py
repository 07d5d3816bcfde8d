import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from reminder.domain.consent import Closed, Leaving
from reminder.domain.states import Channel
from reminder.errors import NotAllowed, Trouble
from reminder.events.supporters import leave, report_letter
from reminder.intake import people
from reminder.intake.exports import export_everyone, export_person
from reminder.intake.people import Joining
from reminder.intake.subscribers.keep import keep_list
from reminder.intake.subscribers.read import read_list
from reminder.intake.subscribers.rows import Row
from reminder.store.database import Database
from reminder.store.people.ledger import Closing, close
from reminder.store.vault import Vault
from tests.events.cast import CAMPAIGN, appeal

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
EMAIL, SMS = Channel.EMAIL, Channel.SMS
CLARA = Joining(
    email="Clara@example.org",
    phone="07700 900101",
    name="=Clara",
    locale="en-GB",
    country="GB",
    zone="Europe/London",
    email_hour=7,
    subscriptions=("all", "list:london", "country:CN"),
    left_out=("IR",),
    source="stall",
    wording="Yes, remind me.",
)


def join(database: Database, vault: Vault, joining: Joining = CLARA, now: datetime = NOW) -> people.Joined:
    return people.add_subscriber(database, vault, joining, now)


def queued(database: Database) -> list[tuple[int, int]]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT subscriber_id, channel FROM message WHERE kind = 3 ORDER BY id"))
        return [tuple(row) for row in rows]


def test_joining_asks_by_each_channel_and_writes_to_nobody_before_the_answer(database: Database, vault: Vault) -> None:
    joined = join(database, vault)
    assert (joined.known, joined.to_confirm) == (False, {EMAIL, SMS})
    assert sorted(queued(database)) == [(joined.subscriber_id, 1), (joined.subscriber_id, 2)]
    held = export_person(database, vault, joined.subscriber_id)
    assert (held["email_agreed_since"], held["sms_agreed_since"]) == (None, None)
    assert [line["what"] for line in held["agreements"]] == ["asked", "asked"]


def test_asking_again_on_the_same_day_asks_nobody_twice_and_changes_nothing(database: Database, vault: Vault) -> None:
    first = join(database, vault)
    stranger = Joining(email="clara@EXAMPLE.org", name="Somebody", zone="Asia/Tokyo", subscriptions=("topic:any",))
    again = join(database, vault, stranger, LATER)
    assert (again.subscriber_id, again.known, again.to_confirm) == (first.subscriber_id, True, {EMAIL})
    assert len(queued(database)) == 2
    held = export_person(database, vault, first.subscriber_id)
    assert (held["name"], held["zone"]) == ("=Clara", "Europe/London")
    assert "topic:any" not in held["subscriptions"]
    join(database, vault, now=NOW + timedelta(days=1))
    assert len(queued(database)) == 4


def test_who_has_confirmed_is_not_asked_again(database: Database, vault: Vault) -> None:
    person = join(database, vault).subscriber_id
    assert people.confirm(database, person, EMAIL, LATER, subscriptions=("topic:writers",))
    assert not people.confirm(database, person, EMAIL, LATER)
    assert join(database, vault, now=LATER).to_confirm == {SMS}
    held = export_person(database, vault, person)
    assert held["email_agreed_since"] == LATER.isoformat()
    assert "topic:writers" in held["subscriptions"]


def test_an_address_of_somebody_else_is_not_taken_over(database: Database, vault: Vault) -> None:
    ellen = join(database, vault, Joining(phone="+447700900101")).subscriber_id
    clara = join(database, vault, Joining(email="clara@example.org")).subscriber_id
    both = join(database, vault)
    assert (both.subscriber_id, both.to_confirm) == (clara, {EMAIL})
    assert export_person(database, vault, ellen)["email"] is None


def test_who_left_comes_back_only_by_confirming(database: Database, vault: Vault) -> None:
    person = join(database, vault).subscriber_id
    people.confirm(database, person, EMAIL, NOW)
    leave(database, Leaving.NEVER_AGAIN, person, LATER)
    with pytest.raises(NotAllowed, match="do-not-contact list"):
        join(database, vault, now=LATER + timedelta(days=1))
    assert len(queued(database)) == 2
    assert join(database, vault, replace(CLARA, own_request=True), LATER).to_confirm == {EMAIL, SMS}
    assert export_person(database, vault, person)["state"] == "left"
    assert people.confirm(database, person, EMAIL, LATER + timedelta(minutes=1))
    held = export_person(database, vault, person)
    assert held["state"] == "active"
    assert [(each["channel"], each["reason"]) for each in held["do_not_contact"]] == [("sms", "opted out")]


WRONG = {
    "no address": (Joining(), "needs an email address or a phone number"),
    "an address that is none": (Joining(email="clara at example"), "The email address"),
    "a number without a country": (Joining(phone="07700 900101"), "The phone number"),
    "an unknown zone": (Joining(email="clara@example.org", zone="GMT+5"), "The zone"),
    "an hour that is none": (Joining(email="clara@example.org", email_hour=24), "The hour"),
}


@pytest.mark.parametrize(("joining", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_used_is_refused_without_repeating_it(
    sqlite_database: Database, vault: Vault, joining: Joining, words: str
) -> None:
    with pytest.raises(Trouble, match=words) as refused:
        join(sqlite_database, vault, joining)
    assert "clara" not in str(refused.value)
    assert "900101" not in str(refused.value)


def test_an_organiser_finds_and_blocks_by_any_way_of_typing_the_address(database: Database, vault: Vault) -> None:
    person = join(database, vault).subscriber_id
    for channel in Channel:
        people.confirm(database, person, channel, NOW)
    assert people.find_by_address(database, vault, " CLARA@example.org ") == person
    assert people.find_by_address(database, vault, "+44 7700 900101") == person
    assert people.find_by_address(database, vault, "hana@example.org") is None
    assert people.block(database, vault, "07700-900101", LATER, country="GB") == person
    assert people.block(database, vault, "hana@example.org", LATER) is None
    held = export_person(database, vault, person)
    assert [each["reason"] for each in held["do_not_contact"]] == ["taken off by an organiser"]
    assert held["email_agreed_since"] is not None
    people.block(database, vault, "clara@example.org", LATER, everything=True)
    assert export_person(database, vault, person)["state"] == "left"


def test_a_move_a_break_and_a_choice_show_in_what_we_hold(database: Database, vault: Vault) -> None:
    person = join(database, vault).subscriber_id
    assert people.move(database, person, LATER, zone="Asia/Tokyo", email_hour=-1, sms_hour=18)
    assert people.pause(database, person, LATER, NOW)
    assert people.choose(database, person, people.Wishes(locale="fr", closing_note=True))
    assert people.leave_out(database, person, ["CN"])
    held = export_person(database, vault, person)
    assert (held["zone"], held["hours"]) == ("Asia/Tokyo", {"email": None, "sms": 18})
    assert (held["language"], held["closing_note"], held["left_out"]) == ("fr", True, ["CN", "IR"])
    assert held["break_until"] == LATER.isoformat()
    with pytest.raises(Trouble, match="The zone"):
        people.move(database, person, LATER, zone="Nowhere/At_All")


def test_the_export_of_one_person_tells_everything_in_words_that_can_be_read(database: Database, vault: Vault) -> None:
    appeal(database)
    person = join(database, vault).subscriber_id
    people.confirm(database, person, EMAIL, NOW, wording="Yes.")
    report_letter(database, CAMPAIGN, person, "post", LATER)
    held = json.loads(json.dumps(export_person(database, vault, person)))
    assert (held["email"], held["phone"], held["name"]) == ("Clara@example.org", "+447700900101", "=Clara")
    assert held["letters_reported"] == [{"campaign": CAMPAIGN, "at": LATER.isoformat(), "how": "post", "late": False}]
    assert held["agreements"][-1] == {
        "at": NOW.isoformat(),
        "channel": "email",
        "what": "confirmed",
        "basis": "consent",
        "source": "confirmation link",
        "wording": "Yes.",
        "given_on": "2020-12-01",
        "evidence": None,
    }
    assert [each["kind"] for each in held["messages"]] == ["confirmation", "confirmation"]
    leave(database, Leaving.ERASE, person, LATER)
    with pytest.raises(Trouble, match=f"Subscriber {person}: is not known"):
        export_person(database, vault, person)


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def test_the_list_of_all_is_safe_in_a_spreadsheet_and_reads_back_as_it_was(
    sqlite_database: Database, vault: Vault
) -> None:
    database = sqlite_database
    clara = join(database, vault).subscriber_id
    for channel in Channel:
        people.confirm(database, clara, channel, NOW, wording="Yes.")
    gone = join(database, vault, Joining(email="hana@example.org", phone="+447700900102")).subscriber_id
    leave(database, Leaving.NEVER_AGAIN, gone, NOW)
    bounced = join(database, vault, Joining(email="ivo@example.org")).subscriber_id
    people.confirm(database, bounced, EMAIL, NOW)
    leave(database, Leaving.ALL_EMAIL, bounced, LATER)
    join(database, vault, Joining(email="jun@example.org"))
    before = list(export_everyone(database, vault))
    assert not any(cell.startswith(("=", "+")) for row in before for cell in row)
    assert [row[before[0].index("status")] for row in before[1:]] == [
        "active",
        "do not contact",
        "unsubscribed",
        "unconfirmed",
    ]
    for table in ("subscriber", "subscription", "exclusion", "consent", "do_not_contact", "rhythm"):
        database.write(lambda connection, table=table: connection.execute(text(f"DELETE FROM {table}")))
    report = keep_list(database, vault, read_list(as_csv(before), now=LATER), LATER)
    assert report.by_code == {}
    after = list(export_everyone(database, vault))
    assert [row for row in after if "'=Clara" in row] == [row for row in before if "'=Clara" in row]
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM do_not_contact")).scalar_one() == 3
        agreed = connection.execute(text("SELECT count(*) FROM subscriber WHERE email_since IS NOT NULL")).scalar_one()
    assert agreed == 1


CLOSED_AS = {
    "left all email, texts still come": (
        Joining(email="a@example.org", phone="+447700900101"),
        Closed.LEFT,
        "unsubscribed from email",
    ),
    "left all email, no number": (Joining(email="a@example.org"), Closed.LEFT, "unsubscribed"),
    "taken off by an organiser": (Joining(email="a@example.org"), Closed.BLOCKED, "blocked"),
    "bounced": (Joining(email="a@example.org"), Closed.BOUNCED, "cleaned"),
    "complained": (Joining(email="a@example.org"), Closed.COMPLAINED, "complained"),
}


@pytest.mark.parametrize(("joining", "reason", "status"), CLOSED_AS.values(), ids=CLOSED_AS.keys())
def test_the_list_of_all_says_why_an_address_is_closed_and_closes_no_more_than_that(
    sqlite_database: Database, vault: Vault, joining: Joining, reason: Closed, status: str
) -> None:
    database = sqlite_database
    person = join(database, vault, joining).subscriber_id
    for channel in (channel for channel in Channel if channel is EMAIL or joining.phone):
        people.confirm(database, person, channel, NOW)
    address = people.read_address(vault, joining.email)
    database.write(lambda connection: close(connection, [Closing(address, reason, LATER)], LATER, "test"))
    rows = list(export_everyone(database, vault))
    assert rows[1][rows[0].index("status")] == status
    items = list(read_list(as_csv(rows), now=LATER))
    assert [block.channel for item in items if isinstance(item, Row) for block in item.blocks] == [EMAIL]
