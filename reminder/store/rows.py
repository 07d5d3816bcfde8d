"""Many rows at a time, past SQLAlchemy's own handling of each: for a row of ten bytes that costs more than the row."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from reminder.store.columns import one_of, statement


def insert_new(connection: Connection, table: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows but for those that a unique index refuses. `columns`: name → its type in PostgreSQL, in the rows' order.

    Values are as the database keeps them: numbers, texts, bytes. One statement and one round trip.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_on_sqlite(table, tuple(columns)), list(rows))
        return
    arrays = tuple(list(values) for values in zip(*rows, strict=True))
    connection.exec_driver_sql(_insert_on_postgresql(table, tuple(columns.items())), arrays)


@lru_cache(maxsize=16)
def _insert_on_sqlite(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING"


@lru_cache(maxsize=16)
def _insert_on_postgresql(table: str, columns: tuple[tuple[str, str], ...]) -> str:
    names = ", ".join(name for name, _ in columns)
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"


def delete_each(
    connection: Connection, table: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Delete the rows with these values; `columns` as above, and together in an index."""
    if connection.dialect.name == "sqlite":
        condition = " AND ".join(f"{name} = ?" for name in columns)
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {condition}", list(rows))
        return
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    values = tuple(list(column) for column in zip(*rows, strict=True))
    condition = f"({', '.join(columns)}) IN (SELECT * FROM unnest({arrays}))"
    connection.exec_driver_sql(f"DELETE FROM {table} WHERE {condition}", values)


def update_alike(connection: Connection, sql: str, values: Mapping[int, int]) -> None:
    """Run an UPDATE once for each value that many rows get: `values` by row id, `sql` with `:value` and `{ids}`, a condition."""
    alike: dict[int, list[int]] = defaultdict(list)
    for row_id, value in values.items():
        alike[value].append(row_id)
    for value, ids in alike.items():
        condition, bound = one_of(connection, "id", ids)
        connection.execute(statement(sql.format(ids=condition)), bound | {"value": value})
