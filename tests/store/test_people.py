from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from reminder.domain.consent import EVERYTHING, STRENGTH, Closed
from reminder.domain.states import Channel
from reminder.domain.waves import Habits, Hours
from reminder.store.database import Database
from reminder.store.people import choices
from reminder.store.people.addresses import (
    Address,
    address_by_hash,
    address_by_short,
    any_of,
    owners,
    person_at,
)
from reminder.store.people.choices import Newcomer, Wishes
from reminder.store.people.entries import Sealed
from reminder.store.people.erasing import erase
from reminder.store.people.exporting import holding
from reminder.store.people.ledger import Closing, close, closed_among
from reminder.store.people.rhythms import filled, rhythm, rhythm_ids

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
EMAIL = Address(Channel.EMAIL, b"e" * 16)
PHONE = Address(Channel.SMS, b"p" * 16)
STRANGER = Address(Channel.SMS, b"s" * 16)


def sealed(address: Address, country: str = "GB") -> Sealed:
    return Sealed(address, b"ciphertext", country)


def clara(database: Database, *addresses: Address, confirmed: bool = True, **more: Any) -> int:
    newcomer = Newcomer({each.channel: sealed(each) for each in addresses or (EMAIL, PHONE)}, **more)

    def work(connection: Any) -> int:
        person = choices.add(connection, newcomer, NOW)
        for each in newcomer.addresses if confirmed else ():
            choices.confirm(connection, person, each, NOW, source="test", wording="Yes.")
        return person

    return database.write(work)


def row(database: Database, person: int) -> dict[str, Any]:
    with database.read() as connection:
        return dict(
            connection.execute(text("SELECT * FROM subscriber WHERE id = :id"), {"id": person}).mappings().one()
        )


def shut(database: Database, *closings: Closing, now: datetime = NOW) -> set[Address]:
    return database.write(lambda connection: close(connection, closings, now))


def listed(database: Database, *addresses: Address) -> dict[Address, Closed]:
    with database.read() as connection:
        return {a: c.reason for a, c in closed_among(connection, addresses or (EMAIL, PHONE, STRANGER)).items()}


def test_an_address_is_found_by_hash_by_short_link_and_by_channel(database: Database) -> None:
    person = clara(database)
    with database.read() as connection:
        assert person_at(connection, EMAIL) == person
        assert person_at(connection, Address(Channel.SMS, EMAIL.hash)) is None
        assert address_by_hash(connection, PHONE.hash) == (person, PHONE)
        assert address_by_hash(connection, STRANGER.hash) is None
        assert address_by_short(connection, PHONE.hash[:8]) == (person, PHONE)
        assert address_by_short(connection, b"12345678") is None
        assert owners(connection, [PHONE, STRANGER])[PHONE].addresses == (EMAIL, PHONE)


def test_nobody_is_reached_before_confirming_and_confirming_again_changes_nothing(database: Database) -> None:
    person = clara(database, confirmed=False)
    assert (row(database, person)["email_since"], row(database, person)["sms_since"]) == (None, None)

    def confirm(now: datetime) -> bool:
        return database.write(
            lambda connection: choices.confirm(connection, person, Channel.EMAIL, now, source="t", wording="")
        )

    assert confirm(NOW)
    once = row(database, person)
    assert once["sms_since"] is None
    assert not confirm(NOW + timedelta(days=1))
    assert row(database, person) == once


def test_a_closed_address_has_no_agreement_so_that_the_other_channel_serves(database: Database) -> None:
    person = clara(database)
    assert shut(database, Closing(PHONE, Closed.STOP, NOW)) == {PHONE}
    assert row(database, person)["sms_since"] is None
    assert row(database, person)["email_since"] is not None
    assert shut(database, Closing(PHONE, Closed.STOP, NOW)) == set()
    with database.read() as connection:
        lines = connection.execute(text("SELECT count(*) FROM consent WHERE what = 'closed'")).scalar_one()
    assert lines == 1


def test_only_the_persons_own_confirmation_lifts_an_entry_and_only_of_that_address(database: Database) -> None:
    person = clara(database)
    later = NOW + timedelta(days=2)
    shut(database, Closing(EMAIL, Closed.NEVER_AGAIN, NOW + timedelta(days=1)))
    assert listed(database) == {EMAIL: Closed.NEVER_AGAIN, PHONE: Closed.NEVER_AGAIN}
    assert row(database, person)["state"] == 3
    assert database.write(
        lambda connection: choices.confirm(connection, person, Channel.EMAIL, later, source="link", wording="")
    )
    assert listed(database) == {PHONE: Closed.OPTED_OUT}
    assert (row(database, person)["state"], row(database, person)["sms_since"]) == (1, None)


