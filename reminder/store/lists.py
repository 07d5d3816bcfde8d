"""What is known of the providers' own lists of people whom they no longer write to: when each was last dealt with."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from reminder.store.capacity import known_provider
from reminder.store.columns import seconds, statement

EVERY = timedelta(days=1)
# Where it could not be read although sending goes on: somebody may have mended that.
AGAIN = timedelta(hours=1)
WAITS = "waits until its own list of people who left is read"


def due(connection: Connection, providers: Collection[str], now: datetime) -> list[str]:
    """Of these providers, those whose list is to be read now: at first use, every day, every hour where that failed."""
    rows = connection.execute(
        text(
            "SELECT provider FROM provider_state WHERE list_read_at IS NOT NULL AND list_read_at > :day_ago"
            " AND (list_because = '' OR list_read_at > :hour_ago)"
        ),
        {"day_ago": seconds(now - EVERY), "hour_ago": seconds(now - AGAIN)},
    )
    done = set(rows.scalars())
    return [name for name in providers if name not in done]


def is_unread(connection: Connection, provider: str) -> bool:
    """Whether a provider's list was never dealt with: until then nothing goes through it to supporters."""
    found = connection.execute(
        statement("SELECT 1 FROM provider_state WHERE provider = :provider AND list_read_at IS NOT NULL"),
        {"provider": provider},
    )
    return found.first() is None


def done(connection: Connection, provider: str, now: datetime, because: str = "") -> bool:
    """The list was read, or it never can be, for this reason; whether that is news to an organiser."""
    before = _because(connection, provider, now)
    connection.execute(
        text("UPDATE provider_state SET list_read_at = :now, list_because = :because WHERE provider = :provider"),
        {"now": seconds(now), "because": because, "provider": provider},
    )
    return bool(because) and because != before


def failed(connection: Connection, provider: str, now: datetime, because: str) -> bool:
    """The list could not be read this time; whether that keeps messages waiting, and not for the first time."""
    before = _because(connection, provider, now)
    connection.execute(
        text("UPDATE provider_state SET list_because = :because WHERE provider = :provider"),
        {"because": because, "provider": provider},
    )
    return bool(before) and is_unread(connection, provider)


def _because(connection: Connection, provider: str, now: datetime) -> str:
    known_provider(connection, provider, now)
    sql = text("SELECT list_because FROM provider_state WHERE provider = :provider")
    return str(connection.execute(sql, {"provider": provider}).scalar_one())


def notes(connection: Connection) -> dict[str, str]:
    """By provider a few words about its list, where there is something to say; without those that have no row yet."""
    rows = connection.execute(text("SELECT provider, list_read_at, list_because FROM provider_state")).all()
    found = {}
    for row in rows:
        if row.list_because:
            word = "its own list of people who left is not read" if row.list_read_at else "waits for its own list"
            found[row.provider] = f"{word}: {row.list_because}"
        else:
            found[row.provider] = "" if row.list_read_at else WAITS
    return found
