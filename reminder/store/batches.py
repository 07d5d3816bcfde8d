"""Contents and batches: what is said, and the unit that is claimed, leased and stopped."""

import hashlib
import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.states import BatchState, Channel, MessageKind, Reason
from reminder.store.columns import day, seconds, statement
from reminder.store.tables import Batch, ContentRow

BATCH_SIZE = 1_000
_KEEP_BATCH = insert(Batch.metadata.tables["batch"])


def take_batch_ids(connection: Connection, count: int) -> int:
    """Reserve `count` batch ids in this transaction and return the first; 0 only tells which comes next."""
    last = connection.execute(
        text("UPDATE instance SET next_batch_id = next_batch_id + :n WHERE id = 1 RETURNING next_batch_id"),
        {"n": count},
    ).scalar_one()
    return int(last) - count


def keep_content(
    connection: Connection,
    kind: MessageKind,
    channel: Channel,
    on: date,
    items: list[list[Any]],
    also_open: int,
    payload: dict[str, Any],
) -> int:
    """The id of this content, new or known. `items`: [campaign id, step key, anchor day ordinal, channel]."""
    said = json.dumps([int(kind), int(channel), on.toordinal(), items, also_open, payload], sort_keys=True)
    digest = hashlib.sha256(said.encode()).digest()
    find = text("SELECT id FROM content WHERE digest = :digest")
    known = connection.execute(find, {"digest": digest}).scalar()
    if known is not None:
        return int(known)
    row = ContentRow(
        digest=digest, kind=kind, channel=channel, day=on, items=items, also_open=also_open, payload=payload
    )
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    content_id = connection.execute(
        insert_new(ContentRow)
        .values(row.model_dump(exclude={"id"}))
        .on_conflict_do_nothing()
        .returning(ContentRow.__table__.c.id)  # type: ignore[attr-defined]
    ).scalar()
    if content_id is None:
        # Another sender kept the same content in this moment.
        return int(connection.execute(find, {"digest": digest}).scalar_one())
    for campaign_id in sorted({item[0] for item in items}):
        connection.execute(
            text("INSERT INTO content_campaign (campaign_id, content_id) VALUES (:campaign, :content)"),
            {"campaign": campaign_id, "content": content_id},
        )
    return int(content_id)


def content_of(connection: Connection, content_id: int) -> ContentRow:
    """The content row of a batch."""
    table = ContentRow.__table__  # type: ignore[attr-defined]
    row = connection.execute(table.select().where(table.c.id == content_id)).mappings().one()
    return ContentRow(**row)


def open_batch(
    connection: Connection,
    *,
    content_id: int,
    channel: Channel,
    locale: str,
    named: bool,
    send_at: datetime,
    open_until: datetime,
    turn: int,
    rhythm_id: int,
    batch_id: int | None = None,
    route: str | None = None,
) -> int:
    """Write an open batch row and return its id; its messages are the caller's.

    `route` is the country of the numbers of a text; None: that of the rhythm.
    """
    if route is None:
        route = _country_of(connection, rhythm_id) if channel is Channel.SMS else ""
    number = take_batch_ids(connection, 1) if batch_id is None else batch_id
    values = {
        "id": number,
        "content_id": content_id,
        "channel": channel,
        "locale": locale,
        "named": named,
        "rhythm_id": rhythm_id,
        "state": BatchState.OPEN,
        "reason": Reason.NONE,
        "owner": "",
        "send_at": send_at,
        "open_until": open_until,
        "turn": turn,
        "route": route,
    }
    connection.execute(_KEEP_BATCH, values)
    return number


def _country_of(connection: Connection, rhythm_id: int) -> str:
    found = connection.execute(statement("SELECT sms_country FROM rhythm WHERE id = :id"), {"id": rhythm_id}).scalar()
    return str(found or "")


def next_send_at(connection: Connection, channel: Channel, now: datetime) -> datetime | None:
    """When the next batch of a channel may be claimed: how long its lanes may rest."""
    value = connection.execute(
        text("SELECT min(send_at) FROM batch WHERE state = 1 AND channel = :channel AND open_until > :now"),
        {"channel": int(channel), "now": seconds(now)},
    ).scalar()
    return None if value is None else datetime.fromtimestamp(value, now.tzinfo)


def content_day(ordinal_value: int) -> date:
    """The date that an item's anchor ordinal stands for."""
    return day(ordinal_value)