def test_what_is_older_than_the_own_confirmation_changes_nothing(database: Database) -> None:
    person = clara(database)
    assert shut(database, Closing(EMAIL, Closed.DIED, NOW - timedelta(seconds=1))) == set()
    assert row(database, person)["state"] == 1


CLOSINGS = st.builds(
    Closing,
    st.sampled_from([EMAIL, PHONE, STRANGER]),
    st.sampled_from(Closed),
    st.integers(1, 5).map(lambda hours: NOW + timedelta(hours=hours)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CLOSINGS, max_size=5), st.data())
def test_order_and_repetition_of_closings_do_not_matter(
    sqlite_database: Database, closings: list[Closing], data: st.DataObject
) -> None:
    again = data.draw(st.permutations(closings + closings[:2]))

    def ending(given_in: list[Closing], *, at_once: bool) -> tuple[Any, ...]:
        for table in ("subscriber", "do_not_contact", "consent"):
            sqlite_database.write(lambda connection, table=table: connection.execute(text(f"DELETE FROM {table}")))
        person = clara(sqlite_database)
        for part in [given_in] if at_once else [[each] for each in given_in]:
            shut(sqlite_database, *part)
        with sqlite_database.read() as connection:
            entries = closed_among(connection, [EMAIL, PHONE, STRANGER])
        stored = row(sqlite_database, person)
        return entries, stored["state"], stored["email_since"], stored["sms_since"]

    assert ending(closings, at_once=True) == ending(again, at_once=False)


@pytest.mark.parametrize("order", list(permutations([Closed.BOUNCED, Closed.COMPLAINED, Closed.LEFT])))
def test_the_strongest_reason_stays(database: Database, order: tuple[Closed, ...]) -> None:
    for reason in order:
        shut(database, Closing(EMAIL, reason, NOW))
    assert listed(database) == {EMAIL: max(order, key=STRENGTH.__getitem__)}


