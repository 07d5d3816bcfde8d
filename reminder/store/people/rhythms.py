"""Rhythms: the few classes of wall-clock habits that supporters point to."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.waves import STEPS_HOUR, Habits, Hours
from reminder.store.tables import Rhythm

_RHYTHM = Rhythm.__table__  # type: ignore[attr-defined]
HABITS = [
    _RHYTHM.c.zone,
    _RHYTHM.c.sms_country,
    _RHYTHM.c.email_hour,
    _RHYTHM.c.email_quiet_from,
    _RHYTHM.c.email_quiet_to,
    _RHYTHM.c.sms_hour,
    _RHYTHM.c.sms_quiet_from,
    _RHYTHM.c.sms_quiet_to,
]


def habits_from(values: Sequence[Any]) -> Habits:
    """The habits whose columns (`HABITS`) hold `values`."""
    zone, sms_country, *hours = values
    return Habits(zone, sms_country, Hours(*hours[:3]), Hours(*hours[3:]))


def _values(habits: Habits) -> tuple[Any, ...]:
    email, sms = habits.email, habits.sms
    return (
        *(habits.zone, habits.sms_country),
        *(email.own, email.quiet_from, email.quiet_to),
        *(sms.own, sms.quiet_from, sms.quiet_to),
    )


def in_zone(habits: Habits, zone: str, phone_country: str = "") -> Habits:
    """These habits in another zone, '' for not known; `phone_country` is the number's, '' where it stays as it was."""
    return replace(habits, zone=zone, sms_country=phone_country or habits.sms_country)


@lru_cache(maxsize=4096)
def filled(
    habits: Habits,
    *,
    zone: str = "",
    phone_country: str = "",
    email_hour: int = STEPS_HOUR,
    sms_hour: int = STEPS_HOUR,
) -> Habits:
    """These habits with what was not known filled in; what is known stays."""

    def hours(known: Hours, hour: int) -> Hours:
        return known if known.own != STEPS_HOUR else replace(known, own=hour)

    placed = in_zone(habits, habits.zone or zone, habits.sms_country or phone_country)
    return replace(placed, email=hours(habits.email, email_hour), sms=hours(habits.sms, sms_hour))


def rhythm(connection: Connection, rhythm_id: int) -> Habits:
    """The habits of one rhythm; the default ones for 0, which is nobody's."""
    row = connection.execute(select(*HABITS).where(_RHYTHM.c.id == rhythm_id)).first()
    return Habits() if row is None else habits_from(row)


def rhythm_ids(connection: Connection, wanted: Collection[Habits]) -> dict[Habits, int]:
    """The id of each of `wanted`; what is new is made, and live campaigns then plan for it."""
    found = _known(connection, wanted)
    missing = [habits for habits in dict.fromkeys(wanted) if habits not in found]
    if not missing:
        return found
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    names = [column.name for column in HABITS]
    rows = [dict(zip(names, _values(habits), strict=True)) for habits in missing]
    connection.execute(insert(_RHYTHM).on_conflict_do_nothing(), rows)
    connection.execute(text("UPDATE campaign SET plan_again_at = 0 WHERE state = 3"))
    return _known(connection, wanted)


def _known(connection: Connection, wanted: Collection[Habits]) -> dict[Habits, int]:
    keys = [_values(habits) for habits in dict.fromkeys(wanted)]
    if not keys:
        return {}
    rows = connection.execute(select(_RHYTHM.c.id, *HABITS).where(tuple_(*HABITS).in_(keys)))
    return {habits_from(row[1:]): int(row[0]) for row in rows}
