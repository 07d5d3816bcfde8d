"""Numbers that were stored before countries were kept get theirs from the heartbeat, page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, text

from reminder.domain.states import Channel
from reminder.intake.phone_countries import read_countries
from reminder.store.database import Database
from reminder.store.tables import Rhythm, Subscriber
from reminder.store.vault import Vault

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
A_DAY = timedelta(days=1)
# Ranges that no telephone has; the last one belongs to no country.
NUMBERS = {"Clara": "+447700900123", "Ellen": "+12015550123", "Bikash": "+9779841000000", "Nobody": "+80012345678"}


@pytest.fixture
def before(database: Database, vault: Vault) -> Database:
    """Rows as they were: numbers without a country, in the one rhythm of London; and somebody without a number."""

    def work(connection: Connection) -> None:
        connection.execute(
            insert(Rhythm.metadata.tables["rhythm"]).values(Rhythm(id=7, zone="Europe/London").model_dump())
        )
        for number, name in enumerate([*NUMBERS, "Farid", "Spoilt"], 1):
            row = Subscriber(id=number, rhythm_id=7, joined_at=NOW).model_dump()
            if name in NUMBERS:
                row["phone_ct"] = vault.encrypt(NUMBERS[name], b"phone")
                row["phone_hash"] = vault.address_hash(Channel.SMS, NUMBERS[name])
            if name == "Spoilt":
                row["phone_ct"], row["phone_hash"] = b"\x00\x00\x00\x01 nobody can read this", b"spoilt"
            connection.execute(insert(Subscriber.metadata.tables["subscriber"]).values(row))

    database.write(work)
    return database


def kept(database: Database) -> list[tuple[str, str, str]]:
    """(country, zone and country of the rhythm) of everybody."""
    with database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT s.phone_country, r.zone, r.sms_country FROM subscriber s JOIN rhythm r ON r.id = s.rhythm_id"
                " ORDER BY s.id"
            )
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_every_number_gets_its_country_and_the_rhythm_of_it(before: Database, vault: Vault, at_once: int) -> None:
    assert read_countries(before, vault, NOW, catch_up=A_DAY, at_once=at_once) == 5
    london = "Europe/London"
    assert kept(before) == [
        ("GB", london, "GB"),
        ("US", london, "US"),
        ("NP", london, "NP"),
        ("?", london, ""),
        ("", london, ""),
        ("?", london, ""),
    ]
    assert read_countries(before, vault, NOW, catch_up=A_DAY) == 0


def test_when_told_to_end_the_rest_waits_for_the_next_heartbeat(before: Database, vault: Vault) -> None:
    assert read_countries(before, vault, NOW, catch_up=A_DAY, go_on=lambda: False) == 0
    assert kept(before)[0] == ("", "Europe/London", "")


def test_of_very_many_numbers_the_rest_waits_for_the_next_heartbeat(before: Database, vault: Vault) -> None:
    done = [read_countries(before, vault, NOW, catch_up=A_DAY, at_once=2, pages=1) for _ in range(4)]
    assert done == [2, 2, 1, 0]


def test_who_comes_to_a_rhythm_behind_its_sending_is_a_mover(before: Database, vault: Vault) -> None:
    """Somebody with a British number is in Clara's rhythm already, and its sending of this morning is open."""

    def open_one(connection: Connection) -> None:
        values = Rhythm(id=8, zone="Europe/London", sms_country="GB").model_dump()
        connection.execute(insert(Rhythm.metadata.tables["rhythm"]).values(values))
        connection.execute(
            text(
                "INSERT INTO wave (campaign_id, step_key, anchor_on, rhythm_id, channel, local_on, due_at, open_until,"
                " not_after, last_useful, unless_channel, state, opened_at, chunk_locale, chunk_end, n_opened, n_skipped,"
                " n_people) VALUES (1, 'a', 1, 8, 2, 1, 1, 1, 1, :no, 0, 3, :at, '', 0, 0, 0, 0)"
            ),
            {"at": int(NOW.timestamp()) - 60, "no": False},
        )

    before.write(open_one)
    read_countries(before, vault, NOW, catch_up=A_DAY)
    with before.read() as connection:
        moved = connection.execute(text("SELECT id FROM subscriber WHERE rhythm_since IS NOT NULL")).scalars().all()
    assert moved == [1]
