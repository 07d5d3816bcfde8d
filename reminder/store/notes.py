"""Whom a note is for, found page by page: neither a reader nor the writer waits for a campaign of a million people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import Channel
from reminder.store.columns import instant, seconds
from reminder.store.notechecks import box_of

PAGE = 1_000
_SINCE = {Channel.EMAIL: "email_since", Channel.SMS: "sms_since"}
_REACHABLE = "s.state = 1 AND s.{since} IS NOT NULL"
_NOT_LEFT_OUT = (
    "NOT EXISTS (SELECT 1 FROM exclusion x JOIN casefile f ON f.id = :case WHERE x.subscriber_id = s.id"
    " AND (x.what = f.country OR x.what = 'case:' || CAST(f.id AS TEXT)))"
)
# A delivery's unique index is only of use with the step and its date; CROSS JOIN keeps SQLite from turning it round.
_PROMISED = (
    "EXISTS (WITH steps (step_key, anchor_on) AS (VALUES {steps}) SELECT 1 FROM steps t CROSS JOIN delivery d{message}"
    " WHERE d.campaign_id = :campaign AND d.step_key = t.step_key AND d.anchor_on = t.anchor_on AND d.channel IN (1, 2)"
    " AND d.subscriber_id = s.id AND d.state IN (1, 2){reached})"
)
_MESSAGE = " CROSS JOIN message m"
_REACHED = (
    " AND m.kind = 1 AND m.void = 0 AND m.local_on = d.local_on AND m.subscriber_id = s.id AND m.state IN (2, 5)"
    " AND m.channel = :channel"
)
_WROTE = (
    "EXISTS (SELECT 1 FROM letter l WHERE l.campaign_id = :campaign AND l.round = {round} AND l.subscriber_id = s.id)"
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is told of a campaign: `says` is "stop", "closing" or "outcome".

    `dedupe` names it; `told_by` are the names that count as this one: one case is told of once, by its newest campaign.
    """

    says: str
    campaign_id: int
    case_id: int
    zone: str
    dedupe: str
    told_by: tuple[str, ...]
    steps: tuple[tuple[str, int], ...]
    rounds: int


def occasion_of(connection: Connection, campaign_id: int, says: str) -> Occasion:
    """The occasion of a campaign that is there. A closing note of a later deadline is another one."""
    campaign = connection.execute(
        text("SELECT case_id, zone, round, deadline_on FROM campaign WHERE id = :campaign"), {"campaign": campaign_id}
    ).one()
    until = f":{campaign.deadline_on or 0}" if says == "closing" else ""
    newer = connection.execute(
        text("SELECT id FROM campaign WHERE case_id = :case AND id > :campaign ORDER BY id"),
        {"case": campaign.case_id, "campaign": campaign_id},
    ).scalars()
    steps = connection.execute(
        text("SELECT DISTINCT step_key, anchor_on FROM wave WHERE campaign_id = :campaign"), {"campaign": campaign_id}
    ).all()
    own = f"{says}:{campaign_id}{until}"
    return Occasion(
        says=says,
        campaign_id=campaign_id,
        case_id=campaign.case_id,
        zone=campaign.zone,
        dedupe=own,
        told_by=(own, *(f"{says}:{each}{until}" for each in newer)),
        steps=tuple((row.step_key, row.anchor_on) for row in steps),
        rounds=campaign.round,
    )


def groups(connection: Connection, channel: Channel) -> list[tuple[int, str]]:
    """(rhythm id, language) of everybody who can be reached by a channel; a batch holds people of one of them."""
    wanted = _REACHABLE.format(since=_SINCE[channel])
    rows = connection.execute(
        text(f"SELECT DISTINCT s.rhythm_id, s.locale FROM subscriber s WHERE {wanted} ORDER BY s.rhythm_id, s.locale")
    )
    return [(row.rhythm_id, row.locale) for row in rows]


def page(
    connection: Connection, occasion: Occasion, channel: Channel, rhythm_id: int, locale: str, *, after: int
) -> Sequence[int]:
    """The next people of a group, by id above `after`, who are to be told and were not.

    A stop's note is for whoever got a reminder of the campaign, or may have, by the channel it came by (email before SMS);
    the others go by email to those who were in the campaign and ticked the box.
    """
    bound: dict[str, Any] = {"campaign": occasion.campaign_id, "case": occasion.case_id, "channel": int(channel)}
    bound |= {"rhythm": rhythm_id, "locale": locale, "after": after, "limit": PAGE}
    told, told_bound = _told(occasion)
    wanted = [
        _REACHABLE.format(since=_SINCE[channel]),
        "s.rhythm_id = :rhythm AND s.locale = :locale AND s.id > :after",
        _concerned(occasion, bound),
        _NOT_LEFT_OUT,
        told,
    ]
    sql = f"SELECT s.id FROM subscriber s WHERE {' AND '.join(wanted)} ORDER BY s.id LIMIT :limit"
    return connection.execute(text(sql), bound | told_bound).scalars().all()


def _concerned(occasion: Occasion, bound: dict[str, Any]) -> str:
    """SQL for "was in the campaign"; adds to `bound` what it needs."""
    is_stop = occasion.says == "stop"
    names = [f"(CAST(:step{n} AS TEXT), CAST(:on{n} AS INTEGER))" for n in range(len(occasion.steps))]
    for n, (step_key, anchor_on) in enumerate(occasion.steps):
        bound |= {f"step{n}": step_key, f"on{n}": anchor_on}
    more = {"message": _MESSAGE if is_stop else "", "reached": _REACHED if is_stop else ""}
    promised = _PROMISED.format(steps=", ".join(names), **more) if names else "1 = 0"
    if is_stop:
        return promised
    wrote = [_WROTE.format(round=number) for number in range(1, occasion.rounds + 1)]
    return f"s.{box_of(occasion.says == 'outcome')} AND ({' OR '.join([promised, *wrote])})"


def _told(occasion: Occasion) -> tuple[str, dict[str, str]]:
    """SQL and bound values for "was not told yet"."""
    keys = [f"{name}:{int(channel)}:" for name in occasion.told_by for channel in Channel]
    probes = ", ".join(f"CAST(:told{n} AS TEXT) || CAST(s.id AS TEXT)" for n in range(len(keys)))
    known = f"NOT EXISTS (SELECT 1 FROM message q WHERE q.dedupe IN ({probes}))"
    return known, {f"told{n}": key for n, key in enumerate(keys)}


def closing_due(connection: Connection) -> list[tuple[int, datetime]]:
    """Expired campaigns whose closing notes are not all queued yet, with the instant since when; the newest first."""
    rows = connection.execute(
        text("SELECT id, closing_due_at FROM campaign WHERE closing_due_at IS NOT NULL AND state = 5 ORDER BY id DESC")
    )
    return [(row.id, instant(row.closing_due_at)) for row in rows]


def closing_done(connection: Connection, campaign_id: int, since: datetime) -> None:
    """All closing notes that were due since then are queued."""
    connection.execute(
        text("UPDATE campaign SET closing_due_at = NULL WHERE id = :campaign AND closing_due_at = :since"),
        {"campaign": campaign_id, "since": seconds(since)},
    )
