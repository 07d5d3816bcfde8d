import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import text

from reminder.domain.consent import Closed
from reminder.domain.states import Channel
from reminder.intake.subscribers.keep import PROBLEMS_IN_A_REPORT, ImportReport, keep_list
from reminder.intake.subscribers.rows import Asked, Level, Problem, Row
from reminder.store.columns import seconds
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.intake.subscribers.cast import NUMBERS, row
from tests.intake.subscribers.stored import closed, everything_stored, hash_of, reachable

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


def person(database: Database, **where: object) -> dict:
    conditions = " AND ".join(f"s.{name} = :{name}" for name in where) or "1 = 1"
    with database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT s.*, r.zone, r.sms_country, r.email_hour, r.sms_hour FROM subscriber s"
                f" JOIN rhythm r ON r.id = s.rhythm_id WHERE {conditions}"
            ),
            where,
        ).mappings()
        return dict(rows.one())


def keep(database: Database, vault: Vault, *rows: Row | Problem, now: datetime = NOW) -> ImportReport:
    return keep_list(database, vault, rows, now)


def test_a_row_becomes_a_supporter_whose_particulars_nobody_can_read_without_the_key(
    database: Database, vault: Vault
) -> None:
    aigerim = row(
        "clara",
        phone=True,
        name="Clara",
        locale="en-GB",
        country="GB",
        zone="Europe/London",
        hour_email=7,
        subscriptions=("all", "list:london"),
        left_out=("CN",),
    )
    report = keep(database, vault, aigerim)
    assert (report.rows, report.added, report.closed, report.waiting) == (1, 1, 0, 0)
    stored = person(database)
    assert (stored["locale"], stored["country"], stored["zone"], stored["email_hour"]) == (
        "en-GB",
        "GB",
        "Europe/London",
        7,
    )
    assert (stored["state"], stored["sms_country"], stored["sms_hour"]) == (1, "GB", -1)
    assert vault.decrypt(bytes(stored["email_ct"]), b"email") == "clara@example.org"
    assert vault.decrypt(bytes(stored["phone_ct"]), b"phone") == NUMBERS["clara"].text
    assert vault.decrypt(bytes(stored["name_ct"]), b"name") == "Clara"
    readable = repr(everything_stored(database)).lower()
    assert "clara" not in readable
    assert "7700900" not in readable
    with database.read() as connection:
        assert connection.execute(text("SELECT scope FROM subscription ORDER BY scope")).scalars().all() == [
            "all",
            "list:london",
        ]
        assert connection.execute(text("SELECT what FROM exclusion")).scalars().all() == ["CN"]


def test_a_channel_counts_from_the_import_and_the_ledger_keeps_the_day_of_the_agreement(
    database: Database, vault: Vault
) -> None:
    keep(database, vault, row("clara", phone=True, agrees=(Channel.EMAIL,)))
    stored = person(database)
    assert (stored["email_since"], stored["sms_since"], stored["joined_at"]) == (seconds(NOW), None, seconds(NOW))
    with database.read() as connection:
        line = connection.execute(text("SELECT * FROM consent")).mappings().one()
    assert (line["what"], line["basis"], line["source"]) == ("agreed", "consent", "stall in March")
    assert (line["given_on"], line["at"]) == (date(2020, 3, 1).toordinal(), seconds(NOW))
    assert vault.decrypt(bytes(line["evidence_ct"]), b"evidence") == "card 7"
    assert line["subscriber_id"] == stored["id"]


def test_a_row_without_evidence_waits_and_gets_nothing_until_a_list_brings_it(database: Database, vault: Vault) -> None:
    report = keep(database, vault, row("clara", lacks=("wording",)))
    assert (report.waiting, report.added) == (1, 1)
    assert person(database)["state"] == 2
    assert reachable(database) == set()
    report = keep(database, vault, row("clara"), now=LATER)
    assert (report.filled_in, report.waiting) == (1, 0)
    assert (person(database)["state"], person(database)["email_since"]) == (1, seconds(LATER))


def test_one_channel_may_wait_while_the_other_is_ready(database: Database, vault: Vault) -> None:
    both = row("clara", phone=True)
    waiting = row("clara", phone=True, agrees=(Channel.SMS,), lacks=("date",))
    mixed = Row(2, both.email, both.phone, agreements=(both.agreements[0], waiting.agreements[0]))
    keep(database, vault, mixed)
    assert person(database)["state"] == 1
    assert reachable(database) == {hash_of(vault, "clara")}


