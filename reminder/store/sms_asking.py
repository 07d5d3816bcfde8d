"""Who asked for a text that confirms a number, by keyed hashes alone, and what became of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, text

from reminder.domain.sms_asking import RANGE_TIME, Answer, AskedSoFar
from reminder.store.columns import seconds
from reminder.store.tables import SmsAsking

KEPT = timedelta(days=2)
_KEEP = insert(SmsAsking.metadata.tables["sms_asking"])


def asked_so_far(connection: Connection, address_hash: bytes, range_hash: bytes, now: datetime) -> AskedSoFar:
    """Look in the caller's transaction, which must hold `one_at_a_time`."""
    bound = {
        "address": address_hash,
        "range": range_hash,
        "day": seconds(_day(now)),
        "lately": seconds(now - RANGE_TIME),
    }

    def count(condition: str) -> int:
        found = connection.execute(text(f"SELECT count(*) FROM sms_asking WHERE {condition}"), bound)
        return int(found.scalar_one())

    return AskedSoFar(
        to_number=count("answer = 0 AND address_hash = :address AND at >= :day"),
        today=count("at >= :day AND answer = 0"),
        of_range=count("range_hash = :range AND at > :lately"),
    )


def keep_asking(connection: Connection, address_hash: bytes, range_hash: bytes, said: Answer, now: datetime) -> None:
    """Write it down, whatever became of it."""
    values = {"at": now, "address_hash": address_hash, "range_hash": range_hash, "answer": said}
    connection.execute(_KEEP, values)


def askings_today(connection: Connection, now: datetime) -> Mapping[Answer, int]:
    """How many of today's (UTC) askings had which answer."""
    rows = connection.execute(
        text("SELECT answer, count(*) AS number FROM sms_asking WHERE at >= :day GROUP BY answer ORDER BY answer"),
        {"day": seconds(_day(now))},
    )
    return {Answer(row.answer): row.number for row in rows}


def forget_askings(connection: Connection, now: datetime) -> int:
    """Drop what counts no more; returns how many."""
    return connection.execute(
        text("DELETE FROM sms_asking WHERE at < :before"), {"before": seconds(now - KEPT)}
    ).rowcount


def _day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
