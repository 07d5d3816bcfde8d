"""The world that is measured: people with encrypted addresses, an appeal that is due, reminders of days before.

Of every hundred people one has written, one leaves the country out, one is on the do-not-contact list; in turns they
read English, French and Spanish. Five days before, a fifth of them was reminded of another appeal, and two days before a
tenth; two in a hundred were reminded on both days, so that their week is full.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from reminder.domain.states import CampaignState, Channel
from reminder.outbox.opening import open_due
from reminder.store import schema
from reminder.store.columns import ordinal, seconds
from reminder.store.database import Connection, Database
from reminder.store.tables import Campaign, CaseDocument, CaseFile, Instance, Rhythm, Step, Wave
from reminder.store.vault import Vault

INDEX_KEY, DATA_KEY = bytes(range(32)), bytes(range(32, 64))
PUBLIC_URL = "https://letters.example.org"
LOCALES = ("en", "fr", "es")
NAMES = ("Aigerim", "Bikash", "Clara", "Davi", "Ellen", "Farid", "Grace", "Jun")
LONG_AGO = datetime(2020, 11, 1, tzinfo=UTC)
DUE = datetime(2020, 12, 22, 9, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
OTHER_DEADLINE = date(2020, 12, 31)
# Beside it the other campaigns have to do with nothing that is measured.
CAMPAIGN, OTHER = 1, 2
ROWS_AT_ONCE = 20_000
# Makes a mail of about 8 kB with everything that the templates say around it.
LETTER = " ".join(["I ask you with respect to let the writer go home, and to tell the family where he is."] * 2)


def vault() -> Vault:
    """The keys of everything that is measured."""
    return Vault(INDEX_KEY, {1: DATA_KEY})


def seed(path: Path, people: int) -> None:
    """A database with `people` subscribers in London's rhythm, one reminder due at `DUE`; nothing of it is opened yet."""
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.write(_appeals)
    _subscribers(database, people)
    database.write(_small_tables)
    for days, share in ((5, "s.id % 50 < 10"), (2, "s.id % 50 IN (9, 10, 11, 12, 13)")):
        database.write(lambda connection, days=days, share=share: _reminded(connection, days, share))
    database.write(lambda connection: plan(connection, CAMPAIGN, DUE))
    with database.schema_connection() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.close()