LISTS = {
    "people": [
        row("clara", phone=True, subscriptions=("all",)),
        row("ellen", name="Ellen"),
        row("davi", lacks=("date",)),
    ],
    "one who left": [row("hana"), row("hana", asked=Asked.UNSUBSCRIBED), row("ivo", asked=Asked.DIED, everything=True)],
    "a shared number": [row("clara", phone=True), row("ellen", phone=True, number="clara")],
    "halves of one person": [row("clara"), row("clara", email=False, phone=True), row("clara", phone=True)],
}


@pytest.mark.parametrize("rows", LISTS.values(), ids=LISTS.keys())
def test_importing_again_changes_nothing(database: Database, vault: Vault, rows: list[Row]) -> None:
    keep(database, vault, *rows)
    before = everything_stored(database)
    again = keep(database, vault, *rows, now=LATER)
    assert everything_stored(database) == before
    assert (again.added, again.filled_in, again.closed) == (0, 0, 0)


def test_an_import_fills_in_what_is_missing_and_changes_nothing_that_stands(database: Database, vault: Vault) -> None:
    keep(database, vault, row("clara", zone="Europe/London", subscriptions=("list:london",)))
    fuller = row(
        "clara", phone=True, name="Clara", zone="Asia/Tokyo", country="GB", hour_sms=18, subscriptions=("all",)
    )
    assert keep(database, vault, fuller, now=LATER).filled_in == 1
    stored = person(database)
    assert (stored["zone"], stored["sms_hour"], stored["country"]) == ("Europe/London", 18, "GB")
    assert (stored["email_since"], stored["sms_since"]) == (seconds(NOW), seconds(LATER))
    assert stored["rhythm_since"] == seconds(LATER)
    assert vault.decrypt(bytes(stored["name_ct"]), b"name") == "Clara"
    other = row("clara", phone=True, name="Somebody", country="FR", hour_sms=9, number="ellen")
    assert keep(database, vault, other, now=LATER).by_code == {"other_address": 1}
    assert person(database) == stored


def test_what_somebody_left_out_is_not_brought_back_by_a_list(database: Database, vault: Vault) -> None:
    keep(database, vault, row("clara", subscriptions=("all",)))
    database.write(
        lambda connection: connection.execute(
            text("INSERT INTO exclusion (subscriber_id, what) SELECT id, 'case:12' FROM subscriber")
        )
    )
    assert keep(database, vault, row("clara", subscriptions=("case:12",)), now=LATER).unchanged == 1


def test_a_text_without_a_zone_waits_for_the_country_of_its_number(database: Database, vault: Vault) -> None:
    keep(database, vault, row("ellen", phone=True))
    assert (person(database)["zone"], person(database)["sms_country"]) == ("", "US")
    keep(database, vault, row("ellen", zone="America/Los_Angeles"), now=LATER)
    assert (person(database)["zone"], person(database)["sms_country"]) == ("America/Los_Angeles", "US")


def live_campaign(database: Database) -> None:
    database.write(
        lambda connection: (
            connection.execute(
                text(
                    "INSERT INTO casefile (id, key, code, organisation, title, country, topics, zone, deadline_because,"
                    " sent_by_counts, questions, stopped_because, outcome, created_at)"
                    " VALUES (1, 'k', 'c', 'o', '', 'CN', '[]', 'Europe/London', '', false, '[]', '', '', 0)"
                )
            ),
            connection.execute(
                text(
                    "INSERT INTO campaign (id, case_id, state, version, approved_version, zone, audience, named,"
                    " sending_limit, default_plan, question, round, plan_again_at, created_at)"
                    " VALUES (1, 1, 3, 1, 1, 'Europe/London', '[\"all\"]', false, 0, true, '', 1, 99, 0)"
                )
            ),
        )
    )


