"""What must go today joins the reminder of this day that still waits: only one that has left keeps the day from others.

A message that was put off to this morning, or is tried again, carries then what is due today as well; the last useful
reminder comes first in it and chooses the channel.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import Channel, DeliveryState, MessageKind, Reason
from reminder.store.batches import content_of, keep_content, open_batch
from reminder.store.columns import instant, ordinal, seconds
from reminder.store.eligible import Sending
from reminder.store.endings import ends_of
from reminder.store.handover import Item
from reminder.store.records import settle_deliveries

APPEALS_IN_A_MESSAGE = 3
_OF_TODAY = "m.kind = 1 AND m.void = 0 AND m.local_on = :day AND m.subscriber_id = {}.subscriber_id"
# The people of the scratch table who join, each with what must go today: as `_TODAY` of picking.
_JOINS = (
    "SELECT subscriber_id, min(wave_no) AS lead, max(wave_no) AS last, sum(wave_no) AS total, count(*) AS n,"
    " max(named) AS named FROM pick WHERE carried = 2 GROUP BY subscriber_id"
)
_TRIED = "CASE WHEN tries > 0 THEN 1 ELSE 0 END"


def set_joining(connection: Connection, must: Sequence[int], day: int) -> None:
    """Mark in the scratch table (`carried` 2) what joins a reminder of `day` that still waits in an open batch.

    `must` are the numbers of the sendings that cannot wait for tomorrow. The batches stay ours until the commit.
    """
    if not must:
        return
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE OF b SKIP LOCKED"
    numbers = ", ".join(map(str, must))
    batches = (
        connection.execute(
            text(
                "SELECT b.id FROM batch b WHERE b.state = 1 AND b.id IN (SELECT m.batch_id FROM pick p JOIN message m"
                f" ON {_OF_TODAY.format('p')} WHERE p.carried = 1 AND p.wave_no IN ({numbers})) ORDER BY b.id{lock}"
            ),
            {"day": day},
        )
        .scalars()
        .all()
    )
    if not batches:
        return
    waiting = f"m.state IN (1, 4) AND m.batch_id IN ({', '.join(map(str, batches))})"
    connection.execute(
        text(
            f"UPDATE pick SET carried = 2, passes = 1 WHERE carried = 1 AND wave_no IN ({numbers}) AND EXISTS"
            f" (SELECT 1 FROM message m WHERE {_OF_TODAY.format('pick')} AND {waiting})"
        ),
        {"day": day},
    )


def join(connection: Connection, sendings: Sequence[Sending], locale: str, turn: int, now: datetime) -> int:
    """Move the messages of those who join to batches that say all of it; returns how many."""
    day = ordinal(sendings[0].local_on)
    groups = connection.execute(
        text(
            f"SELECT t.lead, t.last, t.total, t.n, t.named, {_TRIED} AS tried, min(t.subscriber_id) AS somebody, b.id,"
            " b.content_id, b.channel, b.named AS was_named, b.send_at, b.open_until"
            f" FROM ({_JOINS}) t JOIN message m ON {_OF_TODAY.format('t')} JOIN batch b ON b.id = m.batch_id"
            f" GROUP BY t.lead, t.last, t.total, t.n, t.named, {_TRIED}, b.id, b.content_id, b.channel, b.named, b.send_at,"
            " b.open_until ORDER BY b.id, t.lead, t.last, t.total, t.n, t.named, tried"
        ),
        {"day": day},
    ).all()
    return sum(_join_batch(connection, sendings, group, locale, turn, now) for group in groups)


def numbers_of(lead: int, last: int, total: int, n: int) -> list[int]:
    """The numbers of one, two or three sendings, the most useful first, from their lowest, highest and sum."""
    return [lead, total - lead - last, last] if n == 3 else [lead, last][:n]


def _join_batch(
    connection: Connection, sendings: Sequence[Sending], group: Any, locale: str, turn: int, now: datetime
) -> int:
    """Let those of one batch who share their sendings of today take them along."""
    new = [sendings[number] for number in numbers_of(group.lead, group.last, group.total, group.n)]
    was = content_of(connection, group.content_id)
    carried: list[Item] = [(item[0], item[1], item[2], item[3]) for item in was.items]
    # A newer reminder of the same appeal speaks for the older one.
    others = [item for item in carried if item[0] not in {sending.campaign_id for sending in new}]
    kept = others[: APPEALS_IN_A_MESSAGE - len(new)]
    lead, channel, open_until = new[0], Channel(group.channel), instant(group.open_until)
    # The id on the wire is made of the channel: what was in an attempt keeps both.
    if lead.last_useful and not group.tried:
        channel, open_until = lead.channel, lead.open_until
    items = [[s.campaign_id, s.step_key, ordinal(s.anchor_on), int(s.channel)] for s in new] + [list(i) for i in kept]
    batch = open_batch(
        connection,
        content_id=keep_content(
            connection, MessageKind.NUDGE, channel, lead.local_on, items, was.also_open + len(others) - len(kept), {}
        ),
        channel=channel,
        locale=locale,
        named=bool(group.named or group.was_named),
        send_at=max(lead.due_at, now, instant(group.send_at)) if group.tried else max(lead.due_at, now),
        open_until=open_until,
        turn=turn,
        rhythm_id=lead.rhythm_id,
    )
    ends = [seconds(sending.not_after) for sending in new] + list(ends_of(connection, kept, group.somebody).values())
    moved = connection.execute(
        text(
            "UPDATE message SET batch_id = :batch, channel = :channel, open_until = :until, not_after = :end"
            f" WHERE batch_id = :was AND state IN (1, 4) AND {_TRIED} = :tried AND subscriber_id IN"
            f" (SELECT t.subscriber_id FROM ({_JOINS}) t WHERE t.lead = :lead AND t.last = :last AND t.total = :total"
            " AND t.n = :n AND t.named = :named) RETURNING subscriber_id"
        ),
        {
            "batch": batch,
            "channel": int(channel),
            "until": seconds(open_until),
            "end": min(ends),
            "was": group.id,
            "tried": group.tried,
            "lead": group.lead,
            "last": group.last,
            "total": group.total,
            "n": group.n,
            "named": group.named,
        },
    )
    people = list(moved.scalars())
    dropped = [item for item in carried if item not in kept]
    settle_deliveries(connection, dropped, people, DeliveryState.SKIPPED, Reason.DAILY_LIMIT)
    return len(people)
