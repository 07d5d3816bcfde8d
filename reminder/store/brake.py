"""How a provider's messages fare, by day: what it took, what bounced, what was complained of; and soft bounces in a row."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from reminder.domain.brake import Fared
from reminder.store.columns import ordinal, plain_rows, seconds, statement
from reminder.store.people.addresses import Address
from reminder.store.rows import delete_each

SOFT_BOUNCES_IN_A_ROW = 5
# A soft bounce of long ago says nothing of today.
FORGOTTEN_AFTER = timedelta(days=60)


def count(
    connection: Connection, provider: str, now: datetime, *, accepted: int = 0, bounced: int = 0, complained: int = 0
) -> None:
    """Add to what is counted of a provider today (UTC)."""
    connection.execute(
        statement(
            "INSERT INTO provider_day (provider, day, accepted, bounced, complained, forgiven_bounced, forgiven_complained)"
            " VALUES (:provider, :day, :accepted, :bounced, :complained, 0, 0) ON CONFLICT (provider, day) DO UPDATE SET"
            " accepted = provider_day.accepted + excluded.accepted, bounced = provider_day.bounced + excluded.bounced,"
            " complained = provider_day.complained + excluded.complained"
        ),
        {
            "provider": provider,
            "day": ordinal(now.date()),
            "accepted": accepted,
            "bounced": bounced,
            "complained": complained,
        },
    )


def fared(connection: Connection, provider: str, since: datetime) -> Fared:
    """What a provider's messages came to since the day of `since` (UTC)."""
    row = connection.execute(
        text(
            "SELECT sum(accepted), sum(bounced - forgiven_bounced), sum(complained - forgiven_complained) FROM provider_day"
            " WHERE provider = :provider AND day >= :day"
        ),
        {"provider": provider, "day": ordinal(since.date())},
    ).one()
    return Fared(*(int(value or 0) for value in row))


def forgive(connection: Connection, provider: str) -> None:
    """An organiser has looked at what came back so far: it stops the provider no more."""
    connection.execute(
        text(
            "UPDATE provider_day SET forgiven_bounced = bounced, forgiven_complained = complained"
            " WHERE provider = :provider"
        ),
        {"provider": provider},
    )


def soft_bounced(connection: Connection, addresses: Collection[Address], now: datetime) -> set[Address]:
    """Count a soft bounce of each; returns those that have had so many in a row that they are taken for dead."""
    for address, times in Counter(addresses).items():
        connection.execute(
            statement(
                "INSERT INTO soft_bounce (channel, address_hash, times, at) VALUES (:channel, :hash, :times, :now)"
                " ON CONFLICT (channel, address_hash) DO UPDATE SET at = excluded.at,"
                " times = excluded.times + CASE WHEN soft_bounce.at < :forgotten THEN 0 ELSE soft_bounce.times END"
            ),
            _bound(address) | {"times": times, "now": seconds(now), "forgotten": seconds(now - FORGOTTEN_AFTER)},
        )
    full = set()
    for address in set(addresses):
        row = connection.execute(
            statement("SELECT times FROM soft_bounce WHERE channel = :channel AND address_hash = :hash"),
            _bound(address),
        ).scalar()
        if row is not None and row >= SOFT_BOUNCES_IN_A_ROW:
            full.add(address)
    if full:
        # What is closed begins anew if its owner confirms it again.
        connection.execute(
            statement("DELETE FROM soft_bounce WHERE channel = :channel AND address_hash = :hash"),
            [_bound(address) for address in full],
        )
    return full


def delivered(connection: Connection, addresses: Collection[Address]) -> None:
    """What arrived ends a row of soft bounces."""
    if not addresses:
        return
    ended = {(int(address.channel), address.hash) for address in addresses}
    sql = "SELECT channel, address_hash FROM soft_bounce LIMIT :limit"
    bounced = plain_rows(connection, sql, {"limit": len(ended) + 1})
    if len(bounced) <= len(ended):
        # Few addresses bounce: it takes less to look at all of them than to look for each that did not.
        ended &= {(row[0], bytes(row[1])) for row in bounced}
    if ended:
        delete_each(connection, "soft_bounce", {"channel": "smallint", "address_hash": "bytea"}, sorted(ended))


def _bound(address: Address) -> dict[str, object]:
    return {"channel": int(address.channel), "hash": address.hash}