def plan_again_at(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(text("SELECT plan_again_at FROM campaign")).scalar_one()


def test_a_rhythm_that_is_new_makes_live_campaigns_plan_again_and_a_known_one_does_not(
    database: Database, vault: Vault
) -> None:
    keep(database, vault, row("clara", zone="Europe/London"))
    live_campaign(database)
    keep(database, vault, row("hana", zone="Europe/London"))
    assert plan_again_at(database) == 99
    keep(database, vault, row("farid", zone="Pacific/Auckland"))
    assert plan_again_at(database) == 0


def test_a_number_that_two_people_claim_stays_with_the_first_and_the_second_row_is_told(
    database: Database, vault: Vault
) -> None:
    report = keep(database, vault, row("clara", phone=True), row("ellen", line=3, phone=True, number="clara"))
    assert [(problem.line, problem.code, problem.level) for problem in report.problems] == [
        (3, "phone_taken", Level.NOTE)
    ]
    assert reachable(database) == {
        hash_of(vault, "clara"),
        hash_of(vault, "clara", Channel.SMS),
        hash_of(vault, "ellen"),
    }


def test_the_halves_of_one_person_meet_in_one_supporter(database: Database, vault: Vault) -> None:
    keep(database, vault, row("clara", email=False, phone=True), row("clara", phone=True))
    stored = person(database)
    assert stored["email_since"] == stored["sms_since"] == seconds(NOW)


def test_two_who_were_stored_apart_are_not_merged(database: Database, vault: Vault) -> None:
    """Each has promises of their own; a row that names both addresses is told and kept for the email address."""
    report = keep(
        database, vault, row("clara"), row("clara", email=False, phone=True), row("clara", line=4, phone=True)
    )
    assert report.by_code == {"phone_taken": 1}
    assert reachable(database) == {hash_of(vault, "clara"), hash_of(vault, "clara", Channel.SMS)}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_who_asked_for_silence_gets_nothing_by_any_channel_in_any_order(
    database: Database, vault: Vault, order: tuple[int, ...]
) -> None:
    rows = [
        row("clara", phone=True),
        row("clara", asked=Asked.DO_NOT_CONTACT, everything=True),
        row("clara", email=False, phone=True),
    ]
    for number in order:
        keep(database, vault, rows[number])
    assert reachable(database) == set()
    assert closed(database)[hash_of(vault, "clara")] == Closed.NEVER_AGAIN


def test_a_closed_channel_leaves_the_other_one_open(database: Database, vault: Vault) -> None:
    keep(database, vault, row("clara", phone=True), row("clara", asked=Asked.BOUNCED))
    assert reachable(database) == {hash_of(vault, "clara", Channel.SMS)}
    assert person(database)["email_since"] is None


def test_nothing_is_kept_of_somebody_who_was_erased(database: Database, vault: Vault) -> None:
    channel, digest = hash_of(vault, "clara")
    database.write(
        lambda connection: connection.execute(
            text("INSERT INTO do_not_contact (channel, address_hash, reason, since) VALUES (:c, :h, 'erased', 5)"),
            {"c": channel, "h": digest},
        )
    )
    assert keep(database, vault, row("clara", phone=True)).left == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subscriber")).scalar_one() == 0
    assert closed(database) == {(channel, digest): "erased", hash_of(vault, "clara", Channel.SMS): "never again"}


@pytest.mark.parametrize(
    ("since", "is_reachable"), [(date(2020, 11, 1), True), (date(2020, 11, 9), False), (None, False)]
)
def test_an_older_entry_of_a_list_does_not_undo_the_persons_own_later_confirmation(
    database: Database, vault: Vault, since: date | None, is_reachable: bool
) -> None:
    keep(database, vault, row("clara"))
    channel, digest = hash_of(vault, "clara")
    database.write(
        lambda connection: connection.execute(
            text(
                "INSERT INTO consent (at, address_hash, channel, what, basis, source, wording)"
                " VALUES (:at, :h, :c, 'confirmed', '', '', '')"
            ),
            {"at": seconds(datetime(2020, 11, 8, tzinfo=UTC)), "h": digest, "c": channel},
        )
    )
    keep(database, vault, row("clara", asked=Asked.UNSUBSCRIBED, since=since))
    assert bool(reachable(database)) is is_reachable


def test_problems_are_told_one_by_one_and_the_report_stays_small(sqlite_database: Database, vault: Vault) -> None:
    bad = [Problem(line, Level.LEFT_OUT, "bad_address", "no use") for line in range(2, PROBLEMS_IN_A_REPORT + 12)]
    told: list[Problem] = []
    report = keep_list(sqlite_database, vault, iter([*bad, row("clara")]), NOW, tell=told.append)
    assert told == bad
    assert report.problems == bad[:PROBLEMS_IN_A_REPORT]
    assert (report.rows, report.rows_left_out, report.by_code) == (1, len(bad), {"bad_address": len(bad)})
    assert "example.org" not in json.dumps(report.as_json())


def test_what_was_stored_stays_when_the_list_breaks_off(sqlite_database: Database, vault: Vault) -> None:
    def broken():
        yield row("clara")
        yield row("ellen")
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        keep_list(sqlite_database, vault, broken(), NOW, rows_in_a_transaction=1)
    assert len(reachable(sqlite_database)) == 2
