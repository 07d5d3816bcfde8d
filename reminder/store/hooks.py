"""Callbacks as they came: kept before they are answered, handed out to be applied, emptied after some days."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from reminder.store.columns import instant, plain_rows, seconds
from reminder.store.rows import insert_new, update_alike
from reminder.store.tables import RawEvent, RawState

_RAW = RawEvent.__table__  # type: ignore[attr-defined]
_COLUMNS = {
    "provider": "text",
    "received_at": "bigint",
    "fingerprint": "bytea",
    "callback_ct": "bytea",
    "state": "smallint",
    "n_events": "integer",
}
FINGERPRINT_BYTES = 16


class Raw(NamedTuple):
    """One stored callback, still encrypted."""

    id: int
    provider: str
    callback_ct: bytes
    received_at: datetime


def fingerprint(*parts: bytes) -> bytes:
    """What makes two things told to us the same thing: a digest of its parts, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8) + part)
    return digest.digest()[:FINGERPRINT_BYTES]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A callback ready to be stored. `mark` is what makes it the same as one that came before."""

    provider: str
    mark: bytes
    callback_ct: bytes
    received_at: datetime


def keep(connection: Connection, callbacks: Sequence[Sealed]) -> None:
    """Store callbacks; those that are stored already are left as they are."""
    rows = [
        (each.provider, seconds(each.received_at), each.mark, each.callback_ct, int(RawState.NEW), 0)
        # In one order, or two that store the same ones would wait for each other.
        for each in sorted(callbacks, key=attrgetter("mark"))
    ]
    insert_new(connection, "raw_event", _COLUMNS, rows)


def is_kept(connection: Connection, mark: bytes) -> bool:
    """Whether a callback is stored already."""
    return connection.execute(select(_RAW.c.id).where(_RAW.c.fingerprint == mark)).first() is not None


def waiting(connection: Connection, *, after: int, limit: int) -> Sequence[Raw]:
    """The next callbacks that are not applied yet, the oldest first."""
    rows = plain_rows(
        connection,
        # The state as a literal: SQLite uses the partial index only for the very term.
        f"SELECT id, provider, callback_ct, received_at FROM raw_event WHERE state = {RawState.NEW:d} AND id > :after"
        " AND callback_ct IS NOT NULL ORDER BY id LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [Raw(row[0], row[1], bytes(row[2]), instant(row[3])) for row in rows]


def done(connection: Connection, counts: dict[int, int]) -> None:
    """Mark callbacks as applied: how many events each held, by id. A second one who applies them finds nothing to mark."""
    applied = f"UPDATE raw_event SET state = {RawState.APPLIED:d}, n_events = :value WHERE {{ids}}"
    update_alike(connection, applied, counts)


def unreadable(connection: Connection, raw_ids: Collection[int]) -> None:
    """Set callbacks aside that could not be applied."""
    if raw_ids:
        connection.execute(update(_RAW).where(_RAW.c.id.in_(raw_ids)).values(state=RawState.UNREADABLE))


def again(connection: Connection, *, since: datetime, provider: str = "") -> int:
    """Let what came since then be applied once more: events that are known already change nothing. Returns how many."""
    chosen = update(_RAW).where(_RAW.c.received_at >= since, _RAW.c.callback_ct.is_not(None))
    if provider:
        chosen = chosen.where(_RAW.c.provider == provider)
    return connection.execute(chosen.values(state=RawState.NEW)).rowcount


def empty_before(connection: Connection, instant: datetime, *, limit: int) -> int:
    """Throw away the bodies of callbacks that came before; the fingerprints stay. Returns how many."""
    old = (
        select(_RAW.c.id)
        .where(_RAW.c.received_at < instant, _RAW.c.callback_ct.is_not(None), _RAW.c.state != RawState.NEW)
        .limit(limit)
        .scalar_subquery()
    )
    return connection.execute(update(_RAW).where(_RAW.c.id.in_(old)).values(callback_ct=None)).rowcount
