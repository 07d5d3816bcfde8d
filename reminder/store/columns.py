"""Column types: what Python sees on the left, what the database keeps on the right.

Times are integer seconds and days integer ordinals: text timestamps make the opening of a sending 60 % slower, and a
number cannot lose its zone. Enums keep their number, never their name.
"""

import json
from collections.abc import Collection
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Dialect, Integer, SmallInteger, TextClause, text
from sqlalchemy.types import TypeDecorator


def seconds(instant: datetime) -> int:
    """Whole seconds since 1970 UTC; a naive instant is a programming error."""
    if instant.tzinfo is None:
        raise ValueError("a naive instant has no place in the database")
    return int(instant.timestamp())


def instant(value: int) -> datetime:
    """The aware UTC instant of `seconds`."""
    return datetime.fromtimestamp(value, UTC)


def ordinal(day: date) -> int:
    """Days since year 1, as `date.toordinal` counts."""
    return day.toordinal()


def day(value: int) -> date:
    """The date of an `ordinal`."""
    return date.fromordinal(value)


def json_value(value: Any) -> Any:
    """A JSON column read by plain SQL: SQLite hands over text, PostgreSQL the value."""
    return json.loads(value) if isinstance(value, str | bytes) else value


def one_of(connection: Connection, column: str, values: Collection[int]) -> tuple[str, dict[str, Any]]:
    """SQL and bound value for "column is one of values", in the form whose plan is a probe on either database."""
    if connection.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:ids))", {"ids": "[" + ",".join(map(str, values)) + "]"}
    return f"{column} = ANY(:ids)", {"ids": list(values)}


@lru_cache(maxsize=256)
def statement(sql: str) -> TextClause:
    """`text(sql)`, made once: for a hot statement of a few rows that takes longer than running it."""
    return text(sql)


def plain_rows(connection: Connection, sql: str, bound: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as the driver's own tuples: for a thousand rows at a time SQLAlchemy's cost as much as finding them."""
    result = connection.execute(statement(sql), bound)
    try:
        assert result.cursor is not None, "a query has a cursor"
        return list(result.cursor.fetchall())
    finally:
        result.close()


class Instant(TypeDecorator[datetime]):
    """datetime (aware) ↔ seconds since 1970, UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else seconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Day(TypeDecorator[date]):
    """date ↔ ordinal day number."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:
        return None if value is None else value.toordinal()

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return None if value is None else date.fromordinal(value)


class Code(TypeDecorator[IntEnum]):
    """IntEnum ↔ small integer."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, kind: type[IntEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: IntEnum | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> IntEnum | None:
        return None if value is None else self.kind(value)
