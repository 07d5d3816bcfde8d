"""What the columns of all tables are made of."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy import text as sql_text
from sqlmodel import Field

from reminder.store.columns import Code, Day, Instant

# SQLite counts rows by itself only for INTEGER PRIMARY KEY.
Id = BigInteger().with_variant(Integer, "sqlite")


def row_id() -> Any:
    return Field(default=None, sa_type=Id, primary_key=True)


def ref(target: str) -> Any:
    """A reference the database checks; only on tables that are not filled by the million."""
    return Field(sa_column=Column(Id, ForeignKey(target), nullable=False))


def code(kind: Any, **more: Any) -> Any:
    return Field(sa_type=Code(kind), **more)


def instant(**more: Any) -> Any:
    return Field(sa_type=Instant, **more)


def day(**more: Any) -> Any:
    return Field(sa_type=Day, **more)


def small(**more: Any) -> Any:
    return Field(sa_type=SmallInteger, **more)


def big(**more: Any) -> Any:
    return Field(sa_type=BigInteger, **more)


def words(**more: Any) -> Any:
    return Field(sa_type=Text, **more)


def secret(**more: Any) -> Any:
    return Field(sa_type=LargeBinary, **more)


def json(**more: Any) -> Any:
    return Field(sa_type=JSON, **more)


def where(condition: str) -> dict[str, Any]:
    """A partial index on both databases. SQLite uses it only for a query that repeats the condition as it stands."""
    return {"sqlite_where": sql_text(condition), "postgresql_where": sql_text(condition)}


REACHABLE = ("rhythm_id", "locale", "id", "cadence_days", "cadence_n", "last48", "named", "paused_until")
