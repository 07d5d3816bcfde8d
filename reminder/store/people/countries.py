"""The countries of numbers: who has a number without one, and keeping them with the rhythm that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text, update

from reminder.domain.waves import Habits
from reminder.store.columns import seconds
from reminder.store.people.addresses import PERSON
from reminder.store.people.rhythms import HABITS, habits_from, in_zone, rhythm_ids
from reminder.store.tables import Rhythm, Subscriber

_SUBSCRIBER = Subscriber.__table__  # type: ignore[attr-defined]
_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
# What is kept for a number that belongs to no country, or that cannot be read.
NO_COUNTRY = "?"


@dataclass(frozen=True, slots=True)
class WithoutCountry:
    """Somebody with a number whose country is not kept yet; `country` is where she lives."""

    subscriber_id: int
    phone_ct: bytes
    country: str


def without_country(connection: Connection, limit: int) -> list[WithoutCountry]:
    """The next of them, by the small index that holds only those."""
    rows = connection.execute(
        text(
            "SELECT id, phone_ct, country FROM subscriber WHERE phone_country = '' AND phone_ct IS NOT NULL"
            " ORDER BY id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [WithoutCountry(row.id, bytes(row.phone_ct), row.country) for row in rows]


def keep_countries(connection: Connection, countries: Mapping[int, str], now: datetime, since: datetime) -> int:
    """Keep the country of each number by subscriber id, and point its person to the rhythm with that country.

    Where a sending of that rhythm was opened after `since`, she moved behind it and it is made up for. Returns how many.
    """
    habits = _habits(connection, countries)
    wanted = {
        person: in_zone(habits[person], habits[person].zone, "" if country == NO_COUNTRY else country)
        for person, country in countries.items()
        if person in habits
    }
    ids = rhythm_ids(connection, set(wanted.values()))
    opened = _opened_since(connection, since)
    rows = [
        {
            "of": person,
            "new_country": countries[person],
            "new_rhythm": ids[new],
            "new_since": now if new != habits[person] and ids[new] in opened else None,
        }
        for person, new in wanted.items()
    ]
    if not rows:
        return 0
    moved = bindparam("new_since", type_=PERSON.rhythm_since.type)
    connection.execute(
        update(_SUBSCRIBER)
        .where(PERSON.id == bindparam("of"), PERSON.phone_country == "")
        .values(
            phone_country=bindparam("new_country"),
            rhythm_id=bindparam("new_rhythm"),
            rhythm_since=func.coalesce(moved, PERSON.rhythm_since),
        ),
        rows,
    )
    return len(rows)


def _habits(connection: Connection, people: Mapping[int, str]) -> dict[int, Habits]:
    rows = connection.execute(
        select(PERSON.id, *HABITS)
        .join(_RHYTHM, _RHYTHM.c.id == PERSON.rhythm_id, isouter=True)
        .where(PERSON.id.in_(sorted(people)))
    )
    return {row[0]: Habits() if row[1] is None else habits_from(row[1:]) for row in rows}


def _opened_since(connection: Connection, since: datetime) -> set[int]:
    """The rhythms of which a sending was opened lately."""
    rows = connection.execute(
        text("SELECT DISTINCT rhythm_id FROM wave WHERE state = 3 AND opened_at >= :since"), {"since": seconds(since)}
    )
    return set(rows.scalars())
