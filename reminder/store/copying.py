"""Copies an installation, table by table, into an empty database of either kind.

The source is read in one state while others go on writing to it; nothing of it changes. Values travel as the tables
declare them, so that both databases keep them in their own form.
"""

from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from reminder.errors import Trouble
from reminder.store.database import Database
from reminder.store.tables import Instance

ROWS_AT_ONCE = 2_000


def copy_installation(source: Database, target: Database, *, rows_at_once: int = ROWS_AT_ONCE) -> dict[str, int]:
    """Copy every row of `source` into `target`, which has this release's schema; rows by name of the table.

    Memory does not grow with the tables. Raises `Trouble` where `target` holds anything already.
    """
    tables = Instance.metadata.sorted_tables
    _refuse_full(target, tables)
    counts = {}
    with source.read() as connection:
        for table in tables:
            counts[table.name] = _copy_table(connection, target, table, rows_at_once)
    for table in tables:
        target.write(partial(_count_on, table=table))
    return counts


def _refuse_full(target: Database, tables: list[Table]) -> None:
    with target.read() as connection:
        for table in tables:
            if connection.execute(select(text("1")).select_from(table).limit(1)).first() is not None:
                raise Trouble("The new database", f"is not empty: {table.name} has rows", "Name one that is new.")


def _copy_table(connection: Connection, target: Database, table: Table, rows_at_once: int) -> int:
    # In the order of the key, so that the copy's pages fill one after the other.
    rows = connection.execute(
        select(table).order_by(*table.primary_key.columns), execution_options={"yield_per": rows_at_once}
    )
    copied = 0
    for part in rows.mappings().partitions():
        values = [dict(row) for row in part]
        target.write(partial(_insert, table=table, values=values))
        copied += len(values)
    return copied


def _insert(connection: Connection, table: Table, values: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), values)


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after those that were copied; SQLite does so by itself."""
    column = table.autoincrement_column
    if connection.dialect.name == "sqlite" or column is None:
        return
    last = connection.execute(select(func.max(column))).scalar()
    if last is not None:
        connection.execute(
            text(
                "SELECT setval(sequence, :last) FROM pg_get_serial_sequence(:name, :column) AS sequence WHERE sequence IS NOT NULL"
            ),
            {"last": last, "name": table.name, "column": column.name},
        )
