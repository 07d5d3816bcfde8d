"""Callbacks as they came: kept before they are answered, handed out to be applied, emptied after some days."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reminder.store.tables import RawEvent, RawState

_RAW = RawEvent.__table__  # type: ignore[attr-defined]
FINGERPRINT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Raw:
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
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "provider": each.provider,
            "received_at": each.received_at,
            "fingerprint": each.mark,
            "callback_ct": each.callback_ct,
            "state": RawState.NEW,
            "n_events": 0,
        }
        # In one order, or two that store the same ones would wait for each other.
        for each in sorted(callbacks, key=attrgetter("mark"))
    ]
    connection.execute(insert_new(_RAW).on_conflict_do_nothing(), rows)


def is_kept(connection: Connection, mark: bytes) -> bool:
    """Whether a callback is stored already."""
    return connection.execute(select(_RAW.c.id).where(_RAW.c.fingerprint == mark)).first() is not None


def waiting(connection: Connection, *, after: int, limit: int) -> Sequence[Raw]:
    """The next callbacks that are not applied yet, the oldest first."""
    rows = connection.execute(
        select(_RAW.c.id, _RAW.c.provider, _RAW.c.callback_ct, _RAW.c.received_at)
        # As a literal: SQLite uses the partial index only for the very term.
        .where(_RAW.c.state == bindparam("state", RawState.NEW, literal_execute=True), _RAW.c.id > after)
        .where(_RAW.c.callback_ct.is_not(None))
        .order_by(_RAW.c.id)
        .limit(limit)
    )
    return [Raw(row.id, row.provider, bytes(row.callback_ct), row.received_at) for row in rows]


def done(connection: Connection, counts: dict[int, int]) -> None:
    """Mark callbacks as applied: how many events each held, by id. A second one who applies them finds nothing to mark."""
    if counts:
        connection.execute(
            update(_RAW).where(_RAW.c.id == bindparam("raw")).values(state=RawState.APPLIED, n_events=bindparam("n")),
            [{"raw": raw, "n": n} for raw, n in counts.items()],
        )


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
