"""What happened and what comes next, for rehearsals: when there is something to do, what left, who got nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from reminder.domain.states import Channel, MessageKind
from reminder.store.columns import day, instant, json_value, seconds
from reminder.store.lastchecks import TO_ORGANISERS

# Each is an instant at which a heartbeat or a sender has something to do.
_AHEAD = (
    "SELECT min(due_at) AS at FROM wave WHERE state IN (1, 2) AND due_at > :now",
    "SELECT min(open_until) FROM wave WHERE state IN (1, 2) AND open_until > :now",
    "SELECT min(send_at) FROM batch WHERE state = 1 AND send_at > :now",
    "SELECT min(open_until) FROM batch WHERE state = 1 AND open_until > :now",
    "SELECT min(plan_again_at) FROM campaign WHERE state = 3 AND plan_again_at > :now",
    "SELECT min(expires_at) FROM campaign WHERE state IN (2, 3, 4) AND expires_at > :now",
    "SELECT min(report_due_at) FROM campaign WHERE report_due_at > :now",
)
_ORGANISERS_KINDS = ", ".join(str(int(kind)) for kind in sorted(TO_ORGANISERS))
# A message that speaks of one of these campaigns, or of none: to the office, or about joining.
_OF_CAMPAIGNS = (
    "(NOT EXISTS (SELECT 1 FROM content_campaign k WHERE k.content_id = b.content_id) OR EXISTS"
    " (SELECT 1 FROM content_campaign k WHERE k.content_id = b.content_id AND k.campaign_id IN ({campaigns})))"
)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A message that a provider took. `person_id` is an organiser's where `kind` goes to organisers.

    `items` are (campaign id, step key) of what it speaks of; `zone` is the person's own, '' where it is not known.
    """

    message_id: int
    kind: MessageKind
    channel: Channel
    person_id: int
    at: datetime
    local_on: date
    locale: str
    zone: str
    items: tuple[tuple[int, str], ...]
    also_open: int


def next_instant(connection: Connection, now: datetime) -> datetime | None:
    """The first instant after `now` at which something is planned to happen; None where nothing is."""
    value = connection.execute(
        text(f"SELECT min(ahead.at) FROM ({' UNION ALL '.join(_AHEAD)}) AS ahead"), {"now": seconds(now)}
    ).scalar()
    return None if value is None else instant(value)


def handed_over(connection: Connection, campaigns: Sequence[int], since: datetime, limit: int) -> list[HandedOver]:
    """The first `limit` messages that a provider took since then, in their order: of these campaigns, and of none."""
    rows = connection.execute(
        text(
            "SELECT m.id, m.kind, m.channel, m.subscriber_id, m.local_on, a.sent_at, b.locale, c.items, c.also_open,"
            f" CASE WHEN m.kind IN ({_ORGANISERS_KINDS}) THEN '' ELSE r.zone END AS zone"
            " FROM message m JOIN attempt a ON a.id = m.attempt_id JOIN batch b ON b.id = m.batch_id"
            " JOIN content c ON c.id = b.content_id LEFT JOIN subscriber s ON s.id = m.subscriber_id"
            " LEFT JOIN rhythm r ON r.id = s.rhythm_id"
            f" WHERE m.state = 2 AND a.sent_at >= :since AND {_of(campaigns)} ORDER BY a.sent_at, m.id LIMIT :limit"
        ),
        {"since": seconds(since), "limit": limit},
    ).all()
    return [
        HandedOver(
            message_id=row.id,
            kind=MessageKind(row.kind),
            channel=Channel(row.channel),
            person_id=row.subscriber_id,
            at=instant(row.sent_at),
            local_on=day(row.local_on),
            locale=row.locale,
            zone=row.zone or "",
            items=tuple((item[0], item[1]) for item in json_value(row.items)),
            also_open=row.also_open,
        )
        for row in rows
    ]


def how_many_handed_over(connection: Connection, campaigns: Sequence[int], since: datetime) -> int:
    """How many messages `handed_over` would list without its limit."""
    return int(
        connection.execute(
            text(
                "SELECT count(*) FROM message m JOIN attempt a ON a.id = m.attempt_id JOIN batch b ON b.id = m.batch_id"
                f" WHERE m.state = 2 AND a.sent_at >= :since AND {_of(campaigns)}"
            ),
            {"since": seconds(since)},
        ).scalar_one()
    )


def first_supporters(connection: Connection, limit: int) -> list[int]:
    """The ids of the first `limit` supporters."""
    return list(
        connection.execute(text("SELECT id FROM subscriber ORDER BY id LIMIT :limit"), {"limit": limit}).scalars()
    )


def _of(campaigns: Sequence[int]) -> str:
    return _OF_CAMPAIGNS.format(campaigns=", ".join(str(int(each)) for each in campaigns) or "0")
