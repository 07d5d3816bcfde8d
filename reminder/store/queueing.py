"""Queues what is no reminder: notes, confirmations, reports, alerts, tests. Each goes once for its dedupe key.

They take the same way as reminders (batch, last check, attempt, verdict), so that kill -9 loses none and doubles none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, text

from reminder.domain.states import Channel, MessageKind, MessageState, Reason, Result
from reminder.store.batches import BATCH_SIZE, keep_content, open_batch
from reminder.store.columns import one_of
from reminder.store.tables import Message

# How long each kind is of use.
USEFUL = {
    MessageKind.CLOSING: timedelta(days=7),
    MessageKind.NOTE: timedelta(days=3),
    MessageKind.CONFIRMATION: timedelta(hours=24),
    MessageKind.ANSWER: timedelta(hours=24),
    MessageKind.REPORT: timedelta(days=14),
    MessageKind.ALERT: timedelta(days=3),
    MessageKind.INVITATION: timedelta(hours=48),
    MessageKind.TEST: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """A supporter, or an organiser for the kinds that go to organisers."""

    person_id: int
    channel: Channel
    locale: str
    rhythm_id: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """When a message may go: from `send_at` on, today until `open_until`, and never after `not_after`."""

    send_at: datetime
    open_until: datetime
    not_after: datetime


def at_once(kind: MessageKind, now: datetime) -> Later:
    """Now, for as long as the kind is of use."""
    return Later(now, now + USEFUL[kind], now + USEFUL[kind])


def queue(
    connection: Connection,
    kind: MessageKind,
    addressees: Iterable[Addressee],
    *,
    dedupe: str,
    items: Sequence[Sequence[Any]] = (),
    payload: dict[str, Any] | None = None,
    when: Later,
    now: datetime,
) -> int:
    """Queue one message for each addressee; returns how many are new. `dedupe` names the occasion: asked again, nothing."""
    asked = list(addressees)
    countries = _phone_countries(connection, [each.person_id for each in asked if each.channel is Channel.SMS])
    alike: dict[tuple[Channel, str, int, str], list[int]] = defaultdict(list)
    for each in asked:
        route = countries[each.person_id] if each.channel is Channel.SMS else ""
        alike[each.channel, each.locale, each.rhythm_id, route].append(each.person_id)
    queued = 0
    for (channel, locale, rhythm_id, route), people in sorted(alike.items()):
        known = _known(connection, [_key(dedupe, channel, person) for person in people])
        fresh = [person for person in people if _key(dedupe, channel, person) not in known]
        if not fresh:
            continue
        content = keep_content(connection, kind, channel, now.date(), [list(item) for item in items], 0, payload or {})
        for start in range(0, len(fresh), BATCH_SIZE):
            batch = open_batch(
                connection,
                content_id=content,
                channel=channel,
                locale=locale,
                named=False,
                send_at=when.send_at,
                open_until=when.open_until,
                turn=0,
                rhythm_id=rhythm_id,
                route=route,
            )
            keys = {person: _key(dedupe, channel, person) for person in fresh[start : start + BATCH_SIZE]}
            _write(connection, kind, channel, batch, keys, when, now)
        queued += len(fresh)
    return queued


def _write(
    connection: Connection,
    kind: MessageKind,
    channel: Channel,
    batch: int,
    keys: Mapping[int, str],
    when: Later,
    now: datetime,
) -> None:
    """The messages of a batch; `keys` by person."""
    connection.execute(
        insert(Message),
        [
            {
                "kind": kind,
                "local_on": now.date(),
                "channel": channel,
                "subscriber_id": person,
                "batch_id": batch,
                "state": MessageState.DUE,
                "reason": Reason.NONE,
                "result": Result.UNKNOWN,
                "attempt_id": 0,
                "tries": 0,
                "open_until": when.open_until,
                "not_after": when.not_after,
                "dedupe": key,
            }
            for person, key in keys.items()
        ],
    )


def _phone_countries(connection: Connection, people: Sequence[int]) -> dict[int, str]:
    """The country of each supporter's number."""
    condition, ids = one_of(connection, "id", people)
    rows = (
        connection.execute(text(f"SELECT id, phone_country FROM subscriber WHERE {condition}"), ids) if people else ()
    )
    return defaultdict(str, {row.id: row.phone_country for row in rows})


def _key(dedupe: str, channel: Channel, person: int) -> str:
    return f"{dedupe}:{int(channel)}:{person}"


def _known(connection: Connection, keys: Sequence[str]) -> set[str]:
    table = Message.__table__  # type: ignore[attr-defined]
    known: set[str] = set()
    for start in range(0, len(keys), BATCH_SIZE):
        part = keys[start : start + BATCH_SIZE]
        known.update(
            connection.execute(
                table.select().with_only_columns(table.c.dedupe).where(table.c.dedupe.in_(part))
            ).scalars()
        )
    return known


def organisers(connection: Connection) -> list[Addressee]:
    """Everybody of the office."""
    rows = connection.execute(text("SELECT id, locale FROM organiser ORDER BY id")).all()
    return [Addressee(row.id, Channel.EMAIL, row.locale) for row in rows]


def queue_to_organisers(
    connection: Connection, kind: MessageKind, payload: dict[str, Any], dedupe: str, now: datetime
) -> int:
    """Queue a report or an alert to every organiser; returns how many are new."""
    return queue(
        connection, kind, organisers(connection), dedupe=dedupe, payload=payload, when=at_once(kind, now), now=now
    )
