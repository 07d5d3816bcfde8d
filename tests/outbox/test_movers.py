"""Who changes zone, or comes back from a break, behind a sending that was opened (ENGINE: movers and late joiners)."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert, text

from reminder.domain.states import CampaignState, Channel
from reminder.outbox.opening import open_due
from reminder.store.database import Database
from reminder.store.people import choices
from reminder.store.tables import Campaign, CaseFile, Rhythm, Step, Subscriber, Subscription, Wave

LONG_AGO = datetime(2020, 11, 1, tzinfo=UTC)
TODAY = date(2020, 12, 22)
LONDON_NINE = datetime(2020, 12, 22, 9, tzinfo=UTC)
ANGELES_NINE = datetime(2020, 12, 22, 17, tzinfo=UTC)
LONDON, ANGELES = 1, 2
CLARA, ELLEN = 1, 2


def _world(connection) -> None:
    connection.execute(
        insert(CaseFile).values(id=1, key="k", code="c", organisation="o", zone="UTC", created_at=LONG_AGO)
    )
    connection.execute(
        insert(Campaign).values(
            id=1,
            case_id=1,
            state=CampaignState.LIVE,
            approved_version=1,
            zone="UTC",
            audience=["all"],
            created_at=LONG_AGO,
        )
    )
    connection.execute(
        insert(Step).values(
            campaign_id=1,
            step_key="deadline-7d",
            anchor="deadline",
            anchor_on=date(2020, 12, 29),
            offset_days=-7,
            at_hour=9,
            channels="email",
        )
    )
    for rhythm, zone, due in ((LONDON, "Europe/London", LONDON_NINE), (ANGELES, "America/Los_Angeles", ANGELES_NINE)):
        connection.execute(insert(Rhythm).values(id=rhythm, zone=zone))
        connection.execute(
            insert(Wave).values(
                campaign_id=1,
                step_key="deadline-7d",
                anchor_on=date(2020, 12, 29),
                rhythm_id=rhythm,
                channel=Channel.EMAIL,
                local_on=TODAY,
                due_at=due,
                open_until=due + timedelta(hours=12),
                not_after=datetime(2020, 12, 30, tzinfo=UTC),
            )
        )
    for person, rhythm in ((CLARA, LONDON), (ELLEN, ANGELES)):
        connection.execute(
            insert(Subscriber).values(
                id=person,
                email_ct=b"x",
                email_hash=bytes([person] * 16),
                rhythm_id=rhythm,
                email_since=LONG_AGO,
                joined_at=LONG_AGO,
            )
        )
        connection.execute(insert(Subscription).values(scope="all", subscriber_id=person))


def _messages(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT subscriber_id FROM message ORDER BY id")).scalars())


def _open(database: Database, now: datetime) -> None:
    open_due(database, now, chunk=100, zones_of=lambda _: ())


def test_who_moves_west_to_east_behind_the_sending_still_gets_it_once(database: Database) -> None:
    database.write(_world)
    _open(database, LONDON_NINE)
    assert _messages(database) == [CLARA]
    moved_at = LONDON_NINE + timedelta(hours=2)
    database.write(lambda connection: choices.move(connection, ELLEN, moved_at, zone="Europe/London"))
    for minutes in (1, 2, 600):
        _open(database, moved_at + timedelta(minutes=minutes))
    assert _messages(database) == [CLARA, ELLEN]


def test_who_had_it_already_and_moves_west_gets_no_second_one(database: Database) -> None:
    database.write(_world)
    _open(database, LONDON_NINE)
    database.write(
        lambda connection: choices.move(connection, CLARA, LONDON_NINE + timedelta(hours=1), zone="America/Los_Angeles")
    )
    _open(database, ANGELES_NINE)
    assert _messages(database) == [CLARA, ELLEN]


def test_who_ends_a_break_after_the_hour_still_gets_it_within_the_window_only(database: Database) -> None:
    database.write(_world)
    back_at = LONDON_NINE + timedelta(hours=3)
    database.write(lambda connection: choices.pause(connection, CLARA, LONDON_NINE + timedelta(days=3), LONG_AGO))
    _open(database, LONDON_NINE)
    assert _messages(database) == []
    database.write(lambda connection: choices.pause(connection, CLARA, None, back_at))
    _open(database, back_at + timedelta(minutes=1))
    assert _messages(database) == [CLARA]


def test_who_joins_after_the_hour_gets_nothing_of_it_even_after_moving(database: Database) -> None:
    database.write(_world)
    _open(database, LONDON_NINE)
    later = LONDON_NINE + timedelta(hours=1)

    def join(connection) -> None:
        connection.execute(
            insert(Subscriber).values(
                id=3,
                email_ct=b"x",
                email_hash=b"j" * 16,
                rhythm_id=LONDON,
                rhythm_since=later,
                email_since=later,
                joined_at=later,
            )
        )
        connection.execute(insert(Subscription).values(scope="all", subscriber_id=3))

    database.write(join)
    _open(database, later + timedelta(minutes=1))
    assert _messages(database) == [CLARA]
