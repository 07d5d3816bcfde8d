"""Texts that ask to confirm a number: not to every country, not too many a day, not to whole ranges of numbers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from reminder.domain.sms_asking import RANGE_PER_HOUR, Answer, Asking
from reminder.domain.sms_rules import CountryRule, SenderKind, SmsRules, SmsSender
from reminder.domain.states import Channel
from reminder.intake import people
from reminder.intake.people import Joined, Joining
from reminder.store.database import Database
from reminder.store.people.erasing import erase
from reminder.store.sms_asking import askings_today, forget_askings
from reminder.store.vault import Vault

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
KIND = next(iter(SenderKind))
RULES = SmsRules(
    rows={code: CountryRule(code, frozenset({KIND}), "somebody", date(2020, 11, 1)) for code in ("GB", "US")},
    countries=frozenset({"GB"}),
    default=SmsSender("12345", KIND),
)


def ask(
    database: Database,
    vault: Vault,
    number: str,
    now: datetime = NOW,
    *,
    per_day: int = 200,
    own: bool = True,
    email: str = "",
) -> Joined:
    joining = Joining(phone=number, email=email, own_request=own)
    return people.add_subscriber(database, vault, joining, now, Asking(RULES, per_day))


def number(range_no: int, last: int = 0) -> str:
    """A number of a range of its own for each `range_no`."""
    return f"+4474{range_no:03d}{last:05d}"


def texts(database: Database) -> int:
    with database.read() as connection:
        found = connection.execute(text("SELECT count(*) FROM message WHERE kind = 3 AND channel = 2"))
        return int(found.scalar_one())


def rows(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_country_that_is_not_on_the_list_gets_no_text_and_its_number_is_not_kept(
    database: Database, vault: Vault
) -> None:
    assert ask(database, vault, "+12125550123").text is Answer.COUNTRY
    assert (texts(database), rows(database, "subscriber")) == (0, 0)
    joined = ask(database, vault, "+12125550123", email="clara@example.org")
    assert joined.to_confirm == {Channel.EMAIL}
    with database.read() as connection:
        kept = connection.execute(text("SELECT email_hash IS NOT NULL, phone_hash IS NULL FROM subscriber")).one()
    assert all(kept)


def test_a_number_that_the_office_adds_is_kept_without_a_text(database: Database, vault: Vault) -> None:
    joined = ask(database, vault, "+12125550123", own=False)
    assert (joined.text, joined.to_confirm) == (Answer.COUNTRY, frozenset())
    assert people.confirm(database, joined.subscriber_id, Channel.SMS, NOW, source="organiser: signed card")


def test_no_more_texts_a_day_than_are_allowed_and_the_organisers_are_told_once(
    database: Database, vault: Vault
) -> None:
    with_organiser(database)
    said = [ask(database, vault, number(n), per_day=3).text for n in range(6)]
    assert said == [Answer.QUEUED] * 3 + [Answer.DAY_FULL] * 3
    assert texts(database) == 3
    assert alerts(database) == 1
    assert ask(database, vault, number(3), NOW + 14 * HOUR, per_day=3).text is Answer.QUEUED


def test_a_number_is_asked_once_a_day_even_where_it_was_erased_meanwhile(database: Database, vault: Vault) -> None:
    first = ask(database, vault, number(1))
    again = ask(database, vault, number(1), NOW + HOUR)
    assert (again.text, set(again.to_confirm)) == (Answer.NUMBER, {Channel.SMS})
    database.write(lambda connection: erase(connection, first.subscriber_id, NOW))
    assert ask(database, vault, number(1), NOW + 2 * HOUR).text is Answer.NUMBER
    assert texts(database) <= 1
    assert ask(database, vault, number(1), NOW + 14 * HOUR).text is Answer.QUEUED


def test_a_range_of_numbers_that_asks_too_often_is_refused_as_long_as_it_goes_on(
    database: Database, vault: Vault
) -> None:
    minute = timedelta(minutes=1)
    for n in range(RANGE_PER_HOUR):
        assert ask(database, vault, number(1, n), NOW + n * minute).text is Answer.QUEUED
    for n in range(RANGE_PER_HOUR, 80):
        assert ask(database, vault, number(1, n), NOW + n * minute).text is Answer.RANGE
    assert ask(database, vault, number(2), NOW + 20 * minute).text is Answer.QUEUED
    assert ask(database, vault, number(1, 99), NOW + 79 * minute + HOUR).text is Answer.QUEUED
    assert texts(database) == RANGE_PER_HOUR + 2


def test_a_number_that_is_confirmed_already_is_not_asked_and_not_counted(database: Database, vault: Vault) -> None:
    joined = ask(database, vault, number(1))
    people.confirm(database, joined.subscriber_id, Channel.SMS, NOW)
    again = ask(database, vault, number(1), NOW + HOUR)
    assert (again.text, again.to_confirm, again.known) == (None, frozenset(), True)
    assert rows(database, "sms_asking") == 1


def test_askings_are_counted_by_what_became_of_them_and_forgotten(database: Database, vault: Vault) -> None:
    ask(database, vault, number(1))
    ask(database, vault, "+12125550123")
    ask(database, vault, "+12125550124")
    with database.read() as connection:
        assert askings_today(connection, NOW) == {Answer.QUEUED: 1, Answer.COUNTRY: 2}
        assert askings_today(connection, NOW + 24 * HOUR) == {}
    assert database.write(lambda connection: forget_askings(connection, NOW + 47 * HOUR)) == 0
    assert database.write(lambda connection: forget_askings(connection, NOW + 49 * HOUR)) == 3


def test_what_is_kept_of_an_asking_does_not_tell_the_number(database: Database, vault: Vault) -> None:
    ask(database, vault, number(1))
    with database.read() as connection:
        row = connection.execute(text("SELECT * FROM sms_asking")).mappings().one()
    assert number(1)[4:].encode() not in bytes(row["address_hash"]) + bytes(row["range_hash"])
    assert len(bytes(row["range_hash"])) == 16


def test_many_at_once_do_not_pass_the_cap(database: Database, vault: Vault) -> None:
    with ThreadPoolExecutor(4) as threads:
        said = list(threads.map(lambda n: ask(database, vault, number(n), per_day=5).text, range(16)))
    assert said.count(Answer.QUEUED) == 5
    assert texts(database) == 5


def with_organiser(database: Database) -> None:
    database.write(
        lambda connection: connection.execute(
            text("INSERT INTO organiser (email_ct, email_hash, locale, since) VALUES (:a, :b, 'en', 0)"),
            {"a": b"a", "b": b"b"},
        )
    )


def alerts(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM message WHERE kind = 6")).scalar_one())