def test_erasing_leaves_an_empty_row_and_keyed_hashes_and_nothing_else(database: Database) -> None:
    person = clara(
        database,
        name_ct=b"name",
        locale="fr",
        country="FR",
        habits=Habits("Europe/Paris"),
        scopes=("all",),
        left_out=("CN",),
    )
    database.write(
        lambda connection: connection.execute(
            text(
                "INSERT INTO letter (campaign_id, round, subscriber_id, at, how, late) VALUES (7, 1, :id, 0, '', false)"
            ),
            {"id": person},
        )
    )
    assert database.write(lambda connection: erase(connection, person, NOW + timedelta(hours=1)))
    assert not database.write(lambda connection: erase(connection, person, NOW + timedelta(hours=2)))
    stored = row(database, person)
    assert {name for name, value in stored.items() if value not in (None, 0, False, "")} == {
        *("id", "locale", "cadence_n", "cadence_days", "state", "joined_at"),
    }
    assert (stored["state"], stored["locale"]) == (4, "en")
    with database.read() as connection:
        for table in ("subscription", "exclusion", "consent"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        assert connection.execute(text("SELECT count(*) FROM letter")).scalar_one() == 1
        assert holding(connection, person) is None
    assert listed(database) == {EMAIL: Closed.ERASED, PHONE: Closed.ERASED}


def test_who_was_erased_may_come_back_as_somebody_new_by_confirming(database: Database) -> None:
    former = clara(database)
    database.write(lambda connection: erase(connection, former, NOW))
    person = clara(database, EMAIL)
    assert person != former
    assert row(database, person)["email_since"] is not None
    assert listed(database) == {PHONE: Closed.ERASED}


def test_moving_to_another_zone_or_hour_is_remembered_once(database: Database) -> None:
    person = clara(database, habits=Habits(sms_country="GB"))
    later = NOW + timedelta(days=1)

    def move(**to: Any) -> bool:
        return database.write(lambda connection: choices.move(connection, person, later, **to))

    assert move(zone="Europe/London", sms_hour=18)
    assert not move(zone="Europe/London", sms_hour=18)
    with database.read() as connection:
        stored = connection.execute(text("SELECT rhythm_id, rhythm_since FROM subscriber")).one()
        assert rhythm(connection, stored.rhythm_id) == Habits("Europe/London", "GB", sms=Hours(18))
    assert stored.rhythm_since == int(later.timestamp())


def test_a_break_and_its_end_make_up_for_what_others_got_meanwhile(database: Database) -> None:
    person = clara(database)
    until = NOW + timedelta(days=7)
    assert database.write(lambda connection: choices.pause(connection, person, until, NOW))
    assert not database.write(lambda connection: choices.pause(connection, person, until, until))
    assert database.write(lambda connection: choices.pause(connection, person, None, until))
    stored = row(database, person)
    assert (stored["paused_until"], stored["rhythm_since"]) == (None, int(until.timestamp()))


def test_unticking_a_channel_closes_it_and_leaves_the_other(database: Database) -> None:
    person = clara(database)
    for _ in range(2):
        database.write(lambda connection: choices.keep_only(connection, person, {Channel.EMAIL}, NOW))
    assert listed(database) == {PHONE: Closed.OPTED_OUT}
    assert row(database, person)["email_since"] is not None


def test_wishes_change_only_what_they_name(database: Database) -> None:
    person = clara(database)
    before = row(database, person)
    assert database.write(lambda c: choices.choose(c, person, Wishes(cadence_n=1, cadence_days=30, last48=True)))
    assert database.write(lambda c: choices.choose(c, person, Wishes()))
    assert not database.write(lambda c: choices.choose(c, person + 1, Wishes(locale="fr")))
    assert row(database, person) == before | {"cadence_n": 1, "cadence_days": 30, "last48": True}


def test_what_is_unsubscribed_is_remembered_until_it_is_asked_for_again(database: Database) -> None:
    person = clara(database, scopes=("all", "list:london"))
    database.write(lambda connection: choices.unsubscribe(connection, person, ["all"]))
    with database.read() as connection:
        held = holding(connection, person)
    assert held is not None
    assert (held.subscriptions, held.left_out) == (["list:london"], ["all"])
    database.write(lambda connection: choices.subscribe(connection, person, ["all"]))
    with database.read() as connection:
        held = holding(connection, person)
    assert held is not None
    assert (held.subscriptions, held.left_out) == (["all", "list:london"], [])


HABITS = st.builds(
    Habits,
    st.sampled_from(["", "Asia/Tokyo"]),
    st.just(""),
    st.builds(Hours, st.integers(-1, 23)),
    st.builds(Hours, st.integers(-1, 23)),
)


@given(HABITS, st.sampled_from(["", "Europe/London"]), st.sampled_from(["", "GB"]), st.integers(-1, 23))
def test_filling_in_never_changes_what_is_known_and_a_second_time_changes_nothing(
    habits: Habits, zone: str, country: str, hour: int
) -> None:
    more = {"zone": zone, "phone_country": country, "email_hour": hour, "sms_hour": hour}
    once = filled(habits, **more)
    assert filled(once, **more) == once
    assert once.zone == habits.zone or not habits.zone
    assert once.email.own == habits.email.own or habits.email.own == -1
    assert once.sms_country == (habits.sms_country or country)


def test_a_rhythm_is_made_once(database: Database) -> None:
    wanted = [Habits("Asia/Almaty"), Habits("Asia/Kathmandu", email=Hours(7)), Habits("Asia/Almaty")]
    first = database.write(lambda connection: rhythm_ids(connection, wanted))
    assert database.write(lambda connection: rhythm_ids(connection, wanted[:2])) == first
    assert len(first) == 2


def test_people_are_found_by_their_indexes_alone(sqlite_database: Database) -> None:
    from sqlalchemy import select

    from reminder.store.people.addresses import PERSON

    statement = select(PERSON.id).where(any_of([EMAIL, PHONE]))
    with sqlite_database.read() as connection:
        compiled = statement.compile(connection.engine, compile_kwargs={"render_postcompile": True})
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", tuple(compiled.params[name] for name in compiled.positiontup or ())
        )
        steps = " ".join(step[3] for step in plan)
    assert "one_email" in steps
    assert "one_phone" in steps
    assert "SCAN" not in steps


def test_the_reasons_that_close_everything_are_three() -> None:
    assert {Closed.NEVER_AGAIN, Closed.DIED, Closed.ERASED} == EVERYTHING
